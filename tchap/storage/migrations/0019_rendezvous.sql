-- Where two devices leave each other sealed messages while one signs the other in (MSC4108, MSC4388).

CREATE TABLE rendezvous (
  session_id TEXT PRIMARY KEY,
  data BLOB NOT NULL,
  -- Raised at every write: whoever writes names the one they have read.
  sequence BIGINT NOT NULL,
  -- The last write, so that it can be repeated.
  txn_id TEXT,
  expires_ts BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX rendezvous_by_end ON rendezvous (expires_ts);
