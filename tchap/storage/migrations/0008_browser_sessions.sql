-- People signed in with their browser on our own pages, and the short leave to replace cross-signing keys.

CREATE TABLE browser_sessions (
  session_id BIGINT PRIMARY KEY,
  -- SHA-256 of the cookie.
  cookie_hash BLOB NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  -- 'password' or 'proconnect': how the person proved who she is, and will have to prove it again.
  how TEXT NOT NULL,
  opened_ts BIGINT NOT NULL,
  proven_ts BIGINT NOT NULL,
  expires_ts BIGINT NOT NULL
);
CREATE INDEX browser_sessions_by_user ON browser_sessions (user_id, opened_ts);
CREATE INDEX browser_sessions_by_end ON browser_sessions (expires_ts);

CREATE TABLE cross_signing_resets (
  user_id TEXT PRIMARY KEY,
  expires_ts BIGINT NOT NULL
) WITHOUT ROWID;
