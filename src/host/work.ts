/**
 * Work: what a step's host calls take of the engine, in units that stand for about a microsecond each.
 *
 * Fuel bounds what a guest computes, not what it has the engine do: a loop of searches costs little fuel and could hold
 * a tick for minutes. So each call is counted, and a step ends where `hostWorkPerStepMax` is passed.
 *
 * Invariants:
 * 1. A count is made of what a replay knows too: arguments, answers, what is staged, what a walk looked at. Time,
 *    caches and the parts of a recorded answer's making are not in it.
 * 2. What a permit covers stays within the work that is left, so that no worker answers what would end the step.
 */
import type { HostAnswer, HostCall, HostFunctionName, StepPermit } from "../sandbox/abi.ts";

/** Units of any call. */
const callWork = 50;
/** Characters in or out that make one unit, as a shift. */
const charactersShift = 7;
/** Units of one connection, change or engram that a call looks at. */
export const lookWork = 5;
/** Units of one staged write that a search reads anew. */
const stagedWork = 25;

/** What a call takes before it looks at anything; those that are not here, nothing more than any call. */
const baseWork: Partial<Readonly<Record<HostFunctionName, number>>> = {
  search_by_text: 2000,
  search_by_metadata: 2000,
  search_combined: 2000,
  recall: 5000,
  similarity: 200,
};

/** What a call takes by its name and arguments, over `staged` writes. */
export function workOf({ name, args }: HostCall, staged: number): number {
  let characters = 0;
  for (const arg of args) {
    if (typeof arg === "string" || arg instanceof Uint8Array) characters += arg.length;
  }
  const base = baseWork[name] ?? 0;
  const isSearch = base > 0 && name !== "similarity";
  return callWork + (characters >> charactersShift) + base + (isSearch ? staged * stagedWork : 0);
}

/** What handing over an answer takes. */
export function answerWork(answer: HostAnswer): number {
  return "json" in answer ? answer.json.length >> charactersShift : 0;
}

/** Units that one permitted call takes beside its body: an id in, and JSON of at most 8192 characters out. */
const permittedWork = callWork + (8192 + 1024 >> charactersShift);

/** A permit within `workLeft`; null where nothing is. Half is for calls, half for what they carry. */
export function permitWithin<Permit extends StepPermit>(permit: Permit, workLeft: number): Permit | null {
  const calls = Math.floor(workLeft / 2 / permittedWork);
  const bytes = Math.floor(workLeft / 2) * (1 << charactersShift);
  if (permit.calls <= calls && permit.bytes <= bytes) return permit;
  return calls === 0 ? null : {
    ...permit,
    calls: Math.min(permit.calls, calls),
    bytes: Math.min(permit.bytes, bytes),
  };
}
