-- The identity service: its own tokens, and the hashes by which exact addresses are looked up.

CREATE TABLE identity_tokens (
  token_hash BLOB PRIMARY KEY,
  user_id TEXT NOT NULL,
  created_ts BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX identity_tokens_by_user ON identity_tokens (user_id, created_ts);

-- One pepper is current; the next one is made ready address by address before it takes its place.
CREATE TABLE identity_peppers (
  pepper_id BIGINT PRIMARY KEY,
  pepper TEXT NOT NULL,
  status TEXT NOT NULL,
  after_email TEXT NOT NULL,
  created_ts BIGINT NOT NULL
);

CREATE TABLE identity_hashes (
  -- SHA-256 in URL-safe unpadded base64, as clients send it.
  lookup_hash TEXT PRIMARY KEY,
  pepper_id BIGINT NOT NULL,
  email TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX identity_hashes_by_email ON identity_hashes (email);
CREATE INDEX identity_hashes_by_pepper ON identity_hashes (pepper_id);

-- Addresses whose owners do not want them looked up.
CREATE TABLE identity_unbound (
  email TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  since_ts BIGINT NOT NULL
) WITHOUT ROWID;

-- The key made for one invitation; known as valid while the invitation stands.
ALTER TABLE email_invitations ADD COLUMN public_key TEXT;
CREATE INDEX email_invitations_by_token ON email_invitations (token);
CREATE INDEX email_invitations_by_key ON email_invitations (public_key) WHERE public_key IS NOT NULL;
