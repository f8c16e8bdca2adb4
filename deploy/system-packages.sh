#!/bin/sh
# What the tests need from Debian and is not there yet. Nothing to do on a machine that has it all.
set -eu
missing=""
[ -x /usr/bin/chromium ] || missing="$missing chromium"
[ -d /usr/lib/postgresql ] && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -x /usr/bin/turnserver ] || missing="$missing coturn"
[ -x /usr/sbin/clamd ] || missing="$missing clamav-daemon"
[ -z "$missing" ] && exit 0
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
echo "installing:$missing"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
