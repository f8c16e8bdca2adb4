-- Administrations and the e-mail domains of their agents. Those of the configuration file are the first of them.

CREATE TABLE administrations (
  administration_id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  -- What stands in brackets after each agent's name; empty: read from the domain of the address.
  label TEXT NOT NULL,
  -- The instance new agents join; an account's own never changes.
  instance TEXT NOT NULL,
  kind TEXT NOT NULL DEFAULT 'other',
  parent_id TEXT,
  siren TEXT,
  headcount BIGINT,
  contact TEXT,
  status TEXT NOT NULL DEFAULT 'active',
  -- Whether its agents are kept from writing in clear in encrypted rooms.
  refuses_clear INTEGER NOT NULL DEFAULT 1,
  -- Whether the agents' identity provider must have asked them for two factors.
  requires_mfa INTEGER NOT NULL DEFAULT 0,
  created_ts BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX administrations_by_parent ON administrations (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE administration_domains (
  -- `mairie.example.fr`, or `*.mairies.example.fr` for what stands under it.
  domain TEXT PRIMARY KEY,
  administration_id TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'active',
  added_ts BIGINT NOT NULL,
  -- When the accounts of a domain that is closing are closed.
  closes_ts BIGINT
) WITHOUT ROWID;
CREATE INDEX administration_domains_by_owner ON administration_domains (administration_id);
CREATE INDEX administration_domains_by_end ON administration_domains (closes_ts) WHERE closes_ts IS NOT NULL;

-- NULL: of none, as externals are.
ALTER TABLE accounts ADD COLUMN administration_id TEXT;
CREATE INDEX accounts_by_administration ON accounts (administration_id, user_id) WHERE administration_id IS NOT NULL;
