/**
 * Every engram of a kind that the agent may read, however many there are.
 *
 * Invariant: nothing is left out. A search ends after `searchHitsMax` hits over all its pages; where it does, the
 * changes since the beginning name every engram, and each is read by its id.
 */
import { Change, changesSince, Engram, getEngram, Json, searchAll } from "../../sdk/assemblyscript/assembly";

/** Hits after which a search may have ended early. */
const searchHitsMax: i32 = 1000;
const pageHits: i32 = 500;
const pageChanges: i32 = 1000;

/** All engrams of `kind`, in no order that matters. */
export function readAll(kind: string): Engram[] {
  const criteria = Json.object().setText("kind", kind).setBool("includeSuperseded", true).setNumber("limit", pageHits);
  const found = searchAll(criteria);
  // What was parsed is garbage now: one full collection is cheaper than many small steps.
  __collect();
  return found.length < searchHitsMax ? found : readEach(kind);
}

function readEach(kind: string): Engram[] {
  const found: Engram[] = [];
  const seen = new Set<string>();
  let tick: i64 = 0;
  while (true) {
    const page = changesSince(tick, pageChanges);
    if (page === null) return found;
    const list: Change[] = page.changes;
    for (let i = 0; i < list.length; i++) {
      if (list[i].op != "engram_put" || seen.has(list[i].id)) continue;
      seen.add(list[i].id);
      const engram = getEngram(list[i].id);
      if (engram !== null && engram.kind == kind) found.push(engram);
    }
    if (list.length == 0 || page.nextTick <= tick) return found;
    tick = page.nextTick;
  }
}
