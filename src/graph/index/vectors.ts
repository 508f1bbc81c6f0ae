/**
 * Vectors of engrams: rows of the graph, and the same in memory for an exact scan.
 *
 * Owns: which version of an engram has vectors of which model, and their dot products with a question's.
 * Does not own: making vectors (model), how they count beside words and links (search/recall.ts).
 *
 * Invariants:
 * 1. A vector belongs to a version (its row) and a model (sha256 of its file). One that comes for a version that no
 *    longer holds is dropped: an embedding never outlives the text it was made of.
 * 2. Vectors are int8 with one fixed scale; every result is an integer, the same on every machine.
 * 3. In memory there are the vectors of one model, at most `vectorLimits.memoryBytesMax`; the newest go without.
 */
import { assert } from "../../kernel/errors.ts";
import type { Write } from "../../kernel/records.ts";
import { forever } from "../file/schema.ts";
import { build, bytesOf, given, num, Query, type Sqlite, text, textOrNull } from "../file/sqlite.ts";
import { engramTexts } from "../reads/texts.ts";
import { Best } from "./best.ts";
import { DotStore } from "./dots.ts";
import { withRoom } from "./room.ts";

/** Bounds of vectors. */
export const vectorLimits = {
  /** Bytes of vectors kept in memory. */
  memoryBytesMax: 1024 * 1024 * 1024,
  /** Vectors of one version: its whole text, and windows of it. */
  perVersionMax: 64,
  /** Numbers of one vector. */
  dimensionsMax: 4096,
} as const;

/** What a vector of length 1 is multiplied by before it is rounded (reports: loses ≤ 0.15 points). */
const vectorScale = 127 / 0.25;

/** Numbers of a vector of length 1 as int8. */
export function toInt8(vector: ArrayLike<number>): Int8Array {
  const bytes = new Int8Array(vector.length);
  for (let at = 0; at < vector.length; at++) {
    bytes[at] = Math.max(-127, Math.min(127, Math.round((vector[at] ?? 0) * vectorScale)));
  }
  return bytes;
}

/** A dot product of two such vectors as a cosine in thousandths. */
const thousandths = (dot: number) => Math.round(1000 * dot / (vectorScale * vectorScale));

/** The same, never below 0. */
export function cosineOf(dot: number): number {
  return Math.max(0, thousandths(dot));
}

/** Stored bytes as the numbers they are. */
const asInt8 = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new Int8Array(buffer, byteOffset, byteLength);

const liveVersion = new Query(() =>
  build.selectFrom("engram").innerJoin("engram_version as version", "version.engram", "engram.key")
    .select("version.rid").where("engram.id", "=", given<string>(0))
    .where("version.to_tick", "=", forever).where("version.from_tick", "=", given(1))
);
const dropVector = new Query(() =>
  build.deleteFrom("vector").where("rid", "=", given(0)).where("model", "=", given<string>(1))
);
const addVector = new Query(() =>
  build.insertInto("vector").values({
    rid: given(0),
    model: given<string>(1),
    dimensions: given(2),
    from_tick: given(3),
    digest: given<Uint8Array>(4),
    bytes: given<Uint8Array>(5),
  })
);
const vectorsAfter = new Query(() =>
  build.selectFrom("vector").select(["key", "rid", "from_tick", "bytes", "dimensions"])
    .where("model", "=", given<string>(0)).where("key", ">", given(1)).orderBy("key").limit(given(2))
);
const vectorsOf = new Query(() =>
  build.selectFrom("vector").select(["model", "dimensions", "bytes"])
    .where("rid", "=", given(0)).where("from_tick", "<=", given(1)).orderBy("key", "desc")
);
const withoutVector = () =>
  build.selectFrom("engram_version as version").innerJoin("engram", "engram.key", "version.engram")
    .leftJoin(
      "vector",
      (join) => join.onRef("vector.rid", "=", "version.rid").on("vector.model", "=", given<string>(0)),
    )
    .where("vector.key", "is", null)
    .where("version.rid", ">", given(1)).where("version.to_tick", "=", forever)
    .where("version.texts", "is not", null).where("version.kind", "!=", given(2));
const without = new Query(() =>
  withoutVector().select(["version.rid", "engram.id", "version.from_tick", "version.texts"])
    .orderBy("version.rid").limit(given(3))
);
const countWithout = new Query(() => withoutVector().select((e) => e.fn.countAll<number>().as("count")));

/** Dot product of the first vectors, which are those of the whole texts. */
function firstDot(one: Int8Array, other: Int8Array, dimensions: number): number {
  let sum = 0;
  for (let at = 0; at < dimensions; at++) sum += (one[at] ?? 0) * (other[at] ?? 0);
  return sum;
}

