/**
 * startEngine(): a port to a runtime in a worker of its own, so that this thread never blocks.
 *
 * Invariants:
 * 1. What a caller gets is what `openRuntime` gives in one thread.
 * 2. An uncaught error in the engine is told to all who wait, to all who ask later, and by `fault`.
 */
import { EngramError } from "../kernel/mod.ts";
import { workerUrl } from "./assets.ts";
import type { EngineCall } from "./engine_worker.ts";
import type { TextAnswer, TextSource, WantedText } from "./models/desk.ts";
import type { Port, RuntimeEvent, View, ViewResults } from "./port.ts";
import type { Receipt } from "./receipts.ts";
import type { Request } from "./requests.ts";
import type { RuntimeOptions } from "./runtime.ts";
import { WorkerCalls, writingPermissions } from "./worker_calls.ts";

/** A runtime in the engine worker. */
export interface Engine extends Port, TextSource {
  readonly where: "here";
  /** Resolves when the engine is lost: its state is in the log, its host ends. */
  readonly fault: Promise<Error>;
  /** Ends the thread at once, as a crash would: what was acknowledged is in the log. */
  kill(why: Error): void;
}

/** Starts the engine worker and opens a data folder in it. Refuses as `openRuntime` does. */
export async function startEngine(options: RuntimeOptions): Promise<Engine> {
  const calls = new WorkerCalls<EngineCall>("engine", workerUrl("engine"), writingPermissions);
  try {
    await calls.ask({ call: "open", options });
  } catch (error) {
    calls.end(stopped());
    throw error;
  }
  return new EngineClient(calls);
}

const stopped = () => new EngramError("host_stopping", "Cannot ask the engine: the folder is closed");

class EngineClient implements Engine {
  readonly where = "here" as const;
  readonly #calls: WorkerCalls<EngineCall>;
  #streams = 0;

  constructor(calls: WorkerCalls<EngineCall>) {
    this.#calls = calls;
  }

  get fault(): Promise<Error> {
    return this.#calls.fault;
  }

  // What the engine answers is typed by its own Port; the thread between keeps values as they are.
  async submit(
    request: Request,
    options: { readonly client?: string; readonly commandId?: string } = {},
  ): Promise<Receipt> {
    return await this.#calls.ask({ call: "submit", request, options }) as Receipt;
  }

  async view<V extends View>(view: V): Promise<ViewResults[V["view"]]> {
    return await this.#calls.ask({ call: "view", view }) as ViewResults[V["view"]];
  }

  async *events(from: number, signal: AbortSignal): AsyncGenerator<RuntimeEvent, void> {
    if (signal.aborted) return;
    const stream = ++this.#streams;
    await this.#calls.ask({ call: "events", stream, from });
    const stop = () => {
      this.#calls.ask({ call: "stop", stream }).catch(() => {/* the engine is gone, the stream with it */});
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      while (!signal.aborted) {
        const event = await this.#calls.ask({ call: "next", stream }) as RuntimeEvent | null;
        if (event === null) return;
        yield event;
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  async wantedTexts(): Promise<readonly WantedText[] | null> {
    return await this.#calls.ask({ call: "wanted" }) as readonly WantedText[] | null;
  }

  async answerText(id: number, answer: TextAnswer): Promise<void> {
    await this.#calls.ask({ call: "answer", id, answer });
  }

  async idle(): Promise<void> {
    await this.#calls.ask({ call: "idle" });
  }

  async close(): Promise<void> {
    try {
      await this.#calls.ask({ call: "close" });
    } catch (error) {
      if (!(error instanceof EngramError) || error.code !== "host_stopping") throw error;
    } finally {
      this.#calls.end(stopped());
    }
  }

  kill(why: Error): void {
    this.#calls.end(why);
  }
}
