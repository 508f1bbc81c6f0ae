/**
 * Events over HTTP: one server-sent event a tick, its id the tick, so that a client can go on where it stopped.
 *
 * Invariants:
 * 1. The log is the events' history: for a client that is behind, a piece of `pieceCharactersMax` and an event waits in
 *    memory, and as much is on its way. Events that come together leave together, and between two pieces this thread
 *    does what else waits: who catches up keeps no request waiting.
 * 2. Nothing waits for a client: one that does not take what waits for it within `eventsStallMsMax` is dropped, and
 *    told why when it reads again; it can go on from the id it saw last. Until it reads or goes, its connection is
 *    the system's to end: such streams are counted too (`eventsDroppedMax`).
 * 3. A stream ends cleanly: at the host's stop by its end, at the client's by its signal, and soon after its token no
 *    longer holds; after that no event leaves.
 */
import { setImmediate } from "node:timers";
import { EngramError } from "../../kernel/mod.ts";
import type { LogView, RuntimeEvent } from "../../runtime/port.ts";
import type { ApiLimits } from "../limits.ts";
import type { Reading } from "../routes/routes.ts";

const encoder = new TextEncoder();
/** Characters of events after which a piece of a stream leaves. */
const pieceCharactersMax = 64 * 1024;
const noLonger = "its token no longer holds";

/** Which ticks a client wants: those that fit every list it gave. */
export interface EventFilters {
  readonly agent?: readonly string[];
  /** Kinds of commands. */
  readonly kind?: readonly string[];
  /** Who sent a command. */
  readonly client?: readonly string[];
  /** How a step ended. */
  readonly outcome?: readonly string[];
}

/** Filters from a query, lists parted by commas. */
export function readFilters(query: Readonly<Record<string, string>>): EventFilters {
  return Object.fromEntries(Object.entries(query).map(([name, text]) => [name, text.split(",")]));
}

/** Whether a client wants a tick. */
export function wanted({ commands, steps }: LogView, filters: EventFilters): boolean {
  const fits = (list: readonly string[] | undefined, found: readonly (string | null)[]) =>
    list === undefined || found.some((one) => one !== null && list.includes(one));
  return fits(filters.agent, [...commands, ...steps].map((one) => one.agent)) &&
    fits(filters.kind, commands.map((one) => one.kind)) &&
    fits(filters.client, commands.map((one) => one.client)) &&
    fits(filters.outcome, steps.map((one) => one.outcome));
}

/** What a stream is made of. */
export interface EventStreamOptions {
  readonly port: Pick<Reading, "events">;
  readonly from: number;
  readonly filters: EventFilters;
  readonly limits: Pick<ApiLimits, "eventsStallMsMax" | "eventsHeartbeatMs">;
  readonly signal: AbortSignal;
  /** Whether the client's token still holds; asked before each event. */
  readonly isAllowed: () => boolean;
  /** Aborted soon after it no longer does. */
  readonly revoked: AbortSignal;
  /** Called once, whatever ends it. */
  readonly ended: () => void;
  /** Called with 1 when a client was dropped, and with -1 when it has read why or is gone. */
  readonly dropped: (change: 1 | -1) => void;
}

/** The body of `GET /v1/events`. */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const client = new EventClient(options);
  return new ReadableStream({
    start: (controller) => client.start(controller),
    pull: () => client.taken(),
    cancel: () => client.gone(),
  }, { highWaterMark: 1 });
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

