-- Tokens by which somebody proves to another service who they are; known only by their SHA-256.
CREATE TABLE openid_tokens (
  token_hash BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  expires_ts BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX openid_tokens_by_end ON openid_tokens (expires_ts);
