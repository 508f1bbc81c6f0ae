/**
 * Checkpoints: the memory graph of one tick, with the kernel's rows, kept beside the log to begin from.
 *
 * Owns: the folder DATA/checkpoints, making, finding, checking and removing what lies in it, and beginning from one.
 * Does not own: what rows are (graph), reading the log on from there (runtime.ts, replay.ts), threads
 * (client.ts).
 *
 * Invariants:
 * 1. A checkpoint changes no state and enters no log: with it and without it every hash is the same.
 * 2. It is made from a read of its own, of one commit: no tick waits for it.
 * 3. It appears whole: written and synced in {@link scratchName}, then renamed. What a crash left there is removed.
 * 4. The log is the truth: a checkpoint is believed only if the log has its state hash at its tick, and its file the
 *    sha256 it was made with. Images need not be in it: they are found as after any opening (agents/images.ts).
 * 5. Whoever makes or removes one holds the folder's lock. An erasure removes under it those that may hold what it
 *    erases, so none appears after it that was read before it.
 */
import { createHash } from "node:crypto";
import { copyBytes, copyGraphFile, type Graph, openGraph, schemaVersion } from "../../graph/mod.ts";
import { EngramError, formatTime } from "../../kernel/mod.ts";
import { ioRefusal, type Log, openLog, realDisk, toHex } from "../../log/mod.ts";
import { buildInfo } from "../assets.ts";
import { type CheckpointRows, comparedKinds, hashOfRows, rowsAt, stateAt } from "./rows.ts";
import { type DataPaths, exists } from "../data_folder.ts";
import { roomBytes } from "../room.ts";
import { liveEnv } from "../env.ts";
import { erasingPrefix } from "../rows.ts";
import { makePrivate } from "../platform.ts";

/** Bounds of checkpoints. */
export const checkpointLimits = {
  /** Checkpoints kept; of more, those of the lowest ticks are removed when one is made. */
  checkpointsMax: 8,
  /** Bytes of a disk that making one leaves free. */
  roomBytesMin: 64 * 1024 * 1024,
  /** For another who makes or removes one, in ms. */
  waitMsMax: 5000,
  /** The same for an erasure, which no tick may wait for long, in ms. */
  erasureWaitMsMax: 500,
} as const;

/** The format this build writes: of checkpoint.json, and of the hashes of rows in it. */
const format = 1;
const manifestName = "checkpoint.json", lockName = "lock";
/** The name of a checkpoint's graph, and of the folder in which whatever is half done lies. */
export const graphName = "graph.db", scratchName = "new";

/** What checkpoint.json holds. */
export interface Manifest {
  readonly format: number;
  readonly tick: number;
  readonly stateHash: string;
  readonly rowsHash: string;
  readonly rows: CheckpointRows;
  readonly bytes: number;
  readonly sha256: string;
  /** The version of the graph's schema. */
  readonly schema: number;
  readonly madeAt: string;
  readonly version: string;
}

/** A checkpoint as lists show it. */
export interface CheckpointView {
  /** The tick whose entry is the last in it. */
  readonly tick: number;
  /** The state hash after that tick, 64 hex digits; "" where it cannot be read. */
  readonly stateHash: string;
  /** One hash of every row, of the graph and of the kernel. */
  readonly rowsHash: string;
  readonly sha256: string;
  /** Of its graph. */
  readonly bytes: number;
  /** ISO 8601; "" where it cannot be read. */
  readonly madeAt: string;
  /** Of the program that made it. */
  readonly version: string;
  /** Why it is passed over, as far as a look without reading its file tells; null where nothing is wrong. */
  readonly problem: string | null;
}

/** What making one came to. */
export interface CheckpointMade extends CheckpointView {
  /** False where there was a whole one of this tick already. */
  readonly created: boolean;
  /** Ticks of those that were removed to make room for it. */
  readonly removed: readonly number[];
}

/** A checkpoint with what it was made with. */
export interface Checkpoint {
  readonly tick: number;
  /** Its graph's file. */
  readonly path: string;
  readonly manifest: Manifest | null;
  /** Null where a look finds nothing wrong. */
  readonly problem: string | null;
}

/** The folder of a tick, or a name, among the checkpoints. */
export const folderOf = (paths: DataPaths, name: number | string) => `${paths.checkpoints}/${name}`;
/** The refusal for what is not there; `ticks` are those that are. */
export const notFound = (what: string, ticks: readonly number[]) =>
  new EngramError("checkpoint_not_found", `Cannot find ${what}`, { ticks });

