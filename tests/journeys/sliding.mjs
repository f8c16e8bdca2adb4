// A person on the SDK's own sliding sync, another on plain requests. Prints what was reached; fails where it never is.
// Arguments: the server's address, and the directory of the SDK.
const [url, library] = process.argv.slice(2);
const sdk = await import(`${library}/index.js`);
const { SlidingSync } = await import(`${library}/sliding-sync.js`);

async function post(path, body) {
    const answer = await fetch(`${url}/_matrix/client/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
    return answer.json();
}

async function enter(username) {
    const body = { username, password: "Mot-de-passe-2026" };
    const { session } = await post("register", body);
    const made = await post("register", { ...body, auth: { type: "m.login.dummy", session } });
    return sdk.createClient({
        baseUrl: url,
        accessToken: made.access_token,
        userId: made.user_id,
        deviceId: made.device_id,
    });
}

async function until(what, holds) {
    for (let tries = 0; tries < 200; tries += 1) {
        if (holds()) {
            console.log(what);
            return;
        }
        await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`never: ${what}`);
}

const ariane = await enter("ariane");
const basile = await enter("basile");
const invite = [basile.getUserId()];
const { room_id: roomId } = await ariane.createRoom({ preset: "public_chat", name: "Salon", invite });
for (let number = 0; number < 5; number += 1) {
    await ariane.sendTextMessage(roomId, `ligne ${number}`);
}
const everything = [["*", "*"]];
const list = { ranges: [[0, 19]], timeline_limit: 2, required_state: everything, filters: {} };
const open = { timeline_limit: 20, required_state: everything };
const sliding = new SlidingSync(url, new Map([["all", list]]), open, basile, 20000);
const states = [];
basile.on(sdk.ClientEvent.Sync, (state) => states.push(state));
await basile.startClient({ slidingSync: sliding });

const room = () => basile.getRoom(roomId);
const events = () => room().getLiveTimeline().getEvents();
const lines = () => events().map((event) => event.getContent().body).filter(Boolean);
const unread = () => room().getUnreadNotificationCount("total");

await until("prepared", () => states.includes("PREPARED"));
await until("invited", () => room()?.getMyMembership() === "invite");
await basile.joinRoom(roomId);
await until("joined", () => room().getMyMembership() === "join" && room().name === "Salon");
await ariane.sendTextMessage(roomId, "bonjour");
await until("message", () => lines().at(-1) === "bonjour");
await until("unread", () => unread() === 1);
sliding.modifyRoomSubscriptions(new Set([roomId]));
await until("older lines in order", () => lines().join() === "ligne 0,ligne 1,ligne 2,ligne 3,ligne 4,bonjour");
await basile.sendReadReceipt(events().at(-1));
await until("read", () => unread() === 0);
await ariane.sendTyping(roomId, true, 9000);
await until("typing", () => room().getMember(ariane.getUserId())?.typing === true);
await basile.leave(roomId);
await until("left", () => room()?.getMyMembership() !== "join");
process.exit(0);
