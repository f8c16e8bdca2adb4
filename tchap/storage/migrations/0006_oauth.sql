-- Native OAuth 2.0: applications, authorizations under way, and which sessions they opened.

CREATE TABLE oauth_clients (
  client_id TEXT PRIMARY KEY,
  metadata BLOB NOT NULL,
  -- When it was last registered or used for an authorization.
  used_ts BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX oauth_clients_by_use ON oauth_clients (used_ts);

-- Only hashes (SHA-256) of codes are kept; a spent one stays for a while so that its second use is noticed.
CREATE TABLE oauth_codes (
  code_hash BLOB PRIMARY KEY,
  client_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  challenge TEXT NOT NULL,
  expires_ts BIGINT NOT NULL,
  is_spent INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX oauth_codes_by_end ON oauth_codes (expires_ts);
CREATE INDEX oauth_codes_by_device ON oauth_codes (user_id, device_id);

-- Devices without a browser (RFC 8628). is_allowed NULL: nobody has answered yet.
CREATE TABLE oauth_device_grants (
  code_hash BLOB PRIMARY KEY,
  user_code TEXT NOT NULL UNIQUE,
  client_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  user_id TEXT,
  is_allowed INTEGER,
  interval_s BIGINT NOT NULL,
  next_poll_ts BIGINT NOT NULL,
  expires_ts BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX oauth_device_grants_by_end ON oauth_device_grants (expires_ts);

-- Which application a token was given to; NULL: a session of the older API.
ALTER TABLE access_tokens ADD COLUMN oauth_client TEXT;
ALTER TABLE refresh_tokens ADD COLUMN oauth_client TEXT;
CREATE INDEX refresh_tokens_by_client ON refresh_tokens (oauth_client) WHERE oauth_client IS NOT NULL;
