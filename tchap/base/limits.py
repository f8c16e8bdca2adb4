"""Every bound of the house, named, with its reason. Sizes are bytes, durations are in the unit the name ends with."""

# HTTP
MAX_JSON_BODY = 256 * 1024  # four times the largest event: room for batches of keys and state at creation
MAX_KEYS_BODY = 8 * 1024 * 1024  # key backups and device messages come in batches of thousands
MAX_PATH = 8 * 1024  # five identifiers of 255 bytes, percent-encoded thrice over, still fit
MAX_QUERY = 32 * 1024  # a filter may be given inline in /sync
MAX_JSON_DEPTH = 100  # deeper JSON serves nobody and costs stack
KEEP_ALIVE_S = 75
STOP_GRACE_S = 5  # a stop wakes every long poll at once; what still runs then has this long
MAX_CONNECTIONS = 50_000

# Live memory
MAX_CACHED_TOKENS = 200_000  # one per signed-in device seen lately; about 300 bytes each
MAX_RATE_KEYS = 100_000

# Identifiers
MAX_ID_BYTES = 255  # appendices, "Common Identifier Format"
MAX_EVENT_BYTES = 65_536  # client-server API, "Size limits"

# Keys and messages to devices
MAX_ONE_TIME_KEYS = 1_000  # unclaimed ones per device; clients keep 50 to 100
CLAIMED_KEYS_MS = 7 * 24 * 3600 * 1000  # how long a claimed key is remembered, so that no late retry offers it again
MAX_KEY_NAME = 255  # "algorithm:key_id"
MAX_KEYS_QUERY_USERS = 10_000
MAX_KEYS_CLAIM_DEVICES = 10_000
MAX_DEVICE_MESSAGE_BYTES = 65_536  # as an event ("Size limits"): Olm messages and key bundles are far smaller
MAX_DEVICE_MESSAGES = 20_000  # of one request, all devices of `*` counted
DEVICE_TRANSACTION_MS = 24 * 3600 * 1000  # a client repeats a send within minutes
MAX_TXN_ID = 255
MAX_BACKUP_SESSION_ID = 255
MAX_BACKUP_INTEGER = 2**53 - 1  # appendices, "Canonical JSON"
