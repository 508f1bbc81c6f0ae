/**
 * The tables of the graph, and how an older file becomes one of today.
 *
 * Owns: table names and columns, migrations, the version of the schema.
 *
 * Invariants:
 * 1. Every version of every row is kept: it holds at tick t when `from_tick <= t < to_tick`; `forever` means still.
 *    Now and then are one statement with another t.
 * 2. Inside, rows meet by integer keys; text ids stand once, in engram, connection and context.
 * 3. Version rows get ever larger keys (`rid`), so the search index can say how far it has read.
 * 4. Opening does no work in proportion to the data.
 */
import type { Generated } from "kysely";
import { assert, EngramError } from "../../kernel/errors.ts";
import type { Sqlite } from "./sqlite.ts";

/** `to_tick` of a row that still holds. */
export const forever = Number.MAX_SAFE_INTEGER;
/** The tick to read at when no tick is asked for: every row that still holds, and no other. */
export const now = forever - 1;

interface Version {
  rid: number;
  from_tick: number;
  to_tick: number;
  /** JSON of the payload; null once erased. */
  texts: string | null;
  /** sha256 of salt and payload, where the log gave one. */
  digest: Uint8Array | null;
  agent: string | null;
  client: string | null;
  author_tick: number;
  author_seat: number;
}

interface Identity {
  key: number;
  id: string;
  created_tick: number;
}

/** The tables, for the query builder. */
export interface Tables {
  meta: { name: string; value: number | string | Uint8Array | null };
  engram: Identity;
  engram_version: Version & {
    engram: number;
    kind: number;
    confidence: number;
    position: number | null;
    observed_at: number | null;
    time_source: number;
    valid_from: number | null;
    valid_to: number | null;
    /** Hashes of texts that are looked up; equal texts have equal hashes, readers compare the texts. */
    source_hash: number | null;
    ref_hash: number | null;
    thread_hash: number | null;
  };
  connection: Identity;
  connection_version: Version & {
    connection: number;
    source: number;
    target: number;
    type: string;
    weight: number;
  };
  context: Identity;
  context_version: Version & { context: number; owner: string | null; name_hash: number | null };
  member: { rid: number; context: number; engram: number; from_tick: number; to_tick: number };
  context_agent: {
    rid: number;
    context: number;
    agent: string;
    access: string;
    from_tick: number;
    to_tick: number;
  };
  /** The writes of one entry: JSON of [op, id, …]. */
  change: { entry: number; tick: number; list: string };
  kernel_row: { key: string; value: Uint8Array };
  image: { agent: string; completed_index: number; digest: Uint8Array; bytes: Uint8Array };
  /** Vectors of one version by one model, one after the other; null once erased. */
  vector: {
    key: Generated<number>;
    rid: number;
    model: string;
    dimensions: number;
    from_tick: number;
    digest: Uint8Array | null;
    bytes: Uint8Array | null;
  };
  /** Search: postings of one stem in one segment (index/postings.ts). */
  posting: { stem: string; segment: number; documents: number; bytes: Uint8Array };
  segment: { segment: number; documents: number };
  /** Search: mark (length, threaded) and engram of each version row, by pages. */
  document_page: { page: number; marks: Uint8Array; engrams: Uint8Array };
  /** Search: versions that ended in one entry and may still be in their page; JSON of rids. */
  document_ended: { entry: number; rids: string };
}

const version = `rid integer primary key, from_tick integer not null, to_tick integer not null, texts text,
  digest blob, agent text, client text, author_tick integer not null, author_seat integer not null`;
const identity = `key integer primary key, id text not null unique, created_tick integer not null`;

