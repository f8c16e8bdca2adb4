-- What application services have not taken yet: an event waits here from the commit that made it until it is taken.
CREATE TABLE appservice_queue (
  appservice_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (appservice_id, position)
) WITHOUT ROWID;

-- The last transaction of each; upto_position NULL: it was taken. A retry bears the same number and the same events.
CREATE TABLE appservice_transactions (
  appservice_id TEXT PRIMARY KEY,
  txn_id BIGINT NOT NULL,
  upto_position BIGINT
) WITHOUT ROWID;
