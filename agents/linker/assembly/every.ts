/**
 * Every engram of a kind that this agent may read, however many there are.
 *
 * Invariant: a search shows at most `searchHitsMax` hits over all its pages; where it stops there, the list of
 * changes names the rest, so that nothing is taken for gone that was only not shown.
 */
import { changesSince, Engram, getEngram, Json, search } from "../../sdk/assemblyscript/assembly";

const searchHitsMax: i32 = 1000;
const pageEngrams: i32 = 100;
const changesMax: i32 = 1000;

/** Calls `take` for each engram; it may keep it. Stops when `take` says false. `source` "" is any. */
export function every(kind: string, source: string, context: string, take: (engram: Engram) => bool): void {
  const seen = new Set<string>();
  const criteria = Json.object().setText("kind", kind).setNumber("limit", pageEngrams)
    .setBool("includeSuperseded", true);
  if (source.length > 0) criteria.setText("source", source);
  if (context.length > 0) criteria.setText("context", context);
  while (true) {
    const page = search(criteria);
    for (let i = 0; i < page.hits.length; i++) {
      seen.add(page.hits[i].id);
      if (!take(page.hits[i])) return;
    }
    // The page's JSON is garbage now; gone at once, it does not swell the memory that the host keeps for us.
    __collect();
    if (page.cursor.length == 0) break;
    criteria.setText("cursor", page.cursor);
  }
  if (seen.size == searchHitsMax) rest(kind, source, context, seen, take);
}

function rest(
  kind: string,
  source: string,
  context: string,
  seen: Set<string>,
  take: (engram: Engram) => bool,
): void {
  let tick: i64 = 0;
  while (true) {
    const page = changesSince(tick, changesMax);
    if (page === null || page.changes.length == 0) return;
    for (let i = 0; i < page.changes.length; i++) {
      const id = page.changes[i].id;
      if (!page.changes[i].op.startsWith("engram") || seen.has(id)) continue;
      seen.add(id);
      const engram = getEngram(id);
      if (engram === null || engram.kind != kind || (source.length > 0 && engram.source != source)) continue;
      if (context.length > 0 && !engram.contexts.includes(context)) continue;
      if (!take(engram)) return;
    }
    __collect();
    if (page.nextTick <= tick) return;
    tick = page.nextTick;
  }
}
