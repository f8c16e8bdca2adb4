/** User-interactive authentication (spec: client-server API, "User-Interactive Authentication API"). */
import { call, ServerRefusal } from "./http";

export interface Stage {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Policy {
  readonly name: string;
  readonly url: string;
}

/** The e-mail has not been proven yet: neither code nor link was used. */
export class EmailNotProven extends Error {}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export function parseTerms(body: Record<string, unknown>, language: string): Policy[] {
  const terms = asObject(asObject(body["params"])["m.login.terms"]);
  return Object.values(asObject(terms["policies"])).flatMap((policy) => {
    const given = asObject(policy);
    const chosen = asObject(given[language] ?? given["fr"] ?? given["en"]);
    const url = asText(chosen["url"]);
    return url === "" ? [] : [{ name: asText(chosen["name"]), url }];
  });
}

function parseFlows(body: Record<string, unknown>): string[][] {
  const flows = Array.isArray(body["flows"]) ? body["flows"] : [];
  return flows.map((flow) => {
    const stages = asObject(flow)["stages"];
    return Array.isArray(stages) ? stages.map(asText) : [];
  });
}

function parseCompleted(body: Record<string, unknown>): string[] {
  return Array.isArray(body["completed"]) ? body["completed"].map(asText) : [];
}

/** The next stage we can do of a flow made only of stages we know. */
function findNextStage(body: Record<string, unknown>, stages: readonly Stage[]): Stage | null {
  const known = new Map(stages.map((stage) => [stage.type, stage]));
  const flow = parseFlows(body).find((types) => types.every((type) => known.has(type)));
  const completed = parseCompleted(body);
  const next = flow?.find((type) => !completed.includes(type));
  return next === undefined ? null : (known.get(next) ?? null);
}

function refuse(refusal: ServerRefusal, last: Stage | null): never {
  if (last?.type === "m.login.email.identity") throw new EmailNotProven();
  throw refusal;
}

/** Repeats the request, adding one stage at a time, until it is carried out. */
export async function completeStages(
  url: string,
  body: Record<string, unknown>,
  stages: readonly Stage[],
  token?: string,
): Promise<Record<string, unknown>> {
  let auth: Record<string, unknown> | undefined;
  let last: Stage | null = null;
  for (let round = 0; round <= stages.length + 1; round += 1) {
    const sent = auth === undefined ? body : { ...body, auth };
    try {
      return await call("POST", url, token === undefined ? { body: sent } : { body: sent, token });
    } catch (error) {
      if (!(error instanceof ServerRefusal) || !("flows" in error.body)) {
        if (error instanceof ServerRefusal && error.status === 401) refuse(error, last);
        throw error;
      }
      const next = findNextStage(error.body, stages);
      if (next === null || next === last) refuse(error, last);
      last = next;
      auth = { ...next, session: asText(error.body["session"]) };
    }
  }
  throw new EmailNotProven();
}
