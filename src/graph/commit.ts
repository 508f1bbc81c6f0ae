/**
 * Applies the writes of one entry to the tables.
 *
 * Owns: what each write does to the versions. Does not own: the transaction and `applied` (graph.ts), reads.
 *
 * Invariants:
 * 1. The rows after a commit depend on the rows before and the entry alone; applying the same entries to an empty
 *    graph gives the same rows, keys included.
 * 2. A write about something that is not there (a link whose end is gone, a membership of a deleted engram) changes
 *    nothing: no logged write can stop a recovery.
 * 3. One live connection at most for a (source, target, type); one live membership for a pair.
 */
import { sql } from "kysely";
import { assert } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Payload } from "../kernel/payload.ts";
import {
  type Author,
  connectionTypes,
  engramKinds,
  type EngramTexts,
  timeSources,
  type Write,
} from "../kernel/records.ts";
import { Batch, batchQueries } from "./file/batch.ts";
import { forever } from "./file/schema.ts";
import { build, given, num, Query, type Sqlite, text, type Value } from "./file/sqlite.ts";
import { putVector } from "./index/vectors.ts";
import { contextTexts, engramTexts, hashOrNull } from "./reads/texts.ts";

/** Told what a commit changed, so that caches follow. */
export interface Listener {
  /** The record of this engram (its version, contexts or supersededBy) is no longer what it was. */
  engramChanged(id: Id): void;
  /** An engram has a new version; its contexts and supersededBy are what they were. */
  engramPut(
    rid: number,
    tick: number,
    write: Write & { op: "engram_put" },
    texts: EngramTexts,
    by: Author,
  ): void;
  /** Keys of an engram that holds now, if they are at hand; null tells nothing. */
  keysOf(id: Id): { readonly key: number; readonly rid: number } | null;
  /** A connection between these came, changed or went. */
  connectionChanged(source: number, target: number): void;
  memberChanged(context: number, engram: number, member: boolean): void;
  /** A live `supersedes` connection came or went. */
  supersessionChanged(): void;
}

const identities = (table: "engram" | "connection" | "context") => ({
  find: new Query(() => build.selectFrom(table).select("key").where("id", "=", given<string>(0))),
  add: new Query(() =>
    build.insertInto(table).values({ key: given(0), id: given<string>(1), created_tick: given(2) })
  ),
});
const engrams = identities("engram"),
  connections = identities("connection"),
  contexts = identities("context");

