/** What this browser remembers of the person's taste. Nothing about people or rooms. */
import { chooseLanguage } from "../i18n/translate";
import type { Language } from "../i18n/keys";

const LANGUAGE = "tchap.language";
const THEME = "tchap.theme";

export type Theme = "auto" | "light" | "dark";

export function readLanguage(): Language {
  return chooseLanguage(localStorage.getItem(LANGUAGE), navigator.languages);
}

export function saveLanguage(language: Language): void {
  localStorage.setItem(LANGUAGE, language);
  document.documentElement.lang = language;
}

export function readTheme(): Theme {
  const saved = localStorage.getItem(THEME);
  return saved === "light" || saved === "dark" ? saved : "auto";
}

export function saveTheme(theme: Theme): void {
  localStorage.setItem(THEME, theme);
  showTheme(theme);
}

export function showTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
