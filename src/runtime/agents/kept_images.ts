/**
 * Kept images: which of the images that entries name stay in the blobs, and the removal of the others in idle moments.
 *
 * Owns: the choice, and what is remembered of it. Does not own: making and finding images (images.ts).
 *
 * Invariants:
 * 1. Of the n images that entries named of an agent since its load, the newest two stay, and of the others the k-th if k
 *    is a multiple of the greatest power of two not above n − k: log2(n) + 2 at most. Before any moment that lies d images
 *    back one stays that lies at most 3 d back, or it is the load: running a step again takes at most so many more steps.
 * 2. What went is never needed: without an image the one before is taken, and more steps are run again. An image that an
 *    erasure stored cannot be made again; it stays.
 * 3. The log alone decides. What is remembered of it lies under `local/`, no part of the state: without it, the log is
 *    read again. Files go first, then it is remembered: a crash between leaves names of files that are gone already.
 * 4. The same bytes may be an image of many: they go when none of them is to stay. So nothing goes before every entry there
 *    is has been looked at.
 */
import type { Graph } from "../../graph/mod.ts";
import { EngramError, type Entry, erasureOf, type State } from "../../kernel/mod.ts";
import type { Blobs, Log } from "../../log/mod.ts";
import { isImage } from "../../sandbox/mod.ts";
import { entriesFrom } from "../entries.ts";
import { agentAt, pack, type Row, tickInKey, unpack } from "../rows.ts";

/** Bounds of one {@link KeptImages.collect}; none changes what stays. */
export const keptImageLimits = {
  /** Entries looked at that were logged before the folder was opened: in an idle moment, else. */
  entriesIdleMax: 2000,
  entriesBusyMax: 200,
  /** Files removed. */
  filesMax: 128,
  /** Images named, and bytes of the memories they hold, after which no idle moment is waited for. */
  namedMax: 1024,
  namedBytesMax: 256 * 1024 * 1024,
} as const;

const progressKey = "local/images_seen";
/** A row an agent's load: {@link Life}. */
const lifePrefix = "local/images/";
/** A row an erasure, by its tick: the hashes it stored. */
const erasedPrefix = "local/images_erased/";

/** The images of an agent since one of its loads: how many were named, and those that stay. */
interface Life {
  named: number;
  kept: (readonly [nth: number, sha: string])[];
}

interface Named {
  readonly life: string;
  readonly sha: string;
}

/** Whether the k-th of n images of one life stays. */
export function stays(nth: number, named: number): boolean {
  const back = named - nth;
  return back < 2 || nth % 2 ** Math.floor(Math.log2(back)) === 0;
}

/** Whether a moment is one in which nobody waits, and how much there is time for. */
export type Moment = "idle" | "busy" | "closing";

/** The kept images of one data folder. */
export class KeptImages {
  readonly #graph: Graph;
  readonly #log: Log;
  readonly #blobs: Blobs;
  /** The first entry that is told by {@link note}; those before it are looked for in the log. */
  readonly #noted: number;
  /** The next entry to be looked for; null until the rows are read. */
  #next: number | null = null;
  readonly #lives = new Map<string, Life>();
  /** How many stay of each hash. */
  readonly #uses = new Map<string, number>();
  readonly #erased = new Set<string>();
  /** Hashes that may go, and whether an entry named them as images. */
  readonly #doubtful = new Map<string, boolean>();
  #isSwept = false;
  /** What was noted and not looked at. */
  #named: Named[] = [];
  #namedBytes = 0;
  #erasures: [tick: number, hashes: string[]][] = [];
  /** The last entry that was noted. */
  #notedTick = -1;
  /** Rows to be stored, by key. */
  #changed = new Map<string, unknown>();

  constructor(parts: { readonly graph: Graph; readonly log: Log; readonly blobs: Blobs }) {
    this.#graph = parts.graph;
    this.#log = parts.log;
    this.#blobs = parts.blobs;
    this.#noted = parts.log.next;
  }

  /** Tells of an entry that was just applied to a state. */
  note(entry: Entry, { agents }: State): void {
    this.#noteAll(entry, (id) => agents.get(id)?.loadedTick ?? null);
    this.#notedTick = entry.tick;
  }

  /** Tells that a tick was refused after its images were stored: no entry names them. */
  noteRefused(): void {
    this.#isSwept = false;
  }

  /** Whether so much waits that no idle moment is waited for. */
  get isDue(): boolean {
    const { namedMax, namedBytesMax, filesMax } = keptImageLimits;
    return this.#named.length >= namedMax || this.#namedBytes >= namedBytesMax ||
      this.#doubtful.size > filesMax;
  }

