/** Runs work that ends cleanly on the system's stop signals. */
import { stopSignals } from "../../runtime/platform.ts";

/** Runs `work` with a signal that aborts when the process is told to stop. */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of stopSignals) Deno.addSignalListener(signal, onSignal);
  try {
    await work(stop.signal);
  } finally {
    for (const signal of stopSignals) Deno.removeSignalListener(signal, onSignal);
  }
}
