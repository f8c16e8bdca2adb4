-- Delivering notifications: how far events were looked at, what waits for each pusher, and what became of it.

ALTER TABLE pushers ADD COLUMN is_enabled INTEGER NOT NULL DEFAULT 1;
-- Web Push: nothing is sent before the client has given back the token that was pushed to it.
ALTER TABLE pushers ADD COLUMN is_activated INTEGER NOT NULL DEFAULT 1;
ALTER TABLE pushers ADD COLUMN ack_token TEXT;
ALTER TABLE pushers ADD COLUMN ack_until_ts BIGINT;
-- Nobody serves the pusher before this time: somebody does already, or it failed.
ALTER TABLE pushers ADD COLUMN wait_until_ts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pushers ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pushers ADD COLUMN failing_since_ts BIGINT;
-- The unread count it was last told, and when it is to be told another because something was read.
ALTER TABLE pushers ADD COLUMN badge BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pushers ADD COLUMN badge_due_ts BIGINT;
CREATE INDEX pushers_badge_due ON pushers (badge_due_ts) WHERE badge_due_ts IS NOT NULL;

-- The duty reads what happened everywhere, in the order in which it may be known.
CREATE INDEX events_told ON events (position) WHERE position IS NOT NULL;

CREATE TABLE push_progress (
  name TEXT PRIMARY KEY,
  position BIGINT NOT NULL
) WITHOUT ROWID;
-- What happened before this table was there is nobody's news.
INSERT INTO push_progress (name, position) SELECT 'decided', coalesce(max(position), 0) FROM events;

-- The queue and the ledger in one: a row whose outcome is 'waiting' is to be sent.
CREATE TABLE push_deliveries (
  delivery_id BIGINT PRIMARY KEY,
  user_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  pushkey TEXT NOT NULL,
  kind TEXT NOT NULL,
  event_id TEXT,
  room_id TEXT,
  position BIGINT,
  thread_id TEXT NOT NULL,
  actions TEXT NOT NULL,
  decided_ts BIGINT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  sent_ts BIGINT,
  outcome TEXT NOT NULL,
  answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX push_deliveries_waiting ON push_deliveries (user_id, app_id, pushkey, delivery_id) WHERE outcome = 'waiting';
CREATE INDEX push_deliveries_of_user ON push_deliveries (user_id, delivery_id);
CREATE INDEX push_deliveries_by_age ON push_deliveries (decided_ts);

-- When somebody was last written to about a room.
CREATE TABLE push_mails (
  user_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  mailed_ts BIGINT NOT NULL,
  PRIMARY KEY (user_id, room_id)
) WITHOUT ROWID;

-- Keys of the server's own: 'vapid' (P-256, PKCS 8) and 'mail' (signs the links that end e-mail notifications).
CREATE TABLE push_secrets (
  name TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  created_ts BIGINT NOT NULL
) WITHOUT ROWID;
