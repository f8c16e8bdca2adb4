/** The SDK's log may name people and rooms: nothing of it reaches the browser's console. */
import { type Logger, logger } from "matrix-js-sdk/lib/logger";

function ignore(): void {
  // Said nowhere: failures reach the person through the screens.
}

/** Parts of the SDK speak to its global logger and its children, whatever logger a client was given. */
interface LevelLogger {
  methodFactory: () => () => void;
  rebuild: () => void;
}
const shared = logger as unknown as LevelLogger;
shared.methodFactory = () => ignore;
shared.rebuild();

export const quietLogger: Logger = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  getChild: () => quietLogger,
};
