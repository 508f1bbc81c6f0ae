/** The newest word of a long work's progress, handed to one who waits for it: what was not taken is replaced. */
import type { Progress } from "../port.ts";

/** Between the one who works and the one who waits. */
export interface ProgressGate {
  put(progress: Progress): void;
  /** The next progress not seen yet; null when there will be none. */
  next(): Promise<Progress | null>;
  close(): void;
}

/** Opens a gate. */
export function openGate(): ProgressGate {
  let newest: Progress | null = null, isClosed = false;
  let wake: (() => void) | null = null;
  const rouse = () => {
    wake?.();
    wake = null;
  };
  return {
    put(progress) {
      newest = progress;
      rouse();
    },
    async next() {
      if (newest === null && !isClosed) await new Promise<void>((resolve) => wake = resolve);
      const taken = newest;
      newest = null;
      return taken;
    },
    close() {
      isClosed = true;
      rouse();
    },
  };
}
