/**
 * Entries as the log holds them, and looking things up in them.
 *
 * Invariant: an entry read back is the entry that was written; another format or behaviour is `cannot_verify`.
 */
import type { GraphEntry } from "../graph/mod.ts";
import {
  assert,
  commandAt,
  type Engram,
  EngramError,
  type Entry,
  entryFormat,
  type Message,
  Payload,
  type StepRecord,
} from "../kernel/mod.ts";
import { type Body, type Log, type LogEntry, toHex } from "../log/mod.ts";

/** The behaviour number this build runs under. */
export const behaviour = 1;

/** The entry in a logged body. Its form is the format's: the log's checksum and chain hash vouch for it. */
export function entryOf(body: Body): Entry {
  assert(
    typeof body === "object" && body !== null && "format" in body && "steps" in body,
    "the log holds something that is no entry",
  );
  if (body.format !== entryFormat) {
    throw new EngramError(
      "cannot_verify",
      `Cannot read entry: its format is ${String(body.format)}, this build reads ${entryFormat}`,
    );
  }
  return body as unknown as Entry;
}

/** Where entries are read one by one: a log, or what keeps some of its entries at hand. */
export type EntryReads = Pick<Log, "next" | "read">;

/** Reads one entry. */
export function readEntry(log: EntryReads, index: number): Entry {
  if (index < 0 || index >= log.next) {
    throw new EngramError("tick_not_found", `Cannot read tick ${index}: the last one is ${log.next - 1}`);
  }
  return entryOf(log.read(index).body);
}

/** What an entry writes to the graph, with who wrote it. A carried step's command stands in an earlier entry. */
export function graphSteps(log: Log, entry: Entry): GraphEntry["steps"] {
  return entry.steps.filter((record) => record.writes.length > 0).map(({ agent, tick, seat, writes }) => {
    const first = tick === entry.tick ? entry : readEntry(log, tick);
    return { author: { agent, client: commandAt(first, seat)?.client ?? null, tick, seat }, writes };
  });
}

/** All entries from `from` on, with their logged form. */
export function* entriesFrom(log: Log, from: number): Generator<{ entry: Entry; logged: LogEntry }, void> {
  for (const logged of log.entries(from)) yield { entry: entryOf(logged.body), logged };
}

/** A message named by (tick, step, index). */
export function messageAt(log: EntryReads, tick: number, step: number, index: number): Message {
  const record = readEntry(log, tick).steps[step];
  const sent = record?.messages[index];
  assert(record !== undefined && sent !== undefined, `message ${tick}/${step}/${index} is not in the log`);
  return { ...sent, from: record.agent ?? "", tick, step, index };
}

/** The messages a receive step got, from its cause. */
export function mailOf(log: EntryReads, record: StepRecord): Message[] {
  const refs = record.cause !== null && "mail" in record.cause ? record.cause.mail : [];
  const messages: Message[] = [];
  for (let at = 0; at + 2 < refs.length; at += 3) {
    messages.push(messageAt(log, refs[at] ?? 0, refs[at + 1] ?? 0, refs[at + 2] ?? 0));
  }
  return messages;
}

/** The last tick at or before a time; -1 where the log begins later. */
export function tickAt(log: Log, time: number): number {
  let low = -1, high = log.next - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (readEntry(log, middle).time <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * A value with the keys of its objects in the codec's order, as it will be when read back from the log: what an
 * agent is told of it (its config, a workflow's params) must not depend on which of the two it was made from. For the
 * same reason −0 is 0.
 */
export function inLogOrder<T>(value: T): T {
  return sortKeys(value) as T;
}

function sortKeys(value: unknown): unknown {
  if (value === 0) return 0;
  if (
    value instanceof Payload || value instanceof Uint8Array || typeof value !== "object" || value === null
  ) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, one]) => [key, sortKeys(one)]),
  );
}

/** All payloads in a part of an entry. */
export function* payloadsIn(value: unknown): Generator<Payload, void> {
  if (value instanceof Payload) yield value;
  else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    for (const one of Object.values(value)) yield* payloadsIn(one);
  }
}

/** Whether two parts of entries say the same; what was erased may have said anything. */
export function samePart(a: unknown, b: unknown): boolean {
  if (a instanceof Payload && b instanceof Payload) return a.erased || b.erased || a.text() === b.text();
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => samePart(Reflect.get(a, key), Reflect.get(b, key)));
}

/** A part of an entry as plain JSON: keys sorted, payloads as their text, bytes as hex. Equal parts give equal values. */
export function plainPart(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(sortKeys(value), (_key, one: unknown) => {
      if (one instanceof Payload) return one.erased ? "(erased)" : one.text();
      return one instanceof Uint8Array ? toHex(one) : one;
    }) ?? "null",
  );
}

/** The text of a payload, or a note that it was erased. */
export function payloadText(payload: Payload | null): string | null {
  return payload === null ? null : payload.erased ? null : payload.text();
}

/** The 1-based line of a byte in an engram's content, in the file it came from; null where the file is unknown. */
export function lineAt(engram: Engram, start: number): number | null {
  const line = engram.metadata.line;
  if (typeof line !== "number") return null;
  const before = new TextDecoder().decode(new TextEncoder().encode(engram.content).slice(0, start));
  return line + before.split("\n").length - 1;
}
