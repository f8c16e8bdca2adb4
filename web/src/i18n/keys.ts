import type { fr } from "./fr";

export type Key = keyof typeof fr;
/** Keys that exist as `…_one` and `…_other`. */
export type CountedKey = Key extends infer K ? (K extends `${infer Base}_one` ? Base : never) : never;
export type Params = Readonly<Record<string, string | number>>;
/** A sentence to say, chosen where its reason is known and worded where it is drawn. */
export interface Phrase {
  readonly key: Key;
  readonly params?: Params;
}
export type Language = "fr" | "en";
