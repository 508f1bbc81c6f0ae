/**
 * Every engram of a kind that this agent may read, however many there are.
 *
 * Invariant: all, or false: what was only not shown must not be taken for gone.
 */
import { Engram, Json, lastStatus, search, Status } from "../../sdk/assemblyscript/assembly";

const pageEngrams: i32 = 100;

/**
 * Calls `take` for each engram; it may keep it. Stops when `take` says false.
 * `source` and `context` "" are any. False where the host refused a page.
 */
export function every(kind: string, source: string, context: string, take: (engram: Engram) => bool): bool {
  const criteria = Json.object().setText("kind", kind).setBool("includeSuperseded", true);
  if (source.length > 0) criteria.setText("source", source);
  if (context.length > 0) criteria.setText("context", context);
  let limit = pageEngrams;
  while (true) {
    const page = search(criteria.setNumber("limit", limit));
    const status = lastStatus();
    if (status == Status.limitReached && limit > 1) {
      // Their texts are over the bytes of one answer.
      limit >>= 1;
      continue;
    }
    if (status < 0) return false;
    for (let i = 0; i < page.hits.length; i++) if (!take(page.hits[i])) return true;
    // The page's JSON is garbage now; gone at once, it does not swell the memory that the host keeps for us.
    __collect();
    if (page.cursor.length == 0) return true;
    criteria.setText("cursor", page.cursor);
  }
}
