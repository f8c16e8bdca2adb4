-- Media: what is known of each file. The bytes are in the media store.

CREATE TABLE media (
  server TEXT NOT NULL,
  media_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_ts BIGINT NOT NULL,
  -- NULL until the content is uploaded.
  size BIGINT,
  content_type TEXT,
  file_name TEXT,
  -- The content's name in the media store.
  blob_name TEXT,
  -- Until when an address made beforehand waits for its content.
  expires_ts BIGINT,
  PRIMARY KEY (server, media_id)
) WITHOUT ROWID;
CREATE INDEX media_awaited ON media (user_id, expires_ts) WHERE size IS NULL;

CREATE TABLE thumbnails (
  server TEXT NOT NULL,
  media_id TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  method TEXT NOT NULL,
  is_animated INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  PRIMARY KEY (server, media_id, width, height, method, is_animated)
) WITHOUT ROWID;