/**
 * The cosine of two versions' whole texts in thousandths over 1000, −1 to 1, by the model that made a vector of both
 * last; null where none did. An integer before the division: the same on every machine.
 */
export function similarityOf(
  db: Sqlite,
  rid: number,
  other: number,
  tick: number,
): { readonly similarity: number; readonly model: string } | null {
  const others = new Map(db.all(vectorsOf, [other, tick]).map((row) => [text(row[0]), bytesOf(row[2])]));
  for (const row of db.all(vectorsOf, [rid, tick])) {
    const model = text(row[0]), bytes = bytesOf(row[2]), bytesOther = others.get(model);
    if (bytes === null || bytesOther === undefined || bytesOther === null) continue;
    const cosine = thousandths(firstDot(asInt8(bytes), asInt8(bytesOther), num(row[1])));
    return { similarity: Math.max(-1000, Math.min(1000, cosine)) / 1000, model };
  }
  return null;
}

/** Applies a `vector_put` inside a commit. */
export function putVector(db: Sqlite, write: Write & { op: "vector_put" }, tick: number): void {
  const row = db.get(liveVersion, [write.id, write.tick]);
  if (row === null) return;
  const rid = num(row[0]);
  db.run(dropVector, [rid, write.model]);
  db.run(addVector, [rid, write.model, write.dimensions, tick, write.vectors.digest, write.vectors.bytes]);
}

/** An engram that has no vector of a model yet. */
export interface Unembedded {
  readonly id: string;
  /** Names its version. */
  readonly updatedTick: number;
  readonly title: string | null;
  readonly content: string;
}

/** Engrams that hold now and have no vector of a model, things aside, after the row `after`. */
export function unembedded(
  db: Sqlite,
  model: string,
  after: number,
  limit: number,
  thingKind: number,
): { readonly engrams: readonly Unembedded[]; readonly next: number; readonly count: number } {
  const rows = db.all(without, [model, after, thingKind, limit]);
  const engrams = rows.map((row) => {
    const { title, content } = engramTexts(textOrNull(row[3]));
    return { id: text(row[1]), updatedTick: num(row[2]), title, content };
  });
  const count = rows.length < limit ? rows.length : num(db.get(countWithout, [model, after, thingKind])?.[0]);
  return { engrams, next: num(rows.at(-1)?.[0] ?? after), count };
}

/** Which versions a scan is about. */
export interface VectorScope {
  readonly tick: number;
  /** Rows are numbered below this. */
  readonly end: number;
  /** How many there are, about: the fewer, the more the others cost. */
  readonly count: number;
  readonly has: (rid: number) => boolean;
}

/** By row, what {@link Nearness.best} offered: set before it is read, so it need not be cleared. */
let offered = new Int32Array(0);

function roomFor(end: number): Int32Array {
  if (offered.length < end) offered = new Int32Array(Math.ceil(end * 1.25));
  return offered;
}

/** Dot products of one question with versions. Valid until the next scan. */
export class Nearness {
  readonly #dots: Int32Array;
  readonly #rids: Uint32Array;
  readonly #ticks: readonly number[];
  readonly #firsts: Uint32Array;
  readonly #scope: VectorScope;

  constructor(
    dots: Int32Array,
    rids: Uint32Array,
    ticks: readonly number[],
    firsts: Uint32Array,
    scope: VectorScope,
  ) {
    this.#dots = dots;
    this.#rids = rids;
    this.#ticks = ticks;
    this.#firsts = firsts;
    this.#scope = scope;
  }

