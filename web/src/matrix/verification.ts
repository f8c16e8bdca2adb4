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

function control(request: VerificationRequest, tell: (step: ComparisonStep) => void): Comparison {
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

/** Asks the person's other devices to compare. */
export async function askOtherDevices(account: Account, tell: (step: ComparisonStep) => void): Promise<Comparison> {
  const crypto = account.client.getCrypto();
  if (crypto === undefined) throw new Error("encryption is not open");
  return control(await crypto.requestOwnUserVerification(), tell);
}

export interface Asked {
  /** Takes the request in hand; the steps are then told. */
  readonly open: (tell: (step: ComparisonStep) => void) => Comparison;
}

/** Tells when one of the person's own devices asks to be confirmed. */
export function watchRequests(account: Account, tell: (asked: Asked) => void): () => void {
  const onRequest = (request: VerificationRequest): void => {
    if (!request.isSelfVerification || request.initiatedByMe || !request.pending) return;
    tell({ open: (steps) => control(request, steps) });
  };
  account.client.on(CryptoEvent.VerificationRequestReceived, onRequest);
  return () => account.client.off(CryptoEvent.VerificationRequestReceived, onRequest);
}
