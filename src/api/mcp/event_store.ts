/**
 * The messages a session keeps for a client that reconnects: the newest ones, by count and by bytes.
 *
 * Invariants:
 * 1. Ids are ascending numbers, never given twice in a session.
 * 2. A client that reconnects after a message that is no longer kept is refused, never given a list with a hole.
 */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";
import { mcpLimits } from "./limits.ts";

interface Stored {
  readonly number: number;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/** How much to keep. */
export interface StoreLimits {
  readonly storedEventsMax: number;
  readonly storedEventsBytesMax: number;
}

/** The event store of one session. */
export class SessionEvents implements EventStore {
  readonly #limits: StoreLimits;
  readonly #stored: Stored[] = [];
  #bytes = 0;
  #next = 1;

  constructor(limits: StoreLimits = mcpLimits) {
    this.#limits = limits;
  }

  storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const bytes = JSON.stringify(message).length;
    const number = this.#next++;
    this.#stored.push({ number, streamId, message, bytes });
    this.#bytes += bytes;
    while (
      this.#stored.length > this.#limits.storedEventsMax || this.#bytes > this.#limits.storedEventsBytesMax
    ) {
      this.#bytes -= this.#stored.shift()?.bytes ?? 0;
    }
    return Promise.resolve(String(number));
  }

  #find(eventId: string): Stored | undefined {
    return this.#stored.find(({ number }) => String(number) === eventId);
  }

  getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    return Promise.resolve(this.#find(eventId)?.streamId);
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { readonly send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const last = this.#find(lastEventId);
    if (last === undefined) throw new Error("Cannot resume: the event is no longer kept");
    for (const { number, streamId, message } of [...this.#stored]) {
      if (number > last.number && streamId === last.streamId) await send(String(number), message);
    }
    return last.streamId;
  }
}
