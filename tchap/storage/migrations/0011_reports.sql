-- What people report to those who run the server: an event, a room or a person.
CREATE TABLE reports (
  report_id BIGINT PRIMARY KEY,
  -- 'event', 'room' or 'user'.
  kind TEXT NOT NULL,
  -- 'open', 'in_hand' or 'closed'.
  state TEXT NOT NULL,
  reporter TEXT NOT NULL,
  reporter_administration TEXT NOT NULL,
  reported_user TEXT,
  reported_administration TEXT NOT NULL,
  room_id TEXT,
  event_id TEXT,
  -- As it was when it was reported: it may be redacted since.
  event_json BLOB,
  reason TEXT NOT NULL,
  score INTEGER,
  created_ts BIGINT NOT NULL,
  changed_ts BIGINT NOT NULL,
  handled_by TEXT,
  note TEXT
);
CREATE INDEX reports_by_state ON reports (state, report_id);
