-- A device that nobody is signed in on, kept sealed so that a later one can read what was sent to it (MSC3814).
-- Everything else of it (name, keys, messages) is where that of every device is.

CREATE TABLE dehydrated_devices (
  user_id TEXT PRIMARY KEY,
  device_id TEXT NOT NULL,
  -- Sealed by the client, JSON.
  device_data BLOB NOT NULL
) WITHOUT ROWID;
