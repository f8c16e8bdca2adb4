/** A person's own things: devices, profile, push rules, notes between devices, files and their thumbnails, settings. */
import { createHash } from "node:crypto";

import {
  baseUrl, camilleId, logIn, password, play, refusalOf, say, sdk, start, step, untilHeard, untilIn, untilTrue, zoeId,
} from "./js_kit.mjs";

// One red pixel, eight by eight.
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC",
  "base64",
);

const digest = (bytes) => createHash("sha256").update(Buffer.from(bytes)).digest("hex");

async function describe(camille, zoe) {
  const fields = { "m.tz": "Europe/Paris", "org.example.bureau": { étage: 3 } };
  for (const [key, value] of Object.entries(fields)) await camille.setExtendedProfileProperty(key, value);
  const seen = await zoe.getExtendedProfile(camilleId);
  const zone = await zoe.getExtendedProfileProperty(camilleId, "m.tz");
  await camille.deleteExtendedProfileProperty("org.example.bureau");
  const after = await zoe.getExtendedProfile(camilleId);
  step("profile", {
    name: seen.displayname,
    floor: seen["org.example.bureau"]?.étage,
    zone,
    gone: !("org.example.bureau" in after),
    rename: await refusalOf(camille.setDisplayName("La cheffe")),
  });
}

async function show(camille, zoe, roomId) {
  const picture = { type: "image/png", name: "carré.png" };
  const { content_uri: uri } = await camille.uploadContent(new Blob([PICTURE]), picture);
  await camille.setAvatarUrl(uri);
  await untilTrue(() => zoe.getRoom(roomId).getMember(camilleId).getMxcAvatarUrl() === uri);
  const read = async (...size) => {
    const address = zoe.mxcUrlToHttp(uri, ...size, false, true, true);
    const bare = await fetch(address);
    const answer = await fetch(address, { headers: { Authorization: `Bearer ${zoe.getAccessToken()}` } });
    const type = answer.headers.get("content-type");
    return { bare: bare.status, status: answer.status, bytes: await answer.arrayBuffer(), type };
  };
  const whole = await read(undefined, undefined, undefined);
  const thumbnail = await read(4, 4, "scale");
  const config = await camille.getMediaConfig();
  step("media", {
    same: digest(whole.bytes) === digest(PICTURE),
    statuses: [whole.bare, whole.status, thumbnail.bare, thumbnail.status],
    types: [whole.type, thumbnail.type],
    limit: config["m.upload.size"] > 0,
  });
}

async function notify(camille, zoe, roomId) {
  const rule = { actions: ["notify", { set_tweak: "highlight" }], pattern: "urgence" };
  await camille.addPushRule("global", "content", "urgence", rule);
  const isHighlighted = async (body) => {
    const said = await say(zoe, roomId, body);
    const heard = await untilHeard(camille, roomId, said);
    const actions = camille.getPushActionsForEvent(heard);
    return actions.tweaks.highlight ?? false;
  };
  await untilTrue(async () => (await camille.getPushRules()).global.content.some((one) => one.rule_id === "urgence"));
  await untilTrue(() => camille.pushRules?.global.content.some((one) => one.rule_id === "urgence"));
  const urgent = await isHighlighted("Une urgence à l'hôpital");
  const highlights = () => camille.getRoom(roomId).getUnreadNotificationCount("highlight");
  await untilTrue(() => highlights() === 1);
  await camille.setPushRuleEnabled("global", "content", "urgence", false);
  await untilTrue(() => camille.pushRules.global.content.some((one) => one.rule_id === "urgence" && !one.enabled));
  const calm = await isHighlighted("Plus d'urgence");
  await camille.setPushRuleActions("global", "content", "urgence", ["notify"]);
  await camille.deletePushRule("global", "content", "urgence");
  await camille.setRoomMutePushRule("global", roomId, true);
  const rules = (await camille.getPushRules()).global;
  const muted = [...rules.room, ...rules.override].some((one) => one.rule_id === roomId);
  const pusher = { kind: "http", app_id: "fr.example.app", pushkey: "clé", lang: "fr", app_display_name: "App" };
  const data = { url: "https://push.example.fr/_matrix/push/v1/notify", format: "event_id_only" };
  await camille.setPusher({ ...pusher, device_display_name: "Poste", data });
  const { pushers } = await camille.getPushers();
  await camille.removePusher("clé", "fr.example.app");
  const left = (await camille.getPushers()).pushers.length;
  step("push", { urgent, calm, muted, pushers: [pushers.length, left] });
}

