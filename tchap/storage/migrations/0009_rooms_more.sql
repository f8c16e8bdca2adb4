-- The directories that application services keep of their networks (client-server API,
-- `PUT /directory/list/appservice/{networkId}/{roomId}`).
CREATE TABLE appservice_rooms (
  appservice_id TEXT NOT NULL,
  network_id TEXT NOT NULL,
  room_id TEXT NOT NULL,
  PRIMARY KEY (appservice_id, network_id, room_id)
) WITHOUT ROWID;
