/**
 * Calls from the main thread to a worker that owns something: typed asks, one reply each, and how a worker's end is
 * told.
 *
 * Owns: numbering, the wire form of errors, telling everyone who waits when the worker is lost.
 * Does not own: what is asked (engine_worker.ts, reader_worker.ts).
 *
 * Invariants:
 * 1. Every ask gets one reply: a value, a refusal, or the fault that ended it.
 * 2. After a worker's uncaught error nothing it says is believed: all that wait, and all that ask later, hear the fault.
 * 3. Replies may come in any order; asks are read in the order they were sent.
 */
import { EngramError } from "../kernel/mod.ts";

/** What is sent to a worker. */
export interface Asked<Call> {
  readonly id: number;
  readonly call: Call;
}

/** What comes back. A fault without an id is the worker's own end. */
export type Reply =
  | { readonly reply: "done"; readonly id: number; readonly value: unknown }
  | { readonly reply: "refused"; readonly id: number; readonly error: unknown }
  | { readonly reply: "fault"; readonly id: number | null; readonly words: string };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The main thread's end: starts the worker and asks it. */
export class WorkerCalls<Call> {
  /** Resolves when the worker is lost; never where it ends as asked. */
  readonly fault: Promise<Error>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lost: (error: Error) => void = () => {};
  #ended: Error | null = null;
  #ids = 0;

  /** Starts the worker. `name` is how faults speak of it. */
  constructor(name: string, url: URL, permissions: Deno.PermissionOptionsObject) {
    this.fault = new Promise((resolve) => this.#lost = resolve);
    this.#worker = new Worker(url, {
      type: "module",
      name: `engramlt ${name}`,
      deno: { permissions },
    });
    this.#worker.addEventListener("message", (event: MessageEvent<Reply>) => this.#hear(event.data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#lose(new Error(`Fault: the ${name} worker ended: ${event.message}`));
    });
    this.#worker.addEventListener("messageerror", () => {
      this.#lose(new Error(`Fault: the ${name} worker said something that cannot be read`));
    });
  }

  /** Asks; the reply's value, or an EngramError, or a fault. */
  ask(call: Call): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const id = ++this.#ids;
      this.#waiting.set(id, { resolve, reject });
      const asked: Asked<Call> = { id, call };
      this.#worker.postMessage(asked);
    });
  }

  /** Ends the worker. Those who still wait hear `why`. */
  end(why: Error): void {
    if (this.#ended !== null) return;
    this.#ended = why;
    this.#worker.terminate();
    for (const one of this.#waiting.values()) one.reject(why);
    this.#waiting.clear();
  }

  #hear(reply: Reply): void {
    if (this.#ended !== null) return;
    if (reply.reply === "fault" && reply.id === null) return this.#lose(new Error(reply.words));
    const id = reply.id ?? 0;
    const one = this.#waiting.get(id);
    this.#waiting.delete(id);
    switch (reply.reply) {
      case "done":
        return one?.resolve(reply.value);
      case "refused":
        return one?.reject(EngramError.fromJSON(reply.error));
      case "fault":
        return one?.reject(new Error(reply.words));
      default:
        return reply satisfies never;
    }
  }

  #lose(error: Error): void {
    if (this.#ended !== null) return;
    this.end(error);
    this.#lost(error);
  }
}

const faultWords = (error: unknown): string =>
  error instanceof Error ? error.stack ?? error.message : String(error);

/** The types of a window are the ones in force here; a worker's own postMessage takes a message alone. */
function say(message: Reply): void {
  Reflect.apply(Reflect.get(globalThis, "postMessage"), globalThis, [message]);
}

/** The worker's end: answers asks one by one as they come; an answer may take as long as it likes. */
export function answerCalls<Call>(answer: (call: Call) => unknown): void {
  globalThis.addEventListener("message", async (event) => {
    const { id, call }: Asked<Call> = Reflect.get(event, "data");
    try {
      say({ reply: "done", id, value: await answer(call) });
    } catch (error) {
      if (error instanceof EngramError) say({ reply: "refused", id, error: error.toJSON() });
      else say({ reply: "fault", id, words: faultWords(error) });
    }
  });
}

/** Tells the main thread that this worker cannot go on. */
export function tellFault(error: unknown): void {
  say({ reply: "fault", id: null, words: faultWords(error) });
}
