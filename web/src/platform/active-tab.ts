/** One tab at a time works with the account's stores (Web Locks API). */

const LOCK = "tchap-active-tab";
const CHANNEL = "tchap-active-tab";
/** How long the other tab may take to close its stores before the lock is taken from it. */
const HANDOVER_MS = 4_000;

export interface ActiveTab {
  readonly isActive: () => boolean;
  /** Takes the work when no other tab has it. */
  readonly claim: () => Promise<boolean>;
  /** Asks the other tab to stop, and takes its place. */
  readonly takeOver: () => Promise<void>;
}

/** `onLost` must stop everything before it resolves: the other tab opens the same stores next. */
export function createActiveTab(onLost: () => Promise<void>): ActiveTab {
  let release: (() => void) | null = null;
  const channel = new BroadcastChannel(CHANNEL);

  const lose = async (): Promise<void> => {
    const free = release;
    if (free === null) return;
    release = null;
    await onLost();
    free();
  };
  channel.onmessage = (message) => {
    if (message.data === "release") void lose();
  };

  const hold = (options: LockOptions): Promise<boolean> =>
    new Promise((answer) => {
      const held = navigator.locks.request(LOCK, options, (lock) => {
        if (lock === null) {
          answer(false);
          return undefined;
        }
        return new Promise<void>((free) => {
          release = free;
          answer(true);
        });
      });
      // Refused, timed out, or taken away by force.
      held.catch(() => {
        answer(false);
        void lose();
      });
    });

  return {
    isActive: () => release !== null,
    claim: () => hold({ ifAvailable: true }),
    takeOver: async () => {
      channel.postMessage("release");
      if (await hold({ signal: AbortSignal.timeout(HANDOVER_MS) })) return;
      await hold({ steal: true });
    },
  };
}
