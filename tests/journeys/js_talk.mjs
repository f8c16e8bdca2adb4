/** Threads with their own receipts and counts, polls, edits, redactions and search, in private and in public. */
import {
  PollEndEvent, PollResponseEvent, PollStartEvent, camilleId, play, say, sdk, send, start, step, untilHeard, untilIn,
  untilMember, untilTrue, zoeId,
} from "./js_kit.mjs";

const { NotificationCountType } = sdk;

async function meet(camille, zoe) {
  const { room_id: roomId } = await camille.createRoom({ preset: "private_chat", name: "Cellule", invite: [zoeId] });
  await untilIn(zoe, roomId, "invite");
  await zoe.joinRoom(roomId);
  for (const client of [camille, zoe]) {
    await untilIn(client, roomId);
    await untilTrue(() => client.getCrypto().isEncryptionEnabledInRoom(roomId));
  }
  await untilMember(camille, roomId, zoeId, "join");
  return roomId;
}

/** Threads in clear: of encrypted rooms the SDK counts what is unread by itself. */
async function openForum(camille, zoe) {
  const made = { preset: "public_chat", visibility: "public", name: "Annonces", room_alias_name: "annonces" };
  const { room_id: roomId } = await camille.createRoom(made);
  await untilIn(camille, roomId);
  await zoe.joinRoom(roomId);
  await untilIn(zoe, roomId);
  return roomId;
}

async function discuss(camille, zoe) {
  const roomId = await openForum(camille, zoe);
  const root = await say(camille, roomId, "Combien de lits ?");
  await untilHeard(zoe, roomId, root);
  // As a client does that opens a thread to write in it.
  camille.getRoom(roomId).createThread(root, camille.getRoom(roomId).findEventById(root), [], false);
  const first = await say(camille, roomId, "Réponses ici.", root);
  const room = zoe.getRoom(roomId);
  const thread = await untilTrue(() => room.getThread(root));
  await untilTrue(() => thread.replyToEvent?.getId() === first);
  const count = () => room.getThreadUnreadNotificationCount(root, NotificationCountType.Total);
  await untilTrue(() => count() === 1);
  const before = { main: room.getRoomUnreadNotificationCount(NotificationCountType.Total), thread: count() };
  await zoe.sendReadReceipt(await untilHeard(zoe, roomId, root));
  await untilTrue(() => room.getRoomUnreadNotificationCount(NotificationCountType.Total) === 0);
  const between = { main: 0, thread: count() };
  await zoe.sendReadReceipt(await untilHeard(zoe, roomId, first));
  await untilTrue(() => count() === 0);
  await untilTrue(() => camille.getRoom(roomId).getThread(root)?.hasUserReadEvent(zoeId, first));
  step("threads", { before, between, length: thread.length });
  return { roomId, root };
}

/** A device that comes later learns of the thread from the server alone. */
async function comeLater({ roomId, root }) {
  const later = await start(zoeId);
  const room = await untilIn(later, roomId);
  await room.createThreadsTimelineSets();
  await room.fetchRoomThreads();
  const bundled = await later.fetchRoomEvent(roomId, root);
  step("thread-list", {
    found: room.getThreads().map((thread) => thread.id === root),
    count: bundled.unsigned["m.relations"]["m.thread"].count,
    participated: bundled.unsigned["m.relations"]["m.thread"].current_user_participated,
  });
  later.stopClient();
}

async function vote(camille, zoe, roomId) {
  const asked = PollStartEvent.from("Où se réunir ?", ["Mairie", "École"], "org.matrix.msc3381.poll.disclosed");
  const start = asked.serialize();
  const pollId = await send(camille, roomId, start.type, start.content);
  await untilHeard(zoe, roomId, pollId);
  const answer = PollResponseEvent.from([asked.answers[1].id], pollId).serialize();
  await send(zoe, roomId, answer.type, answer.content);
  const poll = await untilTrue(() => camille.getRoom(roomId).polls.get(pollId));
  const votes = await untilTrue(async () => {
    const found = (await poll.getResponses()).getRelations();
    return found.length === 1 && found;
  });
  const chosen = votes[0].unstableExtensibleEvent.answerIds[0] === asked.answers[1].id;
  const end = PollEndEvent.from(pollId, "École").serialize();
  await send(camille, roomId, end.type, end.content);
  await untilTrue(() => zoe.getRoom(roomId).polls.get(pollId)?.isEnded);
  step("polls", { chosen, by: votes[0].getSender() === zoeId });
}

async function correct(camille, zoe, roomId) {
  const said = await say(camille, roomId, "À quinze heures");
  const heard = await untilHeard(zoe, roomId, said);
  const replaced = { msgtype: "m.text", body: "À seize heures" };
  const relation = { rel_type: "m.replace", event_id: said };
  const edit = { msgtype: "m.text", body: "* À seize heures", "m.new_content": replaced, "m.relates_to": relation };
  await send(camille, roomId, "m.room.message", edit);
  await untilTrue(() => heard.getContent().body === "À seize heures");
  const reaction = { "m.relates_to": { rel_type: "m.annotation", event_id: said, key: "👍" } };
  await send(zoe, roomId, "m.reaction", reaction);
  const relations = () => camille.getRoom(roomId).relations.getChildEventsForEvent(said, "m.annotation", "m.reaction");
  const keys = await untilTrue(() => relations()?.getSortedAnnotationsByKey()?.[0]?.[0]);
  await camille.redactEvent(roomId, said, undefined, { reason: "Doublon" });
  await untilTrue(() => heard.isRedacted());
  const kept = await zoe.fetchRoomEvent(roomId, said);
  const why = kept.unsigned.redacted_because;
  step("corrected", { keys, kept: kept.content, by: why.sender === camilleId, why: why.type });
}

async function search(camille, zoe, roomId) {
  await say(camille, roomId, "Les écoles rouvrent lundi");
  const wanted = await say(camille, roomId, "Réunion des préfectures demain");
  await say(camille, roomId, "À demain");
  const room = zoe.getRoom(roomId);
  const found = await untilTrue(async () => {
    const answer = await zoe.searchRoomEvents({ term: "reunion prefecture", filter: { rooms: [roomId] } });
    return answer.count > 0 && answer;
  });
  const [result] = found.results;
  const context = result.context.getTimeline().map((event) => event.getContent().body);
  const day = await zoe.timestampToEvent(roomId, 0, sdk.Direction.Forward);
  const at = await zoe.getEventTimeline(room.getUnfilteredTimelineSet(), wanted);
  step("searched", {
    found: result.context.getEvent().getId() === wanted,
    count: found.count,
    context,
    day: day.event_id.startsWith("$"),
    timeline: at.getEvents().some((event) => event.getId() === wanted),
  });
}

await play(async () => {
  const [camille, zoe] = [await start(camilleId, true), await start(zoeId, true)];
  const forum = await discuss(camille, zoe);
  await comeLater(forum);
  const roomId = await meet(camille, zoe);
  await vote(camille, zoe, roomId);
  await correct(camille, zoe, roomId);
  await search(camille, zoe, forum.roomId);
});