const versionValues = {
  rid: given(0),
  from_tick: given(1),
  to_tick: forever,
  texts: given<string>(2),
  digest: given<Uint8Array>(3),
  agent: given<string>(4),
  client: given<string>(5),
  author_tick: given(6),
  author_seat: given(7),
};
/** How many values a new engram version has; which of them is the tick that ended it, and which its digest. */
const engramWidth = 20, toTickColumn = 2, digestColumn = 4;
/** A new engram version whose values are given from a position on. */
const engramAt = (at: number) => ({
  rid: given(at),
  from_tick: given(at + 1),
  to_tick: given(at + 2),
  texts: given<string>(at + 3),
  digest: given<Uint8Array>(at + 4),
  agent: given<string>(at + 5),
  client: given<string>(at + 6),
  author_tick: given(at + 7),
  author_seat: given(at + 8),
  engram: given(at + 9),
  kind: given(at + 10),
  confidence: given(at + 11),
  position: given(at + 12),
  observed_at: given(at + 13),
  time_source: given(at + 14),
  valid_from: given(at + 15),
  valid_to: given(at + 16),
  source_hash: given(at + 17),
  ref_hash: given(at + 18),
  thread_hash: given(at + 19),
});
const addEngrams = batchQueries((rows) =>
  build.insertInto("engram_version").values(
    Array.from({ length: rows }, (_, row) => engramAt(row * engramWidth)),
  )
);
/** Ends versions at the tick given first. */
const endEngrams = batchQueries((rows) =>
  build.updateTable("engram_version").set({ to_tick: given(0) })
    .where("rid", "in", Array.from({ length: rows }, (_, at) => given(1 + at)))
);
const addConnection = new Query(() =>
  build.insertInto("connection_version").values({
    ...versionValues,
    connection: given(8),
    source: given(9),
    target: given(10),
    type: given<string>(11),
    weight: given(12),
  })
);
const addContext = new Query(() =>
  build.insertInto("context_version").values({
    ...versionValues,
    context: given(8),
    owner: given<string>(9),
    name_hash: given(10),
  })
);
/** The newest version of an engram by id; it holds if nothing ended it. */
const newestEngram = new Query(() =>
  build.selectFrom("engram").leftJoin("engram_version as version", "version.engram", "engram.key")
    .select(["engram.key", "version.rid", "version.to_tick"]).where("engram.id", "=", given<string>(0))
    .orderBy("version.from_tick", "desc").orderBy("version.rid", "desc").limit(1)
);
const liveConnection = new Query(() =>
  build.selectFrom("connection_version").select(["rid", "source", "target", "type"])
    .where("connection", "=", given(0)).where("to_tick", "=", forever)
);
/** "+" keeps SQLite from planning anew for each type, since one has an index of its own. */
const liveTriple = new Query(() =>
  build.selectFrom("connection_version").select(["rid", "connection"])
    .where("source", "=", given(0)).where("to_tick", "=", forever).where("target", "=", given(1))
    .where(sql`+type`, "=", given<string>(2))
);
const liveEnds = new Query(() =>
  build.selectFrom("connection_version").select(["rid", "target", "type", "source"])
    .where("source", "=", given(0)).where("to_tick", "=", forever)
    .unionAll(
      build.selectFrom("connection_version").select(["rid", "target", "type", "source"])
        .where("target", "=", given(0)).where("to_tick", "=", forever),
    )
);
const engramId = new Query(() => build.selectFrom("engram").select("id").where("key", "=", given(0)));
const endConnection = new Query(() =>
  build.updateTable("connection_version").set({ to_tick: given(1) }).where("rid", "=", given(0))
);
const endContext = new Query(() =>
  build.updateTable("context_version").set({ to_tick: given(1) })
    .where("context", "=", given(0)).where("to_tick", "=", forever)
);
const liveMember = new Query(() =>
  build.selectFrom("member").select("rid")
    .where("context", "=", given(0)).where("to_tick", "=", forever).where("engram", "=", given(1))
);
const liveMembers = new Query(() =>
  build.selectFrom("member").select(["rid", "context"])
    .where("engram", "=", given(0)).where("to_tick", "=", forever)
);
const addMember = new Query(() =>
  build.insertInto("member").values({
    rid: given(0),
    context: given(1),
    engram: given(2),
    from_tick: given(3),
    to_tick: forever,
  })
);
const endMember = new Query(() =>
  build.updateTable("member").set({ to_tick: given(1) }).where("rid", "=", given(0))
);
const liveAgent = new Query(() =>
  build.selectFrom("context_agent").select(["rid", "access"])
    .where("context", "=", given(0)).where("to_tick", "=", forever).where("agent", "=", given<string>(1))
);
const addAgent = new Query(() =>
  build.insertInto("context_agent").values({
    rid: given(0),
    context: given(1),
    agent: given<string>(2),
    access: given<string>(3),
    from_tick: given(4),
    to_tick: forever,
  })
);
const endAgent = new Query(() =>
  build.updateTable("context_agent").set({ to_tick: given(1) }).where("rid", "=", given(0))
);
const addEnded = new Query(() =>
  build.insertInto("document_ended").values({ entry: given(0), rids: given<string>(1) })
);

const keyed = [
  "engram",
  "connection",
  "context",
] as const;
const versioned = [
  "engram_version",
  "connection_version",
  "context_version",
  "member",
  "context_agent",
] as const;