  /**
   * Removes images that need not stay; whether more is left to do. Between ticks only: every image that was stored has
   * been named by then. Errors: `disk_full` (files went all the same).
   */
  collect(moment: Moment): boolean {
    const { entriesIdleMax, entriesBusyMax } = keptImageLimits;
    if (moment === "closing" && this.#named.length === 0) return false;
    if (!this.#lookBack(moment === "busy" ? entriesBusyMax : entriesIdleMax)) return true;
    const isNew = this.#named.length + this.#erasures.length > 0;
    this.#settle();
    if (moment === "idle" && !this.#isSwept && !this.#blobs.waits) this.#sweep();
    if (!isNew && this.#doubtful.size === 0 && this.#changed.size === 0) return false;
    this.#log.sync(); // what stays is named by entries that are durable
    this.#remove();
    this.#remember();
    return [...this.#doubtful.keys()].some((sha) => !this.#blobs.writes(sha));
  }

  #noteAll(entry: Entry, loadOf: (agent: string) => number | null): void {
    for (const record of entry.steps) {
      const erasure = erasureOf(record);
      if (erasure !== null) this.#erasures.push([entry.tick, Object.values(erasure.images)]);
      if (record.image === null || record.agent === null) continue;
      const loadedTick = loadOf(record.agent);
      if (loadedTick === null) continue;
      this.#named.push({ life: `${record.agent}/${tickInKey(loadedTick)}`, sha: record.image });
      this.#namedBytes += record.pages * 65_536;
    }
  }

  /** Looks at entries from before the folder was opened; whether all are looked at. */
  #lookBack(entriesMax: number): boolean {
    this.#next ??= this.#read();
    if (this.#next >= this.#noted) return true;
    const noted = this.#named, erasures = this.#erasures;
    this.#named = [];
    this.#erasures = [];
    const end = Math.min(this.#noted, this.#next + entriesMax);
    for (const { entry } of entriesFrom(this.#log, this.#next)) {
      if (entry.tick >= end) break;
      this.#noteAll(entry, (id) => agentAt(this.#graph, id, entry.tick)?.agent.loadedTick ?? null);
    }
    this.#next = end;
    this.#settle();
    this.#named = noted;
    this.#erasures = erasures;
    return end === this.#noted;
  }

  /** Reads what is remembered; gives the first entry that was not looked at. */
  #read(): number {
    const row = this.#graph.row(progressKey);
    const seen = row === null ? -1 : Number(unpack(row));
    const lives = this.#graph.rows(lifePrefix), erased = this.#graph.rows(erasedPrefix);
    if (seen >= this.#noted) {
      // Of a log that was longer: it was cut since.
      for (const { key } of [...lives, ...erased]) this.#changed.set(key, null);
      return 0;
    }
    for (const { key, value } of lives) {
      const life = unpack(value) as Life;
      this.#lives.set(key.slice(lifePrefix.length), life);
      for (const [, sha] of life.kept) this.#use(sha);
    }
    for (const { value } of erased) for (const sha of unpack(value) as string[]) this.#erased.add(sha);
    return seen + 1;
  }

  #use(sha: string): void {
    this.#uses.set(sha, (this.#uses.get(sha) ?? 0) + 1);
  }

  /** Decides what was noted, in order. */
  #settle(): void {
    for (const { life: key, sha } of this.#named) {
      const life = this.#lives.get(key) ?? { named: 0, kept: [] };
      this.#lives.set(key, life);
      life.named++;
      life.kept.push([life.named, sha]);
      this.#use(sha);
      life.kept = life.kept.filter(([nth, one]) => stays(nth, life.named) || this.#drop(one));
      this.#changed.set(lifePrefix + key, life);
    }
    for (const [tick, hashes] of this.#erasures) {
      for (const sha of hashes) this.#erased.add(sha);
      this.#changed.set(erasedPrefix + tickInKey(tick), hashes);
    }
    this.#named = [];
    this.#namedBytes = 0;
    this.#erasures = [];
  }

  #drop(sha: string): false {
    const uses = (this.#uses.get(sha) ?? 1) - 1;
    if (uses > 0) this.#uses.set(sha, uses);
    else {
      this.#uses.delete(sha);
      this.#doubtful.set(sha, true);
    }
    return false;
  }

  /** Finds what crashes and refused ticks left of steps that were never logged, and of removals. */
  #sweep(): void {
    for (const sha of this.#blobs.hashes()) if (!this.#doubtful.has(sha)) this.#doubtful.set(sha, false);
    this.#isSwept = true;
  }

  #remove(): void {
    const gone: string[] = [];
    for (const [sha, isNamed] of this.#doubtful) {
      if (gone.length >= keptImageLimits.filesMax) break;
      if (this.#blobs.writes(sha)) continue; // its file would come after it was removed
      this.#doubtful.delete(sha);
      if (this.#uses.has(sha) || this.#erased.has(sha)) continue;
      // A file that no entry names may be the module of a load that waits.
      if (isNamed || isImage(this.#blobs.head(sha, 4))) gone.push(sha);
    }
    try {
      this.#blobs.removeSoon(gone);
    } catch (error) {
      // What cannot be removed now is found again when the folder is opened next.
      const isOfDisk = error instanceof EngramError &&
        (error.code === "io_failed" || error.code === "data_folder_read_only");
      if (!isOfDisk) throw error;
    }
  }

  #remember(): void {
    if (this.#notedTick >= this.#log.next) return; // an entry that a full disk keeps out of the log
    const rows: Row[] = [{ key: progressKey, value: pack(this.#log.next - 1) }];
    for (const [key, value] of this.#changed) rows.push({ key, value: value === null ? null : pack(value) });
    this.#graph.putRows(rows);
    this.#changed = new Map();
  }
}
