import type { ReactElement, ReactNode } from "react";
import { useSurface } from "./hooks";
import "./gate.css";

export function Brand(): ReactElement {
  const { brand } = useSurface();
  return (
    <div className="brand">
      <img src={brand.logo === "" ? "/icon.svg" : brand.logo} alt="" width="36" height="36" />
      <span>{brand.name}</span>
    </div>
  );
}

function Languages(): ReactElement {
  const { words, setLanguage } = useSurface();
  return (
    <div className="languages" role="group" aria-label={words.t("app.language")}>
      {(["fr", "en"] as const).map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={words.language === language}
          onClick={() => setLanguage(language)}
        >
          {language === "fr" ? "Français" : "English"}
        </button>
      ))}
    </div>
  );
}

/** The quiet page of everything before the conversations. */
export function Gate({ children, bare = false }: { readonly children: ReactNode; readonly bare?: boolean }): ReactElement {
  const { words } = useSurface();
  return (
    <div className="gate">
      <header>
        <Brand />
        <Languages />
      </header>
      <main className={bare ? "gate-bare" : "gate-card"}>{children}</main>
      <footer>{words.t("app.tagline")}</footer>
    </div>
  );
}
