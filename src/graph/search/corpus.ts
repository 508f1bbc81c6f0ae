/**
 * What one search searches: the versions of one moment that one reader may see, with their own statistics.
 *
 * Owns: the index seen through a scope, versions scanned as of a tick, a step's staged engrams on top.
 * Does not own: scores (score.ts), filters and pages (search.ts).
 *
 * Invariants:
 * 1. Counts, lengths and postings speak of visible versions only, so no score tells of anything else.
 * 2. The three forms give the same answers for the same versions.
 */
import { sql } from "kysely";
import { assert, EngramError } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import {
  connectionTypes,
  type Engram,
  type EngramKind,
  engramKinds,
  timeSources,
} from "../../kernel/records.ts";
import {
  build,
  given,
  num,
  numOrNull,
  Query,
  type Row,
  type Sqlite,
  text,
  textOrNull,
} from "../file/sqlite.ts";
import { lengthOf, type PostingIndex, type Postings } from "../index/postings.ts";
import type { Threads } from "../index/threads.ts";
import { countWords, type Searchable } from "../index/words.ts";
import type { Scope, Scopes } from "../reads/scope.ts";
import { engramTexts } from "../reads/texts.ts";
import { versionsOf } from "./links.ts";

/** A version as filters and scores need it. Documents are numbered by rid; staged ones above all of those. */
export interface Document extends Searchable {
  readonly document: number;
  readonly id: Id;
  readonly key: number;
  readonly kind: EngramKind;
  readonly confidence: number;
  readonly fromTick: number;
  readonly texts: Engram | ReturnType<typeof engramTexts>;
  readonly threaded: boolean;
  /** Characters of its texts, about. */
  readonly chars: number;
  /** Set for a staged engram. */
  readonly staged: Engram | null;
}

/** What a recall needs of most documents. */
export type Glance = Pick<Document, "document" | "key" | "id" | "kind" | "staged">;

/** What stands beside a document in its thread, nearest first. */
export interface Neighbours {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Who supersedes, by the key of the superseded engram. */
export type Superseders = ReadonlyMap<number, readonly number[]>;

/** The versions a search searches. */
export interface Corpus {
  /** Documents are numbered below this. */
  readonly end: number;
  /** How many there are, and the sum of their lengths. */
  readonly documents: number;
  readonly lengthSum: number;
  /** Visible documents with this stem, ascending. */
  postings(stem: string): Postings;
  /** Marks by document as the index keeps them (postings.ts), those of documents that are not of this corpus too. */
  readonly marks: Uint32Array;
  /** Sum of weighted counts. */
  length(document: number): number;
  /** Those of `stems` that occur. */
  known(stems: ReadonlySet<string>): string[];
  load(document: number): Document;
  /** {@link load} for many at once, in any order. */
  loadAll(documents: readonly number[]): Document[];
  /** What is known of a document without reading it; null where it has to be read. */
  glance(document: number): Glance | null;
  /** The documents of engrams, by their keys; those of the corpus alone. */
  documentsOf(keys: readonly number[]): Map<number, number>;
  has(document: number): boolean;
  /** Visible documents of the same thread: one and two before, one and two after; null outside threads. */
  neighbours(document: number): Neighbours | null;
  /** Whether a live visible engram supersedes this one. */
  superseded(document: number): boolean;
}

/** The columns of {@link documentOf}. */
export const documentColumns = [
  "version.rid",
  "version.engram",
  "version.kind",
  "version.confidence",
  "version.from_tick",
  "version.texts",
  "version.observed_at",
  "version.time_source",
  "version.thread_hash",
  "version.position",
] as const;
const byRid = new Query(() =>
  build.selectFrom("engram_version as version")
    .select(documentColumns).where("version.rid", "=", given(0))
);
const byRids = new Query(() =>
  build.selectFrom("engram_version as version")
    .select(documentColumns)
    .where("version.rid", "in", sql<number>`(select value from json_each(${given<string>(0)}))`)
);
const asOfTick = new Query(() =>
  build.selectFrom("engram_version as version")
    .select(documentColumns).where("version.to_tick", ">", given(0)).where(
      "version.from_tick",
      "<=",
      given(0),
    )
    .where("version.rid", ">", given(1)).orderBy("version.rid").limit(given(2))
);
const idOfEngram = new Query(() => build.selectFrom("engram").select("id").where("key", "=", given(0)));
/** Rows read at once. */
const scannedRows = 1000;
const beside = (before: boolean) =>
  new Query(() =>
    build.selectFrom("engram_version").select("rid")
      .where("thread_hash", "=", given(0)).where("source_hash", "is", given(1))
      .where("position", before ? "<" : ">", given(2))
      .where("to_tick", ">", given(3)).where("from_tick", "<=", given(3))
      .orderBy("position", before ? "desc" : "asc").orderBy("engram").limit(2)
  );
const besideBefore = beside(true), besideAfter = beside(false);
const place = new Query(() =>
  build.selectFrom("engram_version").select(["thread_hash", "source_hash", "position"]).where(
    "rid",
    "=",
    given(0),
  )
);
const superseders = new Query(() =>
  build.selectFrom("connection_version").select(
    sql<string>`json_group_array(target || ':' || source)`.as("all"),
  )
    .where("type", "=", sql.lit(connectionTypes.supersedes))
    .where("to_tick", ">", given(0)).where("from_tick", "<=", given(0))
);

/** Every live `supersedes` connection of a tick. */
export function readSuperseders(db: Sqlite, tick: number): Superseders {
  const found = new Map<number, number[]>();
  const all: unknown = JSON.parse(text(db.get(superseders, [tick])?.[0]));
  assert(Array.isArray(all), "a list of connections is an array");
  for (const one of all) {
    const [target = 0, source = 0] = String(one).split(":").map(Number), sources = found.get(target);
    if (sources === undefined) found.set(target, [source]);
    else sources.push(source);
  }
  return found;
}

/** A stored version. Most are looked at without their ids and texts, which are read when they are asked for. */
class StoredDocument implements Document {
  readonly document: number;
  readonly key: number;
  readonly kind: EngramKind;
  readonly confidence: number;
  readonly fromTick: number;
  readonly observedAt: number | null;
  readonly timeSource: Document["timeSource"];
  readonly threaded: boolean;
  readonly chars: number;
  readonly staged = null;
  readonly #idOf: (key: number) => Id;
  #id: Id | null = null;
  /** Let go of once it is parsed. */
  #json: string | null;
  #texts: ReturnType<typeof engramTexts> | null = null;

