/** Confirming a device by comparing emojis with another one (spec: "Short Authentication String"). */
import {
  CryptoEvent,
  type ShowSasCallbacks,
  VerificationPhase,
  type VerificationRequest,
  VerificationRequestEvent,
  type Verifier,
  VerifierEvent,
} from "matrix-js-sdk/lib/crypto-api";
import type { Account } from "./account";

const SAS = "m.sas.v1";

export type ComparisonStep =
  | { readonly step: "asked"; readonly byMe: boolean }
  | { readonly step: "preparing" }
  | { readonly step: "compare"; readonly emojis: readonly (readonly [string, string])[] }
  | { readonly step: "waiting" }
  | { readonly step: "done" }
  | { readonly step: "cancelled" };

export interface Comparison {
  readonly accept: () => Promise<void>;
  readonly same: () => Promise<void>;
  readonly different: () => void;
  readonly cancel: () => Promise<void>;
  readonly stop: () => void;
}

interface Running {
  readonly request: VerificationRequest;
  readonly tell: (step: ComparisonStep) => void;
  verifier: Verifier | null;
  sas: ShowSasCallbacks | null;
  confirmed: boolean;
}

function showSas(running: Running, sas: ShowSasCallbacks): void {
  running.sas = sas;
  running.tell({ step: "compare", emojis: sas.sas.emoji ?? [] });
}

function follow(running: Running, verifier: Verifier): void {
  if (running.verifier === verifier) return;
  running.verifier = verifier;
  verifier.on(VerifierEvent.ShowSas, (sas) => showSas(running, sas));
  verifier.on(VerifierEvent.Cancel, () => running.tell({ step: "cancelled" }));
  const shown = verifier.getShowSasCallbacks();
  if (shown !== null) showSas(running, shown);
  verifier.verify().catch(() => running.tell({ step: "cancelled" }));
}

async function begin(running: Running): Promise<void> {
  running.tell({ step: "preparing" });
  // The one who asked starts, so that the two sides never start at the same time.
  if (running.request.initiatedByMe) follow(running, await running.request.startVerification(SAS));
}

function look(running: Running): void {
  const { request } = running;
  if (request.phase === VerificationPhase.Requested) running.tell({ step: "asked", byMe: request.initiatedByMe });
  if (request.phase === VerificationPhase.Ready && running.verifier === null) void begin(running);
  if (request.phase === VerificationPhase.Started && request.verifier !== undefined) follow(running, request.verifier);
  if (request.phase === VerificationPhase.Done) running.tell({ step: "done" });
  if (request.phase === VerificationPhase.Cancelled) running.tell({ step: "cancelled" });
}

type Tell = (step: ComparisonStep) => void;

function control(request: VerificationRequest, tell: Tell): Comparison {
  const running: Running = { request, tell, verifier: null, sas: null, confirmed: false };
  const onChange = (): void => look(running);
  request.on(VerificationRequestEvent.Change, onChange);
  look(running);
  return {
    accept: () => request.accept(),
    same: async () => {
      tell({ step: "waiting" });
      await running.sas?.confirm();
    },
    different: () => running.sas?.mismatch(),
    cancel: async () => {
      if (request.pending) await request.cancel();
    },
    stop: () => request.off(VerificationRequestEvent.Change, onChange),
  };
}

/**
 * A device that has not heard of this one yet lets its request fall without a word. So it is asked again, a few times
 * at the start, as long as nobody has answered; the device that did hear is asked no more than once at a time.
 */
const ASK_AGAIN_MS: readonly number[] = [6_000, 9_000, 15_000];

/** What asking again needs of a request, and of the comparison that follows it. */
export interface Request {
  readonly isUnanswered: () => boolean;
  readonly cancel: () => Promise<void>;
  readonly open: (tell: Tell) => Comparison;
}

/** Keeps one comparison over the requests made for it: the others end unseen. */
export async function askUntilAnswered(
  ask: () => Promise<Request>,
  tell: Tell,
  waitsMs: readonly number[] = ASK_AGAIN_MS,
): Promise<Comparison> {
  let request = await ask();
  let comparison = request.open(tell);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const renew = async (): Promise<void> => {
    comparison.stop();
    await request.cancel().catch(() => undefined);
    if (isOver) return;
    request = await ask();
    if (isOver) return void request.cancel().catch(() => undefined);
    comparison = request.open(tell);
  };
  const plan = (left: readonly number[]): void => {
    const [next, ...rest] = left;
    if (next === undefined || isOver) return;
    timer = setTimeout(() => {
      if (request.isUnanswered()) void renew().then(() => plan(rest), () => tell({ step: "cancelled" }));
    }, next);
  };
  const end = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  plan(waitsMs);
  return {
    accept: () => comparison.accept(),
    same: () => comparison.same(),
    different: () => comparison.different(),
    cancel: () => {
      end();
      return comparison.cancel();
    },
    stop: () => {
      end();
      comparison.stop();
    },
  };
}

/** Asks the person's other devices to compare. */
export async function askOtherDevices(account: Account, tell: Tell): Promise<Comparison> {
  const crypto = account.client.getCrypto();
  if (crypto === undefined) throw new Error("encryption is not open");
  const ask = async (): Promise<Request> => {
    const request = await crypto.requestOwnUserVerification();
    return {
      isUnanswered: () => request.phase === VerificationPhase.Requested,
      cancel: () => request.cancel(),
      open: (steps) => control(request, steps),
    };
  };
  return askUntilAnswered(ask, tell);
}

export interface Asked {
  /** Which device asks. */
  readonly deviceId: string;
  /** Takes the request in hand; the steps are then told. */
  readonly open: (tell: Tell) => Comparison;
}

/** Tells when one of the person's own devices asks to be confirmed. */
export function watchRequests(account: Account, tell: (asked: Asked) => void): () => void {
  const onRequest = (request: VerificationRequest): void => {
    if (!request.isSelfVerification || request.initiatedByMe || !request.pending) return;
    tell({ deviceId: request.otherDeviceId ?? "", open: (steps) => control(request, steps) });
  };
  account.client.on(CryptoEvent.VerificationRequestReceived, onRequest);
  return () => account.client.off(CryptoEvent.VerificationRequestReceived, onRequest);
}