/** Applied in order; the number of those applied is the version of the schema. Never edit one that was released. */
const migrations: readonly string[] = [
  `
create table engram (${identity});
create table engram_version (${version}, engram integer not null, kind integer not null, confidence real not null,
  position real, observed_at integer, time_source integer not null, valid_from integer, valid_to integer,
  source_hash integer, ref_hash integer, thread_hash integer);
create index engram_version_engram on engram_version (engram, from_tick);
create index engram_version_ref on engram_version (ref_hash, source_hash) where ref_hash is not null;
create index engram_version_thread on engram_version (thread_hash, source_hash, position)
  where thread_hash is not null;
create table connection (${identity});
create table connection_version (${version}, connection integer not null, source integer not null,
  target integer not null, type text not null, weight real not null);
create index connection_version_connection on connection_version (connection, from_tick);
create index connection_version_source on connection_version (source, to_tick, target);
create index connection_version_target on connection_version (target, to_tick, source);
create index connection_version_supersedes on connection_version (target, to_tick) where type = 'supersedes';
create table context (${identity});
create table context_version (${version}, context integer not null, owner text, name_hash integer);
create index context_version_context on context_version (context, to_tick);
create index context_version_name on context_version (name_hash, to_tick);
create table member (rid integer primary key, context integer not null, engram integer not null,
  from_tick integer not null, to_tick integer not null);
create index member_context on member (context, to_tick, engram);
create index member_engram on member (engram, to_tick, context);
create table context_agent (rid integer primary key, context integer not null, agent text not null,
  access text not null, from_tick integer not null, to_tick integer not null);
create index context_agent_context on context_agent (context, to_tick);
create index context_agent_agent on context_agent (agent, to_tick);
create table change (entry integer primary key, tick integer not null, list text not null);
create index change_tick on change (tick);
create table kernel_row (key text primary key, value blob not null) without rowid;
create table image (agent text primary key, completed_index integer not null, digest blob not null,
  bytes blob not null);
create table posting (stem text not null, segment integer not null, documents integer not null,
  bytes blob not null, primary key (segment, stem)) without rowid;
create table segment (segment integer primary key, documents integer not null);
create table document_page (page integer primary key, marks blob not null, engrams blob not null);
create table document_ended (entry integer primary key, rids text not null);
`,
  `
create table vector (key integer primary key autoincrement, rid integer not null, model text not null,
  dimensions integer not null, from_tick integer not null, digest blob, bytes blob);
create index vector_rid on vector (rid, model);
create index vector_model on vector (model, key);
`,
];

/** The version of the schema this build writes. */
export const schemaVersion = migrations.length;

function refuseNewer(path: string, found: number): void {
  if (found <= schemaVersion) return;
  throw new EngramError(
    "data_folder_newer",
    `Cannot open the graph "${path}": its schema is version ${found}, this build knows ${schemaVersion}`,
    { found, known: schemaVersion },
  );
}

/** Makes the tables of version `to` in an empty database, or those of the versions from `from` to it. */
function bring(db: Sqlite, from: number, to: number): void {
  db.transaction("write", () => {
    if (from === 0) db.exec("create table meta (name text primary key, value) without rowid");
    for (const step of migrations.slice(from, to)) db.exec(step);
    db.exec(`pragma user_version = ${to}`);
  });
}

/** The tables of a version in an empty database: of a file whose rows are to be taken into it before {@link migrate}. */
export function makeTables(db: Sqlite, path: string, version: number): void {
  refuseNewer(path, version);
  bring(db, 0, version);
}

/** Brings the file to {@link schemaVersion}; a newer one is refused with `data_folder_newer`. */
export function migrate(db: Sqlite, readOnly: boolean): void {
  const found = db.value("pragma user_version");
  assert(typeof found === "number", "user_version is a number");
  refuseNewer(db.path, found);
  if (found === schemaVersion) return;
  if (readOnly) {
    throw new EngramError(
      "wrong_state",
      `Cannot open the graph "${db.path}" to read: its schema is version ${found}, open it to write first`,
      { found, known: schemaVersion },
    );
  }
  bring(db, found, schemaVersion);
}
