/**
 * The inverted index: for each stem, the version rows that have it, with weighted counts.
 *
 * Owns: segments of postings, pages of lengths, what is still to be indexed, merging.
 * Does not own: scores (search/score.ts), what may be seen (search/corpus.ts).
 *
 * Invariants:
 * 1. What is to be indexed is told by the rows alone: versions above `indexed`, and `document_ended`. A commit does
 *    no index work, a kill loses none; catchUp() does it before a search or when idle, in its own transaction.
 * 2. Segments follow each other in order of rid, so merging neighbours appends.
 * 3. A row's mark is 0 when it is not to be found (ended, or not indexed), else 1 + 2 × length + whether it has a
 *    place in a thread, and above those bits 1 + its kind, or 0 where an earlier build indexed it.
 * 4. Counts, lengths and results do not depend on when catching up or merging happened, nor on what is kept decoded:
 *    commits add to that, and only erasing or a rollback throws it away.
 */
import { sql } from "kysely";
import { assert } from "../../kernel/errors.ts";
import { type EngramKind, engramKinds, timeSources } from "../../kernel/records.ts";
import { forever } from "../file/schema.ts";
import {
  build,
  bytesOf,
  given,
  num,
  numOrNull,
  Query,
  type Row,
  type Sqlite,
  text,
  textOrNull,
} from "../file/sqlite.ts";
import { engramTexts } from "../reads/texts.ts";
import { withRoom } from "./room.ts";
import { countWords } from "./words.ts";

/** Rows that have a stem, ascending, and their weighted counts. */
export interface Postings {
  readonly rids: Uint32Array;
  readonly counts: Uint8Array;
}

/** Bounds of the index; none changes a result. */
export const indexLimits = {
  /** Versions in one new segment. */
  segmentDocumentsMax: 4_000,
  /** Segments of similar size before they are merged. */
  segmentsMax: 8,
  /** Versions below which a merge may happen before a search, not only when idle. */
  quickMergeDocumentsMax: 4_000,
  /** Postings kept decoded, five bytes each. */
  cachedPostingsMax: 4_000_000,
} as const;

/** What one stem costs beside its postings, in postings. */
const keptOverhead = 32;

const pageRows = 1024;

const getState = new Query(() =>
  build.selectFrom("meta").select(["name", "value"]).where("name", "in", [
    "indexed",
    "index_runs",
    "erasures",
  ])
);
const putState = new Query(() =>
  build.replaceInto("meta").values([
    { name: "indexed", value: given(0) },
    { name: "index_runs", value: given(1) },
  ])
);
const lastRid = new Query(() => build.selectFrom("engram_version").select((e) => e.fn.max("rid").as("rid")));
const pending = new Query(() =>
  build.selectFrom("engram_version").select([
    "rid",
    "engram",
    "texts",
    "observed_at",
    "time_source",
    "to_tick",
    "thread_hash",
    "position",
    "kind",
  ])
    .where("rid", ">", given(0)).orderBy("rid").limit(given(1))
);
const endedRows = new Query(() => build.selectFrom("document_ended").select("rids"));
const dropEnded = new Query(() => build.deleteFrom("document_ended"));
const pages = new Query(() =>
  build.selectFrom("document_page").select(["page", "marks", "engrams"]).orderBy("page")
);
const putPage = new Query(() =>
  build.replaceInto("document_page").values({
    page: given(0),
    marks: given<Uint8Array>(1),
    engrams: given<Uint8Array>(2),
  })
);
const segments = new Query(() =>
  build.selectFrom("segment").select(["segment", "documents"]).orderBy("segment")
);
const addSegment = new Query(() =>
  build.insertInto("segment").values({ segment: given(0), documents: given(1) })
);
const dropSegment = new Query(() => build.deleteFrom("segment").where("segment", "=", given(0)));
const dropPostings = new Query(() => build.deleteFrom("posting").where("segment", "=", given(0)));
const addPosting = new Query(() =>
  build.insertInto("posting").values({
    segment: given(0),
    stem: given<string>(1),
    documents: given(2),
    bytes: given<Uint8Array>(3),
  })
);
const getPosting = new Query(() =>
  build.selectFrom("posting").select(["documents", "bytes"])
    .where("segment", "=", given(0)).where("stem", "=", given<string>(1))
);
const nextPostings = new Query(() =>
  build.selectFrom("posting").select(["stem", "bytes", "documents"])
    .where("segment", "=", given(0)).where("stem", ">", given<string>(1)).orderBy("stem").limit(given(2))
);
const knownStems = new Query(() =>
  build.selectFrom("posting").select((e) => ["stem", e.fn.sum<number>("documents").as("n")])
    .where("segment", "in", build.selectFrom("segment").select("segment"))
    .where("stem", "in", sql<string>`(select value from json_each(${given<string>(0)}))`)
    .groupBy("stem").orderBy("n", "desc").orderBy("stem").limit(given(1))
);

