/** The few words of a notification, apart from the rest: the push worker carries them with it, and nothing else. */
import type { Language } from "./keys";

export interface PushWords {
  readonly title: string;
  readonly news: string;
  readonly test: string;
}

export const pushWords: Record<Language, PushWords> = {
  fr: { title: "Tchap", news: "Du nouveau dans cette conversation", test: "Les notifications arrivent sur cet appareil." },
  en: { title: "Tchap", news: "Something new in this conversation", test: "Notifications reach this device." },
};
