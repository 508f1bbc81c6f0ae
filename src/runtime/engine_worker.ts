/**
 * The engine worker: the one thread that owns kernel, log and graph. It opens the runtime and answers the main thread.
 *
 * Owns: the runtime, the streams of events read from it, upkeep in quiet moments.
 * Does not own: doors (api), views that need no live state (views/reader_worker.ts).
 *
 * Invariants:
 * 1. Everything said to and by this thread is one of the calls below.
 * 2. An engine that stopped by a fault is told to the main thread once, as this thread's end.
 * 3. There is no timer while nothing happens and no agent is held.
 */
import { assert } from "../kernel/mod.ts";
import type { TextAnswer } from "./models/desk.ts";
import type { RuntimeEvent, View } from "./port.ts";
import type { Request } from "./requests.ts";
import { openRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
import { answerCalls, tellFault } from "./worker_calls.ts";

/** What the main thread asks of the engine. `open` comes first. */
export type EngineCall =
  | { readonly call: "open"; readonly options: RuntimeOptions }
  | {
    readonly call: "submit";
    readonly request: Request;
    readonly options: { readonly client?: string; readonly commandId?: string };
  }
  | { readonly call: "view"; readonly view: View }
  | { readonly call: "idle" }
  /** Begins a stream of events; `next` gives one of them, or null at the end. */
  | { readonly call: "events"; readonly stream: number; readonly from: number }
  | { readonly call: "next"; readonly stream: number }
  | { readonly call: "stop"; readonly stream: number }
  /** The texts that agents want vectors of; null at the end. */
  | { readonly call: "wanted" }
  | { readonly call: "answer"; readonly id: number; readonly answer: TextAnswer }
  | { readonly call: "close" };

/** Quiet time before upkeep, in ms. */
const upkeepQuietMs = 1000;

interface Stream {
  readonly events: AsyncIterator<RuntimeEvent>;
  readonly abort: AbortController;
}

class Engine {
  #runtime: Runtime | null = null;
  readonly #streams = new Map<number, Stream>();
  #underWay = 0;
  #upkeep: ReturnType<typeof setTimeout> | null = null;
  #rest: ReturnType<typeof setTimeout> | null = null;

  answer(call: EngineCall): unknown {
    switch (call.call) {
      case "open":
        return this.#open(call.options);
      case "submit":
        return this.#submit(call);
      case "view":
        return this.#opened.view(call.view);
      case "idle":
        return this.#opened.idle();
      case "events":
        return this.#begin(call.stream, call.from);
      case "next":
        return this.#next(call.stream);
      case "stop":
        return this.#stop(call.stream);
      case "wanted":
        return this.#opened.wantedTexts();
      case "answer":
        return this.#opened.answerText(call.id, call.answer);
      case "close":
        return this.#close();
      default:
        return call satisfies never;
    }
  }

  get #opened(): Runtime {
    assert(this.#runtime !== null, "the engine is asked before it is open");
    return this.#runtime;
  }

  async #open(options: RuntimeOptions): Promise<void> {
    const runtime = await openRuntime({ ...options, resume: "now" });
    runtime.stopped.then(tellFault);
    this.#runtime = runtime;
    this.#planUpkeep();
  }

  async #submit({ request, options }: Extract<EngineCall, { call: "submit" }>): Promise<unknown> {
    this.#underWay++;
    try {
      return await this.#opened.submit(request, options);
    } finally {
      this.#underWay--;
      this.#planUpkeep();
    }
  }

  #planUpkeep(): void {
    this.#upkeep ??= setTimeout(() => {
      this.#upkeep = null;
      if (this.#underWay > 0 || this.#runtime?.maintain() === true) this.#planUpkeep();
      else this.#planRest(0);
    }, upkeepQuietMs);
  }

  /** Idle agents give their memory back; no timer is left where none is held. */
  #planRest(ms: number): void {
    this.#rest ??= setTimeout(() => {
      this.#rest = null;
      const next = this.#runtime?.rest() ?? null;
      if (next !== null) this.#planRest(next);
    }, ms);
  }

  #begin(id: number, from: number): void {
    const abort = new AbortController();
    const events = this.#opened.events(from, abort.signal)[Symbol.asyncIterator]();
    this.#streams.set(id, { events, abort });
  }

  async #next(id: number): Promise<RuntimeEvent | null> {
    const found = await this.#streams.get(id)?.events.next();
    if (found !== undefined && found.done !== true) return found.value;
    this.#streams.delete(id);
    return null;
  }

  #stop(id: number): void {
    this.#streams.get(id)?.abort.abort();
    this.#streams.delete(id);
  }

  async #close(): Promise<void> {
    for (const id of [...this.#streams.keys()]) this.#stop(id);
    const runtime = this.#opened;
    await runtime.close();
    for (const timer of [this.#upkeep, this.#rest]) if (timer !== null) clearTimeout(timer);
    this.#runtime = null;
  }
}

const engine = new Engine();
answerCalls((call: EngineCall) => engine.answer(call));
