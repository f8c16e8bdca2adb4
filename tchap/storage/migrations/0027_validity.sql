-- The life of accounts: what was told of their terms, links that renew them, closing and opening again.

-- When a mail about the present term was last sent; NULL: none was.
ALTER TABLE accounts ADD COLUMN validity_told_ts BIGINT;
-- When the account's term is to be looked at again. 0: it never was; NULL: it is not to be.
ALTER TABLE accounts ADD COLUMN validity_next_ts BIGINT DEFAULT 0;
-- 0: an administrator wants no mail sent about the term.
ALTER TABLE accounts ADD COLUMN renewal_mails INTEGER NOT NULL DEFAULT 1;
-- Who closed the account: 'owner', 'admin' or 'term'; NULL: nobody, or it is not known.
ALTER TABLE accounts ADD COLUMN closed_by TEXT;
-- The address the account had when it was closed, kept so that it can be opened again; never for an erased one.
ALTER TABLE accounts ADD COLUMN former_email TEXT;
CREATE INDEX accounts_by_validity ON accounts (validity_next_ts) WHERE validity_next_ts IS NOT NULL;

-- Links of mails that renew an account, known by their SHA-256. A link serves once; used_ts says so to who opens it again.
CREATE TABLE renewal_links (
  token_hash BLOB PRIMARY KEY,
  link_id BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  -- Where it was sent: it renews only while that is the account's address.
  email TEXT NOT NULL,
  used_ts BIGINT
);
CREATE INDEX renewal_links_by_user ON renewal_links (user_id, link_id);
