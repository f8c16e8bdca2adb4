import { en } from "./en";
import { fr } from "./fr";
import type { CountedKey, Key, Language, Params, Phrase } from "./keys";

export const dictionaries: Record<Language, Record<Key, string>> = { fr, en };

function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/gu, (hole, name: string) => String(params[name] ?? hole));
}

/** In French a sign of two parts never begins a line, nor does a quotation lose its marks. */
function tieSigns(text: string): string {
  return text.replace(/ (?=[:;?!»])/gu, "\u00a0").replace(/(?<=«) /gu, "\u00a0");
}

export interface Translator {
  readonly language: Language;
  readonly t: (key: Key, params?: Params) => string;
  readonly say: (phrase: Phrase) => string;
  readonly count: (key: CountedKey, count: number, params?: Params) => string;
  readonly time: (ms: number) => string;
  readonly date: (ms: number) => string;
  readonly day: (ms: number) => string;
  readonly list: (names: readonly string[]) => string;
  readonly size: (bytes: number) => string;
}

const UNITS = { fr: ["o", "Ko", "Mo", "Go"], en: ["B", "KB", "MB", "GB"] } as const;

function formatSize(bytes: number, language: Language): string {
  const step = bytes < 1 ? 0 : Math.min(3, Math.floor(Math.log(bytes) / Math.log(1000)));
  const amount = bytes / 1000 ** step;
  const shown = new Intl.NumberFormat(language, { maximumFractionDigits: amount < 10 && step > 0 ? 1 : 0 });
  return `${shown.format(amount)} ${UNITS[language][step] ?? ""}`;
}

export function translator(language: Language): Translator {
  const words = dictionaries[language];
  const plural = new Intl.PluralRules(language);
  const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });
  const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  const list = new Intl.ListFormat(language, { type: "conjunction" });
  const wordsOf = (key: Key): string => (language === "fr" ? tieSigns(words[key]) : words[key]);
  const t = (key: Key, params: Params = {}): string => fill(wordsOf(key), params);
  return {
    language,
    t,
    say: (phrase) => t(phrase.key, phrase.params),
    count: (key, count, params = {}) => {
      const form = plural.select(count) === "one" ? "one" : "other";
      return t(`${key}_${form}` as Key, { ...params, count });
    },
    time: (ms) => time.format(ms),
    date: (ms) => date.format(ms),
    day: (ms) => day.format(ms),
    list: (names) => list.format(names),
    size: (bytes) => formatSize(bytes, language),
  };
}

/** French unless the person's browser asks for English before French. */
export function chooseLanguage(saved: string | null, wanted: readonly string[]): Language {
  if (saved === "fr" || saved === "en") return saved;
  const known = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === "fr" || tag === "en");
  return known === "en" ? "en" : "fr";
}
