/** replayBeside(): a replay in a worker of its own, for a host whose engine goes on meanwhile. */
import type { Progress, ReplayReport } from "../port.ts";
import type { ReplayCall } from "./worker.ts";
import { besideHere, readingPermissions, type WorkerCalls } from "../worker_calls.ts";

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

/** Replays a folder. Errors: those of `replay`; `interrupted` by the signal; a fault where the worker was lost. */
export function replayBeside(options: ReplayBeside): Promise<ReplayReport> {
  const { onProgress, signal, ...how } = options;
  const watch = async (calls: WorkerCalls<ReplayCall>) => {
    for (;;) {
      const progress = await calls.ask({ call: "progress" }) as Progress | null;
      if (progress === null) return;
      onProgress(progress);
    }
  };
  return besideHere<ReplayCall, ReplayReport>("replay", readingPermissions, signal, async (calls) => {
    const [report] = await Promise.all([calls.ask({ call: "replay", ...how }), watch(calls)]);
    return report as ReplayReport;
  });
}
