import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseLanguage, dictionaries, translator } from "../src/i18n/translate";

const SRC = resolve(import.meta.dirname, "../src");
const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/gu)].map((found) => found[1] ?? "").sort();

const FORBIDDEN = {
  fr: /identifiant matrix|homeserver|\bclés?\b|signature croisée|\bsessions?\b|\bjetons?\b|\bolm\b|\butd\b|\bevents?\b|@\S+:\S+/iu,
  en: /matrix id|homeserver|\bkeys?\b|cross-sign|\bsessions?\b|\btokens?\b|\bolm\b|\butd\b|\bevents?\b|@\S+:\S+/iu,
} as const;

describe("the words", () => {
  test("both languages say the same things, with the same holes", () => {
    const { fr, en } = dictionaries;
    expect(Object.keys(en).sort()).toEqual(Object.keys(fr).sort());
    for (const [key, text] of Object.entries(fr)) expect([key, holes(en[key as keyof typeof en])]).toEqual([key, holes(text)]);
  });

  test("nothing is empty, and English is not a copy of French", () => {
    for (const [key, text] of Object.entries(dictionaries.fr)) {
      expect(text, key).not.toBe("");
      if (text.split(" ").length > 3) expect(dictionaries.en[key as keyof typeof dictionaries.en], key).not.toBe(text);
    }
  });

  test("every sentence is said somewhere", () => {
    const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/u.test(name) && !name.startsWith("i18n"));
    const source = files.map((name) => readFileSync(join(SRC, name), "utf8")).join("\n");
    const made = [...source.matchAll(/`([a-zA-Z.]+)\$\{/gu)].map((found) => found[1] ?? "");
    const isSaid = (key: string): boolean => source.includes(`"${key}"`) || made.some((start) => key.startsWith(start));
    const keys = Object.keys(dictionaries.fr).map((key) => key.replace(/_(?:one|other)$/u, ""));
    expect(keys.filter((key) => !isSaid(key))).toEqual([]);
  });

  test("no screen shows the words of the machine", () => {
    for (const language of ["fr", "en"] as const) {
      for (const [key, text] of Object.entries(dictionaries[language])) {
        expect(text, key).not.toMatch(FORBIDDEN[language]);
      }
    }
  });

  test("French says vous and uses its own typography", () => {
    for (const [key, text] of Object.entries(dictionaries.fr)) {
      expect(text, key).not.toMatch(/(?<!\p{L})(tu|ton|tes|toi)(?!\p{L})/iu);
      expect(text, key).not.toMatch(/\p{L}'\p{L}/u);
    }
  });

  test("in French no line begins with a sign of two parts", () => {
    expect(translator("fr").t("guest.invitedBy", { name: "Léa", room: "Crue ?" })).toBe("Léa vous invite dans «\u00a0Crue ?\u00a0»");
    expect(translator("en").t("people.title")).not.toContain("\u00a0");
  });

  test("counting follows each language's plural", () => {
    expect(translator("fr").count("rooms.unread", 0)).toBe("0 message non lu");
    expect(translator("fr").count("rooms.unread", 2)).toBe("2 messages non lus");
    expect(translator("en").count("rooms.unread", 0)).toBe("0 unread messages");
  });

  test("French unless English is wanted first or was chosen", () => {
    expect(chooseLanguage(null, ["de-DE"])).toBe("fr");
    expect(chooseLanguage(null, ["en-GB", "fr"])).toBe("en");
    expect(chooseLanguage(null, ["fr-FR", "en"])).toBe("fr");
    expect(chooseLanguage("fr", ["en"])).toBe("fr");
  });
});