/** What is to be brought into the file together. */
interface Pending {
  /** New engram versions; the first of them is `firstPut`, the others follow by rid. */
  readonly puts: Batch;
  /** The texts of each: their digests are known when they are written, and maybe not before. */
  texts: Payload[];
  firstPut: number | null;
  /** Versions that are in the file, or before these, and ended, by the tick that ended them. */
  readonly ends: Map<number, number[]>;
  /** Versions ended, by the entry that did. */
  finished: { readonly entry: number; readonly rids: readonly number[] }[];
}

/** Writes versions; keeps the next keys, so one for each connection that writes. */
export class Committer {
  readonly #db: Sqlite;
  readonly #listener: Listener;
  readonly #next = new Map<string, number>();
  /** What is sealed is brought into the file before what came later. */
  #sealed: Pending | null = null;
  #pending: Pending;
  readonly #endBatch: Batch;
  /** Versions ended by the entry being applied. */
  #ended: number[] = [];

  constructor(db: Sqlite, listener: Listener) {
    this.#db = db;
    this.#listener = listener;
    this.#pending = this.#nothing();
    this.#endBatch = new Batch(db, endEngrams, 1);
    this.reset();
  }

  #nothing(): Pending {
    const puts = new Batch(this.#db, addEngrams, engramWidth);
    return { puts, texts: [], firstPut: null, ends: new Map(), finished: [] };
  }

  /** Forgets what is not in the file and reads the next keys again: after a rollback. */
  reset(): void {
    this.#ended = [];
    this.#sealed = null;
    this.#pending = this.#nothing();
    for (const table of keyed) {
      this.#next.set(table, num(this.#db.value(`select ifnull(max(key), 0) from ${table}`)));
    }
    for (const table of versioned) {
      this.#next.set(table, num(this.#db.value(`select ifnull(max(rid), 0) from ${table}`)));
    }
  }

  #key(table: typeof keyed[number] | typeof versioned[number]): number {
    const key = (this.#next.get(table) ?? 0) + 1;
    this.#next.set(table, key);
    return key;
  }

  /** After the last write of an entry. */
  finish(entry: number): void {
    if (this.#ended.length > 0) this.#pending.finished.push({ entry, rids: this.#ended });
    this.#ended = [];
  }

  /** What was finished by now can be written by itself from now on. */
  seal(): void {
    assert(this.#sealed === null, "what was sealed before is written first");
    this.#sealed = this.#pending;
    this.#pending = this.#nothing();
  }

  /** Brings all that is sealed into the file, and tells the search index what ended; call inside a transaction. */
  writeSealed(): void {
    if (this.#sealed !== null) this.#finish(this.#sealed);
    this.#sealed = null;
  }

  /** The same of all that is finished. */
  write(): void {
    this.writeSealed();
    this.#finish(this.#pending);
  }

  #finish(pending: Pending): void {
    this.#flush(pending);
    for (const { entry, rids } of pending.finished) this.#db.run(addEnded, [entry, JSON.stringify(rids)]);
    pending.finished = [];
  }

  /** Brings engram versions into the file. */
  #flush(pending: Pending): void {
    const { puts, texts, ends } = pending;
    texts.forEach(({ digest }, row) => puts.set(row, digestColumn, digest));
    puts.flush();
    pending.texts = [];
    pending.firstPut = null;
    for (const [tick, rids] of ends) {
      for (const rid of rids) this.#endBatch.add([rid]);
      this.#endBatch.flush([tick]);
    }
    ends.clear();
  }

  /**
   * Applies one write at `tick`; call inside a transaction, but for a put of an engram that is cached: that touches no
   * file before {@link write}.
   */
  apply(write: Write, author: Author, tick: number): void {
    switch (write.op) {
      case "engram_put":
        return this.#engramPut(write, author, tick);
      case "engram_delete":
        return this.#engramDelete(write.id, tick);
      case "connection_put":
        return this.#connectionPut(write, author, tick);
      case "connection_delete":
        return this.#connectionDelete(write.id, tick);
      case "context_put":
        return this.#contextPut(write, author, tick);
      case "member_add":
        return this.#memberAdd(write.context, write.engram, tick);
      case "member_remove":
        return this.#memberRemove(write.context, write.engram, tick);
      case "context_agent_put":
        return this.#agentPut(write, tick);
      case "vector_put":
        return putVector(this.#db, write, tick);
      default:
        write satisfies never;
    }
  }

  #find(identity: typeof engrams, id: Id): number | null {
    const row = this.#db.get(identity.find, [id]);
    return row === null ? null : num(row[0]);
  }

  /** The key of an engram that ever was, and the row of the version that holds, if one does. */
  #newest(id: Id): { readonly key: number; readonly rid: number | null } | null {
    const known = this.#listener.keysOf(id);
    if (known !== null) return known;
    if (this.#sealed !== null) this.#flush(this.#sealed);
    this.#flush(this.#pending);
    const row = this.#db.get(newestEngram, [id]);
    if (row === null) return null;
    return { key: num(row[0]), rid: row[2] === forever ? num(row[1]) : null };
  }

  #findLive(id: Id): number | null {
    const newest = this.#newest(id);
    return newest === null || newest.rid === null ? null : newest.key;
  }