/** Pause between two tries for the lock, in ms. */
const lockPauseMs = 10;

function takeLock(paths: DataPaths, waitMsMax: number): Deno.FsFile | null {
  try {
    if (!exists(paths.checkpoints)) {
      Deno.mkdirSync(paths.checkpoints);
      makePrivate(paths.checkpoints, "folder");
      realDisk(paths.root).syncFolder("");
    }
    const file = Deno.openSync(folderOf(paths, lockName), { read: true, write: true, create: true });
    for (let waited = 0; !file.tryLockSync(true); waited += lockPauseMs) {
      if (waited >= waitMsMax) {
        file.close();
        return null;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockPauseMs);
    }
    return file;
  } catch (error) {
    throw ioRefusal("Cannot open the folder of checkpoints", error);
  }
}

/** Does something with the folder's lock held, and nothing left in its scratch folder before and after. */
export function holding<T>(
  paths: DataPaths,
  what: string,
  work: () => T,
  waitMsMax: number = checkpointLimits.waitMsMax,
): T {
  const lock = takeLock(paths, waitMsMax);
  if (lock === null) {
    throw new EngramError("checkpoint_busy", `Cannot ${what}: another one is being made or removed`);
  }
  try {
    discard(paths, scratchName);
    return work();
  } catch (error) {
    throw ioRefusal(`Cannot ${what}`, error);
  } finally {
    discard(paths, scratchName);
    lock.close();
  }
}

/** Removes a folder of checkpoints, by way of the scratch folder: half of one never stands under a tick. */
function discard(paths: DataPaths, name: number | string): void {
  const path = folderOf(paths, name), scratch = folderOf(paths, scratchName);
  if (!exists(path)) return;
  if (path !== scratch) {
    Deno.renameSync(path, scratch);
    realDisk(paths.checkpoints).syncFolder("");
  }
  Deno.removeSync(scratch, { recursive: true });
}

/** Removes what a crash left of one that was being made, where nobody makes one now. */
export function sweepCheckpoints(paths: DataPaths): void {
  if (!exists(folderOf(paths, scratchName))) return;
  const lock = takeLock(paths, 0);
  if (lock === null) return;
  discard(paths, scratchName);
  lock.close();
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    throw ioRefusal("Cannot list the folder of checkpoints", error);
  }
}

function ticksIn(paths: DataPaths): number[] {
  if (!exists(paths.checkpoints)) return [];
  return entriesOf(paths.checkpoints)
    .filter(({ name, isDirectory }) => isDirectory && /^\d{1,15}$/.test(name))
    .map(({ name }) => Number(name)).sort((a, b) => a - b);
}

const isText = (value: unknown): value is string => typeof value === "string";

/** The manifest in a file's text; null where it is none of this format. */
function manifestIn(text: string): Manifest | { readonly format: number } | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { format: found, tick, bytes, schema, stateHash, rowsHash, sha256, madeAt, version, rows } =
    value as Record<string, unknown>;
  if (typeof found !== "number") return null;
  if (found > format) return { format: found };
  const hasNumbers = [tick, bytes, schema].every((one) => Number.isSafeInteger(one));
  const hasTexts = [stateHash, rowsHash, sha256, madeAt, version].every(isText);
  if (!hasNumbers || !hasTexts || typeof rows !== "object" || rows === null) return null;
  const hasRows = comparedKinds.every((kind) =>
    isText((rows as Record<string, { hash?: unknown }>)[kind]?.hash)
  );
  if (!hasRows) return null;
  const manifest = value as Manifest;
  return hashOfRows(manifest.rows) === manifest.rowsHash ? manifest : null;
}

