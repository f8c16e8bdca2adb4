-- Rooms: events, the temporal state, memberships, and what forks leave behind.

CREATE TABLE rooms (
  room_id TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  creator TEXT NOT NULL,
  instance TEXT NOT NULL,
  is_published INTEGER NOT NULL DEFAULT 0,
  created_ts BIGINT NOT NULL,
  -- Raised by every append: an append built on anything else is refused and built again.
  revision BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE events (
  event_id TEXT NOT NULL PRIMARY KEY,
  room_id TEXT NOT NULL,
  -- When clients may learn of it; NULL: outlier, backfilled or soft-failed.
  position BIGINT,
  -- Where it stands in its room; NULL: not in the timeline.
  ordering BIGINT,
  depth BIGINT NOT NULL,
  type TEXT NOT NULL,
  state_key TEXT,
  sender TEXT NOT NULL,
  origin_server_ts BIGINT NOT NULL,
  relates_to TEXT,
  rel_type TEXT,
  thread_id TEXT,
  redacted_by TEXT,
  -- 0 in the timeline, 1 soft-failed, 2 rejected, 3 outlier.
  status INTEGER NOT NULL DEFAULT 0,
  txn_device TEXT,
  txn_id TEXT,
  -- Client format without unsigned; with graph_json and without event_id it is the PDU.
  client_json BLOB NOT NULL,
  graph_json BLOB NOT NULL
);
CREATE INDEX events_by_ordering ON events (room_id, ordering);
CREATE INDEX events_by_position ON events (room_id, position);
CREATE INDEX events_by_relation ON events (relates_to) WHERE relates_to IS NOT NULL;
CREATE UNIQUE INDEX events_by_transaction ON events (sender, txn_device, txn_id, room_id, type) WHERE txn_id IS NOT NULL;

CREATE TABLE room_state (
  room_id TEXT NOT NULL,
  type TEXT NOT NULL,
  state_key TEXT NOT NULL,
  event_id TEXT NOT NULL,
  from_position BIGINT NOT NULL,
  -- First position at which it no longer holds; NULL: current.
  to_position BIGINT,
  PRIMARY KEY (room_id, type, state_key, from_position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX room_state_now ON room_state (room_id, type, state_key) WHERE to_position IS NULL;
CREATE INDEX room_state_changes ON room_state (room_id, from_position);

CREATE TABLE memberships (
  user_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  membership TEXT NOT NULL,
  event_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  from_position BIGINT NOT NULL,
  to_position BIGINT,
  display_name TEXT,
  avatar_url TEXT,
  PRIMARY KEY (user_id, room_id, from_position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX memberships_now ON memberships (user_id, room_id) WHERE to_position IS NULL;
CREATE INDEX memberships_of_room ON memberships (room_id, membership) WHERE to_position IS NULL;

CREATE TABLE forgotten_rooms (
  user_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  PRIMARY KEY (user_id, room_id)
) WITHOUT ROWID;

CREATE TABLE room_extremities (
  room_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (room_id, event_id)
) WITHOUT ROWID;

-- The state after an event whose prev_events are not exactly the one current extremity: what differs from its parent's.
CREATE TABLE state_deltas (
  event_id TEXT NOT NULL,
  type TEXT NOT NULL,
  state_key TEXT NOT NULL,
  state_event_id TEXT,
  PRIMARY KEY (event_id, type, state_key)
) WITHOUT ROWID;
CREATE TABLE state_delta_parents (
  event_id TEXT PRIMARY KEY,
  room_id TEXT NOT NULL,
  parent_event_id TEXT
) WITHOUT ROWID;

CREATE TABLE aliases (
  alias TEXT PRIMARY KEY,
  room_id TEXT NOT NULL,
  creator TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX aliases_by_room ON aliases (room_id);
