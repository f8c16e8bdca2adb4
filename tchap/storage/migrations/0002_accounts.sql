-- Accounts, their e-mail addresses, devices, tokens, profiles, mail and the directory of people.

CREATE TABLE accounts (
  user_id TEXT PRIMARY KEY,
  instance TEXT NOT NULL,
  -- Argon2id in its own text form; NULL: nobody signs in with a password.
  password_hash TEXT,
  created_ts BIGINT NOT NULL,
  is_admin INTEGER NOT NULL DEFAULT 0,
  is_erased INTEGER NOT NULL DEFAULT 0,
  deactivated_ts BIGINT,
  -- When the account must have been renewed; NULL: it never expires.
  expires_ts BIGINT,
  terms_version TEXT
) WITHOUT ROWID;

CREATE TABLE account_emails (
  email TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  added_ts BIGINT NOT NULL,
  validated_ts BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX account_emails_by_user ON account_emails (user_id);

CREATE TABLE devices (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  display_name TEXT,
  created_ts BIGINT NOT NULL,
  last_seen_ts BIGINT,
  last_seen_ip TEXT,
  PRIMARY KEY (user_id, device_id)
) WITHOUT ROWID;

-- Only hashes (SHA-256) of tokens are kept.
CREATE TABLE access_tokens (
  token_id BIGINT PRIMARY KEY,
  token_hash BLOB NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  expires_ts BIGINT,
  -- The refresh token issued together with it, and whether this access token has been used since.
  refresh_id BIGINT,
  is_used INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX access_tokens_by_device ON access_tokens (user_id, device_id);

CREATE TABLE refresh_tokens (
  refresh_id BIGINT PRIMARY KEY,
  token_hash BLOB NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  replaced_by BIGINT,
  is_spent INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX refresh_tokens_by_device ON refresh_tokens (user_id, device_id);
CREATE INDEX refresh_tokens_by_next ON refresh_tokens (replaced_by) WHERE replaced_by IS NOT NULL;

CREATE TABLE login_tokens (
  token_hash BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  expires_ts BIGINT NOT NULL
);
CREATE INDEX login_tokens_by_end ON login_tokens (expires_ts);

CREATE TABLE profiles (
  user_id TEXT PRIMARY KEY,
  display_name TEXT,
  avatar_url TEXT,
  -- Every other field, one JSON object (client-server API 1.16, "Profiles").
  fields BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE email_validations (
  sid TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  email TEXT NOT NULL,
  client_secret TEXT NOT NULL,
  code_hash BLOB NOT NULL,
  link_hash BLOB NOT NULL,
  send_attempt BIGINT NOT NULL,
  next_link TEXT,
  failed_attempts INTEGER NOT NULL DEFAULT 0,
  expires_ts BIGINT NOT NULL,
  validated_ts BIGINT
) WITHOUT ROWID;
CREATE UNIQUE INDEX email_validations_by_attempt ON email_validations (email, client_secret, purpose);
CREATE INDEX email_validations_by_link ON email_validations (link_hash);
CREATE INDEX email_validations_by_end ON email_validations (expires_ts);

-- An external registers only while somebody has invited the address to a room.
CREATE TABLE email_invitations (
  email TEXT NOT NULL,
  room_id TEXT NOT NULL,
  inviter TEXT NOT NULL,
  -- The state key of the room's m.room.third_party_invite.
  token TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  expires_ts BIGINT NOT NULL,
  PRIMARY KEY (email, room_id)
) WITHOUT ROWID;

-- Mail on its way out: written with the fact it tells, delivered afterwards.
CREATE TABLE mail_outbox (
  mail_id BIGINT PRIMARY KEY,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  body_text TEXT NOT NULL,
  body_html TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  next_attempt_ts BIGINT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX mail_outbox_by_attempt ON mail_outbox (next_attempt_ts);

-- The built-in mailbox of the default run: mail that was never sent, shown on a page.
CREATE TABLE mailbox (
  mail_id BIGINT PRIMARY KEY,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  body_text TEXT NOT NULL,
  body_html TEXT NOT NULL,
  created_ts BIGINT NOT NULL
);

CREATE TABLE directory_people (
  user_id TEXT PRIMARY KEY,
  words TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE directory_trigrams (
  trigram TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (trigram, user_id)
) WITHOUT ROWID;
CREATE INDEX directory_trigrams_by_user ON directory_trigrams (user_id);

-- How many people each trigram finds, so that a search begins with the rarest.
CREATE TABLE directory_counts (
  trigram TEXT PRIMARY KEY,
  people BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE instance_keys (
  instance TEXT NOT NULL,
  version TEXT NOT NULL,
  seed BLOB NOT NULL,
  created_ts BIGINT NOT NULL,
  retired_ts BIGINT,
  PRIMARY KEY (instance, version)
) WITHOUT ROWID;
