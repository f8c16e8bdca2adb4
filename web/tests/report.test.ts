import { describe, expect, test } from "vitest";
import { ReportModel } from "../src/view-models/report";
import { Homeserver } from "./helpers/homeserver";
import { closeAllAfterEach, openOn } from "./helpers/opened";

closeAllAfterEach();

const MESSAGE = { kind: "message", roomId: "!r:essai.example.fr", eventId: "$e" } as const;
const PERSON = { kind: "person", userId: "@bruno:essai.example.fr" } as const;

describe("reporting", () => {
  test("a message goes to the moderators with the ground and the details", async () => {
    const server = new Homeserver();
    server.says.push(["/report/$e", {}]);
    const model = new ReportModel(await openOn(server), { reported: MESSAGE, name: "Bruno", sealed: true });
    await model.send("Contenu illicite", "  une arme à vendre ");
    expect(model.state.get()).toEqual({ busy: false, done: true, error: null });
    const path = "/_matrix/client/v3/rooms/!r:essai.example.fr/report/$e";
    expect(server.asked(path)).toEqual([{ reason: "Contenu illicite\nune arme à vendre" }]);
  });

  test("a person too", async () => {
    const server = new Homeserver();
    server.says.push(["/users/@bruno:essai.example.fr/report", {}]);
    const model = new ReportModel(await openOn(server), { reported: PERSON, name: "Bruno", sealed: false });
    await model.send("Autre chose", "");
    expect([model.state.get().done, server.asked("/report")]).toEqual([true, [{ reason: "Autre chose" }]]);
  });

  test("a report without any ground is not sent; one that the server refuses says why", async () => {
    const server = new Homeserver();
    const model = new ReportModel(await openOn(server), { reported: MESSAGE, name: "Bruno", sealed: false });
    await model.send("", "  ");
    expect([model.state.get().error?.key, server.asked("/report/$e")]).toEqual(["report.groundNeeded", []]);
    await model.send("Autre chose", "");
    expect([model.state.get().done, model.state.get().error?.key]).toEqual([false, "report.gone"]);
  });
});
