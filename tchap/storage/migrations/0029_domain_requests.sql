-- Administrations that ask to join: the domains known to be of the public sector, and the requests.

CREATE TABLE public_domains (
  domain TEXT PRIMARY KEY,
  -- The organisation, where the list names it.
  name TEXT,
  source TEXT NOT NULL,
  imported_ts BIGINT NOT NULL
) WITHOUT ROWID;

-- What known and opened domains are found by when another one resembles them (policy/lookalikes).
CREATE TABLE domain_looks (
  domain TEXT PRIMARY KEY,
  look TEXT NOT NULL,
  loose TEXT NOT NULL,
  head TEXT NOT NULL,
  middle TEXT NOT NULL,
  tail TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX domain_looks_by_look ON domain_looks (look);
CREATE INDEX domain_looks_by_loose ON domain_looks (loose);
CREATE INDEX domain_looks_by_head ON domain_looks (head);
CREATE INDEX domain_looks_by_middle ON domain_looks (middle);
CREATE INDEX domain_looks_by_tail ON domain_looks (tail);

CREATE TABLE domain_requests (
  request_id TEXT PRIMARY KEY,
  domain TEXT NOT NULL,
  -- The address that received the code, at that domain.
  requester TEXT NOT NULL,
  state TEXT NOT NULL,
  -- Of the secret that the requester's browser holds.
  token_hash BLOB NOT NULL,
  -- Published in the domain's DNS: not a secret, and worth nothing to anybody else.
  challenge TEXT NOT NULL,
  name TEXT,
  kind TEXT,
  siren TEXT,
  headcount BIGINT,
  contact TEXT,
  -- A JSON list of addresses.
  delegates TEXT NOT NULL,
  terms_version TEXT,
  -- How the domain is proven: `dns`, `postmaster` or `authority`.
  proof_way TEXT,
  -- The address the proof was asked of, and the hash of what its mail holds.
  proof_email TEXT,
  proof_hash BLOB,
  proof_expires_ts BIGINT,
  proven_ts BIGINT,
  checks INTEGER NOT NULL,
  -- When the domain's DNS is looked at again.
  next_check_ts BIGINT,
  -- What a decider reads, as JSON.
  facts TEXT NOT NULL,
  administration_id TEXT,
  decided_by TEXT,
  decided_ts BIGINT,
  reason TEXT,
  created_ts BIGINT NOT NULL,
  changed_ts BIGINT NOT NULL,
  expires_ts BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX domain_requests_by_requester ON domain_requests (requester, created_ts);
CREATE INDEX domain_requests_by_domain ON domain_requests (domain, state);
CREATE INDEX domain_requests_by_state ON domain_requests (state, created_ts, request_id);
CREATE INDEX domain_requests_by_proof ON domain_requests (proof_hash) WHERE proof_hash IS NOT NULL;
CREATE INDEX domain_requests_by_check ON domain_requests (next_check_ts) WHERE next_check_ts IS NOT NULL;
CREATE INDEX domain_requests_by_end ON domain_requests (expires_ts) WHERE state IN ('describing', 'proving');
