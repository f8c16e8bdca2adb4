-- What a person keeps beside the rooms: receipts, account data, filters, push rules and what they gave.

-- thread_id '' is an unthreaded receipt; event_position is where the event stands among told facts (0: never told).
CREATE TABLE receipts (
  room_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  receipt_type TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_position BIGINT NOT NULL,
  ordering BIGINT NOT NULL,
  ts BIGINT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (room_id, user_id, receipt_type, thread_id)
) WITHOUT ROWID;
CREATE INDEX receipts_by_position ON receipts (room_id, position);

-- What a person has sent reads what came before it, in its thread ("main" outside of any).
CREATE TABLE sent_marks (
  room_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  event_position BIGINT NOT NULL,
  PRIMARY KEY (room_id, user_id, thread_id)
) WITHOUT ROWID;

-- room_id '' is the person's global account data.
CREATE TABLE account_data (
  user_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  type TEXT NOT NULL,
  content BLOB NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (user_id, room_id, type)
) WITHOUT ROWID;
CREATE INDEX account_data_by_position ON account_data (user_id, position);

CREATE TABLE filters (
  user_id TEXT NOT NULL,
  filter_id TEXT NOT NULL,
  definition BLOB NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (user_id, filter_id)
) WITHOUT ROWID;

-- A person's push rules from a position on; nobody without a row has touched the default rules (class 0).
-- class_id is the rule class of rooms without rules of their own, room_classes maps the others (JSON).
CREATE TABLE push_rule_sets (
  user_id TEXT NOT NULL,
  from_position BIGINT NOT NULL,
  rules BLOB NOT NULL,
  class_id BIGINT NOT NULL,
  room_classes BLOB NOT NULL,
  PRIMARY KEY (user_id, from_position)
) WITHOUT ROWID;

-- What an event gives every member of a rule class.
CREATE TABLE push_notices (
  room_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  class_id BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  highlight INTEGER NOT NULL,
  actions TEXT NOT NULL,
  PRIMARY KEY (room_id, position, class_id)
) WITHOUT ROWID;

-- What it gives the people it concerns by name; the changes are against what their class has.
CREATE TABLE push_personal_notices (
  user_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  notify INTEGER NOT NULL,
  highlight INTEGER NOT NULL,
  notify_change INTEGER NOT NULL,
  highlight_change INTEGER NOT NULL,
  actions TEXT NOT NULL,
  PRIMARY KEY (user_id, room_id, position)
) WITHOUT ROWID;
CREATE INDEX push_personal_notices_by_event ON push_personal_notices (room_id, position);

CREATE TABLE pushers (
  user_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  pushkey TEXT NOT NULL,
  kind TEXT NOT NULL,
  app_display_name TEXT NOT NULL,
  device_display_name TEXT NOT NULL,
  profile_tag TEXT NULL,
  lang TEXT NOT NULL,
  data BLOB NOT NULL,
  device_id TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  PRIMARY KEY (user_id, app_id, pushkey)
) WITHOUT ROWID;
CREATE INDEX pushers_by_key ON pushers (app_id, pushkey);

-- Sync reads the state a room had where a timeline begins: what holds now, and what has ceased since.
CREATE INDEX room_state_open ON room_state (room_id, type) WHERE to_position IS NULL;
CREATE INDEX room_state_closed ON room_state (room_id, to_position);
