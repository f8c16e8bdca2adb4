/** Holds the opened recovery code's key in memory, so that the person is asked once. */
import type { CryptoCallbacks } from "matrix-js-sdk/lib/crypto-api";

export interface SecretVault {
  readonly callbacks: CryptoCallbacks;
  /** Gives the key of a recovery code the person has typed. */
  readonly offer: (key: Uint8Array<ArrayBuffer>) => void;
  readonly forget: () => void;
}

export function createVault(): SecretVault {
  let offered: Uint8Array<ArrayBuffer> | null = null;
  const cached = new Map<string, Uint8Array<ArrayBuffer>>();
  const callbacks: CryptoCallbacks = {
    getSecretStorageKey: ({ keys }) => {
      const ids = Object.keys(keys);
      const known = ids.find((id) => cached.has(id));
      const key = known === undefined ? null : (cached.get(known) ?? null);
      if (known !== undefined && key !== null) return Promise.resolve([known, key]);
      const first = ids[0];
      return Promise.resolve(first === undefined || offered === null ? null : [first, offered]);
    },
    cacheSecretStorageKey: (id, _description, key) => {
      cached.set(id, key);
    },
  };
  return {
    callbacks,
    offer: (key) => {
      cached.clear();
      offered = key;
    },
    forget: () => {
      cached.clear();
      offered = null;
    },
  };
}