/** Postings being written: each rid as the distance from the one before, then its count, as varints. */
class PostingWriter {
  #bytes = new Uint8Array(16);
  #size = 0;
  #last = 0;
  documents = 0;

  add(rid: number, count: number): void {
    if (this.#size + 7 > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    let distance = rid - this.#last;
    while (distance > 127) {
      this.#bytes[this.#size++] = (distance & 127) | 128;
      distance >>>= 7;
    }
    this.#bytes[this.#size++] = distance;
    this.#bytes[this.#size++] = count;
    this.#last = rid;
    this.documents++;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
}

/** Reads postings into `rids` and `counts` from `at`; gives the next free place. */
function readPostings(bytes: Uint8Array, rids: Uint32Array, counts: Uint8Array, at: number): number {
  let rid = 0;
  for (let place = 0; place < bytes.length; at++) {
    let distance = 0, shift = 0, byte = bytes[place++] ?? 0;
    while (byte > 127) {
      distance += (byte & 127) * 2 ** shift;
      shift += 7;
      byte = bytes[place++] ?? 0;
    }
    rid += distance + byte * 2 ** shift;
    rids[at] = rid;
    counts[at] = bytes[place++] ?? 0;
  }
  return at;
}

/** Bits of a mark below its kind. */
const kindShift = 28, belowKind = 2 ** kindShift - 1;
/** Longer texts count as so long. */
const lengthMax = 2 ** (kindShift - 2);

/** The length that a row's mark tells of. */
export const lengthOf = (mark: number): number => ((mark & belowKind) - 1) >>> 1;

const markOf = (length: number, threaded: boolean, kind: number) =>
  1 + 2 * Math.min(length, lengthMax) + (threaded ? 1 : 0) + (kind + 1) * 2 ** kindShift;

/** Postings as they were read, with room for more. */
interface Kept {
  rids: Uint32Array;
  counts: Uint8Array;
  size: number;
  /** The last row that was indexed then, and the newest segment. */
  indexed: number;
  segment: number;
  /** {@link PostingIndex} had so many ends when those that have ended were left out. */
  ends: number;
}

/** The index of one graph. */
export class PostingIndex {
  readonly #db: Sqlite;
  readonly #readOnly: boolean;
  #loaded = false;
  #dirty = true;
  #indexed = 0;
  #runs = 0;
  #erasures = 0;
  #segments: { segment: number; documents: number }[] = [];
  #marks = new Uint32Array(pageRows);
  #engrams = new Uint32Array(pageRows);
  /** By engram: its last row. */
  #rids = new Uint32Array(pageRows);
  #end = 0;
  /** Counts the moments at which rows ended. */
  #ends = 0;
  #sums: { readonly documents: number; readonly lengthSum: number } | null = null;
  #cache = new Map<string, Kept>();
  #cached = 0;
  /** Versions that a read-only graph can't write into the index, up to the row `#extraTo`. */
  #extra = new Map<string, PostingWriter>();
  #extraMarks = new Map<number, { readonly mark: number; readonly engram: number }>();
  #extraTo = 0;

  constructor(db: Sqlite, readOnly: boolean) {
    this.#db = db;
    this.#readOnly = readOnly;
  }

  /** Forgets everything read: after a rollback, or an erasure. */
  reset(): void {
    this.#loaded = false;
    this.#dirty = true;
    this.#cache.clear();
    this.#cached = 0;
    this.#forgetExtra();
  }

  #forgetExtra(): void {
    this.#extra.clear();
    this.#extraMarks.clear();
    this.#extraTo = 0;
  }

  /** A commit may have left something to index. */
  committed(): void {
    this.#dirty = true;
  }

  /** Another connection committed. False where it erased: then nothing read before counts. */
  followed(): boolean {
    if (!this.#loaded) return true;
    const { indexed, runs, erasures } = this.#state();
    if (erasures !== this.#erasures || indexed < this.#indexed) return false;
    this.#dirty = true;
    if (runs !== this.#runs) this.#load();
    return true;
  }

  /** Row numbers are below this. */
  get end(): number {
    return this.#end;
  }

  /** Marks by row; to be read at once. */
  get marks(): Uint32Array {
    return this.#marks;
  }

  /** How many rows can be found, and the sum of their lengths. */
  get sums(): { readonly documents: number; readonly lengthSum: number } {
    if (this.#sums !== null) return this.#sums;
    let documents = 0, lengthSum = 0;
    for (let rid = 0; rid < this.#end; rid++) {
      if (!this.live(rid)) continue;
      documents++;
      lengthSum += this.length(rid);
    }
    return this.#sums = { documents, lengthSum };
  }

  /** Whether this row can be found. */
  live(rid: number): boolean {
    return (this.#marks[rid] ?? 0) !== 0;
  }

  /** Sum of the weighted counts of a live row. */
  length(rid: number): number {
    return lengthOf(this.#marks[rid] ?? 1);
  }

  /** Whether a live row has a place in a thread. */
  threaded(rid: number): boolean {
    return ((((this.#marks[rid] ?? 1) & belowKind) - 1) & 1) === 1;
  }

  /** The kind of a live row, or null where it is not known here. */
  kind(rid: number): EngramKind | null {
    return engramKinds[((this.#marks[rid] ?? 0) >>> kindShift) - 1] ?? null;
  }

  /** Key of the engram of a row. */
  engram(rid: number): number {
    return this.#engrams[rid] ?? 0;
  }

  /** Keys of engrams by row; to be read at once. */
  get engrams(): Uint32Array {
    return this.#engrams;
  }

  /** The row that holds of an engram, by its key; null where none does. */
  rid(engram: number): number | null {
    const rid = this.#rids[engram] ?? 0;
    return rid !== 0 && this.live(rid) && this.engram(rid) === engram ? rid : null;
  }

  #state(): { readonly indexed: number; readonly runs: number; readonly erasures: number } {
    const state = new Map(this.#db.all(getState).map(([name, value]) => [name, value]));
    const number = (name: string) => numOrNull(state.get(name)) ?? 0;
    return { indexed: number("indexed"), runs: number("index_runs"), erasures: number("erasures") };
  }

  /** Reads the pages again; what is decoded of the segments stays, for they only append. */
  #load(): void {
    const { indexed, runs, erasures } = this.#state();
    if (indexed !== this.#indexed) this.#forgetExtra();
    this.#indexed = indexed;
    this.#runs = runs;
    this.#erasures = erasures;
    this.#segments = this.#db.all(segments).map(([segment, documents]) => ({
      segment: num(segment),
      documents: num(documents),
    }));
    this.#marks = new Uint32Array(pageRows);
    this.#engrams = new Uint32Array(pageRows);
    this.#end = this.#indexed + 1;
    this.#reserve(this.#end);
    for (const [page, marks, engrams] of this.#db.all(pages)) {
      const at = num(page) * pageRows;
      this.#reserve(at + pageRows);
      this.#marks.set(wordsOf(bytesOf(marks)), at);
      this.#engrams.set(wordsOf(bytesOf(engrams)), at);
    }
    for (let rid = 1; rid < this.#end; rid++) if (this.live(rid)) this.#names(rid);
    for (const [rid, { mark, engram }] of this.#extraMarks) this.#take(rid, engram, mark);
    this.#ends++;
    this.#sums = null;
    this.#loaded = true;
  }

  /** A row has come: of an engram, with a mark. */
  #take(rid: number, engram: number, mark: number): void {
    this.#reserve(rid);
    this.#end = Math.max(this.#end, rid + 1);
    this.#engrams[rid] = engram;
    this.#marks[rid] = mark;
    if (mark !== 0) this.#names(rid);
  }

  /** A live row is the one of its engram. */
  #names(rid: number): void {
    const engram = this.engram(rid);
    this.#rids = withRoom(this.#rids, engram + 1);
    this.#rids[engram] = rid;
  }

  #reserve(rid: number): void {
    if (rid < this.#marks.length) return;
    const size = Math.ceil((Math.max(rid, this.#marks.length * 1.5) + 1) / pageRows) * pageRows;
    const marks = new Uint32Array(size), engrams = new Uint32Array(size);
    marks.set(this.#marks);
    engrams.set(this.#engrams);
    this.#marks = marks;
    this.#engrams = engrams;
  }

  /** Takes in what was committed since; after it, every read speaks of the rows of now. */
  catchUp(): void {
    if (!this.#loaded) this.#load();
    if (!this.#dirty) return;
    this.#sums = null;
    if (this.#readOnly) this.#takeExtra();
    else if (this.#behind()) this.#write(() => this.#index(Infinity));
    this.#dirty = false;
  }

  #write(work: () => void): void {
    try {
      this.#db.transaction("write", work);
    } catch (error) {
      this.reset();
      throw error;
    }
  }

  #behind(): boolean {
    const last = numOrNull(this.#db.get(lastRid)?.[0]) ?? 0;
    return last > this.#indexed || this.#db.get(endedRows) !== null;
  }

  /** Versions up to a row that ended since; later ones are seen to have ended when they are read. */
  #ended(last: number): number[] {
    return this.#db.all(endedRows).flatMap(([json]) => {
      const rids: unknown = JSON.parse(text(json));
      assert(Array.isArray(rids), "a list of rows is an array");
      return rids.filter((rid): rid is number => typeof rid === "number" && rid <= last);
    });
  }

  /** Indexes `segmentsMax` batches of versions at most. */
  #index(segmentsMax: number): void {
    const touched = new Set<number>();
    for (const rid of this.#ended(this.#indexed)) {
      this.#marks[rid] = 0;
      this.#ends++;
      touched.add(Math.floor(rid / pageRows));
    }
    for (let batch = 0; batch < segmentsMax; batch++) {
      const rows = this.#db.all(pending, [this.#indexed, indexLimits.segmentDocumentsMax]);
      const last = rows.at(-1);
      if (last === undefined) break;
      const writers = new Map<string, PostingWriter>();
      const documents = this.#count(rows, writers, touched);
      if (documents > 0) this.#addSegment(writers, documents);
      this.#indexed = num(last[0]);
    }
    this.#db.run(dropEnded);
    for (const page of touched) this.#writePage(page);
    this.#merge(indexLimits.quickMergeDocumentsMax);
    this.#countRun();
  }

  /** Tells who reads the file that segments or pages are others. */
  #countRun(): void {
    this.#db.run(putState, [this.#indexed, ++this.#runs]);
  }

  /** Counts the words of live rows into `writers`; gives how many rows were live. */
  #count(rows: readonly Row[], writers: Map<string, PostingWriter>, touched: Set<number>): number {
    let documents = 0;
    for (const row of rows) {
      const rid = num(row[0]), engram = num(row[1]), isLive = num(row[5]) === forever;
      touched.add(Math.floor(rid / pageRows));
      if (!isLive) {
        this.#take(rid, engram, 0);
        continue;
      }
      documents++;
      const { counts, length } = countWords({
        texts: engramTexts(textOrNull(row[2])),
        observedAt: numOrNull(row[3]),
        timeSource: timeSources[num(row[4])] ?? "none",
      });
      this.#take(rid, engram, markOf(length, row[6] !== null && row[7] !== null, num(row[8])));
      for (const [stem, count] of counts) {
        let writer = writers.get(stem);
        if (writer === undefined) writers.set(stem, writer = new PostingWriter());
        writer.add(rid, count);
      }
    }
    return documents;
  }

  #takeExtra(): void {
    const from = Math.max(this.#extraTo, this.#indexed);
    for (const rid of this.#ended(from)) {
      if (!this.live(rid)) continue;
      this.#marks[rid] = 0;
      this.#extraMarks.set(rid, { mark: 0, engram: this.engram(rid) });
      this.#ends++;
    }
    const rows = this.#db.all(pending, [from, -1]);
    this.#count(rows, this.#extra, new Set());
    for (const row of rows) {
      const rid = num(row[0]);
      this.#extraMarks.set(rid, { mark: this.#marks[rid] ?? 0, engram: this.engram(rid) });
      this.#extraTo = rid;
    }
  }

  #addSegment(writers: Map<string, PostingWriter>, documents: number): void {
    const segment = (this.#segments.at(-1)?.segment ?? 0) + 1;
    this.#db.run(addSegment, [segment, documents]);
    for (const stem of [...writers.keys()].sort()) {
      const writer = writers.get(stem);
      if (writer === undefined) continue;
      this.#db.run(addPosting, [segment, stem, writer.documents, writer.bytes()]);
    }
    this.#segments.push({ segment, documents });
  }

  #writePage(page: number): void {
    const from = page * pageRows, to = from + pageRows;
    this.#reserve(to);
    this.#db.run(putPage, [page, bytesAt(this.#marks, from, to), bytesAt(this.#engrams, from, to)]);
  }

  /** Merges the newest segments while there are too many of similar size, up to `documentsMax` versions; whether it did. */
  #merge(documentsMax: number): boolean {
    let merged = false;
    for (let size = indexLimits.segmentsMax; size <= documentsMax; size *= indexLimits.segmentsMax) {
      let first = this.#segments.length;
      while (first > 0 && (this.#segments[first - 1]?.documents ?? Infinity) <= size) first--;
      if (this.#segments.length - first < indexLimits.segmentsMax) continue;
      this.#mergeFrom(first);
      merged = true;
    }
    return merged;
  }

  #mergeFrom(first: number): void {
    const merged = this.#segments.slice(first);
    const segment = (merged.at(-1)?.segment ?? 0) + 1;
    const sources = merged.map((one) => new SegmentCursor(this.#db, one.segment));
    for (;;) {
      let stem: string | null = null;
      for (const { head } of sources) {
        if (head !== null && (stem === null || head.stem < stem)) stem = head.stem;
      }
      if (stem === null) break;
      const writer = new PostingWriter();
      for (const source of sources) {
        if (source.head?.stem !== stem) continue;
        const { rids, counts } = decode([source.head]);
        rids.forEach((rid, at) => {
          if (this.#marks[rid] !== 0) writer.add(rid, counts[at] ?? 0);
        });
        source.next();
      }
      if (writer.documents > 0) this.#db.run(addPosting, [segment, stem, writer.documents, writer.bytes()]);
    }
    for (const one of merged) {
      this.#db.run(dropPostings, [one.segment]);
      this.#db.run(dropSegment, [one.segment]);
    }
    const documents = merged.reduce((sum, one) => sum + one.documents, 0);
    this.#db.run(addSegment, [segment, documents]);
    this.#segments.splice(first, merged.length, { segment, documents });
  }

  /** Catches up by one batch, or merges once it has caught up; true while there is more to index. */
  maintain(): boolean {
    if (!this.#loaded) this.#load();
    if (this.#dirty && this.#behind()) {
      this.#sums = null;
      this.#write(() => this.#index(1));
      if (this.#behind()) return true;
    }
    this.#dirty = false;
    this.#write(() => {
      if (this.#merge(Number.MAX_SAFE_INTEGER / indexLimits.segmentsMax)) this.#countRun();
    });
    return false;
  }

  /** Live rows with a stem. */
  postings(stem: string): Postings {
    const { rids, counts, size } = this.#kept(stem), extra = this.#extra.get(stem);
    const kept = { rids: rids.subarray(0, size), counts: counts.subarray(0, size) };
    if (extra === undefined) return kept;
    const more = decode([{ documents: extra.documents, bytes: extra.bytes() }]);
    const moreSize = this.#withoutEnded(more, more.rids.length);
    const all = { rids: new Uint32Array(size + moreSize), counts: new Uint8Array(size + moreSize) };
    all.rids.set(kept.rids);
    all.rids.set(more.rids.subarray(0, moreSize), size);
    all.counts.set(kept.counts);
    all.counts.set(more.counts.subarray(0, moreSize), size);
    return all;
  }

  /** What the segments have of a stem, those left out that have ended. */
  #kept(stem: string): Kept {
    let kept = this.#cache.get(stem);
    if (kept === undefined) {
      kept = {
        rids: new Uint32Array(0),
        counts: new Uint8Array(0),
        size: 0,
        indexed: 0,
        segment: 0,
        ends: 0,
      };
      this.#cache.set(stem, kept);
      this.#cached += keptOverhead;
    }
    if (kept.indexed < this.#indexed) this.#readMore(stem, kept);
    if (kept.ends !== this.#ends) {
      kept.size = this.#withoutEnded(kept, kept.size);
      kept.ends = this.#ends;
    }
    return kept;
  }

  /** Reads the segments that have come since; rows that were read before may stand in them again, merged. */
  #readMore(stem: string, kept: Kept): void {
    const parts: Part[] = [];
    for (const { segment } of this.#segments) {
      if (segment <= kept.segment) continue;
      const row = this.#db.get(getPosting, [segment, stem]), bytes = bytesOf(row?.[1]);
      if (row !== null && bytes !== null) parts.push({ documents: num(row[0]), bytes });
    }
    const more = decode(parts);
    let from = 0;
    while (from < more.rids.length && (more.rids[from] ?? 0) <= kept.indexed) from++;
    const size = kept.size + more.rids.length - from;
    if (size > kept.rids.length) {
      // What is read for the first time mostly stays as it is.
      const room = kept.size === 0 ? size : Math.ceil(size * 1.25);
      const rids = new Uint32Array(room), counts = new Uint8Array(room);
      rids.set(kept.rids.subarray(0, kept.size));
      counts.set(kept.counts.subarray(0, kept.size));
      this.#cached += room - kept.rids.length;
      kept.rids = rids;
      kept.counts = counts;
    }
    kept.rids.set(more.rids.subarray(from), kept.size);
    kept.counts.set(more.counts.subarray(from), kept.size);
    kept.size = size;
    kept.indexed = this.#indexed;
    kept.segment = this.#segments.at(-1)?.segment ?? 0;
    // Segments have rows that ended before they were merged.
    kept.ends = -1;
    this.#makeRoom();
  }

  /** Forgets what was read first, but for the newest. */
  #makeRoom(): void {
    for (const [stem, { rids }] of this.#cache) {
      if (this.#cached <= indexLimits.cachedPostingsMax || this.#cache.size === 1) return;
      this.#cache.delete(stem);
      this.#cached -= rids.length + keptOverhead;
    }
  }

  /** Moves the live ones of the first `size` to the front, in place; how many they are. */
  #withoutEnded({ rids, counts }: Postings, size: number): number {
    const marks = this.#marks;
    let live = 0;
    for (let at = 0; at < size; at++) {
      const rid = rids[at] ?? 0;
      if ((marks[rid] ?? 0) === 0) continue;
      rids[live] = rid;
      counts[live++] = counts[at] ?? 0;
    }
    return live;
  }

  /** Those of `stems` that are indexed, the commonest first; at most `limit`. */
  known(stems: ReadonlySet<string>, limit: number): string[] {
    const found = this.#db.all(knownStems, [JSON.stringify([...stems]), limit]).map((row) => text(row[0]));
    for (const stem of this.#extra.keys()) if (stems.has(stem) && !found.includes(stem)) found.push(stem);
    return found;
  }
}

interface Part {
  readonly documents: number;
  readonly bytes: Uint8Array;
}

function decode(parts: readonly Part[]): Postings {
  const size = parts.reduce((sum, part) => sum + part.documents, 0);
  const rids = new Uint32Array(size), counts = new Uint8Array(size);
  let at = 0;
  for (const part of parts) at = readPostings(part.bytes, rids, counts, at);
  return { rids, counts };
}

/** Whether numbers lie in memory as they do in pages. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Little-endian, whatever the machine. */
function wordsOf(bytes: Uint8Array | null): Uint32Array {
  const own = (bytes ?? new Uint8Array(0)).slice();
  if (isLittleEndian) return new Uint32Array(own.buffer, 0, own.byteLength >>> 2);
  const view = new DataView(own.buffer);
  return Uint32Array.from({ length: own.byteLength >>> 2 }, (_, at) => view.getUint32(at * 4, true));
}

/** The other way round. */
function bytesAt(words: Uint32Array, from: number, to: number): Uint8Array {
  const view = new DataView(new ArrayBuffer((to - from) * 4));
  for (let at = from; at < to; at++) view.setUint32((at - from) * 4, words[at] ?? 0, true);
  return new Uint8Array(view.buffer);
}

/** Walks the stems of one segment in order, some rows at a time. */
class SegmentCursor {
  readonly #db: Sqlite;
  readonly #segment: number;
  #rows: Row[] = [];
  #at = 0;
  head: Part & { readonly stem: string } | null = null;

  constructor(db: Sqlite, segment: number) {
    this.#db = db;
    this.#segment = segment;
    this.next();
  }

  next(): void {
    if (this.#at >= this.#rows.length) {
      this.#rows = this.#db.all(nextPostings, [this.#segment, this.head?.stem ?? "", 500]);
      this.#at = 0;
    }
    const row = this.#rows[this.#at++];
    this.head = row === undefined
      ? null
      : { stem: text(row[0]), bytes: bytesOf(row[1]) ?? new Uint8Array(0), documents: num(row[2]) };
  }
}
