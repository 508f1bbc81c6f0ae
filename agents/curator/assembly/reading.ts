/**
 * Every engram of a kind that the agent may read, however many there are.
 *
 * Invariant: all or null. Who takes a part for the whole would take back what the rest says.
 */
import { Engram, Json, lastStatus, search, Status } from "../../sdk/assemblyscript/assembly";

const pageHits: i32 = 200;
/** What was parsed is garbage; one full collection now and then is cheaper than many small steps. */
const collectHits: i32 = 1000;

/** All engrams of `kind`, superseded ones too, the newest made first; null where the host refused. */
export function readAll(kind: string): Engram[] | null {
  const found: Engram[] = [];
  const criteria = Json.object().setText("kind", kind).setBool("includeSuperseded", true);
  let limit = pageHits;
  let collected = 0;
  while (true) {
    const page = search(criteria.setNumber("limit", limit));
    const status = lastStatus();
    if (status == Status.limitReached && limit > 1) {
      // Their texts are over the bytes of one answer.
      limit >>= 1;
      continue;
    }
    if (status < 0) return null;
    for (let i = 0; i < page.hits.length; i++) found.push(page.hits[i]);
    if (found.length - collected >= collectHits || page.cursor.length == 0) {
      __collect();
      collected = found.length;
    }
    if (page.cursor.length == 0) return found;
    criteria.setText("cursor", page.cursor);
  }
}