  #identity(table: typeof keyed[number], identity: typeof engrams, id: Id, tick: number): [number, boolean] {
    const found = this.#find(identity, id);
    if (found !== null) return [found, false];
    const key = this.#key(table);
    this.#db.run(identity.add, [key, id, tick]);
    return [key, true];
  }

  #version(rid: number, tick: number, payload: Payload, json: string | null, author: Author): Value[] {
    return [rid, tick, json, payload.digest, author.agent, author.client, author.tick, author.seat];
  }

  #engramPut(write: Write & { op: "engram_put" }, author: Author, tick: number): void {
    const newest = this.#newest(write.id);
    const key = newest?.key ?? this.#key("engram");
    if (newest === null) this.#db.run(engrams.add, [key, write.id, tick]);
    if (newest !== null && newest.rid !== null) this.#endEngram(newest.rid, tick);
    const json = write.texts.erased ? null : write.texts.text();
    const texts = engramTexts(json);
    const { source, ref, thread } = texts;
    const rid = this.#key("engram_version");
    this.#pending.firstPut ??= rid;
    this.#pending.texts.push(write.texts);
    this.#pending.puts.add([
      ...[
        rid,
        tick,
        forever,
        json,
        null,
        author.agent,
        author.client,
        author.tick,
        author.seat,
      ],
      key,
      engramKinds.indexOf(write.kind),
      write.confidence,
      write.position,
      write.observedAt,
      timeSources.indexOf(write.timeSource),
      write.validFrom,
      write.validTo,
      hashOrNull(source),
      hashOrNull(ref),
      hashOrNull(thread),
    ]);
    if (newest === null) return;
    if (newest.rid === null || write.texts.erased) this.#listener.engramChanged(write.id);
    else this.#listener.engramPut(rid, tick, write, texts, author);
  }

  #endEngram(rid: number, tick: number): void {
    this.#ended.push(rid);
    const { puts, firstPut, ends: all } = this.#pending;
    if (firstPut !== null && rid >= firstPut) {
      puts.set(rid - firstPut, toTickColumn, tick);
      return;
    }
    const ends = all.get(tick);
    if (ends === undefined) all.set(tick, [rid]);
    else ends.push(rid);
  }

  #engramDelete(id: Id, tick: number): void {
    const newest = this.#newest(id);
    if (newest === null || newest.rid === null) return;
    const { key } = newest;
    this.#endEngram(newest.rid, tick);
    for (const [rid, target, type, source] of this.#db.all(liveEnds, [key])) {
      this.#db.run(endConnection, [num(rid), tick]);
      this.#listener.connectionChanged(num(source), num(target));
      if (type === connectionTypes.supersedes) this.#supersessionChanged(num(target));
    }
    for (const [rid, context] of this.#db.all(liveMembers, [key])) {
      this.#db.run(endMember, [num(rid), tick]);
      this.#listener.memberChanged(num(context), key, false);
    }
    this.#listener.engramChanged(id);
  }

  #supersessionChanged(target: number): void {
    this.#listener.engramChanged(text(this.#db.get(engramId, [target])?.[0]));
    this.#listener.supersessionChanged();
  }

  #connectionPut(write: Write & { op: "connection_put" }, author: Author, tick: number): void {
    const source = this.#findLive(write.source), target = this.#findLive(write.target);
    if (source === null || target === null) return;
    const [key, fresh] = this.#identity("connection", connections, write.id, tick);
    if (!fresh) this.#connectionEnd(key, tick);
    const twin = this.#db.get(liveTriple, [source, target, write.type]);
    if (twin !== null) this.#connectionEnd(num(twin[1]), tick);
    const json = write.metadata.erased ? null : write.metadata.text();
    this.#db.run(addConnection, [
      ...this.#version(this.#key("connection_version"), tick, write.metadata, json, author),
      key,
      source,
      target,
      write.type,
      write.weight,
    ]);
    this.#listener.connectionChanged(source, target);
    if (write.type === connectionTypes.supersedes) this.#supersessionChanged(target);
  }

  #connectionEnd(key: number, tick: number): void {
    const live = this.#db.get(liveConnection, [key]);
    if (live === null) return;
    this.#db.run(endConnection, [num(live[0]), tick]);
    this.#listener.connectionChanged(num(live[1]), num(live[2]));
    if (live[3] === connectionTypes.supersedes) this.#supersessionChanged(num(live[2]));
  }

  #connectionDelete(id: Id, tick: number): void {
    const key = this.#find(connections, id);
    if (key !== null) this.#connectionEnd(key, tick);
  }

  #contextPut(write: Write & { op: "context_put" }, author: Author, tick: number): void {
    const [key, fresh] = this.#identity("context", contexts, write.id, tick);
    if (!fresh) this.#db.run(endContext, [key, tick]);
    const json = write.texts.erased ? null : write.texts.text();
    this.#db.run(addContext, [
      ...this.#version(this.#key("context_version"), tick, write.texts, json, author),
      key,
      write.owner,
      json === null ? null : hashOrNull(contextTexts(json).name),
    ]);
  }

  #memberAdd(contextId: Id, id: Id, tick: number): void {
    const context = this.#find(contexts, contextId), engram = this.#findLive(id);
    if (context === null || engram === null || this.#db.get(liveMember, [context, engram]) !== null) return;
    this.#db.run(addMember, [this.#key("member"), context, engram, tick]);
    this.#listener.memberChanged(context, engram, true);
    this.#listener.engramChanged(id);
  }

  #memberRemove(contextId: Id, id: Id, tick: number): void {
    const context = this.#find(contexts, contextId), engram = this.#find(engrams, id);
    const live = context === null || engram === null ? null : this.#db.get(liveMember, [context, engram]);
    if (context === null || engram === null || live === null) return;
    this.#db.run(endMember, [num(live[0]), tick]);
    this.#listener.memberChanged(context, engram, false);
    this.#listener.engramChanged(id);
  }

  #agentPut(write: Write & { op: "context_agent_put" }, tick: number): void {
    const context = this.#find(contexts, write.context);
    if (context === null) return;
    const live = this.#db.get(liveAgent, [context, write.agent]);
    if (live !== null) {
      if (live[1] === write.access) return;
      this.#db.run(endAgent, [num(live[0]), tick]);
    }
    this.#db.run(addAgent, [this.#key("context_agent"), context, write.agent, write.access, tick]);
  }
}
