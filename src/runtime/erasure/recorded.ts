/** What the log's entries say of the erasures of a folder. */
import { assert, type Entry, type Erasure, erasureOf, type StepRecord } from "../../kernel/mod.ts";
import type { Log, LogEntry } from "../../log/mod.ts";
import { entriesFrom, readEntry } from "../entries.ts";

/** Images that a record names: the step's own, and those an erasure stored. */
export function imagesIn(record: StepRecord): string[] {
  return [
    ...(record.image === null ? [] : [record.image]),
    ...Object.values(erasureOf(record)?.images ?? {}),
  ];
}

/** What an erasure of a log names, by tick: for reading it again without what is gone. */
export class Erasures {
  readonly #all: readonly (Erasure & { readonly tick: number; readonly agents: ReadonlySet<string> })[];

  /** `from`: the first entry that will be asked about; erasures before it do not concern it. */
  constructor(log: Log, from = 0) {
    const all = [];
    for (const { entry } of entriesFrom(log, from)) {
      for (const record of entry.steps) {
        const erasure = erasureOf(record);
        if (erasure !== null) all.push({ ...erasure, tick: entry.tick, agents: new Set(erasure.readers) });
      }
    }
    this.#all = all;
  }

  /** Whether an entry can't be run again: something of it is gone, or an agent in it may have read what is. */
  redacted(entry: Entry, logged: LogEntry): boolean {
    return logged.payloads.some(({ bytes }) => bytes === null) ||
      this.#all.some(({ tick, since, agents }) =>
        entry.tick === tick ||
        (since <= entry.tick && entry.tick < tick &&
          entry.steps.some(({ agent }) => agent !== null && agents.has(agent)))
      );
  }
}

/** The erasure that an entry records. */
export function erasureAt(log: Log, tick: number): Erasure {
  const erasure = readEntry(log, tick).steps.map(erasureOf).find((one) => one !== null);
  assert(erasure !== undefined && erasure !== null, `entry ${tick} records an erasure`);
  return erasure;
}
