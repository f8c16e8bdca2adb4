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
  /** Where an administration asks to be admitted; "" when there is no such page. */
  readonly requestFormUrl: string;
  /** The server keeps the e-mails in its built-in mailbox instead of sending them. */
  readonly mailbox: boolean;
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
  const listed = Array.isArray(config["instances"]) ? config["instances"] : [];
  const instances = listed.map((instance) => text(instance) || text(object(instance)["name"])).filter(Boolean);
  const form = text(config["request_form_url"]);
  const theme = object(config["theme"]);
  const pack = { css: text(theme["css"]), logo: text(theme["logo"]), name: text(theme["name"]) };
  return {
    homeservers: Object.fromEntries(servers.map(([name, url]) => [name, text(url).replace(/\/+$/u, "")])),
    instances,
    requestFormUrl: /^https?:\/\//u.test(form) ? form : "",
    mailbox: config["mailbox"] === true,
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