async function signOut(camille) {
  const spare = await logIn(camilleId);
  const other = await logIn(camilleId);
  const note = new Map([[camilleId, new Map([[camille.getDeviceId(), { mot: "bonjour" }]])]]);
  const heard = new Promise((done) => camille.on("toDeviceEvent", (event) => done(event.getContent())));
  const second = sdk.createClient({ baseUrl, ...other });
  await second.sendToDevice("org.example.mot", note);
  const { mot } = await heard;
  await camille.setDeviceDetails(spare.deviceId, { display_name: "À éteindre" });
  const { display_name: name } = await camille.getDevice(spare.deviceId);
  const asked = await camille.deleteMultipleDevices([spare.deviceId, other.deviceId]).catch((error) => error);
  const identifier = { type: "m.id.user", user: camilleId };
  const proof = { type: "m.login.password", identifier, session: asked.data.session };
  const wrong = await camille
    .deleteMultipleDevices([spare.deviceId, other.deviceId], { ...proof, password: "autre" })
    .catch((error) => error);
  const auth = { ...proof, password };
  await camille.deleteMultipleDevices([spare.deviceId, other.deviceId], auth);
  const { devices } = await camille.getDevices();
  step("devices", {
    mot,
    name,
    asked: asked.httpStatus,
    flows: asked.data.flows.some((flow) => flow.stages.includes("m.login.password")),
    wrong: [wrong.httpStatus, wrong.data.errcode],
    left: devices.filter((one) => [spare.deviceId, other.deviceId].includes(one.device_id)).length,
    ended: await refusalOf(second.whoami()),
  });
}

async function settle(camille, roomId) {
  await camille.setAccountData("org.example.choix", { couleur: "bleu" });
  const kept = await camille.getAccountDataFromServer("org.example.choix");
  await camille.setRoomTag(roomId, "m.favourite", { order: 0.5 });
  await untilTrue(() => camille.getRoom(roomId).tags["m.favourite"]?.order === 0.5);
  await camille.setRoomAccountData(roomId, "org.example.note", { lu: true });
  await untilTrue(() => camille.getRoom(roomId).getAccountData("org.example.note")?.getContent().lu);
  await camille.setIgnoredUsers([zoeId]);
  await untilTrue(() => camille.isUserIgnored(zoeId));
  await camille.setIgnoredUsers([]);
  const capabilities = await camille.getCapabilities();
  const address = await camille.getThreePids();
  const openId = await camille.getOpenIdToken();
  step("settings", {
    kept,
    password: capabilities["m.change_password"].enabled,
    version: capabilities["m.room_versions"].default,
    address: address.threepids.map((one) => one.medium),
    openId: openId.matrix_server_name === camille.getDomain(),
    relay: await refusalOf(camille.turnServer()),
  });
}

await play(async () => {
  const [camille, zoe] = [await start(camilleId), await start(zoeId)];
  const { room_id: roomId } = await camille.createRoom({ preset: "public_chat", name: "Annonces" });
  await zoe.joinRoom(roomId);
  await Promise.all([untilIn(camille, roomId), untilIn(zoe, roomId)]);
  await describe(camille, zoe);
  await show(camille, zoe, roomId);
  await notify(camille, zoe, roomId);
  await signOut(camille);
  await settle(camille, roomId);
});
