/**
 * Threads in memory: what stands beside a version in its conversation or note.
 *
 * A recall looks at the neighbours of hundreds of texts; asked of the database one by one they cost more than all the
 * rest.
 *
 * Invariants:
 * 1. It holds the versions of now that have a place in a thread, as the rows tell; one that has ended is passed over.
 * 2. Within a thread they stand by position, and by engram where positions are equal.
 * 3. At most `threadVersionsMax`; beyond, catchUp() gives false, and the database is asked.
 */
import { forever } from "../file/schema.ts";
import { build, given, num, numOrNull, Query, type Sqlite } from "../file/sqlite.ts";

/** Versions kept in memory. */
const threadVersionsMax = 1_000_000;
const rowsPerRead = 5000;

const placedAfter = new Query(() =>
  build.selectFrom("engram_version").select(["rid", "engram", "thread_hash", "source_hash", "position"])
    .where("rid", ">", given(0)).where("to_tick", "=", forever)
    .where("thread_hash", "is not", null).where("position", "is not", null)
    .orderBy("rid").limit(given(1))
);

interface Place {
  readonly rid: number;
  readonly engram: number;
  readonly position: number;
}

const before = (one: Place, other: Place) => one.position - other.position || one.engram - other.engram;

/** The threads of one graph. */
export class Threads {
  readonly #db: Sqlite;
  readonly #threads = new Map<string, Place[]>();
  readonly #placed = new Map<number, { readonly places: Place[]; readonly place: Place }>();
  #last = 0;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** Forgets everything read: after a rollback row numbers are given again. */
  reset(): void {
    this.#threads.clear();
    this.#placed.clear();
    this.#last = 0;
  }

  /** Takes in what was committed since; all rows are numbered below `end`. False where there is more than fits. */
  catchUp(end: number): boolean {
    // Versions without a place are passed by once: the next look begins after them too.
    const last = end - 1;
    if (last <= this.#last) return true;
    while (this.#placed.size < threadVersionsMax) {
      const rows = this.#db.all(placedAfter, [this.#last, rowsPerRead]);
      for (const row of rows) {
        const place = { rid: num(row[0]), engram: num(row[1]), position: num(row[4]) };
        this.#add(`${num(row[2])} ${numOrNull(row[3])}`, place);
        this.#last = place.rid;
      }
      if (rows.length < rowsPerRead) {
        this.#last = last;
        return true;
      }
    }
    return false;
  }

  #add(thread: string, place: Place): void {
    let places = this.#threads.get(thread);
    if (places === undefined) this.#threads.set(thread, places = []);
    // Mostly the next one of its thread: it goes to the end.
    let at = places.length;
    while (at > 0 && before(place, places[at - 1] ?? place) < 0) at--;
    places.splice(at, 0, place);
    this.#placed.set(place.rid, { places, place });
  }

  /** The two `live` versions before one and the two after it, nearest first; null where it has no place. */
  beside(
    rid: number,
    live: (rid: number) => boolean,
  ): { readonly before: readonly number[]; readonly after: readonly number[] } | null {
    const found = this.#placed.get(rid);
    if (found === undefined) return null;
    const { places, place } = found;
    let low = 0, high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(places[middle] ?? place, place) < 0) low = middle + 1;
      else high = middle;
    }
    return { before: nearest(places, low - 1, place, live), after: after(places, low, place, live) };
  }
}

/** The first two of what is found: made as it is kept, since a list that grows takes room for many. */
const none: readonly number[] = [];
const upToTwo = (first: number, second: number): readonly number[] =>
  first === 0 ? none : second === 0 ? [first] : [first, second];

/** Backwards: by falling position, and by engram where positions are equal. */
function nearest(
  places: readonly Place[],
  from: number,
  own: Place,
  live: (rid: number) => boolean,
): readonly number[] {
  let first = 0; // no row has this number
  for (let end = from; end >= 0;) {
    const { position } = places[end] ?? own;
    let start = end;
    while (start > 0 && places[start - 1]?.position === position) start--;
    for (let at = start; at <= end && position !== own.position; at++) {
      const rid = places[at]?.rid ?? 0;
      if (!live(rid)) continue;
      if (first !== 0) return upToTwo(first, rid);
      first = rid;
    }
    end = start - 1;
  }
  return upToTwo(first, 0);
}

function after(
  places: readonly Place[],
  from: number,
  own: Place,
  live: (rid: number) => boolean,
): readonly number[] {
  let first = 0;
  for (let at = from; at < places.length; at++) {
    const { rid, position } = places[at] ?? own;
    if (position === own.position || !live(rid)) continue;
    if (first !== 0) return upToTwo(first, rid);
    first = rid;
  }
  return upToTwo(first, 0);
}
