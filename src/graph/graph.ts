/**
 * The engram graph on libSQL: what the log's entries made of it, to be read now or as of any tick.
 *
 * Owns: opening, the commit of an entry, kernel rows, parked images, upkeep.
 * Does not own: what an entry means (kernel), which entries there are (log).
 *
 * Invariants:
 * 1. One entry is one transaction: its writes, kernel rows, change list, `applied` index and hash, or nothing.
 * 2. Entries are applied once and in order: the next index is `applied.index + 1`.
 * 3. The file may be behind the log, never ahead: the log is synced before commit() is called, the graph is not.
 * 4. Every method is synchronous; a graph belongs to one thread. A read-only graph follows another's commits.
 * 5. The rows of a deferred entry are written before anything reads the file; only current engrams that are cached can
 *    be read before, and the cache has what the entry did to them.
 */
import { createHash } from "node:crypto";
import { assert, EngramError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import {
  type Author,
  type Connected,
  type Connection,
  type Context,
  type Engram,
  engramKinds,
  type Path,
  type Write,
} from "../kernel/records.ts";
import { Committer } from "./commit.ts";
import { copyRows, schemaOf } from "./file/copy.ts";
import { dropFreedPages, eraseRows } from "./file/erase.ts";
import {
  firstDifference,
  frame,
  type RowDifference,
  type RowHashes,
  rowHashes,
  type RowKind,
} from "./file/row_hashes.ts";
import { makeTables, migrate } from "./file/schema.ts";
import { build, busyWaitMsMax, bytesOf, given, num, Query, Sqlite, text } from "./file/sqlite.ts";
import { similarityOf, type Unembedded, unembedded, VectorIndex } from "./index/vectors.ts";
import { Changes, type ChangesOptions, type ChangesPage } from "./reads/changes.ts";
import { type EngramVersion, type NewestOptions, Reads, type ThreadOptions } from "./reads/reads.ts";
import { type Readable, Scopes } from "./reads/scope.ts";
import { type NeighborOptions, type PathOptions, Walks } from "./reads/walk.ts";
import { Links } from "./search/links.ts";
import { recall, type RecallQuery, type RecallResult } from "./search/recall.ts";
import { searchLimits } from "./search/score.ts";
import { Search, type SearchQuery, type SearchResult } from "./search/search.ts";

/** An agent's parked image: a cache beside the state, believed only if index and digest fit. */
export interface ParkedImage {
  /** Index of the entry of the agent's last completed step. */
  readonly completedIndex: number;
  readonly digest: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What one entry of the log does to the graph. */
export interface GraphEntry {
  readonly index: number;
  /** The chain hash at `index`; as the digests of payloads, read when the entry is written and not before. */
  readonly hash: Uint8Array;
  readonly tick: number;
  readonly steps: readonly { readonly author: Author; readonly writes: readonly Write[] }[];
  /** Kernel rows: the value from now on; null deletes. */
  readonly rows: readonly { readonly key: string; readonly value: Uint8Array | null }[];
  /** Images parked in the same transaction. */
  readonly images?: readonly (ParkedImage & { readonly agent: string })[];
}

/** How {@link openGraph} opens. */
export interface GraphOptions {
  /** A file, or ":memory:". */
  readonly path: string;
  /** A file whose rows a graph in memory begins with; it is only read. */
  readonly from?: string;
  /** Never writes; sees what another connection commits. Default false. */
  readonly readOnly?: boolean;
  /** Current engrams kept ready. Default 10,000; 0 keeps none. Changes no result. */
  readonly cacheEngramsMax?: number;
  /** Characters that a search as of an earlier tick reads at most. Default `searchLimits.scannedCharsMax`. */
  readonly scannedCharsMax?: number;
}

/** How a list of connections is asked for; `limit` defaults to 1,000. */
export interface ConnectionsOptions {
  readonly direction?: "out" | "in" | "both";
  readonly type?: string;
  readonly limit?: number;
  readonly asOf?: number;
  readonly readable?: Readable;
}

const putApplied = new Query(() =>
  build.replaceInto("meta").values([
    { name: "index", value: given(0) },
    { name: "hash", value: given<Uint8Array>(1) },
    { name: "tick", value: given(2) },
  ])
);
const getMeta = new Query(() =>
  build.selectFrom("meta").select("value").where("name", "=", given<string>(0))
);
const putRow = new Query(() =>
  build.replaceInto("kernel_row").values({ key: given<string>(0), value: given<Uint8Array>(1) })
);
const dropRow = new Query(() => build.deleteFrom("kernel_row").where("key", "=", given<string>(0)));
const getRow = new Query(() =>
  build.selectFrom("kernel_row").select("value").where("key", "=", given<string>(0))
);
const getRows = new Query(() =>
  build.selectFrom("kernel_row").select(["key", "value"]).where("key", ">=", given<string>(0))
    .where("key", "<", given<string>(1)).orderBy("key")
);
const putImage = new Query(() =>
  build.replaceInto("image").values({
    agent: given<string>(0),
    completed_index: given(1),
    digest: given<Uint8Array>(2),
    bytes: given<Uint8Array>(3),
  })
);
const getImage = new Query(() =>
  build.selectFrom("image").select(["completed_index", "digest", "bytes"]).where(
    "agent",
    "=",
    given<string>(0),
  )
);
const dropImage = new Query(() => build.deleteFrom("image").where("agent", "=", given<string>(0)));
const idsFrom = (["engram", "connection", "context"] as const).map((table) =>
  new Query(() =>
    build.selectFrom(table).select("id").where("id", ">=", given<string>(0)).where(
      "id",
      "<",
      given<string>(1),
    )
      .orderBy("id").limit(given(2))
  )
);

type Keys = { readonly key: number; readonly rid: number };
const noKeys: ReadonlyMap<Id, Keys> = new Map();

/** Changes of another connection that are followed one by one; beyond, what they may concern is read again. */
const changesFollowedMax = 1000;

/** How many entries' rows may wait, and how many rows of them. */
const deferredMax = 16, deferredWritesMax = 1024;

const countOf = (steps: GraphEntry["steps"]): number =>
  steps.reduce((sum, { writes }) => sum + writes.length, 0);

/** What comes after every text that begins with a prefix; after every text, where it is empty, come bytes. */
function endOf(prefix: string): string | Uint8Array {
  const last = prefix.charCodeAt(prefix.length - 1);
  assert(prefix === "" || last < 0x7f, "a prefix of keys ends with a letter of ASCII");
  return prefix === "" ? new Uint8Array() : prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

/** Opens a graph, making it if it is not there. */
export function openGraph(options: GraphOptions): Graph {
  return new Graph(options);
}

/** The graph of one data folder. Ticks given as `asOf` mean: after the entry of that tick. */
export class Graph {
  readonly #db: Sqlite;
  readonly #readOnly: boolean;
  readonly #scopes: Scopes;
  readonly #reads: Reads;
  readonly #walks: Walks;
  readonly #changes: Changes;
  readonly #search: Search;
  readonly #vectors: VectorIndex;
  readonly #links: Links;
  readonly #committer: Committer | null;
  #index = -1;
  #hash: Uint8Array = new Uint8Array(32);
  #tick = -1;
  #seenVersion: number | null = null;
  /** Entries that the cache has and the file has not. */
  #deferred: GraphEntry[] = [];
  /** How many of them, the first ones, are sealed. */
  #sealed = 0;
  #makeDurable: () => void = () => {};
  /** Keys of what is being deferred: the cache may let one go for another. */
  #held: ReadonlyMap<Id, Keys> = noKeys;

  constructor(options: GraphOptions) {
    this.#readOnly = options.readOnly ?? false;
    this.#db = new Sqlite(options.path);
    try {
      this.#configure();
      if (options.from !== undefined) {
        makeTables(this.#db, options.from, schemaOf(this.#db, options.from));
        copyRows(this.#db, options.from);
      }
      migrate(this.#db, this.#readOnly);
      this.#scopes = new Scopes(this.#db);
      this.#reads = new Reads(this.#db, this.#scopes, options.cacheEngramsMax ?? 10_000);
      this.#walks = new Walks(this.#db, this.#scopes, this.#reads);
      this.#changes = new Changes(this.#db, this.#scopes, this.#reads);
      const scannedCharsMax = options.scannedCharsMax ?? searchLimits.scannedCharsMax;
      this.#search = new Search(this.#db, this.#scopes, this.#reads, this.#readOnly, scannedCharsMax);
      this.#vectors = new VectorIndex(this.#db);
      this.#links = new Links(this.#db);
      this.#readApplied();
      this.#committer = this.#readOnly ? null : new Committer(this.#db, {
        engramChanged: (id) => this.#reads.forget(id),
        engramPut: (rid, tick, write, texts, by) => this.#reads.replaced(rid, tick, write, texts, by),
        keysOf: (id) => this.#held.get(id) ?? this.#reads.cached(id),
        connectionChanged: (source, target) => {
          this.#links.changed(source);
          this.#links.changed(target);
        },
        memberChanged: (context, engram, member) => this.#search.memberChanged(context, engram, member),
        supersessionChanged: () => this.#search.supersessionChanged(),
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  #configure(): void {
    this.#db.value(`pragma busy_timeout = ${busyWaitMsMax}`);
    this.#db.value("pragma cache_size = -65536");
    if (this.#readOnly) {
      this.#db.value("pragma query_only = 1");
      return;
    }
    this.#db.value("pragma journal_mode = wal");
    this.#db.value("pragma synchronous = normal");
    // Checkpoints run when the host is idle (maintain); the automatic one is only a bound for a host never idle.
    this.#db.value("pragma wal_autocheckpoint = 20000");
    this.#db.value("pragma secure_delete = fast");
  }

  #readApplied(): void {
    const meta = (name: string) => this.#db.get(getMeta, [name])?.[0];
    const index = meta("index");
    this.#index = typeof index === "number" ? index : -1;
    this.#hash = bytesOf(meta("hash")) ?? new Uint8Array(32);
    const tick = meta("tick");
    this.#tick = typeof tick === "number" ? tick : -1;
    this.#scopes.lastTick = this.#tick;
  }

  /** A read-only graph looks whether another connection committed, and reads in one snapshot. */
  #read<T>(work: () => T): T {
    if (!this.#readOnly) {
      this.#writeDeferred();
      return work();
    }
    return this.#db.transaction("read", () => {
      const seen = num(this.#db.value("pragma data_version"));
      if (seen !== this.#seenVersion) {
        const before = this.#index;
        this.#seenVersion = seen;
        this.#readApplied();
        this.#reads.reset();
        this.#scopes.reset();
        if (!this.#search.followed()) this.#vectors.reset();
        this.#links.followed(this.#changes.after(before, changesFollowedMax));
      }
      return work();
    });
  }

  /** The last entry applied: index −1 and 32 zero bytes when there is none. */
  get applied(): { readonly index: number; readonly hash: Uint8Array; readonly tick: number } {
    return this.#read(() => ({ index: this.#index, hash: this.#hash, tick: this.#tick }));
  }

  /** How many entries were taken by {@link defer} and are not committed yet. */
  get deferredCount(): number {
    return this.#deferred.length;
  }

  /**
   * Takes an entry whose rows can wait: it only changes engrams that are cached, and the cache then has the change. The
   * next commit or read writes the rows of all that wait, in one transaction. False, and nothing is done, where the
   * entry is not of that kind or enough are waiting. `makeDurable` is called before any of the rows is written.
   */
  defer(entry: GraphEntry, makeDurable: () => void = () => {}): boolean {
    const committer = this.#next(entry);
    const held = this.#deferred.length < deferredMax ? this.#cachedOf(entry) : null;
    const waiting = this.#deferred.reduce((sum, { steps }) => sum + countOf(steps), 0);
    if (held === null || waiting + held.size > deferredWritesMax) return false;
    this.#held = held;
    this.#apply(committer, entry);
    this.#held = noKeys;
    this.#deferred.push(entry);
    this.#makeDurable = makeDurable;
    return true;
  }

  /** What is deferred by now can be written by itself, by {@link writeSealed}; false where some is sealed already. */
  seal(): boolean {
    if (this.#sealed > 0 || this.#deferred.length === 0) return false;
    this.#committer?.seal();
    this.#sealed = this.#deferred.length;
    return true;
  }

  /** The last entry that is sealed; null where none is. */
  get lastSealed(): number | null {
    return this.#deferred[this.#sealed - 1]?.index ?? null;
  }

  /** Writes the rows of what is sealed, which the caller knows to be durable; how many entries. Refusals as commit(). */
  writeSealed(): number {
    const entries = this.#deferred.slice(0, this.#sealed), rest = this.#deferred.slice(this.#sealed);
    this.#bring(entries, (committer) => committer.writeSealed());
    this.#deferred = rest;
    return entries.length;
  }

  /** What is cached of the engrams that an entry changes, once each; null where it does anything else. */
  #cachedOf({ steps }: GraphEntry): ReadonlyMap<Id, Keys> | null {
    const held = new Map<Id, Keys>();
    for (const { writes } of steps) {
      for (const write of writes) {
        if (write.op !== "engram_put" || write.texts.erased || held.has(write.id)) return null;
        const cached = this.#reads.cached(write.id);
        if (cached === null) return null;
        held.set(write.id, cached);
      }
    }
    return held;
  }

  /** Applies one entry, in one transaction with those that were deferred. Refusals: `disk_full`, `io_failed`, `graph_corrupt`. */
  commit(entry: GraphEntry): void {
    this.#next(entry);
    this.#write(entry);
  }

  /** The committer, for an entry that is the next. */
  #next(entry: GraphEntry): Committer {
    const committer = this.#committer,
      last = this.#deferred.at(-1) ?? { index: this.#index, tick: this.#tick };
    assert(committer !== null, "commit() on a graph opened to read");
    assert(entry.index === last.index + 1, `entry ${entry.index} after ${last.index}`);
    assert(entry.tick >= last.tick, `tick ${entry.tick} after ${last.tick}`);
    return committer;
  }

  #apply(committer: Committer, { index, steps, tick }: GraphEntry): void {
    for (const { writes, author } of steps) {
      for (const write of writes) committer.apply(write, author, tick);
    }
    committer.finish(index);
  }

  #writeDeferred(): void {
    if (this.#deferred.length > 0) this.#write(null);
  }

  /** Brings the deferred entries and one more into the file. */
  #write(one: GraphEntry | null): void {
    const deferred = this.#deferred;
    if (deferred.length > 0) this.#makeDurable();
    this.#bring(one === null ? deferred : [...deferred, one], (committer) => {
      if (one !== null) this.#apply(committer, one);
      committer.write();
    });
  }

  /** Brings entries into the file; `write` does it for their writes. What is deferred is forgotten by then. */
  #bring(entries: readonly GraphEntry[], write: (committer: Committer) => void): void {
    const committer = this.#committer, last = entries.at(-1);
    assert(committer !== null && last !== undefined, "there is something to write, and it may be");
    this.#deferred = [];
    this.#sealed = 0;
    try {
      this.#db.transaction("write", () => {
        write(committer);
        for (const entry of entries) {
          this.#changes.add(entry.index, entry.tick, entry.steps.flatMap((step) => step.writes));
          this.#putRows(entry.rows);
          for (const image of entry.images ?? []) this.putImage(image.agent, image);
        }
        this.#db.run(putApplied, [last.index, last.hash, last.tick]);
      });
    } catch (error) {
      committer.reset();
      this.#scopes.reset();
      this.#reads.reset();
      this.#search.reset();
      this.#links.reset();
      throw error;
    }
    this.#index = last.index;
    this.#hash = last.hash.slice();
    this.#tick = last.tick;
    this.#scopes.lastTick = last.tick;
    this.#search.committed();
  }

  /** Stores kernel rows and images outside an entry, in one transaction: what the log can rebuild, kept for speed. */
  putRows(rows: GraphEntry["rows"], images: GraphEntry["images"] = []): void {
    this.#writeDeferred();
    this.#db.transaction("write", () => {
      this.#putRows(rows);
      for (const image of images) this.putImage(image.agent, image);
    });
  }

  #putRows(rows: GraphEntry["rows"]): void {
    for (const { key, value } of rows) {
      if (value === null) this.#db.run(dropRow, [key]);
      else this.#db.run(putRow, [key, value]);
    }
  }

  /** A kernel row, or null. */
  row(key: string): Uint8Array | null {
    return this.#read(() => bytesOf(this.#db.get(getRow, [key])?.[0]));
  }

  /** The kernel rows whose key begins with `prefix`, by key. */
  rows(prefix: string): { key: string; value: Uint8Array }[] {
    return this.#read(() =>
      this.#db.all(getRows, [prefix, endOf(prefix)]).flatMap(([name, bytes]) => {
        const value = bytesOf(bytes);
        return value === null ? [] : [{ key: text(name), value }];
      })
    );
  }

  /** Parks an image. */
  putImage(agent: string, image: ParkedImage): void {
    this.#db.run(putImage, [agent, image.completedIndex, image.digest, image.bytes]);
  }

  /** The parked image of an agent, or null. */
  image(agent: string): ParkedImage | null {
    return this.#read(() => {
      const row = this.#db.get(getImage, [agent]);
      if (row === null) return null;
      const digest = bytesOf(row[1]), bytes = bytesOf(row[2]);
      return digest === null || bytes === null ? null : { completedIndex: num(row[0]), digest, bytes };
    });
  }

  dropImage(agent: string): void {
    this.#db.run(dropImage, [agent]);
  }

  /** Empties the rows of erased payloads, by digest, and forgets parked images of agents. `dropFreedPages` follows. */
  erase(digests: readonly Uint8Array[], agents: readonly string[]): void {
    assert(!this.#readOnly, "erase() on a graph opened to read");
    this.#writeDeferred();
    eraseRows(this.#db, digests, agents);
    this.#reads.reset();
    this.#search.reset();
    this.#vectors.reset();
  }

  /** Leaves nothing in freed pages and in the journal; false while a reader keeps them: it is to be done again. */
  dropFreedPages(): boolean {
    assert(!this.#readOnly, "dropFreedPages() on a graph opened to read");
    return dropFreedPages(this.#db);
  }

  engram(id: Id, asOf?: number, readable?: Readable): Engram | null {
    const isCached = asOf === undefined && !this.#readOnly && this.#reads.cached(id) !== null;
    if (isCached) return this.#reads.engram(id, asOf, readable);
    return this.#read(() => this.#reads.engram(id, asOf, readable));
  }

  connection(id: Id, asOf?: number, readable?: Readable): Connection | null {
    return this.#read(() => this.#reads.connection(id, asOf, readable));
  }

  connectionBetween(
    source: Id,
    target: Id,
    type: string,
    asOf?: number,
    readable?: Readable,
  ): Connection | null {
    return this.#read(() => this.#reads.connectionBetween(source, target, type, asOf, readable));
  }

  /**
   * Connections of some types that hold now, by falling id, below `after`. It looks at every connection that is newer
   * than the last one given: for people, not for a tick.
   */
  connectionsOfTypes(
    types: readonly string[],
    options: { readonly after: Id | null; readonly limit: number },
  ): Connection[] {
    return this.#read(() => this.#reads.connectionsOfTypes(types, options.after, options.limit));
  }

  /** Connections of an engram by id, 1,000 at most unless told. */
  connectionsOf(id: Id, options: ConnectionsOptions = {}): Connection[] {
    return this.#read(() => this.#reads.connectionsOf(id, { limit: 1000, ...options }));
  }

  context(id: Id, asOf?: number): Context | null {
    return this.#read(() => this.#reads.context(id, asOf));
  }

  /** Of several with one name, the first made. */
  contextByName(name: string, asOf?: number): Context | null {
    return this.#read(() => this.#reads.contextByName(name, asOf));
  }

  /** The id of a context by its id, or else by its name: the first made of several; null where there is none. */
  contextIdOf(idOrName: string): Id | null {
    return this.#read(() => this.#reads.contextIdOf(idOrName));
  }

  /** By id; with a page, those after one id. */
  contexts(asOf?: number, page?: { readonly limit?: number; readonly after?: Id }): Context[] {
    return this.#read(() => this.#reads.contexts(asOf, page));
  }

  /** The contexts an engram is a member of. */
  contextsOf(engram: Id, asOf?: number): Id[] {
    return this.#read(() => this.#reads.contextsOf(engram, asOf));
  }

  isMember(context: Id, engram: Id, asOf?: number): boolean {
    return this.#read(() => this.#reads.isMember(context, engram, asOf));
  }

  contextAgents(context: Id, asOf?: number): { agent: string; access: "read" | "write" }[] {
    return this.#read(() => this.#reads.contextAgents(context, asOf));
  }

  contextsForAgent(agent: string, asOf?: number): { context: Id; access: "read" | "write" }[] {
    return this.#read(() => this.#reads.contextsForAgent(agent, asOf));
  }

  /** The engram with this source and ref (in that context, if given): the key by which imports repeat safely. */
  findByRef(source: string | null, ref: string, context?: Id, asOf?: number): Id | null {
    return this.#read(() => this.#reads.findByRef(source, ref, context, asOf));
  }

  /** The engram with this source and ref that was in that context and was deleted; null where one is there, or none was. */
  findForgotten(source: string, ref: string, context: Id, asOf?: number): Id | null {
    return this.#read(() => this.#reads.findForgotten(source, ref, context, asOf));
  }

  /** Members of a context in order of creation, after the engram `after`. */
  contextEngrams(
    context: Id,
    options: { limit: number; after?: Id; asOf?: number; readable?: Readable },
  ): Engram[] {
    return this.#read(() => this.#reads.contextEngrams(context, options));
  }

  /** Members of one kind that hold now, the newest made first, of the newest `lookedMax` members of a context. */
  newestIn(context: Id, options: NewestOptions): Engram[] {
    return this.#read(() => this.#reads.newestIn(context, options));
  }

  /** The engrams of a thread by position; of one source, if given. */
  thread(thread: string, options: Partial<ThreadOptions> = {}): Engram[] {
    return this.#read(() => this.#reads.thread(thread, { limit: Number.MAX_SAFE_INTEGER, ...options }));
  }

  neighbors(id: Id, options: NeighborOptions): Connected[] {
    return this.#read(() => this.#walks.neighbors(id, options));
  }

  paths(source: Id, target: Id, options: PathOptions): Path[] {
    return this.#read(() => this.#walks.paths(source, target, options));
  }

  /** Changes of ticks from `sinceTick` on, whole ticks; pass `nextTick` on to resume. */
  changes(
    sinceTick: number,
    limit: number,
    options: ChangesOptions = {},
  ): ChangesPage {
    return this.#read(() => this.#changes.page(sinceTick, limit, this.#tick, options));
  }

  /** Search over texts; see {@link SearchQuery}. */
  search(query: SearchQuery): SearchResult {
    return this.#read(() => this.#search.search(query));
  }

  /** What answers a question; see {@link RecallQuery}. */
  recall(query: RecallQuery): RecallResult {
    const parts = {
      db: this.#db,
      reads: this.#reads,
      search: this.#search,
      vectors: this.#vectors,
      links: this.#links,
    };
    return this.#read(() => recall(parts, query));
  }

  /** How near two engrams are in meaning, and by which model; null where a vector is missing. */
  similarity(
    id: Id,
    other: Id,
    asOf?: number,
  ): { readonly similarity: number; readonly model: string } | null {
    return this.#read(() => {
      const scope = this.#scopes.make(asOf, undefined);
      const one = this.#reads.stored(id, scope), two = this.#reads.stored(other, scope);
      return one === null || two === null ? null : similarityOf(this.#db, one.rid, two.rid, scope.tick);
    });
  }

  /** Engrams without a vector of a model, after a row; pass `next` on as `after`. */
  unembedded(
    model: string,
    after: number,
    limit: number,
  ): { readonly engrams: readonly Unembedded[]; readonly next: number; readonly count: number } {
    return this.#read(() => unembedded(this.#db, model, after, limit, engramKinds.indexOf("thing")));
  }

  /** Every version of an engram, oldest first. */
  versions(
    id: Id,
    readable?: Readable,
    page?: { readonly after?: number; readonly limit?: number },
  ): EngramVersion[] {
    return this.#read(() => this.#reads.versions(id, readable, page));
  }

  /** Ids that begin with `prefix`, of things that are or were, in order. */
  idsByPrefix(prefix: string, limit: number): Id[] {
    return this.#read(() =>
      idsFrom.flatMap((query) =>
        this.#db.all(query, [prefix, `${prefix}\uffff`, limit]).map((row) => text(row[0]))
      ).sort().slice(0, limit)
    );
  }

  /** Ids of engrams that are or were, in order, after `after`. */
  engramIdsAfter(after: Id, limit: number): Id[] {
    return this.#read(() => {
      const [engrams] = idsFrom;
      assert(engrams !== undefined, "the query for engram ids");
      return this.#db.all(engrams, [`${after}!`, "f", limit]).map((row) => text(row[0]));
    });
  }

  counts(asOf?: number): { engrams: number; connections: number; contexts: number } {
    return this.#read(() => {
      const { tick } = this.#scopes.make(asOf, null);
      const count = (table: string) =>
        num(
          this.#db.value(`select count(*) from ${table} where to_tick > ? and from_tick <= ?`, [tick, tick]),
        );
      return {
        engrams: count("engram_version"),
        connections: count("connection_version"),
        contexts: count("context_version"),
      };
    });
  }

  /** Throws `graph_corrupt` if the file is damaged. Reads all of it. */
  integrityCheck(): void {
    const says = this.#read(() => this.#db.rows("pragma integrity_check(1)")).map((row) => text(row[0]));
    if (says.length !== 1 || says[0] !== "ok") {
      throw new EngramError(
        "graph_corrupt",
        `Cannot trust the graph "${this.#db.path}": ${says[0] ?? "no answer"}`,
      );
    }
  }

  /** Hashes of the rows as of a tick, by kind (file/row_hashes.ts). Reads all of them. */
  rowHashes(asOf?: number): RowHashes {
    return this.#read(() => rowHashes(this.#db, asOf));
  }

  /** The first row of a kind as of a tick that another graph has not so; null where it has. */
  rowDifference(actual: Graph, kind: RowKind, asOf: number): RowDifference | null {
    return this.#read(() => actual.#read(() => firstDifference(this.#db, actual.#db, kind, asOf)));
  }

  /**
   * A hash of every row and of the kernel rows, but for keys under `local/`: equal for graphs made by the same entries,
   * whatever was erased from their texts after. Reads all of them.
   */
  rowsHash(): Uint8Array {
    const hash = createHash("sha256").update(JSON.stringify(this.rowHashes()));
    for (const { key, value } of this.rows("")) {
      if (!key.startsWith("local/")) hash.update(frame([key, value]));
    }
    return new Uint8Array(hash.digest());
  }

  /**
   * Upkeep for an idle moment: indexes up to 4,000 versions (some 100 ms); once all are, merges the index and moves
   * the journal into the file. True while there is more: call it again when idle.
   */
  maintain(): boolean {
    assert(!this.#readOnly, "maintain() on a graph opened to read");
    this.#writeDeferred();
    const more = this.#search.maintain();
    if (!more) this.#db.rows("pragma wal_checkpoint(passive)");
    return more;
  }

  close(): void {
    this.#db.close();
  }
}
