/**
 * An erasure as its entry records it: what was found when it was asked for, so that it can be carried out again after
 * a crash, and replayed without what is gone. Ids, ticks and hashes only; nothing of what was erased.
 */
import type { StepRecord } from "./entry.ts";
import type { Id } from "./ids.ts";

/** What an erasure found. */
export interface Erasure {
  /** The memories erased: those asked for, and what agents took from them. */
  readonly ids: readonly Id[];
  /** The first tick in which one of them was there, or its text was told to an agent. */
  readonly since: number;
  /** Payloads by entry: [tick, places beside its body]. */
  readonly payloads: readonly (readonly [number, readonly number[]])[];
  /** Agents that ran since then: they may have had it. Their steps from `since` on can't be verified. */
  readonly readers: readonly string[];
  /** The image of each loaded reader after the erasure, as sha256 in hex. */
  readonly images: Readonly<Record<string, string>>;
  /** Images of readers that are no longer kept. */
  readonly blobs: readonly string[];
  /** Messages that waited and told of it, and go: (tick, step, index) of each, flat. Absent in older logs. */
  readonly messages?: readonly number[];
}

/** The erasure in the record of an `erase` step; null for any other step. */
export function erasureOf(record: StepRecord): Erasure | null {
  const [found] = record.recorded;
  if (record.entry !== "erase" || found === undefined) return null;
  return JSON.parse(found.text()) as Erasure; // written by this program, vouched for by the chain
}
