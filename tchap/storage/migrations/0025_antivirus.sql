-- What the antivirus found. A verdict is about exact bytes, and about what they become under one key.

CREATE TABLE scans (
  server TEXT NOT NULL,
  media_id TEXT NOT NULL,
  -- SHA-256 of the stored bytes, in hexadecimal.
  sha256 TEXT NOT NULL,
  -- SHA-256 of key and iv, in hexadecimal; empty for the bytes as they are stored. The key itself is never kept.
  key_hash TEXT NOT NULL,
  result TEXT NOT NULL,
  -- What was found.
  threat TEXT NOT NULL,
  -- What the content looks like; empty where it looks like nothing known.
  content_type TEXT NOT NULL,
  scanned_ts BIGINT NOT NULL,
  -- The scanner's word on its program and signatures at that time.
  signatures TEXT NOT NULL,
  PRIMARY KEY (server, media_id, sha256, key_hash)
) WITHOUT ROWID;
-- The same bytes under another address are infected as well.
CREATE INDEX scans_infected ON scans (sha256) WHERE result = 'infected';

-- One key pair for all processes: clients encrypt to its public half.
CREATE TABLE scanner_keys (
  name TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  created_ts BIGINT NOT NULL
) WITHOUT ROWID;

-- SHA-256 of a thumbnail's bytes, in hexadecimal; one that is not known by it is made again.
ALTER TABLE thumbnails ADD COLUMN sha256 TEXT;
