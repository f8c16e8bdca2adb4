-- Notices of the server to people: what is to be told to whom, and how far the telling has come.

CREATE TABLE server_notices (
  notice_id BIGINT PRIMARY KEY,
  admin TEXT NOT NULL,
  -- 'user', 'administration' or 'everyone', and which user or administration.
  audience TEXT NOT NULL,
  audience_name TEXT NOT NULL,
  content BLOB NOT NULL,
  -- Pinned in each room until it is withdrawn.
  is_pinned INTEGER NOT NULL,
  -- 'sending', 'sent', 'withdrawing' or 'withdrawn'.
  status TEXT NOT NULL,
  -- The last person done with; people are taken in order of their ids.
  after_user TEXT NOT NULL DEFAULT '',
  told BIGINT NOT NULL DEFAULT 0,
  created_ts BIGINT NOT NULL,
  ended_ts BIGINT
);
CREATE INDEX server_notices_at_work ON server_notices (notice_id) WHERE status IN ('sending', 'withdrawing');

-- Which event told each person of a pinned notice, so that it can be unpinned.
CREATE TABLE server_notice_events (
  notice_id BIGINT NOT NULL,
  user_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  PRIMARY KEY (notice_id, user_id)
) WITHOUT ROWID;

-- Exactly one room of notices per person.
CREATE TABLE server_notice_rooms (
  user_id TEXT PRIMARY KEY,
  room_id TEXT NOT NULL,
  created_ts BIGINT NOT NULL
) WITHOUT ROWID;
