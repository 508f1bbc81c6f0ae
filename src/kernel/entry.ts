/**
 * The entry: what one tick adds to the log, and the only thing state is ever computed from.
 *
 * Invariants:
 * 1. `advance(state, entry)` needs nothing but the entry: recovery applies it without wasm.
 * 2. `verify` runs an entry's commands again and must arrive at an equal entry, byte for byte.
 * 3. Durations, worker numbers and cache hits never stand in it.
 */
import type { Command, Genesis } from "./commands.ts";
import type { Id } from "./ids.ts";
import type { Payload } from "./payload.ts";
import type { Write } from "./records.ts";

/** The version of the entry's form. */
export const entryFormat = 1;

/** How a step ended. `carried` has not ended: it keeps its place at the head of the next tick. */
export const outcomeKinds = [
  "completed",
  "failed",
  "trapped",
  "out_of_fuel",
  "denied",
  "conflicted",
  "killed",
  "carried",
] as const;
/** One of {@link outcomeKinds}. */
export type OutcomeKind = typeof outcomeKinds[number];

/** What a step calls in the agent, or the kind of direct write. */
export type StepEntry =
  | "initialize"
  | "execute"
  | "query"
  | "receive"
  | "release"
  | "write"
  | "context_create"
  | "configure"
  | "erase";

/** A message on its way: where it was sent (tick, index of the step in that entry, index in the step) and its parts. */
export interface Message {
  readonly from: string;
  readonly to: string;
  readonly tick: number;
  readonly step: number;
  readonly index: number;
  readonly body: Payload;
}

/** Bytes of a message that wait with it; none of one that is erased. */
export function bodyBytes({ body }: { readonly body: Payload }): number {
  return body.bytes?.length ?? 0;
}

/** One step of a tick, in schedule order. (tick, seat) name it for ever: those of the tick that first planned it. */
export interface StepRecord {
  readonly tick: number;
  readonly seat: number;
  readonly agent: string | null;
  readonly entry: StepEntry;
  /** What caused it, where that is not the command at (tick, seat). */
  readonly cause: null | { readonly run: Id; readonly step: string; readonly params: Payload } | {
    /** The messages received: (tick, step, index) of each, flat. */
    readonly mail: readonly number[];
  };
  readonly outcome: OutcomeKind;
  /** Exact for a completed step; any other is charged its whole budget; 0 where nothing ran. */
  readonly fuel: number;
  /** Host calls made, and how many of them touched the memory graph. */
  readonly calls: number;
  readonly memoryOperations: number;
  /** Linear memory after the step, in pages; 0 for a direct write. */
  readonly pages: number;
  /** Why it did not complete; "" otherwise. For `carried`: "conflict", "worker_lost", "tick_full" or "awaits_model". */
  readonly reason: string;
  readonly result: Payload | null;
  readonly writes: readonly Write[];
  readonly messages: readonly { readonly to: string; readonly body: Payload }[];
  /** Results the guest got that are not recomputed, in order. */
  readonly recorded: readonly Payload[];
  /** Keys read by id (design §3). */
  readonly reads: readonly string[];
  readonly logs: readonly { readonly level: number; readonly text: Payload }[];
  /** sha256 of the agent's image after this step, in hex, every `imageStepsMax`-th completed step. */
  readonly image: string | null;
  /** There where `agentWrittenBytesMax` holds: bytes of the texts in `writes`, which an erasure does not change. */
  readonly writtenBytes?: number;
}

/** What one tick adds to the log. */
export interface Entry {
  readonly format: number;
  readonly behaviour: number;
  readonly tick: number;
  /** ms since 1970; never before the previous entry's. */
  readonly time: number;
  /** The first seat after the commands taken; refused commands leave gaps below it. */
  readonly seatBase: number;
  readonly genesis: Genesis | null;
  /** There where the tick began with as many messages waiting as may: nothing could be sent in it. */
  readonly mailIsFull?: true;
  readonly commands: readonly { readonly seat: number; readonly command: Command }[];
  readonly steps: readonly StepRecord[];
}

/** The command at a seat of an entry, or null. Commands stand in the order of their seats. */
export function commandAt(entry: Pick<Entry, "commands">, seat: number): Command | null {
  let low = 0, high = entry.commands.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1, found = entry.commands[middle];
    if (found === undefined) return null;
    if (found.seat === seat) return found.command;
    if (found.seat < seat) low = middle + 1;
    else high = middle - 1;
  }
  return null;
}
