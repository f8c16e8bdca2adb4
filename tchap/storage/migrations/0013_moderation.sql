-- Locking and suspending accounts, and what administrators did.

-- Since when the account is locked (client-server API, "Account locking"); NULL: it is not.
ALTER TABLE accounts ADD COLUMN locked_ts BIGINT;
-- Since when the account is suspended (client-server API, "Account suspension"); NULL: it is not.
ALTER TABLE accounts ADD COLUMN suspended_ts BIGINT;

-- Who did what, to whom, when. Nothing is ever removed from it by the program.
CREATE TABLE admin_acts (
  act_id BIGINT PRIMARY KEY,
  -- The administrator's user id, or 'console' for the command line.
  admin TEXT NOT NULL,
  act TEXT NOT NULL,
  target TEXT NOT NULL,
  -- What more there is to say, as plain text.
  detail TEXT,
  done_ts BIGINT NOT NULL
);
CREATE INDEX admin_acts_by_target ON admin_acts (target, act_id);
