/** replayBeside(): a replay in a worker of its own, for a host whose engine goes on meanwhile. */
import { EngramError } from "../kernel/mod.ts";
import { workerUrl } from "./assets.ts";
import type { Progress, ReplayReport } from "./port.ts";
import type { ReplayCall } from "./replay_worker.ts";
import { WorkerCalls } from "./worker_calls.ts";

/** How to replay beside a host. */
export interface ReplayBeside {
  readonly data: string;
  /** Threads for agents; never changes a result. */
  readonly workers: number;
  /** The tick of a checkpoint to begin from, or the newest whole one. */
  readonly from?: number | "latest";
  readonly onProgress: (progress: Progress) => void;
  /** Ends it with `interrupted`. */
  readonly signal: AbortSignal;
}

/** Reads the files, and makes a graph in memory by its native library. */
const permissions: Deno.PermissionOptionsObject = {
  read: "inherit",
  write: false,
  env: "inherit",
  sys: "inherit",
  ffi: "inherit",
  net: false,
  run: false,
};

/** Replays a folder. Errors: those of `replay`; `interrupted` by the signal; a fault where the worker was lost. */
export async function replayBeside(options: ReplayBeside): Promise<ReplayReport> {
  const { onProgress, signal, ...how } = options;
  const stopped = () => new EngramError("interrupted", "The replay was stopped before its end");
  if (signal.aborted) throw stopped();
  const calls = new WorkerCalls<ReplayCall>("replay", workerUrl("replay"), permissions);
  const stop = () => calls.end(stopped());
  signal.addEventListener("abort", stop, { once: true });
  const watch = async () => {
    for (;;) {
      const progress = await calls.ask({ call: "progress" }) as Progress | null;
      if (progress === null) return;
      onProgress(progress);
    }
  };
  try {
    const [report] = await Promise.all([calls.ask({ call: "replay", ...how }), watch()]);
    return report as ReplayReport;
  } finally {
    signal.removeEventListener("abort", stop);
    calls.end(stopped());
  }
}
