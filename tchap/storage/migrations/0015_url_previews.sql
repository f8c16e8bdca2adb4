-- What pages that people link to look like, kept for a while so that a page is asked once for everybody.

CREATE TABLE url_previews (
  -- SHA-256 of the address, in hexadecimal.
  url_hash TEXT NOT NULL,
  fetched_ts BIGINT NOT NULL,
  -- The answer to clients, JSON; an empty object where there is nothing to show.
  body BLOB NOT NULL,
  -- The page is asked again after this.
  fresh_until_ts BIGINT NOT NULL,
  -- Kept until then for those who ask what it looked like; its picture goes with it.
  expires_ts BIGINT NOT NULL,
  server TEXT,
  media_id TEXT,
  PRIMARY KEY (url_hash, fetched_ts)
) WITHOUT ROWID;
CREATE INDEX url_previews_by_end ON url_previews (expires_ts);
