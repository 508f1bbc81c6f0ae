/**
 * The replay worker: verifies a data folder beside the engine that owns it, so that no tick waits for a replay.
 *
 * Invariants:
 * 1. It only reads the folder: the state that it makes again is in memory.
 * 2. It steps back: a tick comes before a step that is run again.
 */
import { stepBack } from "../../model/low_priority.ts";
import { openGate } from "./gate.ts";
import { replay } from "./replay.ts";
import { answerCalls } from "../worker_calls.ts";

/** What the main thread asks of it. `replay` comes first, and once. */
export type ReplayCall =
  | {
    readonly call: "replay";
    readonly data: string;
    readonly workers: number;
    readonly from?: number | "latest";
  }
  /** The next word of how far it is; null after the end. */
  | { readonly call: "progress" };

const gate = openGate();

stepBack();
answerCalls(async (call: ReplayCall) => {
  switch (call.call) {
    case "replay":
      try {
        const { call: _, ...how } = call;
        return await replay({ ...how, onProgress: (progress) => gate.put(progress) });
      } finally {
        gate.close();
      }
    case "progress":
      return await gate.next();
    default:
      return call satisfies never;
  }
});
