/**
 * startReader(): views from a thread that reads beside the engine; withReader() puts the two behind one port.
 */
import { EngramError } from "../../kernel/mod.ts";
import { workerUrl } from "../assets.ts";
import type { Engine } from "../engine_client.ts";
import { pastLimits, PastReads } from "./past_reads.ts";
import type { LogView, Port, RuntimeEvent, View, ViewResults } from "../port.ts";
import { sessionOf } from "../sessions.ts";
import type { ReaderCall } from "./reader_worker.ts";
import { readingPermissions, WorkerCalls } from "../worker_calls.ts";

/** A thread that answers views. */
export interface Reader {
  /** Null where the graph's file does not have a tick yet whose receipt was told: its disk is full. */
  view<V extends View>(view: V, tick: number): Promise<ViewResults[V["view"]] | null>;
  /** Entries from a tick on: some of those there are, none where it has seen none yet. */
  past(from: number): Promise<readonly LogView[]>;
  /** Resolves when the reader is lost. */
  readonly fault: Promise<Error>;
  /** Ends it; views under way are refused. */
  close(): void;
}

/** Starts a reader of a data folder that an engine has opened. */
export async function startReader(data: string): Promise<Reader> {
  const calls = new WorkerCalls<ReaderCall>("reader", workerUrl("reader"), readingPermissions);
  const close = () => calls.end(new EngramError("host_stopping", "Cannot read: the folder is closed"));
  try {
    await calls.ask({ call: "open", data });
  } catch (error) {
    close();
    throw error;
  }
  return {
    fault: calls.fault,
    close,
    async view<V extends View>(view: V, tick: number) {
      return await calls.ask({ call: "view", view, tick }) as ViewResults[V["view"]] | null;
    },
    past: async (from) => await calls.ask({ call: "past", from }) as readonly LogView[],
  };
}

/** Whether a view needs no live state: what it tells stands in the graph and the log. */
export function readerAnswers(view: View): boolean {
  switch (view.view) {
    case "status":
    case "runtime_metrics":
    case "agents":
    case "metrics":
    case "info":
    case "session":
      return false;
    case "resolve":
      return view.what !== "agent";
    case "engram":
    case "versions":
    case "search":
    case "ask":
    case "recall":
    case "timeline":
    case "unembedded":
    case "brief":
    case "neighbors":
    case "paths":
    case "thread":
    case "contexts":
    case "context":
    case "why":
    case "changes":
    case "export":
    case "review":
    case "log":
    case "messages":
    case "verify_log":
      return true;
    default:
      return view satisfies never;
  }
}

/** A brief for a client begins its session: the engine marks it, the reader makes the page. */
async function begun(engine: Engine, view: Extract<View, { view: "brief" }>): Promise<View> {
  const session = sessionOf(view);
  if (session === null) return view;
  const { since } = await engine.view(session);
  return since === null ? view : { ...view, since };
}

/**
 * Events from a tick on: what is past is read by the reader, so that a client that catches up costs the engine
 * nothing; the last few, and what is to come, tells the engine.
 */
async function* eventsOf(
  engine: Engine,
  reader: Reader,
  past: PastReads,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<RuntimeEvent, void> {
  let next = Math.max(0, from);
  while (!signal.aborted) {
    // What the engine says it has done is durable: the reader alone would not know.
    const { tick } = await engine.view({ view: "status" });
    if (tick - next < pastLimits.entriesMax) break;
    while (next <= tick && !signal.aborted) {
      const entries = await past.read(() => reader.past(next));
      for (const entry of entries) {
        if (signal.aborted) return;
        next = entry.tick + 1;
        yield { event: "tick", entry };
      }
      if (entries.length === 0) return yield* engine.events(next, signal); // the reader is behind
    }
  }
  yield* engine.events(next, signal);
}

/**
 * One port: commands and live views to the engine, all other views to the reader, but for those it cannot answer: what a
 * full disk keeps out of the graph's file, the engine knows. Closing it closes both. `now` counts
 * ms, for who catches up to give way to commands.
 */
export function withReader(engine: Engine, reader: Reader, now: () => number): Port {
  const past = new PastReads(now);
  /** The last tick of which a receipt was told. */
  let told = -1;
  return {
    where: "here",
    async submit(request, options) {
      const receipt = await past.command(() => engine.submit(request, options));
      told = Math.max(told, receipt.tick);
      return receipt;
    },
    async view<V extends View>(view: V): Promise<ViewResults[V["view"]]> {
      if (!readerAnswers(view)) return await engine.view(view);
      const asked = view.view === "brief" ? await begun(engine, view) as V : view;
      return await reader.view(asked, told) ?? await engine.view(asked);
    },
    events: (from, signal) => eventsOf(engine, reader, past, from, signal),
    idle: () => engine.idle(),
    async close() {
      reader.close();
      await engine.close();
    },
  };
}
