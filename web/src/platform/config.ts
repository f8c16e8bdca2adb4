/** What the operator says in /config.json; everything has a default, and the file may be absent. */

export interface ThemePack {
  /** A style sheet that gives other values to the tokens of design/tokens.css; may bring fonts. */
  readonly css: string;
  readonly logo: string;
  readonly name: string;
}

/** In days, 0 for none: what a kind of room has by itself, and the longest it may have. */
export interface Term {
  readonly usual: number;
  readonly longest: number;
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
  /** How long each kind of room keeps its messages: "public", "clear", "encrypted", "direct", "external". */
  readonly keeping: Readonly<Record<string, Term>>;
  /** The only classifications in use; none: any words. */
  readonly classifications: readonly string[];
  /** How long one vouches for a guest from outside, in days. */
  readonly guestDays: Term;
}

const GUEST_DAYS: Term = { usual: 180, longest: 395 };

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
function days(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}

function readKeeping(usual: Record<string, unknown>, longest: Record<string, unknown>): Record<string, Term> {
  const kinds = new Set([...Object.keys(usual), ...Object.keys(longest)]);
  return Object.fromEntries([...kinds].map((kind) => [kind, { usual: days(usual[kind]), longest: days(longest[kind]) }]));
}

export function parseConfig(raw: unknown): Config {
  const config = object(raw);
  const servers = Object.entries(object(config["homeservers"])).filter(([, url]) => text(url) !== "");
  const listed = Array.isArray(config["instances"]) ? config["instances"] : [];
  const instances = listed.map((instance) => text(instance) || text(object(instance)["name"])).filter(Boolean);
  const labels = Array.isArray(config["classifications"]) ? config["classifications"] : [];
  const guests = object(config["guest_days"]);
  const form = text(config["request_form_url"]);
  const theme = object(config["theme"]);
  const pack = { css: text(theme["css"]), logo: text(theme["logo"]), name: text(theme["name"]) };
  return {
    homeservers: Object.fromEntries(servers.map(([name, url]) => [name, text(url).replace(/\/+$/u, "")])),
    instances,
    requestFormUrl: /^https?:\/\//u.test(form) ? form : "",
    mailbox: config["mailbox"] === true,
    theme: pack.css === "" && pack.logo === "" && pack.name === "" ? null : pack,
    keeping: readKeeping(object(config["retention_default_days"]), object(config["retention_max_days"])),
    classifications: labels.map(text).filter(Boolean),
    guestDays: {
      usual: days(guests["usual"]) || GUEST_DAYS.usual,
      longest: days(guests["longest"]) || GUEST_DAYS.longest,
    },
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
