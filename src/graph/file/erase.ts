/**
 * Erasing from the graph's file: rows follow the log, whose payloads they name by digest.
 *
 * Invariants:
 * 1. Rows stay, with their ids, ticks and authors; their texts and what is computed from texts go.
 * 2. Nothing of it is left in freed pages or in the journal: the file is written anew and the journal emptied.
 * 3. Doing it twice changes nothing more.
 */
import { searchTables } from "./copy.ts";
import { build, busyWaitMsMax, given, num, Query, type Sqlite } from "./sqlite.ts";

const emptyEngram = new Query(() =>
  build.updateTable("engram_version").set({
    texts: null,
    source_hash: null,
    ref_hash: null,
    thread_hash: null,
  })
    .where("digest", "=", given<Uint8Array>(0))
);
const emptyConnection = new Query(() =>
  build.updateTable("connection_version").set({ texts: null }).where("digest", "=", given<Uint8Array>(0))
);
const dropImage = new Query(() => build.deleteFrom("image").where("agent", "=", given<string>(0)));

/** How long emptying the journal waits for those who read, in ms. */
const readersWaitMsMax = 500;

/** Empties the rows of erased payloads, and forgets the parked images of some agents. */
export function eraseRows(db: Sqlite, digests: readonly Uint8Array[], agents: readonly string[]): void {
  db.value("pragma secure_delete = on");
  db.transaction("write", () => {
    for (const digest of digests) {
      db.run(emptyEngram, [digest]);
      db.run(emptyConnection, [digest]);
    }
    db.exec("delete from vector where rid in (select rid from engram_version where texts is null)");
    for (const agent of agents) db.run(dropImage, [agent]);
    for (const table of searchTables) db.exec(`delete from ${table}`);
    db.exec("delete from meta where name = 'indexed'");
    // Who reads the file forgets what it has read.
    db.exec("insert into meta values ('erasures', 1) on conflict (name) do update set value = value + 1");
  });
  db.value("pragma secure_delete = fast");
}

/**
 * Writes the file anew without freed pages, and empties the journal; false while somebody who reads keeps the old pages:
 * then it is to be done again.
 */
export function dropFreedPages(db: Sqlite): boolean {
  db.exec("vacuum");
  db.value(`pragma busy_timeout = ${readersWaitMsMax}`);
  try {
    return num(db.rows("pragma wal_checkpoint(truncate)")[0]?.[0]) === 0;
  } finally {
    db.value(`pragma busy_timeout = ${busyWaitMsMax}`);
  }
}
