/** checkpointBeside(): a checkpoint made or checked in a worker of its own, for a host whose engine goes on meanwhile. */
import type { CheckpointMade } from "./checkpoint.ts";
import type { CheckpointVerdict } from "./use.ts";
import type { CheckpointCall } from "./worker.ts";
import { besideHere, writingPermissions } from "../worker_calls.ts";

/** What each call comes to. */
interface Results {
  readonly make: CheckpointMade;
  readonly verify: CheckpointVerdict;
}

/** Does one call. Errors: those of makeCheckpoint and verifyCheckpoint; `interrupted` by the signal; a fault where the worker was lost. */
export function checkpointBeside<Call extends CheckpointCall>(
  call: Call,
  signal: AbortSignal,
): Promise<Results[Call["call"]]> {
  return besideHere<CheckpointCall, Results[Call["call"]]>(
    "checkpoint",
    writingPermissions,
    signal,
    async (calls) => await calls.ask(call) as Results[Call["call"]],
  );
}
