-- Externals are vouched for: who vouches for which address, for which administration, until when.

CREATE TABLE sponsorships (
  email TEXT NOT NULL,
  -- The agent who vouches.
  sponsor TEXT NOT NULL,
  -- The administration in whose name, NULL for an agent of none.
  administration_id TEXT,
  created_ts BIGINT NOT NULL,
  ends_ts BIGINT NOT NULL,
  -- When the sponsor was told that the end comes; NULL: not yet.
  warned_ts BIGINT,
  -- Who ended it before its time: a user id, or 'administration'; NULL: nobody.
  ended_by TEXT,
  PRIMARY KEY (email, sponsor)
) WITHOUT ROWID;
CREATE INDEX sponsorships_by_sponsor ON sponsorships (sponsor, email);
CREATE INDEX sponsorships_by_administration ON sponsorships (administration_id, email);
CREATE INDEX sponsorships_by_end ON sponsorships (ends_ts) WHERE ended_by IS NULL AND warned_ts IS NULL;

-- When a guest nobody vouches for any more was taken out of all rooms; NULL: not, or somebody vouches again.
ALTER TABLE accounts ADD COLUMN guest_ended_ts BIGINT;
CREATE INDEX accounts_guests_ended ON accounts (guest_ended_ts) WHERE guest_ended_ts IS NOT NULL;
CREATE INDEX accounts_guests_over ON accounts (instance, expires_ts)
  WHERE validity_next_ts IS NULL AND guest_ended_ts IS NULL AND deactivated_ts IS NULL;
