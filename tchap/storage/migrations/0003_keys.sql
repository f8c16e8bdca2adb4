-- Encryption: public keys of devices and people, messages to devices, backups of room keys.
-- The server only carries them: no secret is here that a client has not sealed first.

CREATE TABLE device_keys (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  -- The signed object as uploaded, canonical JSON.
  keys_json BLOB NOT NULL,
  PRIMARY KEY (user_id, device_id)
) WITHOUT ROWID;

-- `number` is a position: keys are handed out in the order they came.
CREATE TABLE one_time_keys (
  number BIGINT PRIMARY KEY,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  key_id TEXT NOT NULL,
  key_json BLOB NOT NULL,
  -- A claimed key stays for a while, so that an upload sent twice does not hand it out twice.
  claimed_ts BIGINT
);
CREATE UNIQUE INDEX one_time_keys_by_id ON one_time_keys (user_id, device_id, algorithm, key_id);
CREATE INDEX one_time_keys_unclaimed ON one_time_keys (user_id, device_id, algorithm, number) WHERE claimed_ts IS NULL;
CREATE INDEX one_time_keys_claimed ON one_time_keys (user_id, device_id, claimed_ts) WHERE claimed_ts IS NOT NULL;

CREATE TABLE fallback_keys (
  number BIGINT PRIMARY KEY,
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  key_id TEXT NOT NULL,
  key_json BLOB NOT NULL,
  is_used INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX fallback_keys_by_device ON fallback_keys (user_id, device_id, algorithm);

-- `usage` is master, self_signing or user_signing.
CREATE TABLE cross_signing_keys (
  user_id TEXT NOT NULL,
  usage TEXT NOT NULL,
  public_key TEXT NOT NULL,
  key_json BLOB NOT NULL,
  PRIMARY KEY (user_id, usage)
) WITHOUT ROWID;

-- Signatures added after the upload of what they sign: `target` is a device id or a master public key.
CREATE TABLE key_signatures (
  user_id TEXT NOT NULL,
  target TEXT NOT NULL,
  signer TEXT NOT NULL,
  key_id TEXT NOT NULL,
  signature TEXT NOT NULL,
  PRIMARY KEY (user_id, target, signer, key_id)
) WITHOUT ROWID;
CREATE INDEX key_signatures_by_signer ON key_signatures (signer, key_id);

-- When each person's devices or cross-signing keys last changed.
CREATE TABLE device_list_changes (
  user_id TEXT PRIMARY KEY,
  position BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX device_list_changes_by_position ON device_list_changes (position);

-- Who parted from whom in a room, and when.
CREATE INDEX memberships_ended ON memberships (room_id, to_position) WHERE to_position IS NOT NULL;

-- When `signer` last signed the master key of `user_id`: only the signer's own devices are told.
CREATE TABLE user_signature_changes (
  signer TEXT NOT NULL,
  user_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (signer, user_id)
) WITHOUT ROWID;
CREATE INDEX user_signature_changes_by_position ON user_signature_changes (signer, position);

-- Kept until the device's next sync acknowledges them.
CREATE TABLE device_messages (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  -- {"sender", "type", "content"}, ready for /sync.
  message_json BLOB NOT NULL,
  PRIMARY KEY (user_id, device_id, position)
) WITHOUT ROWID;

CREATE TABLE device_message_transactions (
  user_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  type TEXT NOT NULL,
  txn_id TEXT NOT NULL,
  sent_ts BIGINT NOT NULL,
  PRIMARY KEY (user_id, device_id, type, txn_id)
) WITHOUT ROWID;
CREATE INDEX device_message_transactions_by_age ON device_message_transactions (user_id, device_id, sent_ts);

-- A deleted backup keeps its row: its version is never given again.
CREATE TABLE key_backups (
  user_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  algorithm TEXT NOT NULL,
  auth_data BLOB NOT NULL,
  etag BIGINT NOT NULL DEFAULT 0,
  key_count BIGINT NOT NULL DEFAULT 0,
  is_deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, version)
) WITHOUT ROWID;

-- Session first: a batch of keys is looked up by session, whatever rooms they belong to.
CREATE TABLE backup_keys (
  user_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  session_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  first_message_index BIGINT NOT NULL,
  forwarded_count BIGINT NOT NULL,
  is_verified INTEGER NOT NULL,
  session_data BLOB NOT NULL,
  PRIMARY KEY (user_id, version, session_id, room_id)
) WITHOUT ROWID;
