-- Who looks after an administration beside the operators, whose acts are whose to read, and what is under way.

CREATE TABLE administration_delegates (
  administration_id TEXT NOT NULL,
  -- Named by this address; the right is that of the account that proves it.
  email TEXT NOT NULL,
  -- NULL until somebody has an account with this address.
  user_id TEXT,
  named_by TEXT NOT NULL,
  named_ts BIGINT NOT NULL,
  PRIMARY KEY (administration_id, email)
) WITHOUT ROWID;
CREATE INDEX administration_delegates_by_user ON administration_delegates (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX administration_delegates_by_email ON administration_delegates (email);

-- The administration an act concerns, NULL where it concerns none: its delegates read it.
ALTER TABLE admin_acts ADD COLUMN administration_id TEXT;
CREATE INDEX admin_acts_by_administration ON admin_acts (administration_id, act_id) WHERE administration_id IS NOT NULL;

-- Whom an announcement is for, with everything below; NULL for one person and for everybody.
ALTER TABLE server_notices ADD COLUMN administration_id TEXT;
UPDATE server_notices SET administration_id =
  (SELECT a.administration_id FROM administrations a WHERE a.name = server_notices.audience_name)
  WHERE audience = 'administration';
-- Those under way begin again with the first person: who was told is not told twice (transaction ids).
UPDATE server_notices SET after_user = '' WHERE audience = 'administration' AND status = 'sending';
CREATE INDEX server_notices_by_administration ON server_notices (administration_id, notice_id)
  WHERE administration_id IS NOT NULL;

-- What is being done to all accounts of an administration, one after the other. Rows end with the work.
CREATE TABLE administration_walks (
  walk_id BIGINT PRIMARY KEY,
  -- place, show, rename, warn, warn_again, close, spare
  kind TEXT NOT NULL,
  administration_id TEXT NOT NULL,
  -- The listing it is about; NULL: all addresses.
  domain TEXT,
  -- What the domain was renamed from, or the moment its accounts are closed, in ms since 1970.
  detail TEXT,
  due_ts BIGINT NOT NULL,
  -- The last account done with, in order of user ids, and how many were.
  after_user TEXT NOT NULL DEFAULT '',
  done BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX administration_walks_by_due ON administration_walks (due_ts, walk_id);
CREATE INDEX reports_by_person ON reports (reported_user, report_id) WHERE reported_user IS NOT NULL;
