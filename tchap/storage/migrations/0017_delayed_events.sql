-- Events to be sent later (MSC4140). Times in milliseconds since 1970.

CREATE TABLE delayed_events (
  delay_id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  appservice_id TEXT NOT NULL DEFAULT '',
  txn_id TEXT,
  room_id TEXT NOT NULL,
  type TEXT NOT NULL,
  state_key TEXT,
  content BLOB NOT NULL,
  -- When an application service says that the event was written.
  origin_server_ts BIGINT,
  delay_ms BIGINT NOT NULL,
  since_ts BIGINT NOT NULL,
  send_ts BIGINT NOT NULL,
  -- scheduled, sent, cancelled or failed.
  outcome TEXT NOT NULL DEFAULT 'scheduled',
  -- What ended it: its time (delay) or somebody (action).
  reason TEXT,
  event_id TEXT,
  error BLOB,
  finalised_ts BIGINT
) WITHOUT ROWID;
CREATE INDEX delayed_events_due ON delayed_events (send_ts) WHERE outcome = 'scheduled';
CREATE INDEX delayed_events_by_user ON delayed_events (user_id, outcome);
CREATE UNIQUE INDEX delayed_events_by_transaction
  ON delayed_events (user_id, device_id, room_id, type, txn_id) WHERE txn_id IS NOT NULL;