  constructor(row: Row, idOf: (key: number) => Id) {
    this.#json = textOrNull(row[5]);
    this.#idOf = idOf;
    this.document = num(row[0]);
    this.key = num(row[1]);
    this.kind = engramKinds[num(row[2])] ?? "note";
    this.confidence = num(row[3]);
    this.fromTick = num(row[4]);
    this.observedAt = numOrNull(row[6]);
    this.timeSource = timeSources[num(row[7])] ?? "none";
    this.threaded = row[8] !== null && row[9] !== null;
    this.chars = this.#json?.length ?? 0;
  }

  get id(): Id {
    return this.#id ??= this.#idOf(this.key);
  }

  get texts(): ReturnType<typeof engramTexts> {
    if (this.#texts === null) {
      this.#texts = engramTexts(this.#json);
      this.#json = null;
    }
    return this.#texts;
  }
}

/** A stored version, from a row of {@link documentColumns}; `idOf` tells the id of an engram by its key. */
export function documentOf(row: Row, idOf: (key: number) => Id): Document {
  return new StoredDocument(row, idOf);
}

/** What the index alone tells of a document. */
class IndexedGlance implements Glance {
  readonly document: number;
  readonly key: number;
  readonly kind: EngramKind;
  readonly staged = null;
  readonly #idOf: (key: number) => Id;

  constructor(document: number, key: number, kind: EngramKind, idOf: (key: number) => Id) {
    this.document = document;
    this.key = key;
    this.kind = kind;
    this.#idOf = idOf;
  }

  get id(): Id {
    return this.#idOf(this.key);
  }
}

/** Reads ids; documents are kept longer than the corpus they were first read for, and hold on to no more than this. */
const idsOf = (db: Sqlite) => (key: number): Id => text(db.get(idOfEngram, [key])?.[0]);

/** What a corpus over stored rows is made of. */
export interface CorpusParts {
  readonly db: Sqlite;
  readonly scopes: Scopes;
  readonly scope: Scope;
  readonly superseders: Superseders;
}

/** What the forms of a corpus over stored rows share. */
abstract class StoredCorpus {
  protected readonly db: Sqlite;
  protected readonly idOf: (key: number) => Id;
  protected readonly scopes: Scopes;
  protected readonly scope: Scope;
  protected readonly superseders: Superseders;

