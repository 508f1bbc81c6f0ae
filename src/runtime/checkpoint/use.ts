/**
 * Checkpoints put to use: which one to begin from, whether one is whole and the memory graph still what it was, and a
 * graph begun from one where it is missing.
 *
 * Invariants:
 * 1. None is believed that is not whole: its manifest, the log's hash at its tick, its file's sha256. Whoever passes one
 *    over says so, and why.
 * 2. Checking changes nothing. Beginning from one leaves it as it is: its graph is copied.
 */
import { type Graph, rowKinds, schemaVersion } from "../../graph/mod.ts";
import { EngramError } from "../../kernel/mod.ts";
import { type Disk, type Log, openLog, realDisk } from "../../log/mod.ts";
import {
  type Checkpoint,
  checkpointsOf,
  damageOf,
  folderOf,
  graphName,
  hashFile,
  holding,
  type Manifest,
  notFound,
  scratchName,
  withGraph,
  withLog,
} from "./checkpoint.ts";
import { differingKinds, rowsAt, type RowsDiffer, stateAt } from "./rows.ts";
import { type DataPaths, exists } from "../data_folder.ts";

/** What checking one found. */
export interface CheckpointVerdict {
  readonly tick: number;
  readonly ok: boolean;
  /** What is wrong with the checkpoint itself, or null. */
  readonly problem: string | null;
  /** Rows as they stand in the memory graph now, as of its tick, against the checkpoint's. */
  readonly graph: "equal" | "differs" | "not compared";
  /** The first row of the graph that differs. */
  readonly first?: RowsDiffer;
}

/** A checkpoint that was not used. */
export interface PassedOver {
  readonly tick: number;
  readonly why: string;
}

/** Where an opening began whose graph was missing. */
export interface Restored {
  /** The tick of the checkpoint; null where none could be used. */
  readonly tick: number | null;
  readonly passedOver: readonly PassedOver[];
}

/**
 * The checkpoint to begin from: that of a tick, or the newest that is whole, with those passed over for it.
 * Errors: `checkpoint_not_found`; `checkpoint_corrupt` where the one asked for is not whole.
 */
export function chooseCheckpoint(
  paths: DataPaths,
  log: Log,
  which: number | "latest",
): { readonly checkpoint: Checkpoint & { readonly manifest: Manifest }; readonly passedOver: PassedOver[] } {
  const all = checkpointsOf(paths, log), ticks = all.map(({ tick }) => tick);
  const passedOver: PassedOver[] = [];
  for (const checkpoint of which === "latest" ? all.reverse() : all.filter(({ tick }) => tick === which)) {
    const why = damageOf(checkpoint), { tick, manifest } = checkpoint;
    if (why === null && manifest !== null) return { checkpoint: { ...checkpoint, manifest }, passedOver };
    passedOver.push({ tick, why: why ?? "it is damaged" });
    if (which !== "latest") throw corrupt(tick, why ?? "it is damaged");
  }
  throw notFound(
    which === "latest" ? "a checkpoint that can be used" : `a checkpoint of tick ${which}`,
    ticks,
  );
}

const corrupt = (tick: number, why: string) =>
  new EngramError("checkpoint_corrupt", `Cannot use the checkpoint of tick ${tick}: ${why}`, { tick });

/**
 * Reads a checkpoint whole: whether it fits the log, its file's hash, the hashes of its rows; and whether the memory
 * graph still has the same rows as of its tick, but for vectors, which are made anew. Reads every row of both.
 * Errors: `checkpoint_not_found`.
 */
export function verifyCheckpoint(
  { paths, which, log: open }: {
    readonly paths: DataPaths;
    /** A tick, or the newest one, whole or not. */
    readonly which: number | "latest";
    readonly log?: Log;
  },
): CheckpointVerdict {
  return withLog(paths, open, (log) => {
    const all = checkpointsOf(paths, log), ticks = all.map(({ tick }) => tick);
    const found = which === "latest" ? all.at(-1) : all.find(({ tick }) => tick === which);
    if (found === undefined || log === null) {
      throw notFound(
        which === "latest" ? "a checkpoint: there is none" : `a checkpoint of tick ${which}`,
        ticks,
      );
    }
    const { tick, manifest } = found;
    const problem = damageOf(found);
    if (problem !== null || manifest === null) return { tick, ok: false, problem, graph: "not compared" };
    // Of an older schema the sha256 alone is believed: its rows are read by none of today's statements.
    if (manifest.schema < schemaVersion) return { tick, ok: true, problem: null, graph: "not compared" };
    return withGraph(found.path, (graph) => {
      const [wrong] = differingKinds(manifest.rows, rowsAt(graph, stateAt(graph, log, tick)));
      if (wrong !== undefined) {
        return {
          tick,
          ok: false,
          problem: `its ${wrong} are not those it was made with`,
          graph: "not compared",
        };
      }
      return compareNow(paths, tick, graph, manifest);
    });
  });
}

/** The memory graph as it stands now, as of a checkpoint's tick, against it. */
function compareNow(paths: DataPaths, tick: number, graph: Graph, { rows }: Manifest): CheckpointVerdict {
  const none: CheckpointVerdict = { tick, ok: true, problem: null, graph: "not compared" };
  if (!exists(paths.graph)) return none;
  return withGraph(paths.graph, (now) => {
    if (now.applied.index < tick) return none;
    const found = now.rowHashes(tick);
    const kind = rowKinds.find((one) => one !== "vectors" && found[one].hash !== rows[one].hash);
    if (kind === undefined) return { ...none, graph: "equal" };
    const difference = graph.rowDifference(now, kind, tick);
    const first = { kind, expected: difference?.expected ?? null, actual: difference?.actual ?? null };
    return { ...none, ok: false, graph: "differs", first };
  });
}

/**
 * Puts the graph of the newest checkpoint that is whole in the place of one that is missing. Null where there are no
 * checkpoints; errors: `disk_full`, `io_failed`, those of opening the log.
 */
export function restoreGraph(paths: DataPaths, disk: Disk): Restored | null {
  if (!exists(paths.checkpoints)) return null;
  const log = openLog(disk, { readOnly: true });
  try {
    const passedOver: PassedOver[] = [], all = checkpointsOf(paths, log);
    if (all.length === 0) return null;
    for (const one of all.reverse()) {
      const why = one.problem ?? takeGraph(paths, one);
      if (why === null) return { tick: one.tick, passedOver };
      passedOver.push({ tick: one.tick, why });
    }
    return { tick: null, passedOver };
  } finally {
    log.close();
  }
}

/** Copies a checkpoint's graph into its place; or says why not. */
function takeGraph(paths: DataPaths, { path, manifest }: Checkpoint): string | null {
  return holding(paths, "begin from a checkpoint", () => {
    const scratch = folderOf(paths, scratchName), copy = `${scratch}/${graphName}`;
    Deno.mkdirSync(scratch);
    const file = Deno.openSync(copy, { write: true, createNew: true });
    let hash: string;
    try {
      hash = hashFile(path, (bytes) => writeWhole(file, bytes));
      file.syncSync();
    } finally {
      file.close();
    }
    if (hash !== manifest?.sha256) return "its graph does not have its sha256";
    // A journal that was left is of another file, and would be read into this one.
    for (const suffix of ["-wal", "-shm"]) {
      if (exists(paths.graph + suffix)) Deno.removeSync(paths.graph + suffix);
    }
    Deno.renameSync(copy, paths.graph);
    realDisk(paths.root).syncFolder("");
    return null;
  });
}

function writeWhole(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}