class EventClient {
  readonly #options: EventStreamOptions;
  readonly #stop = new AbortController();
  #controller: Controller | null = null;
  #isEnded = false;
  /** Not null while its last words wait to be read; takes that back. */
  #leave: (() => void) | null = null;
  #heartbeat: ReturnType<typeof setTimeout> | undefined;
  /** Called when the client has taken what was offered. */
  #onTaken: (() => void) | null = null;
  /** Events that wait to leave, as text, and their leaving. */
  #piece = "";
  #leaving: Promise<void> | null = null;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  start(controller: Controller): void {
    this.#controller = controller;
    controller.enqueue(encoder.encode(": ticks\n\n"));
    this.#beat();
    this.#options.revoked.addEventListener("abort", () => this.#drop("token", noLonger), {
      signal: this.#stop.signal,
    });
    this.#run().catch((error: unknown) => {
      const refusal = error instanceof EngramError ? error : new EngramError(
        "outcome_unknown",
        "Cannot go on with the events: the host met an error of its own",
      );
      this.#last(`event: error\ndata: ${JSON.stringify({ error: refusal })}\n\n`);
      if (refusal !== error) console.error(error);
    });
  }

  taken(): void {
    this.#onTaken?.();
    this.#close();
  }

  gone(): void {
    this.#leave?.();
    this.#end();
  }

  /** Ends the stream of a client that was dropped: it has read why, or the host stops. */
  #close(): void {
    if (this.#leave === null) return;
    this.#leave();
    this.#controller?.close();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#heartbeat);
    this.#stop.abort();
    this.#onTaken?.();
    this.#options.ended();
  }

  async #run(): Promise<void> {
    const { port, from, filters, signal } = this.#options;
    const events = port.events(from, AbortSignal.any([signal, this.#stop.signal]));
    for await (const event of events) {
      if (this.#isEnded) return;
      if (!wanted(event.entry, filters)) continue;
      this.#piece += textOf(event);
      this.#leaving ??= this.#send();
      if (this.#piece.length >= pieceCharactersMax) await this.#leaving;
    }
    await this.#leaving;
    this.#last("");
  }

  /** Sends what waits, once what comes with it is there. */
  async #send(): Promise<void> {
    const { isAllowed, limits: { eventsStallMsMax } } = this.#options;
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#piece !== "" && !this.#isEnded) {
      if (!isAllowed()) this.#drop("token", noLonger);
      else if (!await this.#roomInTime()) {
        this.#drop("slow", `it did not take an event for ${eventsStallMsMax} ms (eventsStallMsMax)`);
      } else if (!this.#isEnded) {
        const piece = encoder.encode(this.#piece);
        this.#piece = "";
        this.#controller?.enqueue(piece);
        this.#beat();
      }
    }
    this.#leaving = null;
  }

  /** Whether the client took what was offered before, at once or within the time it has. */
  async #roomInTime(): Promise<boolean> {
    const hasRoom = () => this.#isEnded || (this.#controller?.desiredSize ?? 0) > 0;
    if (hasRoom()) return true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.limits.eventsStallMsMax);
    });
    const taken = new Promise<void>((resolve) => this.#onTaken = resolve);
    try {
      await Promise.race([late, taken]);
    } finally {
      clearTimeout(timer);
      this.#onTaken = null;
    }
    return hasRoom();
  }

  /** Says that the stream is still there, while nothing happens; a client that does not read is not told twice. */
  #beat(): void {
    clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => {
      if (this.#isEnded) return;
      if ((this.#controller?.desiredSize ?? 0) > 0) {
        this.#controller?.enqueue(encoder.encode(": still here\n\n"));
      }
      this.#beat();
    }, this.#options.limits.eventsHeartbeatMs);
  }

  #drop(reason: "slow" | "token", why: string): void {
    if (this.#isEnded) return;
    const data = { reason, message: `Cannot go on sending events to this client: ${why}` };
    const { dropped, signal } = this.#options;
    const stopped = () => this.#close();
    dropped(1);
    signal.addEventListener("abort", stopped);
    this.#leave = () => {
      this.#leave = null;
      signal.removeEventListener("abort", stopped);
      dropped(-1);
    };
    this.#end();
    this.#controller?.enqueue(encoder.encode(`event: dropped\ndata: ${JSON.stringify(data)}\n\n`));
  }

  #last(text: string): void {
    if (this.#isEnded) return;
    if (text !== "") this.#controller?.enqueue(encoder.encode(text));
    this.#controller?.close();
    this.#end();
  }
}

function textOf(event: RuntimeEvent): string {
  return `id: ${event.entry.tick}\nevent: ${event.event}\ndata: ${JSON.stringify(event.entry)}\n\n`;
}

/** Reads server-sent events back: the data of each, and its event name. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ readonly event: string; readonly data: string }, void> {
  let rest = "";
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + part).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data !== undefined) yield { event: field("event") ?? "message", data };
    }
  }
}
