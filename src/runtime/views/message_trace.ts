/**
 * The trace of messages: which agent got what from whom, in the order in which they got it, and how long it waited.
 * All of it stands in the log: nothing is kept for it.
 */
import { bodyBytes, type Entry, formatTime } from "../../kernel/mod.ts";
import type { Log } from "../../log/mod.ts";
import { entriesFrom, readEntry } from "../entries.ts";
import type { TracedMessage, ViewResults } from "../port.ts";

/** Bounds of one page. */
const messagesMax = 1000, ticksMax = 1000;
/** Entries of senders that are kept while a page is made. */
const sendersKept = 64;

/** A page of messages that were received at a tick or later; a tick's are never parted. */
export function tracedMessages(log: Log, from: number, limit: number): ViewResults["messages"] {
  const messages: TracedMessage[] = [];
  const senders = new Map<number, Entry>();
  const sender = (tick: number): Entry => {
    const known = senders.get(tick) ?? readEntry(log, tick);
    senders.delete(tick);
    senders.set(tick, known);
    for (const oldest of senders.keys()) {
      if (senders.size <= sendersKept) break;
      senders.delete(oldest);
    }
    return known;
  };
  if (from >= log.next) return { messages, next: null };
  for (const { entry } of entriesFrom(log, from)) {
    if (messages.length >= Math.min(limit, messagesMax) || entry.tick >= from + ticksMax) {
      return { messages, next: entry.tick };
    }
    for (const { agent, cause, outcome } of entry.steps) {
      if (agent === null || outcome === "carried" || cause === null || !("mail" in cause)) continue;
      const { mail } = cause;
      for (let at = 0; at + 2 < mail.length; at += 3) {
        const [tick = 0, step = 0, index = 0] = mail.slice(at, at + 3);
        const sent = sender(tick), record = sent.steps[step], message = record?.messages[index];
        if (record === undefined || message === undefined) continue;
        messages.push({
          from: record.agent ?? "",
          to: agent,
          bytes: bodyBytes(message),
          sentTick: tick,
          sentStep: step,
          sentIndex: index,
          sentAt: formatTime(sent.time),
          receivedTick: entry.tick,
          receivedAt: formatTime(entry.time),
          latencyTicks: entry.tick - tick,
          latencyMs: entry.time - sent.time,
          outcome,
        });
      }
    }
  }
  return { messages, next: null };
}