/** Looks at one: without reading its graph, and without the log where none is given. */
function look(paths: DataPaths, tick: number, log: Log | null): Checkpoint {
  const path = `${folderOf(paths, tick)}/${graphName}`;
  const because = (problem: string, manifest: Manifest | null = null) => ({ tick, path, manifest, problem });
  try {
    const found = manifestIn(Deno.readTextFileSync(`${folderOf(paths, tick)}/${manifestName}`));
    if (found === null) return because(`its ${manifestName} is damaged`);
    if (!("tick" in found)) return because(`its format is ${found.format}, this build reads ${format}`);
    if (found.tick !== tick) return because(`it is of tick ${found.tick}`);
    if (found.schema > schemaVersion) {
      return because(`its graph is of version ${found.schema}, this build reads ${schemaVersion}`, found);
    }
    const { size } = Deno.statSync(path);
    if (size !== found.bytes) return because(`its graph has ${size} bytes, not ${found.bytes}`, found);
    const isOfLog = log === null || (tick < log.next && toHex(log.hashAt(tick)) === found.stateHash);
    return { tick, path, manifest: found, problem: isOfLog ? null : "the log does not have its state hash" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return because("a part of it is missing");
    throw ioRefusal(`Cannot read the checkpoint of tick ${tick}`, error);
  }
}

/** One as lists show it. */
function viewOf({ tick, manifest, problem }: Checkpoint): CheckpointView {
  const { stateHash = "", rowsHash = "", sha256 = "", bytes = 0, madeAt = "", version = "" } = manifest ?? {};
  return { tick, stateHash, rowsHash, sha256, bytes, madeAt, version, problem };
}

/** All of them by tick, looked at with the log of the folder. */
export function checkpointsOf(paths: DataPaths, log: Log | null): Checkpoint[] {
  return ticksIn(paths).map((tick) => look(paths, tick, log));
}

/** Does something with a log: one that is open, else the folder's, opened to read; with null where there is none. */
export function withLog<T>(paths: DataPaths, open: Log | undefined, work: (log: Log | null) => T): T {
  if (open !== undefined) return work(open);
  const log = exists(paths.log) ? openLog(realDisk(paths.root), { readOnly: true }) : null;
  try {
    return work(log);
  } finally {
    log?.close();
  }
}

/** The checkpoints of a folder by tick. Reads no graph; errors: those of opening the log. */
export function listCheckpoints(paths: DataPaths): CheckpointView[] {
  return withLog(paths, undefined, (log) => checkpointsOf(paths, log).map(viewOf));
}

/** Bytes of a file that are read at once. */
const readBytes = 1024 * 1024;

/** The sha256 of a file, in hex; `each` is given its bytes on the way. */
export function hashFile(path: string, each: (bytes: Uint8Array) => void = () => {}): string {
  const hash = createHash("sha256"), buffer = new Uint8Array(readBytes);
  const file = Deno.openSync(path, { read: true });
  try {
    for (let read = file.readSync(buffer); read !== null; read = file.readSync(buffer)) {
      hash.update(buffer.subarray(0, read));
      each(buffer.subarray(0, read));
    }
  } finally {
    file.close();
  }
  return hash.digest("hex");
}

/** What is wrong with one, its file read; null where nothing is. */
export function damageOf(one: Checkpoint): string | null {
  if (one.problem !== null || one.manifest === null) return one.problem;
  return hashFile(one.path) === one.manifest.sha256 ? null : "its graph does not have its sha256";
}

/** How to make one. */
export interface MakeOptions {
  readonly paths: DataPaths;
  /** The log of whoever owns the folder; by default the folder's, opened to read. */
  readonly log?: Log;
  /** When it is made, in ms since 1970; the clock's time where absent. */
  readonly now?: number;
}

/**
 * Makes a checkpoint of the memory graph as it is committed now; where there is a whole one of that tick, gives that.
 * Errors: `disk_full`, `io_failed`, `graph_corrupt`, `wrong_state` (an erasure is not finished), `checkpoint_busy`,
 * `file_not_found` (no graph).
 */
export function makeCheckpoint(options: MakeOptions): CheckpointMade {
  const { paths } = options;
  if (!exists(paths.graph)) {
    throw new EngramError(
      "file_not_found",
      `Cannot make a checkpoint: there is no memory graph in ${paths.root}`,
    );
  }
  return holding(paths, "make a checkpoint", () => {
    const there = withLog(paths, options.log, (log) => wholeOne(paths, log));
    if (there !== null) return { ...viewOf(there), created: false, removed: [] };
    requireRoom(paths);
    const scratch = folderOf(paths, scratchName), path = `${scratch}/${graphName}`;
    Deno.mkdirSync(scratch);
    copyGraphFile(paths.graph, path);
    // Opened only now: the log is never behind what was copied.
    const described = withLog(paths, options.log, (log) => describe(path, log));
    syncFile(path);
    const sha256 = hashFile(path);
    const manifest: Manifest = {
      ...described,
      bytes: Deno.statSync(path).size,
      sha256,
      madeAt: formatTime(options.now ?? liveEnv().clock()),
      version: buildInfo().version,
    };
    writeSynced(`${scratch}/${manifestName}`, `${JSON.stringify(manifest, null, 2)}\n`);
    const disk = realDisk(paths.checkpoints);
    disk.syncFolder(scratchName);
    const { tick } = manifest;
    const removed = ticksIn(paths).filter((one) => one !== tick).slice(
      0,
      -(checkpointLimits.checkpointsMax - 1),
    );
    if (exists(folderOf(paths, tick))) Deno.removeSync(folderOf(paths, tick), { recursive: true }); // a damaged one
    Deno.renameSync(scratch, folderOf(paths, tick));
    disk.syncFolder("");
    for (const one of removed) discard(paths, one);
    return { ...viewOf(look(paths, tick, null)), created: true, removed };
  });
}

function requireRoom(paths: DataPaths): void {
  const free = roomBytes(paths.root), needed = copyBytes(paths.graph);
  if (free - needed >= checkpointLimits.roomBytesMin) return;
  throw new EngramError(
    "disk_full",
    `Cannot make a checkpoint: it takes ${needed} bytes, ${free} are free, ${checkpointLimits.roomBytesMin} are to stay`,
    { needed, free },
  );
}

/** Does something with a graph's file, opened to read. */
export function withGraph<T>(path: string, work: (graph: Graph) => T): T {
  const graph = openGraph({ path, readOnly: true });
  try {
    return work(graph);
  } finally {
    graph.close();
  }
}

/** The whole checkpoint of the tick at which the memory graph stands, or null. */
function wholeOne(paths: DataPaths, log: Log | null): Checkpoint | null {
  const tick = withGraph(paths.graph, (graph) => graph.applied.index);
  if (!exists(folderOf(paths, tick))) return null;
  const found = look(paths, tick, log);
  return damageOf(found) === null ? found : null;
}

/** What a manifest says of a copied graph. */
function describe(
  path: string,
  log: Log | null,
): Pick<Manifest, "format" | "tick" | "stateHash" | "rowsHash" | "rows" | "schema"> {
  return withGraph(path, (graph) => {
    const { index: tick, hash } = graph.applied, stateHash = toHex(hash);
    if (log === null || tick < 0 || tick >= log.next || toHex(log.hashAt(tick)) !== stateHash) {
      throw new EngramError(
        "graph_corrupt",
        `Cannot make a checkpoint: the memory graph at tick ${tick} is not the log's`,
      );
    }
    if (graph.rows(erasingPrefix).length > 0) {
      throw new EngramError(
        "wrong_state",
        "Cannot make a checkpoint: an erasure is not finished",
        {},
        "It goes on by itself; try again shortly",
      );
    }
    const rows = rowsAt(graph, stateAt(graph, log, tick));
    return { format, tick, stateHash, rowsHash: hashOfRows(rows), rows, schema: schemaVersion };
  });
}

function syncFile(path: string): void {
  const file = Deno.openSync(path, { read: true, write: true });
  try {
    file.syncSync();
  } finally {
    file.close();
  }
}

function writeSynced(path: string, text: string): void {
  Deno.writeTextFileSync(path, text);
  syncFile(path);
}

/**
 * Removes the checkpoint of a tick. Errors: `checkpoint_not_found`; `checkpoint_busy` where another holds them for
 * longer than `waitMsMax`; `io_failed`.
 */
export function removeCheckpoint(
  paths: DataPaths,
  tick: number,
  waitMsMax: number = checkpointLimits.waitMsMax,
): { readonly tick: number } {
  const ticks = ticksIn(paths);
  if (!ticks.includes(tick)) throw notFound(`a checkpoint of tick ${tick}`, ticks);
  holding(paths, "remove the checkpoint", () => discard(paths, tick), waitMsMax);
  return { tick };
}

/**
 * Removes the checkpoints that may hold what an erasure erases: of the ticks from `since`, when the first of it was
 * told, up to the erasure's own. Gives their ticks; null where another holds them: it is to be done again.
 */
export function removeErased(
  paths: DataPaths,
  { since, tick }: { readonly since: number; readonly tick: number },
): readonly number[] | null {
  if (!exists(paths.checkpoints)) return [];
  const lock = takeLock(paths, checkpointLimits.erasureWaitMsMax);
  if (lock === null) return null;
  try {
    discard(paths, scratchName);
    const gone = ticksIn(paths).filter((one) => since <= one && one < tick);
    for (const one of gone) discard(paths, one);
    realDisk(paths.checkpoints).syncFolder("");
    return gone;
  } catch (error) {
    const refusal = ioRefusal("Cannot remove checkpoints", error);
    // Where a file that is read cannot be removed, it is later.
    if (refusal instanceof EngramError && refusal.code !== "disk_full") return null;
    throw refusal;
  } finally {
    lock.close();
  }
}
