/**
 * Copies of a graph's file: one of its last commit, made beside whoever writes; and one in memory, to go on from.
 *
 * Invariants:
 * 1. A copy holds one commit, whole, whatever is written meanwhile; the file that is read stays as it is.
 * 2. Freed pages are not copied, nor is the journal: what was erased before is in no copy.
 */
import { busyWaitMsMax, num, Sqlite, text } from "./sqlite.ts";

/** Tables that are made from others, and are made again where they are missing. */
export const searchTables = ["posting", "segment", "document_page", "document_ended"] as const;

const quoted = (path: string) => `'${path.replaceAll("'", "''")}'`;

/** Bytes that a copy of a graph's file will have, about. */
export function copyBytes(path: string): number {
  const db = new Sqlite(path);
  try {
    const [pages, free, bytes] = ["page_count", "freelist_count", "page_size"].map((name) =>
      num(db.value(`pragma ${name}`))
    );
    return ((pages ?? 0) - (free ?? 0)) * (bytes ?? 0);
  } finally {
    db.close();
  }
}

/** Writes a copy of a graph's file to a path where nothing is; not synced. Errors: `disk_full`, `io_failed`, `graph_corrupt`. */
export function copyGraphFile(from: string, to: string): void {
  const db = new Sqlite(from);
  try {
    db.value(`pragma busy_timeout = ${busyWaitMsMax}`);
    db.exec(`vacuum into ${quoted(to)}`);
  } finally {
    db.close();
  }
}

/** Takes the rows of a graph's file into the same tables of an empty database, but for those of search. */
export function copyRows(db: Sqlite, from: string): void {
  db.exec(`attach ${quoted(from)} as other`);
  const tables = db.rows("select name from other.sqlite_master where type = 'table' order by rowid")
    .map(([name]) => text(name))
    .filter((name) => !name.startsWith("sqlite_") && !searchTables.some((one) => one === name));
  db.transaction("write", () => {
    for (const table of tables) db.exec(`insert into main."${table}" select * from other."${table}"`);
    db.exec("delete from main.meta where name = 'indexed'");
  });
  db.exec("detach other");
}

/** The version of the schema of a graph's file. */
export function schemaOf(db: Sqlite, from: string): number {
  db.exec(`attach ${quoted(from)} as other`);
  try {
    return num(db.value("pragma other.user_version"));
  } finally {
    db.exec("detach other");
  }
}
