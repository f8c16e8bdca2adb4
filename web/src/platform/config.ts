/** What the operator says in /config.json; everything has a default, and the file may be absent. */

export interface ThemePack {
  /** A style sheet that gives other values to the tokens of design/tokens.css; may bring fonts. */
  readonly css: string;
  readonly logo: string;
  readonly name: string;
}

export interface Config {
  /** Where an instance answers, when not at this page's own address: name to base URL. */
  readonly homeservers: Readonly<Record<string, string>>;
  /** The instances whose public rooms are listed together. */
  readonly instances: readonly string[];
  readonly theme: ThemePack | null;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export function parseConfig(raw: unknown): Config {
  const config = object(raw);
  const servers = Object.entries(object(config["homeservers"])).filter(([, url]) => text(url) !== "");
  const instances = Array.isArray(config["instances"]) ? config["instances"].map(text).filter(Boolean) : [];
  const theme = object(config["theme"]);
  const pack = { css: text(theme["css"]), logo: text(theme["logo"]), name: text(theme["name"]) };
  return {
    homeservers: Object.fromEntries(servers.map(([name, url]) => [name, text(url).replace(/\/+$/u, "")])),
    instances,
    theme: pack.css === "" && pack.logo === "" && pack.name === "" ? null : pack,
  };
}

export async function loadConfig(): Promise<Config> {
  try {
    const answer = await fetch("/config.json", { cache: "no-cache" });
    return parseConfig(answer.ok ? await answer.json() : null);
  } catch {
    return parseConfig(null);
  }
}

export function mountTheme(theme: ThemePack | null): void {
  if (theme === null || theme.css === "") return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = theme.css;
  document.head.append(link);
}
