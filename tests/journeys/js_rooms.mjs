/** Rooms from outside: directory, summary, spaces, restricted rooms, knocking, upgrades, reports, mutual rooms. */
import {
  camilleId, play, refusalOf, say, sdk, start, stateOf, step, untilHeard, untilIn, untilMember, untilTrue, zoeId,
} from "./js_kit.mjs";

const joinRules = (content) => ({ type: "m.room.join_rules", state_key: "", content });

/** Found in the directory, looked at from outside, then joined by its alias. */
async function discover(camille, zoe) {
  const made = { preset: "public_chat", visibility: "public", name: "Annonces", room_alias_name: "annonces" };
  const { room_id: roomId } = await camille.createRoom({ ...made, topic: "À toutes les préfectures" });
  const server = camille.getDomain();
  const listed = await zoe.publicRooms({ server, filter: { generic_search_term: "annonces" } });
  const summary = await zoe.getRoomSummary(`#annonces:${server}`, [server]);
  const seen = listed.chunk.find((room) => room.room_id === roomId);
  const room = await zoe.joinRoom(`#annonces:${server}`);
  await untilIn(zoe, roomId);
  const after = await zoe.getRoomSummary(roomId, [server]);
  step("discovered", {
    listed: seen?.name,
    summary: [summary.room_id === roomId, summary.name, summary.join_rule, summary.num_joined_members],
    membership: after.membership,
    joined: room.roomId === roomId,
  });
  return roomId;
}

async function gather(camille, zoe, publicId) {
  const creation_content = { type: "m.space" };
  const made = { preset: "private_chat", name: "Préfecture", creation_content, invite: [zoeId] };
  const { room_id: spaceId } = await camille.createRoom(made);
  const allow = [{ type: "m.room_membership", room_id: spaceId }];
  const initial_state = [joinRules({ join_rule: "restricted", allow })];
  const { room_id: roomId } = await camille.createRoom({ preset: "private_chat", name: "Cellule", initial_state });
  const via = [camille.getDomain()];
  await camille.sendStateEvent(spaceId, "m.space.child", { via, suggested: true, order: "a" }, roomId);
  await camille.sendStateEvent(spaceId, "m.space.child", { via, order: "b" }, publicId);
  const outside = await refusalOf(zoe.joinRoom(roomId));
  await untilIn(zoe, spaceId, "invite");
  await zoe.joinRoom(spaceId);
  const space = await untilIn(zoe, spaceId);
  const { rooms } = await zoe.getRoomHierarchy(spaceId, 10);
  const suggested = await zoe.getRoomHierarchy(spaceId, 10, 1, true);
  await zoe.joinRoom(roomId);
  await untilIn(zoe, roomId);
  await untilMember(camille, roomId, zoeId, "join");
  const member = stateOf(camille, roomId, "m.room.member", zoeId);
  step("gathered", {
    outside,
    space: space.isSpaceRoom(),
    hierarchy: rooms.map((room) => room.name),
    suggested: suggested.rooms.map((room) => room.name),
    rule: rooms[1].join_rule,
    vouched: member.join_authorised_via_users_server === camilleId,
  });
  return roomId;
}

async function knock(camille, zoe) {
  const initial_state = [joinRules({ join_rule: "knock" })];
  const { room_id: roomId } = await camille.createRoom({ preset: "private_chat", name: "Astreinte", initial_state });
  await untilIn(camille, roomId);
  await zoe.knockRoom(roomId, { reason: "Je suis de garde", viaServers: [camille.getDomain()] });
  await untilIn(zoe, roomId, "knock");
  await untilMember(camille, roomId, zoeId, "knock");
  const asked = stateOf(camille, roomId, "m.room.member", zoeId);
  await camille.invite(roomId, zoeId, { reason: "Entrez" });
  await untilIn(zoe, roomId, "invite");
  await zoe.joinRoom(roomId);
  await untilIn(zoe, roomId);
  await zoe.leave(roomId);
  await untilIn(zoe, roomId, "leave");
  await zoe.knockRoom(roomId);
  await untilMember(camille, roomId, zoeId, "knock");
  await camille.kick(roomId, zoeId, "Pas cette fois");
  await untilIn(zoe, roomId, "leave");
  step("knocked", { reason: asked.reason, name: zoe.getRoom(roomId).name });
}

/** From one room to the next by the tombstone, and back by the predecessor. */
async function move(camille, zoe, oldId) {
  const last = await say(camille, oldId, "Nous déménageons");
  await untilHeard(zoe, oldId, last);
  await camille.setRoomTopic(oldId, "Avant");
  const { replacement_room: newId } = await camille.upgradeRoom(oldId, "12");
  const tombstone = await untilTrue(() => stateOf(zoe, oldId, "m.room.tombstone"));
  await zoe.joinRoom(tombstone.replacement_room, { viaServers: [camille.getDomain()] });
  const room = await untilIn(zoe, newId);
  await untilTrue(() => room.findPredecessor()?.roomId === oldId);
  const history = zoe.getRoomUpgradeHistory(newId, true).map((one) => one.roomId);
  const alias = await zoe.getRoomIdForAlias(`#annonces:${camille.getDomain()}`);
  step("moved", {
    version: room.getVersion(),
    same: tombstone.replacement_room === newId,
    history: history.length === 2 && history[0] === oldId,
    name: room.name,
    topic: stateOf(zoe, newId, "m.room.topic").topic,
    alias: alias.room_id === newId,
    silent: await refusalOf(say(zoe, oldId, "Encore là ?")),
  });
  return newId;
}

async function complain(camille, zoe, roomId) {
  const said = await say(zoe, roomId, "Propos déplacés");
  await untilHeard(camille, roomId, said);
  await camille.reportEvent(roomId, said, -100, "Déplacé");
  await camille.reportRoom(roomId, "Hors sujet");
  step("reported", { again: await refusalOf(camille.reportEvent(roomId, "$inconnu", -1, "Rien")) });
}

async function look(camille, zoe, rooms) {
  const found = await camille.searchUserDirectory({ term: "petit", limit: 5 });
  const mutual = await camille._unstable_getSharedRooms(zoeId);
  step("acquainted", {
    directory: found.results.map((person) => [person.user_id === zoeId, person.display_name]),
    mutual: rooms.every((roomId) => mutual.includes(roomId)),
  });
}

async function moderate(camille, zoe, roomId) {
  await camille.setPowerLevel(roomId, zoeId, 50);
  await untilTrue(() => zoe.getRoom(roomId).getMember(zoeId).powerLevel === 50);
  await zoe.setRoomName(roomId, "Cellule de crise");
  await untilTrue(() => camille.getRoom(roomId).name === "Cellule de crise");
  await camille.ban(roomId, zoeId, "Erreur");
  await untilIn(zoe, roomId, "ban");
  const banned = await refusalOf(zoe.joinRoom(roomId));
  await camille.unban(roomId, zoeId);
  await untilIn(zoe, roomId, "leave");
  await zoe.forget(roomId);
  step("moderated", { banned, forgotten: zoe.getRoom(roomId) === null });
}

await play(async () => {
  const [camille, zoe] = [await start(camilleId), await start(zoeId)];
  const publicId = await discover(camille, zoe);
  const cellId = await gather(camille, zoe, publicId);
  await knock(camille, zoe);
  const newId = await move(camille, zoe, publicId);
  await complain(camille, zoe, newId);
  await look(camille, zoe, [cellId, newId]);
  await moderate(camille, zoe, cellId);
});