  constructor({ db, scopes, scope, superseders }: CorpusParts) {
    this.db = db;
    this.idOf = idsOf(db);
    this.scopes = scopes;
    this.scope = scope;
    this.superseders = superseders;
  }

  abstract has(document: number): boolean;

  load(document: number): Document {
    const row = this.db.get(byRid, [document]);
    assert(row !== null, "an indexed version has its row");
    return documentOf(row, this.idOf);
  }

  loadAll(documents: readonly number[]): Document[] {
    return this.db.all(byRids, [JSON.stringify(documents)]).map((row) => documentOf(row, this.idOf));
  }

  protected abstract threaded(document: number): boolean;
  protected abstract key(document: number): number;

  neighbours(document: number): Neighbours | null {
    if (!this.threaded(document)) return null;
    const row = this.db.get(place, [document]);
    const thread = numOrNull(row?.[0]), source = numOrNull(row?.[1]), position = numOrNull(row?.[2]);
    if (thread === null || position === null) return null;
    const find = (query: Query) =>
      this.db.all(query, [thread, source, position, this.scope.tick])
        .map((found) => num(found[0])).filter((found) => this.has(found));
    return { before: find(besideBefore), after: find(besideAfter) };
  }

  documentsOf(keys: readonly number[]): Map<number, number> {
    return new Map(
      [...versionsOf(this.db, keys, this.scope.tick)].filter(([, document]) => this.has(document)),
    );
  }

  glance(_document: number): Glance | null {
    return null;
  }

  superseded(document: number): boolean {
    return (this.superseders.get(this.key(document)) ?? [])
      .some((key) => this.scopes.visible(key, this.scope));
  }
}

/** The rows of now, through the index. `visible` is a mask by engram key, or null for all; `threads` are null where too many. */
export class IndexCorpus extends StoredCorpus implements Corpus {
  readonly #index: PostingIndex;
  readonly #visible: Uint8Array | null;
  readonly #threads: Threads | null;
  readonly #live = (document: number): boolean => this.#index.live(document);
  readonly #seen = (document: number): boolean => this.has(document);
  readonly documents: number;
  readonly lengthSum: number;

  constructor(parts: CorpusParts, index: PostingIndex, visible: Uint8Array | null, threads: Threads | null) {
    super(parts);
    this.#index = index;
    this.#visible = visible;
    this.#threads = threads;
    let { documents, lengthSum } = visible === null ? index.sums : { documents: 0, lengthSum: 0 };
    if (visible !== null) {
      const { marks, engrams, end } = index;
      for (let rid = 0; rid < end; rid++) {
        const mark = marks[rid] ?? 0;
        if (mark === 0 || visible[engrams[rid] ?? 0] !== 1) continue;
        documents++;
        lengthSum += lengthOf(mark);
      }
    }
    this.documents = documents;
    this.lengthSum = lengthSum;
  }

  override documentsOf(keys: readonly number[]): Map<number, number> {
    const found = new Map<number, number>();
    for (const key of keys) {
      const document = this.#index.rid(key);
      if (document !== null && this.has(document)) found.set(key, document);
    }
    return found;
  }

  override glance(document: number): Glance | null {
    const kind = this.#index.kind(document);
    return kind === null ? null : new IndexedGlance(document, this.key(document), kind, this.idOf);
  }

  get end(): number {
    return this.#index.end;
  }

  get marks(): Uint32Array {
    return this.#index.marks;
  }

