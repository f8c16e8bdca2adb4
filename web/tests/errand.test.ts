import { beforeEach, describe, expect, test } from "vitest";
import { keepErrand, takeReturn } from "../src/platform/errand";

/** As much of a browser's page as an errand touches. */
class Page {
  readonly kept = new Map<string, string>();
  #address = new URL("https://tchap.example.fr/#/forums");
  readonly history = { replaceState: (_state: unknown, _title: string, path: string) => this.open(path) };
  get location(): URL {
    return this.#address;
  }
  open(path: string): void {
    this.#address = new URL(path, this.#address.origin);
  }
}

let page: Page;
const ERRAND = { mark: "abc", email: "jeanne@prefecture.example.fr", path: "room/!r" };

beforeEach(() => {
  page = new Page();
  const sessionStorage = {
    getItem: (name: string) => page.kept.get(name) ?? null,
    setItem: (name: string, value: string) => page.kept.set(name, value),
    removeItem: (name: string) => page.kept.delete(name),
  };
  Object.assign(globalThis, { window: page, sessionStorage });
});

describe("away to an identity provider and back", () => {
  test("the token leaves the address bar, and the place one left comes back", () => {
    page.open(`${keepErrand(ERRAND).replace("https://tchap.example.fr", "")}&loginToken=t1`);
    expect(takeReturn()).toEqual({ loginToken: "t1", errand: ERRAND });
    expect(page.location.href).toBe("https://tchap.example.fr/#/room/!r");
    expect(takeReturn()).toBeNull();
  });

  test("a token this page did not go for opens nothing, and leaves the address bar all the same", () => {
    page.open("/?loginToken=another#/forums");
    expect(takeReturn()).toBeNull();
    keepErrand(ERRAND);
    page.open("/?errand=other&loginToken=another#/forums");
    expect(takeReturn()).toBeNull();
    expect(page.location.href).toBe("https://tchap.example.fr/#/forums");
  });

  test("an ordinary address is left as it is", () => {
    page.open("/?theme=1#/forums");
    expect(takeReturn()).toBeNull();
    expect(page.location.search).toBe("?theme=1");
  });
});
