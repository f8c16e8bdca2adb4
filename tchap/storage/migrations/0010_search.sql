-- Server-side search: what was said in rooms without encryption, as words an index compares.

-- By the position of the event; `words` are those of its latest lawful edit, `edit_id`, where there is one.
CREATE TABLE search_entries (
  position BIGINT PRIMARY KEY,
  event_id TEXT NOT NULL UNIQUE,
  room_id TEXT NOT NULL,
  sender TEXT NOT NULL,
  type TEXT NOT NULL,
  has_url INTEGER NOT NULL,
  edit_id TEXT,
  words TEXT NOT NULL
);
CREATE INDEX search_entries_by_edit ON search_entries (edit_id) WHERE edit_id IS NOT NULL;
CREATE INDEX search_entries_by_room ON search_entries (room_id);
CREATE SEARCH INDEX ON search_entries (position, words);

-- How far each room is indexed; a room whose `revision` is another has more.
CREATE TABLE search_rooms (
  room_id TEXT PRIMARY KEY,
  position BIGINT NOT NULL,
  revision BIGINT NOT NULL
) WITHOUT ROWID;
