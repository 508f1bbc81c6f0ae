/**
 * Views of a folder in which nothing can be written, its disk being full or read-only: the memory graph is taken into
 * memory and brought to the end of the log there.
 *
 * Owns: where that graph begins (graph.db, a checkpoint, or the log's first entry), how large it may be.
 * Does not own: when views are asked here (runtime.ts, read_runtime.ts), what they answer (views.ts).
 *
 * Invariants:
 * 1. Nothing below the data folder is changed.
 * 2. What is shown is what the log holds, all of it and nothing else: what a full disk refused never was.
 */
import { type Graph, openGraph } from "../../graph/mod.ts";
import { advance, EngramError, type State } from "../../kernel/mod.ts";
import { type Disk, type Log, openBlobs, sameBytes, sha256Hex } from "../../log/mod.ts";
import { chooseCheckpoint } from "../checkpoint/use.ts";
import { type DataPaths, exists } from "../data_folder.ts";
import { Durations } from "../durations.ts";
import { entriesFrom, graphSteps } from "../entries.ts";
import { Images } from "../agents/images.ts";
import { Modules } from "../agents/modules.ts";
import type { StatusView, View, ViewResults } from "../port.ts";
import { loadState, Rows } from "../rows.ts";
import { type LiveFacts, statusOf } from "./status.ts";
import { Views } from "./views.ts";

/** Bytes of graph.db above which it is not taken into memory. */
const memoryGraphBytesMax = 1024 * 1024 * 1024;

/** What they are made from. */
export interface MemoryParts {
  readonly paths: DataPaths;
  readonly disk: Disk;
  /** Of that disk. */
  readonly log: Log;
}

/** Views of one folder. */
export class MemoryViews {
  readonly #parts: MemoryParts;
  readonly #graph: Graph;
  readonly #state: State;
  readonly #rows: Rows;
  readonly #views: Views;
  readonly #durations: Durations;

  /** Errors: `disk_full` where graph.db is larger than `memoryGraphBytesMax`; those of reading the log. */
  constructor(parts: MemoryParts) {
    this.#parts = parts;
    const { paths, disk, log } = parts;
    this.#graph = beginning(paths, log);
    this.#state = loadState(this.#graph);
    this.#rows = new Rows(this.#state.tick);
    this.#durations = new Durations(this.#graph, (agent) => this.#state.agents.has(agent));
    const blobs = openBlobs(disk);
    const putNothing = (all: readonly Uint8Array[]) => all.map(sha256Hex);
    const images = new Images(
      this.#graph,
      log,
      { ...blobs, putAll: putNothing, putSoon: putNothing },
      new Modules(blobs),
    );
    this.#views = new Views({ graph: this.#graph, log, images, paths, state: () => this.#state });
    this.#catchUp();
  }

  /** Takes in entries that the log has got since. */
  #catchUp(): void {
    const graph = this.#graph, { log } = this.#parts;
    for (const { entry, logged } of entriesFrom(log, Math.min(this.#state.tick, graph.applied.index) + 1)) {
      let rows: ReturnType<Rows["take"]> = [];
      if (entry.tick > this.#state.tick) {
        const done = advance(this.#state, entry);
        if (this.#rows.note(entry, done, this.#state)) rows = this.#rows.take(this.#state);
      }
      if (entry.tick <= graph.applied.index) continue;
      graph.commit({
        index: entry.tick,
        hash: logged.hash,
        tick: entry.tick,
        steps: graphSteps(log, entry),
        rows,
      });
    }
  }

  /** Answers a view; null for those of counts that live in a runtime. No session of a client begins. */
  view<V extends View>(view: V, live: LiveFacts): ViewResults[V["view"]] | null {
    this.#catchUp();
    return this.#answer(view, live) as ViewResults[V["view"]] | null;
  }

  #answer(view: View, live: LiveFacts): unknown {
    switch (view.view) {
      case "status":
        return this.#status(live);
      case "session":
        return { since: null };
      case "runtime_metrics":
        return null;
      case "metrics": {
        const found = this.#views.view(view) as ViewResults["metrics"];
        const { id } = this.#views.view({ view: "resolve", what: "agent", text: view.agent }) as {
          id: string;
        };
        return { ...found, executionMs: this.#durations.of(id) };
      }
      default:
        return this.#views.view(view);
    }
  }

  #status(live: LiveFacts): StatusView {
    const { log, paths } = this.#parts;
    return statusOf({ state: this.#state, graph: this.#graph, log, paths, live });
  }

  close(): void {
    this.#graph.close();
  }
}

/** The graph to begin from, in memory: graph.db's if it can be read and is of this log, else the newest checkpoint's. */
function beginning(paths: DataPaths, log: Log): Graph {
  const sources = [paths.graph, checkpointPath(paths, log)];
  for (const from of sources) {
    if (from === null || !exists(from)) continue;
    requireRoom(from);
    const graph = taken(from);
    if (graph === null) continue;
    const { index, hash } = graph.applied;
    if (index < log.next && sameBytes(log.hashAt(index), hash)) return graph;
    graph.close();
  }
  return openGraph({ path: ":memory:" });
}

/** A graph's file in memory; null where it cannot be read as it stands: the log has everything that is in it. */
function taken(from: string): Graph | null {
  try {
    return openGraph({ path: ":memory:", from });
  } catch (error) {
    if (error instanceof EngramError) return null;
    throw error;
  }
}

function checkpointPath(paths: DataPaths, log: Log): string | null {
  try {
    return chooseCheckpoint(paths, log, "latest").checkpoint.path;
  } catch (error) {
    if (error instanceof EngramError) return null; // there is none
    throw error;
  }
}

function requireRoom(path: string): void {
  const { size } = Deno.statSync(path);
  if (size <= memoryGraphBytesMax) return;
  throw new EngramError(
    "disk_full",
    `Cannot read the memory graph: nothing can be written, and its ${size} bytes do not fit into memory ` +
      `(memoryGraphBytesMax is ${memoryGraphBytesMax})`,
  );
}
