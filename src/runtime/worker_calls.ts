/**
 * Calls from the main thread to a worker that owns something: typed asks, one reply each, and how a worker's end is
 * told.
 *
 * Owns: numbering, the wire form of errors, telling everyone who waits when the worker is lost.
 * Does not own: what is asked (engine_worker.ts, views/reader_worker.ts).
 *
 * Invariants:
 * 1. Every ask gets one reply: a value, a refusal, or the fault that ended it.
 * 2. After a worker's uncaught error nothing it says is believed: all that wait, and all that ask later, hear the fault.
 * 3. Replies may come in any order; asks are read in the order they were sent.
 * 4. Threads for agents are started here for the worker (see sandbox/threads.ts), and end with it.
 */
import { EngramError } from "../kernel/mod.ts";
import { type AgentThread, startHere, startThreadsBy, type ThreadStart } from "../sandbox/mod.ts";
import { workerUrl } from "./assets.ts";

/** What is sent to a worker. */
export interface Asked<Call> {
  readonly id: number;
  readonly call: Call;
}

/** Told to the worker: the uncaught error of a thread that was started for it. */
interface ThreadFailed {
  readonly thread: number;
  readonly message: string;
}

/** What comes back. A fault without an id is the worker's own end. */
export type Reply =
  | {
    readonly reply: "start";
    readonly thread: number;
    readonly name: string;
    readonly start: ThreadStart["start"];
  }
  | { readonly reply: "stop"; readonly thread: number }
  | { readonly reply: "done"; readonly id: number; readonly value: unknown }
  | { readonly reply: "refused"; readonly id: number; readonly error: unknown }
  | { readonly reply: "fault"; readonly id: number | null; readonly words: string };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a worker of a data folder may do: read it, by the graph's native library too; no network, no programs. */
export const readingPermissions: Deno.PermissionOptionsObject = {
  read: "inherit",
  write: false,
  env: "inherit",
  sys: "inherit",
  ffi: "inherit",
  net: false,
  run: false,
};

/** The same, and write it. */
export const writingPermissions: Deno.PermissionOptionsObject = { ...readingPermissions, write: "inherit" };

/**
 * Does work in a worker of its own, which ends with it. Errors: those of the work; `interrupted` by the signal; a fault where
 * the worker was lost.
 */
export async function besideHere<Call, Result>(
  name: "replay" | "checkpoint",
  permissions: Deno.PermissionOptionsObject,
  signal: AbortSignal,
  work: (calls: WorkerCalls<Call>) => Promise<Result>,
): Promise<Result> {
  const stopped = () => new EngramError("interrupted", `The ${name} was stopped before its end`);
  if (signal.aborted) throw stopped();
  const calls = new WorkerCalls<Call>(name, workerUrl(name), permissions);
  const stop = () => calls.end(stopped());
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await work(calls);
  } finally {
    signal.removeEventListener("abort", stop);
    calls.end(stopped());
  }
}

/** The main thread's end: starts the worker and asks it. */
export class WorkerCalls<Call> {
  /** Resolves when the worker is lost; never where it ends as asked. */
  readonly fault: Promise<Error>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #threads = new Map<number, AgentThread>();
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
    for (const thread of this.#threads.values()) thread.terminate();
    this.#threads.clear();
    for (const one of this.#waiting.values()) one.reject(why);
    this.#waiting.clear();
  }

  #hear(reply: Reply): void {
    if (this.#ended !== null) return;
    switch (reply.reply) {
      case "done":
        return this.#take(reply.id)?.resolve(reply.value);
      case "refused":
        return this.#take(reply.id)?.reject(EngramError.fromJSON(reply.error));
      case "fault":
        if (reply.id === null) return this.#lose(new Error(reply.words));
        return this.#take(reply.id)?.reject(new Error(reply.words));
      case "start":
        return this.#startThread(reply);
      case "stop":
        this.#threads.get(reply.thread)?.terminate();
        this.#threads.delete(reply.thread);
        return;
      default:
        return reply satisfies never;
    }
  }

  #take(id: number): Waiting | undefined {
    const one = this.#waiting.get(id);
    this.#waiting.delete(id);
    return one;
  }

  #startThread({ thread, name, start }: Extract<Reply, { reply: "start" }>): void {
    const onError = (message: string) => {
      const failed: ThreadFailed = { thread, message };
      if (this.#ended === null) this.#worker.postMessage(failed);
    };
    this.#threads.set(thread, startHere({ url: workerUrl("sandbox"), name, start, onError }));
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

/**
 * The worker's end: answers asks one by one as they come; an answer may take as long as it likes. Sandboxes of this
 * worker have their threads started by the main thread.
 */
export function answerCalls<Call>(answer: (call: Call) => unknown): void {
  const failures = new Map<number, (message: string) => void>();
  let threads = 0;
  startThreadsBy(({ name, start, onError }) => {
    const thread = ++threads;
    failures.set(thread, onError);
    say({ reply: "start", thread, name, start });
    return {
      terminate() {
        failures.delete(thread);
        say({ reply: "stop", thread });
      },
    };
  });
  globalThis.addEventListener("message", async (event) => {
    const told: Asked<Call> | ThreadFailed = Reflect.get(event, "data");
    if ("thread" in told) return failures.get(told.thread)?.(told.message);
    const { id, call } = told;
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
