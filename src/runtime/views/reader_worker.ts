/**
 * The reader worker: a read-only graph and log for the doors' views, so that a big read never delays a tick.
 *
 * Invariants:
 * 1. It writes nothing: the graph is `query_only`, the log is opened to read.
 * 2. Each view sees one commit. A receipt follows its commit, so a view asked after a receipt sees what it told.
 * 3. It steps back: a tick comes before a view.
 * 4. Views of live state (see `readerAnswers`) are the engine's: here they are a fault.
 */
import { type Graph, openGraph } from "../../graph/mod.ts";
import { assert } from "../../kernel/mod.ts";
import { type Log, openBlobs, openLog, realDisk, toHex } from "../../log/mod.ts";
import { stepBack } from "../../model/low_priority.ts";
import { dataPaths } from "../data_folder.ts";
import { erasedKey } from "../rows.ts";
import { Images } from "../agents/images.ts";
import { Modules } from "../agents/modules.ts";
import { entriesFrom } from "../entries.ts";
import { pastLimits } from "./past_reads.ts";
import type { LogView, View } from "../port.ts";
import { logView, Views } from "./views.ts";
import { answerCalls } from "../worker_calls.ts";

/** What the main thread asks of the reader. `open` comes first. */
export type ReaderCall =
  | { readonly call: "open"; readonly data: string }
  /** Answered by null where the graph's file does not have the tick. */
  | { readonly call: "view"; readonly view: View; readonly tick: number }
  /** Entries from a tick on, as events tell them: at least one, until `pastLimits` are reached. */
  | { readonly call: "past"; readonly from: number };

/** A log that another thread appends to: followed where the graph holds an entry that this one has not seen, and opened
 * again where something was erased. */
class FollowedLog implements Log {
  readonly #open: () => Log;
  readonly #graph: Graph;
  #log: Log;
  /** The last erasure known, as its row has it: the files were rewritten if there is another. */
  #erased: string | null = null;

  constructor(open: () => Log, graph: Graph) {
    this.#open = open;
    this.#graph = graph;
    this.#log = open();
  }

  get #now(): Log {
    const row = this.#graph.row(erasedKey), erased = row === null ? null : toHex(row);
    if (erased !== this.#erased) {
      this.#erased = erased;
      this.#log.close();
      this.#log = this.#open();
    }
    if (this.#graph.applied.index >= this.#log.next) this.#log.follow();
    return this.#log;
  }

  get next() {
    return this.#now.next;
  }

  get hash() {
    return this.#now.hash;
  }

  get report() {
    return this.#now.report;
  }

  append(): never {
    throw new Error("Fault: the reader appends to the log");
  }

  sync(): void {
    // Whoever appends does.
  }

  erase(): never {
    throw new Error("Fault: the reader erases from the log");
  }

  read(index: number) {
    return this.#now.read(index);
  }

  entries(from: number) {
    return this.#now.entries(from);
  }

  hashAt(index: number) {
    return this.#now.hashAt(index);
  }

  verify() {
    return this.#now.verify();
  }

  follow() {
    this.#now;
  }

  close() {
    this.#log.close();
  }
}

function openViews(data: string): Views {
  const paths = dataPaths(data);
  const disk = realDisk(paths.root);
  const graph = openGraph({ path: paths.graph, readOnly: true });
  const log = new FollowedLog(() => openLog(disk, { readOnly: true }), graph);
  const blobs = openBlobs(disk);
  const images = new Images(graph, log, blobs, new Modules(blobs));
  return new Views({ graph, log, images, paths, state: () => null });
}

function past(log: Log, from: number): LogView[] {
  const told: LogView[] = [];
  let bytes = 0;
  if (from >= log.next) return told;
  for (const { entry, logged } of entriesFrom(log, from)) {
    told.push(logView(entry, logged.hash));
    bytes += logged.bodyBytes.length;
    if (told.length === pastLimits.entriesMax || bytes >= pastLimits.bytesMax) break;
  }
  return told;
}

let views: Views | null = null;

stepBack();
answerCalls((call: ReaderCall) => {
  switch (call.call) {
    case "open":
      views = openViews(call.data);
      return;
    case "view":
      assert(views !== null, "the reader is asked before it is open");
      return views.parts.graph.applied.tick < call.tick ? null : views.view(call.view);
    case "past":
      assert(views !== null, "the reader is asked before it is open");
      return past(views.parts.log, call.from);
    default:
      return call satisfies never;
  }
});