  /**
   * The dot product of a version of the scope, 0 where it has none above. Of a long text the best window counts twice and
   * the whole once: a passage that answers, in a text that is about it.
   */
  of(rid: number): number {
    const first = this.#firsts[rid] ?? 0;
    return first === 0 || (this.#ticks[first - 1] ?? 0) > this.#scope.tick ? 0 : this.#from(first - 1, rid);
  }

  /** The same, of the version whose vectors begin at a number. */
  #from(first: number, rid: number): number {
    const whole = this.#dots[first] ?? 0;
    let window = -Infinity;
    for (let at = first + 1; at < this.#dots.length && this.#rids[at] === rid; at++) {
      window = Math.max(window, this.#dots[at] ?? 0);
    }
    return Math.max(0, window === -Infinity ? whole : Math.round((whole + 2 * window) / 3));
  }

  /** The `max` nearest with a dot product above 0, ties by row. */
  best(max: number): number[] {
    const { tick, end, has } = this.#scope, by = roomFor(end), kept = new Best(by, max);
    const dots = this.#dots, rids = this.#rids;
    let floor = 1;
    for (let at = 0; at < dots.length; at++) {
      // What a version of several vectors comes to is no more than the nearest of them.
      if ((dots[at] ?? 0) < floor) continue;
      const rid = rids[at] ?? 0, first = (this.#firsts[rid] ?? 0) - 1;
      if (rid === 0) continue;
      const dot = this.#from(first, rid);
      while (rids[at + 1] === rid) at++;
      if (dot < floor || rid >= end || (this.#ticks[first] ?? 0) > tick || !has(rid)) continue;
      by[rid] = dot;
      kept.offer(rid);
      floor = Math.max(1, kept.floor);
    }
    return kept.sorted();
  }
}

const nothingNear = new Nearness(
  new Int32Array(0),
  new Uint32Array(0),
  [],
  new Uint32Array(0),
  { tick: 0, end: 0, count: 0, has: () => false },
);

const rowsPerRead = 2000;

/** The vectors of one model in memory. */
export class VectorIndex {
  readonly #db: Sqlite;
  #model = "";
  #store: DotStore | null = null;
  #lastKey = 0;
  /** By number: row of the version a vector belongs to, 0 where it was replaced, and the tick that it came at. */
  #rids = new Uint32Array(0);
  #ticks: number[] = [];
  /** By row: number of its first vector, from 1; those of one version follow each other. */
  #firsts = new Uint32Array(0);
  /** Vectors that found no room in memory. */
  left = 0;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  reset(): void {
    this.#model = "";
    this.#store = null;
    this.#lastKey = 0;
    this.#rids = new Uint32Array(0);
    this.#ticks = [];
    this.#firsts = new Uint32Array(0);
    this.left = 0;
  }

  /**
   * How near versions are to a question: those below `end` that `has` lets through, `count` of them, whose vectors were
   * there at `tick`.
   */
  scan(
    model: string,
    question: Int8Array,
    { tick, end, count, has }: VectorScope,
  ): Nearness {
    this.#catchUp(model);
    const store = this.#store;
    if (store === null) return nothingNear;
    const dots = count * 2 < store.count ? this.#dotsOf(store, question, has) : store.dots(question);
    return new Nearness(dots, this.#rids, this.#ticks, this.#firsts, { tick, end, count, has });
  }

  /** Dot products of the vectors of versions that `has` lets through, by number; the others get 0. */
  #dotsOf(store: DotStore, question: Int8Array, has: (rid: number) => boolean): Int32Array {
    const numbers = new Uint32Array(store.count), dots = new Int32Array(store.count);
    let size = 0;
    for (let number = 0; number < store.count; number++) {
      const rid = this.#rids[number] ?? 0;
      if (rid !== 0 && has(rid)) numbers[size++] = number;
    }
    const asked = numbers.subarray(0, size);
    store.dotsOf(question, asked).forEach((dot, at) => dots[asked[at] ?? 0] = dot);
    return dots;
  }

  #catchUp(model: string): void {
    if (this.#model !== model) {
      this.reset();
      this.#model = model;
    }
    for (;;) {
      const rows = this.#db.all(vectorsAfter, [model, this.#lastKey, rowsPerRead]);
      for (const row of rows) {
        this.#lastKey = num(row[0]);
        const bytes = bytesOf(row[3]);
        if (bytes !== null) this.#take(num(row[1]), num(row[2]), bytes, num(row[4]));
      }
      if (rows.length < rowsPerRead) return;
    }
  }

  #take(rid: number, fromTick: number, bytes: Uint8Array, dimensions: number): void {
    this.#store ??= new DotStore(dimensions);
    const old = this.#firsts[rid] ?? 0;
    for (let at = old - 1; old > 0 && this.#rids[at] === rid; at++) this.#rids[at] = 0;
    const count = bytes.length / dimensions;
    assert(Number.isInteger(count), "a row holds whole vectors");
    if ((this.#store.count + count) * this.#store.bytes > vectorLimits.memoryBytesMax) {
      this.left += count;
      return;
    }
    const all = asInt8(bytes), first = this.#store.count;
    this.#rids = withRoom(this.#rids, first + count);
    this.#firsts = withRoom(this.#firsts, rid + 1);
    this.#firsts[rid] = first + 1;
    for (let at = 0; at < count; at++) {
      const number = this.#store.add(all.subarray(at * dimensions, (at + 1) * dimensions));
      this.#rids[number] = rid;
      this.#ticks.push(fromTick);
    }
  }
}