  override neighbours(document: number): Neighbours | null {
    if (this.#threads === null) return super.neighbours(document);
    if (!this.threaded(document)) return null;
    const found = this.#threads.beside(document, this.#live);
    if (found === null || this.#visible === null) return found;
    const { before, after } = found;
    return before.every(this.#seen) && after.every(this.#seen)
      ? found
      : { before: before.filter(this.#seen), after: after.filter(this.#seen) };
  }

  has(document: number): boolean {
    return this.#index.live(document) &&
      (this.#visible === null || this.#visible[this.#index.engram(document)] === 1);
  }

  length(document: number): number {
    return this.#index.length(document);
  }

  protected threaded(document: number): boolean {
    return this.#index.threaded(document);
  }

  protected key(document: number): number {
    return this.#index.engram(document);
  }

  postings(stem: string): Postings {
    const all = this.#index.postings(stem), { rids, counts } = all, visible = this.#visible;
    if (visible === null) return all;
    const kept = new Uint32Array(rids.length), keptCounts = new Uint8Array(rids.length);
    const { engrams } = this.#index;
    let size = 0;
    for (let at = 0; at < rids.length; at++) {
      const rid = rids[at] ?? 0;
      if (visible[engrams[rid] ?? 0] !== 1) continue;
      kept[size] = rid;
      keptCounts[size++] = counts[at] ?? 0;
    }
    return { rids: kept.subarray(0, size), counts: keptCounts.subarray(0, size) };
  }

  known(stems: ReadonlySet<string>): string[] {
    return this.#index.known(stems, 16);
  }
}

/** Documents counted in memory. */
class Counted {
  readonly #postings = new Map<string, { rids: number[]; counts: number[] }>();
  readonly documents = new Map<number, Document>();
  readonly #lengths = new Map<number, number>();
  lengthSum = 0;

  add(document: Document): void {
    const { counts, length } = countWords(document);
    this.documents.set(document.document, document);
    this.#lengths.set(document.document, length);
    this.lengthSum += length;
    for (const [stem, count] of counts) {
      let found = this.#postings.get(stem);
      if (found === undefined) this.#postings.set(stem, found = { rids: [], counts: [] });
      found.rids.push(document.document);
      found.counts.push(count);
    }
  }

  /** Many at once, in any order: those that are not here from `load`. */
  loadAll(documents: readonly number[], load: (others: readonly number[]) => Document[]): Document[] {
    const own: Document[] = [], others: number[] = [];
    for (const number of documents) {
      const document = this.documents.get(number);
      if (document === undefined) others.push(number);
      else own.push(document);
    }
    return others.length === 0 ? own : [...own, ...load(others)];
  }

  length(document: number): number {
    return this.#lengths.get(document) ?? 0;
  }

  /** Marks by document below `end`, those of `base` before its end. */
  marks(end: number, base: Uint32Array = new Uint32Array(0)): Uint32Array {
    const marks = new Uint32Array(end);
    marks.set(base);
    for (const [document, length] of this.#lengths) marks[document] = 1 + 2 * length;
    return marks;
  }

  postings(stem: string): Postings {
    const found = this.#postings.get(stem) ?? { rids: [], counts: [] };
    return { rids: Uint32Array.from(found.rids), counts: Uint8Array.from(found.counts) };
  }

  known(stems: ReadonlySet<string>): string[] {
    return [...stems].filter((stem) => this.#postings.has(stem));
  }
}

function tooMuchToScan(scannedCharsMax: number): EngramError {
  return new EngramError(
    "limit_reached",
    `Cannot search as of an earlier tick: the texts of then have more than ${scannedCharsMax} characters`,
    { scannedCharsMax },
    "Name a context, or search what holds now",
  );
}

/** The versions that held at a tick, scanned. */
export class ScannedCorpus extends StoredCorpus implements Corpus {
  readonly #counted = new Counted();
  readonly end: number;
  readonly marks: Uint32Array;

  /** `seen`: the scope of the reader, or the part of it that is searched. Refuses `limit_reached` beyond `charsMax`. */
  constructor(parts: CorpusParts, seen: Scope, charsMax: number) {
    super(parts);
    const { db, scopes } = parts;
    let last = -1, chars = 0, rows: Row[];
    do {
      rows = db.all(asOfTick, [seen.tick, last, scannedRows]);
      for (const row of rows) {
        const document = documentOf(row, this.idOf);
        last = document.document;
        if (!scopes.visible(document.key, seen)) continue;
        chars += document.chars;
        if (chars > charsMax) throw tooMuchToScan(charsMax);
        this.#counted.add(document);
      }
    } while (rows.length === scannedRows);
    this.end = last + 1;
    this.marks = this.#counted.marks(this.end);
  }

  override load(document: number): Document {
    return this.#counted.documents.get(document) ?? super.load(document);
  }

  override loadAll(documents: readonly number[]): Document[] {
    return this.#counted.loadAll(documents, (others) => super.loadAll(others));
  }

  protected threaded(document: number): boolean {
    return this.#counted.documents.get(document)?.threaded ?? false;
  }

  protected key(document: number): number {
    return this.#counted.documents.get(document)?.key ?? 0;
  }

  get documents(): number {
    return this.#counted.documents.size;
  }

  get lengthSum(): number {
    return this.#counted.lengthSum;
  }

  has(document: number): boolean {
    return this.#counted.documents.has(document);
  }

  length(document: number): number {
    return this.#counted.length(document);
  }

  postings(stem: string): Postings {
    return this.#counted.postings(stem);
  }

  known(stems: ReadonlySet<string>): string[] {
    return this.#counted.known(stems);
  }
}

/** A corpus with a step's own staged engrams: they hide what they replace. */
export class StagedCorpus implements Corpus {
  readonly #base: Corpus;
  readonly #counted = new Counted();
  readonly #hidden = new Set<number>();
  readonly documents: number;
  readonly lengthSum: number;
  readonly end: number;
  readonly marks: Uint32Array;

  /** `hidden` are documents of `base` that were replaced or deleted. */
  constructor(base: Corpus, staged: readonly Engram[], hidden: readonly number[], fromTick: number) {
    this.#base = base;
    let documents = base.documents, lengthSum = base.lengthSum;
    for (const document of hidden) {
      if (!base.has(document) || this.#hidden.has(document)) continue;
      this.#hidden.add(document);
      documents--;
      lengthSum -= base.length(document);
    }
    staged.forEach((engram, at) => this.#counted.add(stagedDocument(engram, base.end + at, fromTick)));
    this.documents = documents + staged.length;
    this.lengthSum = lengthSum + this.#counted.lengthSum;
    this.end = base.end + staged.length;
    this.marks = this.#counted.marks(this.end, base.marks.subarray(0, base.end));
  }

  has(document: number): boolean {
    return this.#counted.documents.has(document) || (this.#base.has(document) && !this.#hidden.has(document));
  }

  length(document: number): number {
    return document < this.#base.end ? this.#base.length(document) : this.#counted.length(document);
  }

  postings(stem: string): Postings {
    const { rids, counts } = this.#base.postings(stem), added = this.#counted.postings(stem);
    const kept: number[] = [], keptCounts: number[] = [];
    rids.forEach((rid, at) => {
      if (this.#hidden.has(rid)) return;
      kept.push(rid);
      keptCounts.push(counts[at] ?? 0);
    });
    kept.push(...added.rids);
    keptCounts.push(...added.counts);
    return { rids: Uint32Array.from(kept), counts: Uint8Array.from(keptCounts) };
  }

  known(stems: ReadonlySet<string>): string[] {
    return [...new Set([...this.#base.known(stems), ...this.#counted.known(stems)])];
  }

  load(document: number): Document {
    return this.#counted.documents.get(document) ?? this.#base.load(document);
  }

  loadAll(documents: readonly number[]): Document[] {
    return this.#counted.loadAll(documents, (others) => this.#base.loadAll(others));
  }

  glance(document: number): Glance | null {
    return document < this.#base.end ? this.#base.glance(document) : null;
  }

  documentsOf(keys: readonly number[]): Map<number, number> {
    return new Map([...this.#base.documentsOf(keys)].filter(([, document]) => this.has(document)));
  }

  neighbours(document: number): Neighbours | null {
    const found = document < this.#base.end ? this.#base.neighbours(document) : null;
    if (found === null) return null;
    const seen = (other: number) => !this.#hidden.has(other);
    return { before: found.before.filter(seen), after: found.after.filter(seen) };
  }

  superseded(document: number): boolean {
    const counted = this.#counted.documents.get(document);
    return counted === undefined ? this.#base.superseded(document) : counted.staged?.supersededBy !== null;
  }
}

/** A staged engram as a document. */
export function stagedDocument(engram: Engram, document: number, fromTick: number): Document {
  return {
    document,
    id: engram.id,
    key: 0,
    kind: engram.kind,
    confidence: engram.confidence,
    fromTick,
    texts: engram,
    observedAt: engram.observedAt === null ? null : Date.parse(engram.observedAt),
    timeSource: engram.timeSource,
    threaded: false,
    chars: engram.content.length,
    staged: engram,
  };
}
