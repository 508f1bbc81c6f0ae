/**
 * The checkpoint worker: makes or checks a checkpoint of a data folder beside the engine that owns it, so that no tick
 * waits for it.
 *
 * Invariants:
 * 1. Of the folder it writes what lies in checkpoints/ alone, under that folder's lock.
 * 2. It steps back: a tick comes before a checkpoint.
 */
import { stepBack } from "../../model/low_priority.ts";
import { makeCheckpoint } from "./checkpoint.ts";
import { verifyCheckpoint } from "./use.ts";
import { dataPaths } from "../data_folder.ts";
import { answerCalls } from "../worker_calls.ts";

/** What the main thread asks of it, once. */
export type CheckpointCall =
  | { readonly call: "make"; readonly data: string }
  | { readonly call: "verify"; readonly data: string; readonly which: number | "latest" };

stepBack();
answerCalls((call: CheckpointCall) => {
  const paths = dataPaths(call.data);
  switch (call.call) {
    case "make":
      return makeCheckpoint({ paths });
    case "verify":
      return verifyCheckpoint({ paths, which: call.which });
    default:
      return call satisfies never;
  }
});
