-- How long messages are kept, and the files that go with their messages.

-- The rooms whose messages have a term, as the duty last found them.
CREATE TABLE retention_rooms (
  room_id TEXT PRIMARY KEY,
  -- In milliseconds; 0: they have none any more.
  lifetime_ms BIGINT NOT NULL,
  -- Nothing up to this place of the timeline is left to remove.
  upto_ordering BIGINT NOT NULL DEFAULT 0,
  -- The greatest place ever emptied: later events stand above it, though nothing is there any more.
  floor_ordering BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Which event a file belongs to. A file whose last event goes, goes too.
CREATE TABLE media_links (
  event_id TEXT NOT NULL,
  server TEXT NOT NULL,
  media_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  PRIMARY KEY (event_id, server, media_id)
) WITHOUT ROWID;
CREATE INDEX media_links_by_media ON media_links (server, media_id);
CREATE INDEX profiles_by_avatar ON profiles (avatar_url) WHERE avatar_url IS NOT NULL;
CREATE INDEX media_by_age ON media (created_ts, media_id);

-- Files that nobody can ask for any more and whose bytes are still to be removed: written with what dooms them.
CREATE TABLE media_deletions (
  server TEXT NOT NULL,
  media_id TEXT NOT NULL,
  -- NULL where no content was ever uploaded.
  blob_name TEXT,
  size BIGINT,
  -- 'retention', 'redaction' or 'undeclared', and the age in milliseconds that it names.
  rule TEXT NOT NULL,
  lifetime_ms BIGINT,
  event_id TEXT,
  room_id TEXT,
  doomed_ts BIGINT NOT NULL,
  PRIMARY KEY (server, media_id)
) WITHOUT ROWID;

-- The proof: what was deleted for good, when, and by which rule. It never says what was in it.
CREATE TABLE deletion_log (
  deletion_id BIGINT PRIMARY KEY,
  -- 'media', a file; 'messages', some messages of a room.
  what TEXT NOT NULL,
  rule TEXT NOT NULL,
  lifetime_ms BIGINT,
  server TEXT,
  media_id TEXT,
  event_id TEXT,
  room_id TEXT,
  -- Bytes of the file, or how many messages.
  amount BIGINT NOT NULL,
  deleted_ts BIGINT NOT NULL
);

-- The files that the event will be declared with, as mxc addresses separated by spaces.
ALTER TABLE delayed_events ADD COLUMN media TEXT NOT NULL DEFAULT '';
CREATE INDEX delayed_events_by_event ON delayed_events (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX reports_with_content ON reports (event_id) WHERE event_json IS NOT NULL AND state = 'closed';
