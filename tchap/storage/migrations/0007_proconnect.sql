-- Signing in by the agents' OpenID Connect provider.

-- Which account a person of the provider opens. `subject` is the provider's own name for her; `names` is how it called
-- her when the link was made.
CREATE TABLE proconnect_links (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  email TEXT NOT NULL,
  names TEXT,
  siret TEXT,
  created_ts BIGINT NOT NULL,
  last_seen_ts BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;
CREATE INDEX proconnect_links_by_user ON proconnect_links (user_id);

-- Sign-ins under way: `state_hash` and `browser_hash` are SHA-256, of the state and of the browser's cookie.
CREATE TABLE proconnect_sign_ins (
  sign_in_id BIGINT PRIMARY KEY,
  state_hash BLOB NOT NULL UNIQUE,
  browser_hash BLOB NOT NULL,
  nonce TEXT NOT NULL,
  verifier TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  continue_to TEXT NOT NULL,
  expires_ts BIGINT NOT NULL
);
CREATE INDEX proconnect_sign_ins_by_end ON proconnect_sign_ins (expires_ts);

-- What the provider asks for at the sign-out, by the SHA-256 of the browser session's cookie.
CREATE TABLE proconnect_id_tokens (
  cookie_hash BLOB PRIMARY KEY,
  id_token TEXT NOT NULL,
  expires_ts BIGINT NOT NULL
);
CREATE INDEX proconnect_id_tokens_by_end ON proconnect_id_tokens (expires_ts);
