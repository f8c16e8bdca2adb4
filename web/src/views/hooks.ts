import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from "react";
import type { Language } from "../i18n/keys";
import { type Translator, translator } from "../i18n/translate";
import { type Config, parseConfig } from "../platform/config";
import type { Theme } from "../platform/preferences";
import type { Observable } from "../view-models/observable";

export interface Surface {
  readonly words: Translator;
  readonly setLanguage: (language: Language) => void;
  readonly theme: Theme;
  readonly setTheme: (theme: Theme) => void;
  readonly brand: { readonly name: string; readonly logo: string };
  readonly requestFormUrl: string;
  /** The address of the built-in mailbox, or "". */
  readonly mailboxUrl: string;
  /** What the operator lets people choose from. */
  readonly limits: Pick<Config, "keeping" | "classifications" | "guestDays">;
}

export const SurfaceContext = createContext<Surface>({
  words: translator("fr"),
  setLanguage: () => undefined,
  theme: "auto",
  setTheme: () => undefined,
  brand: { name: "Tchap", logo: "" },
  requestFormUrl: "",
  mailboxUrl: "",
  limits: parseConfig(null),
});

export function useSurface(): Surface {
  return useContext(SurfaceContext);
}

export function useWords(): Translator {
  return useContext(SurfaceContext).words;
}

export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get);
}

/** Moves focus to the heading of a screen that has just come, so that it is read aloud. */
export function useArrivalFocus(key: string): React.RefObject<HTMLHeadingElement | null> {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const inside = document.activeElement !== null && ref.current?.parentElement?.contains(document.activeElement);
    if (inside !== true || document.activeElement === document.body) ref.current?.focus();
  }, [key]);
  return ref;
}
