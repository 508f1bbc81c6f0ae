/**
 * Erasures that are in the log and not carried out yet.
 *
 * Owns: removing what an entry records from log, blobs, graph, remembered receipts and checkpoints, and what is left to
 * do of it over crashes and full disks.
 * Does not own: rewriting segments (log/repair.ts), emptying rows (graph/file/erase.ts), when it is tried (runtime.ts).
 *
 * Invariant: an erasure is open, by a kernel row written with its entry, until freed pages are gone too; every part of
 * it may be done again.
 */
import type { Graph } from "../../graph/mod.ts";
import { assert, EngramError, type Entry, type Erasure, erasureOf } from "../../kernel/mod.ts";
import type { Blobs, Log } from "../../log/mod.ts";
import { isImage } from "../../sandbox/mod.ts";
import { removeErased } from "../checkpoint/checkpoint.ts";
import type { DataPaths } from "../data_folder.ts";
import { entriesFrom } from "../entries.ts";
import { erasedKey, erasingPrefix, pack, type Row, tickInKey, unpack } from "../rows.ts";
import { erasureAt, imagesIn } from "./recorded.ts";

/** What erasures are removed from. */
export interface OpenErasuresParts {
  readonly graph: Graph;
  readonly log: Log;
  readonly blobs: Blobs;
  readonly paths: DataPaths;
}

function stillRead(): EngramError {
  return new EngramError(
    "data_folder_in_use",
    "Cannot empty the memory graph's file: somebody is reading it",
  );
}

function stillMade(): EngramError {
  return new EngramError(
    "checkpoint_busy",
    "Cannot remove the checkpoints that hold it: they are in use, or one is being made",
  );
}

/** The truth about an erasure that could not be finished now. */
export function notErasedYet(reason: EngramError): EngramError {
  return new EngramError(
    "outcome_unknown",
    `Cannot finish the erasure now: it is in the log, and is done as soon as it can be: ${reason.message}`,
    {},
    "Free some space and let other programs close the folder: it goes on by itself",
  );
}

/** The open erasures of one folder. */
export class OpenErasures {
  readonly #parts: OpenErasuresParts;
  /** By kernel row; whether all but freed pages is gone. */
  readonly #open = new Map<string, { isEmptied: boolean }>();

  constructor(parts: OpenErasuresParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Takes up what an earlier run of the folder left. */
  takeUp(): void {
    for (const { key } of this.#parts.graph.rows(erasingPrefix)) this.#open.set(key, { isEmptied: false });
  }

  /** The row to be written with an entry, where it records an erasure: from then on that is open. */
  open({ tick, steps }: Entry): readonly Row[] {
    if (steps.every((step) => erasureOf(step) === null)) return [];
    const key = `${erasingPrefix}${tickInKey(tick)}`;
    this.#open.set(key, { isEmptied: false });
    return [{ key, value: pack(true) }];
  }

  /**
   * Removes what erasures found, where that is still to be done; gives why not, if it has to be tried again. Ticks of
   * checkpoints that went are added to `checkpointsGone`.
   */
  carryOut(checkpointsGone: number[] = []): EngramError | null {
    const { graph, log, paths } = this.#parts;
    try {
      for (const [key, progress] of this.#open) {
        const tick = Number(key.slice(erasingPrefix.length));
        const erasure = erasureAt(log, tick);
        if (!progress.isEmptied) this.#empty(tick, erasure);
        progress.isEmptied = true;
        const gone = removeErased(paths, { since: erasure.since, tick });
        if (gone === null) return stillMade();
        checkpointsGone.push(...gone);
        if (!graph.dropFreedPages()) return stillRead();
        graph.putRows([{ key, value: null }]);
        this.#open.delete(key);
      }
      return null;
    } catch (error) {
      const isForLater = error instanceof EngramError &&
        (error.code === "disk_full" || error.code === "data_folder_in_use");
      if (!isForLater) throw error;
      return error;
    }
  }

  #empty(tick: number, erasure: Erasure): void {
    const { graph } = this.#parts;
    const digests = carryOut(this.#parts, erasure);
    graph.putRows(forgottenReceipts(graph, erasure));
    graph.erase(digests, erasure.readers);
    graph.putRows([{ key: erasedKey, value: pack(tick) }]);
  }
}

/** Carries out a recorded erasure in log and blobs; gives the digests of what went, for the graph's part. */
function carryOut({ log, blobs }: OpenErasuresParts, erasure: Erasure): readonly Uint8Array[] {
  const digests = erasure.payloads.flatMap(([at, places]) => {
    const { payloads } = log.read(at);
    return places.map((place) => {
      const payload = payloads[place];
      assert(payload !== undefined, `entry ${at} has payload ${place}`);
      return payload.digest;
    });
  });
  log.erase(new Map(erasure.payloads.map(([at, places]) => [at, new Set(places)])));
  blobs.remove(erasure.blobs);
  removeUnnamed(log, blobs);
  return digests;
}

/** Removes images that no entry names, of steps that a crash or a full disk undid: they may hold anything. */
function removeUnnamed(log: Log, blobs: Blobs): void {
  const named = new Set<string>();
  for (const { entry } of entriesFrom(log, 0)) {
    for (const { command: { ask } } of entry.commands) if (ask.kind === "agent_load") named.add(ask.module);
    for (const record of entry.steps) {
      for (const sha of imagesIn(record)) named.add(sha);
    }
  }
  blobs.removeOthers((sha) => sha !== null && (named.has(sha) || mayWait(blobs, sha)));
}

/** Whether a blob that no entry names may be the module of a load that waits: whole, and no image. */
function mayWait(blobs: Blobs, sha: string): boolean {
  try {
    return !isImage(blobs.get(sha));
  } catch (error) {
    if (error instanceof EngramError && error.code === "log_corrupt") return false;
    throw error;
  }
}

/** Rows of remembered receipts that may hold what is erased: the command stays known, what it was told does not. */
function forgottenReceipts(graph: Graph, { payloads }: Erasure): { key: string; value: Uint8Array }[] {
  return graph.rows("command/").flatMap(({ key, value }) => {
    const { tick, took = tick } = unpack(value) as { readonly tick: number; readonly took?: number };
    // A workflow's receipt tells what its steps answered in every tick since it was taken.
    if (!payloads.some(([at]) => at >= took && at <= tick)) return [];
    return [{ key, value: pack({ tick, took, receipt: { tick, erased: true }, error: null }) }];
  });
}
