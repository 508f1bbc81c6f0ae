/** checkpointBeside(): a checkpoint made or checked in a worker of its own, for a host whose engine goes on meanwhile. */
import { EngramError } from "../kernel/mod.ts";
import { workerUrl } from "./assets.ts";
import type { CheckpointMade } from "./checkpoint.ts";
import type { CheckpointVerdict } from "./checkpoint_use.ts";
import type { CheckpointCall } from "./checkpoint_worker.ts";
import { WorkerCalls } from "./worker_calls.ts";

/** Reads the folder by its native library too, and writes the checkpoint. */
const permissions: Deno.PermissionOptionsObject = {
  read: "inherit",
  write: "inherit",
  env: "inherit",
  sys: "inherit",
  ffi: "inherit",
  net: false,
  run: false,
};

/** What each call comes to. */
interface Results {
  readonly make: CheckpointMade;
  readonly verify: CheckpointVerdict;
}

/** Does one call. Errors: those of makeCheckpoint and verifyCheckpoint; `interrupted` by the signal; a fault where the worker was lost. */
export async function checkpointBeside<Call extends CheckpointCall>(
  call: Call,
  signal: AbortSignal,
): Promise<Results[Call["call"]]> {
  const stopped = () => new EngramError("interrupted", "The checkpoint was stopped before its end");
  if (signal.aborted) throw stopped();
  const calls = new WorkerCalls<CheckpointCall>("checkpoint", workerUrl("checkpoint"), permissions);
  const stop = () => calls.end(stopped());
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await calls.ask(call) as Results[Call["call"]];
  } finally {
    signal.removeEventListener("abort", stop);
    calls.end(stopped());
  }
}
