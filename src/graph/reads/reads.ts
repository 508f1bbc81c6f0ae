/**
 * Reads by id, by name, by context and by thread, now or as of a tick.
 *
 * Owns: rows to records, the cache of current engrams.
 * Does not own: walks (walk.ts), search (search/search.ts), what a reader may see (scope.ts).
 *
 * Invariants:
 * 1. A read as of tick t gives what the same read gave after the entry of tick t was committed.
 * 2. The cache holds only what the rows of now say; every commit drops what it changed.
 */
import { sql } from "kysely";
import type { Id } from "../../kernel/ids.ts";
import {
  type Author,
  type Connection,
  connectionTypes,
  type Context,
  type Engram,
  type EngramKind,
  engramKinds,
  type EngramTexts,
  timeSources,
  type Write,
} from "../../kernel/records.ts";
import { forever } from "../file/schema.ts";
import {
  build,
  given,
  num,
  numOrNull,
  Query,
  type Row,
  type Sqlite,
  text,
  textOrNull,
  type Value,
} from "../file/sqlite.ts";
import { isNow, type Readable, type Scope, type Scopes } from "./scope.ts";
import { cachedCharsMax, TextCache } from "./text_cache.ts";
import { contextTexts, engramTexts, hashText, metadataOf } from "./texts.ts";

/** An engram with what a scope needs to cut it to. */
export interface Stored {
  readonly key: number;
  readonly rid: number;
  readonly engram: Engram;
  readonly erased: boolean;
  /** Of the JSON of its texts, in characters or, where only they are known, bytes. */
  readonly size: number;
  readonly contexts: readonly { readonly key: number; readonly id: Id }[];
  readonly superseders: readonly { readonly key: number; readonly id: Id }[];
}

/** A version of an engram, for `why`: who wrote it, and how long it held. */
export interface EngramVersion {
  readonly fromTick: number;
  /** The tick that ended it; null while it holds. */
  readonly toTick: number | null;
  readonly by: Author;
  readonly erased: boolean;
  /** As it was at `fromTick`. */
  readonly engram: Engram;
}

const engramColumns = [
  "version.rid",
  "engram.key",
  "engram.id",
  "engram.created_tick",
  "version.from_tick",
  "version.texts",
  "version.agent",
  "version.client",
  "version.author_tick",
  "version.author_seat",
  "version.kind",
  "version.confidence",
  "version.position",
  "version.observed_at",
  "version.time_source",
  "version.valid_from",
  "version.valid_to",
  "version.to_tick",
] as const;
const engramSource = (tick: number) =>
  build.selectFrom("engram").innerJoin("engram_version as version", "version.engram", "engram.key")
    .select(engramColumns)
    .select((e) => [
      // Lists come as one text each: a statement costs more than the rows it gives.
      e.selectFrom("member").innerJoin("context", "context.key", "member.context")
        .select(sql<string>`group_concat(context.key || ':' || context.id)`.as("list"))
        .whereRef("member.engram", "=", "engram.key")
        .where("member.to_tick", ">", given(tick)).where("member.from_tick", "<=", given(tick)).as(
          "contexts",
        ),
      e.selectFrom("connection_version as link").innerJoin("engram as newer", "newer.key", "link.source")
        .select(sql<string>`group_concat(newer.key || ':' || newer.id || ':' || link.connection)`.as("list"))
        .whereRef("link.target", "=", "engram.key")
        .where("link.type", "=", sql.lit(connectionTypes.supersedes))
        .where("link.to_tick", ">", given(tick)).where("link.from_tick", "<=", given(tick)).as("superseders"),
    ]);
/** The row of the version that holds at a tick begins last among those begun by then; only it is looked at. */
const newestOfEngram = (tick: number) =>
  engramSource(tick).where("version.from_tick", "<=", given(tick))
    .orderBy("version.from_tick", "desc").orderBy("version.rid", "desc").limit(1);
const engramById = new Query(() => newestOfEngram(1).where("engram.id", "=", given<string>(0)));
const engramByKey = new Query(() => newestOfEngram(1).where("engram.key", "=", given(0)));
const engramsByRid = new Query(() =>
  engramSource(1).where("version.rid", "in", sql<number>`(select value from json_each(${given<string>(0)}))`)
);
const engramKey = new Query(() =>
  build.selectFrom("engram").select("key").where("id", "=", given<string>(0))
);
const contextsOfEngram = new Query(() =>
  build.selectFrom("member").innerJoin("context", "context.key", "member.context")
    .select("context.id").where("member.engram", "=", given(0))
    .where("member.to_tick", ">", given(1)).where("member.from_tick", "<=", given(1)).orderBy("context.id")
);
const versionsOf = new Query(() =>
  build.selectFrom("engram_version").select(["from_tick", "to_tick", "texts"])
    .where("engram", "=", given(0)).orderBy("rid")
);
const byRef = new Query(() =>
  build.selectFrom("engram_version").select(["engram"])
    .where("ref_hash", "=", given(0)).where("source_hash", "is", given(1))
    .where("to_tick", ">", given(2)).where("from_tick", "<=", given(2)).orderBy("engram")
);
const endedByRef = new Query(() =>
  build.selectFrom("engram_version").select(["engram", "to_tick"])
    .where("ref_hash", "=", given(0)).where("source_hash", "is", given(1))
    .where("to_tick", "<=", given(2)).orderBy("to_tick", "desc").limit(given(3))
);
const threadRows = new Query(() =>
  build.selectFrom("engram_version").select(["engram"])
    .where("thread_hash", "=", given(0))
    .where("to_tick", ">", given(1)).where("from_tick", "<=", given(1))
    .orderBy("position").orderBy("engram").limit(given(2))
);

/** Ended versions of one source and ref that are looked at, the last ended first. */
const endedVersionsMax = 16;

/** Above every id. */
const aboveAll = "~";
const connectionColumns = [
  "connection.id",
  "origin.id as source_id",
  "goal.id as target_id",
  "version.type",
  "version.weight",
  "version.texts",
  "connection.created_tick",
  "version.from_tick",
  "version.agent",
  "version.client",
  "version.author_tick",
  "version.author_seat",
  "version.source",
  "version.target",
] as const;
const connectionSource = () =>
  build.selectFrom("connection_version as version")
    .innerJoin("connection", "connection.key", "version.connection")
    .innerJoin("engram as origin", "origin.key", "version.source")
    .innerJoin("engram as goal", "goal.key", "version.target")
    .select(connectionColumns)
    .where("version.to_tick", ">", given(0)).where("version.from_tick", "<=", given(0));
const connectionById = new Query(() => connectionSource().where("connection.id", "=", given<string>(1)));
const connectionByEnds = new Query(() =>
  connectionSource().where("version.source", "=", given(1)).where(sql`+version.target`, "=", given(2))
    .where(sql`+version.type`, "=", given<string>(3))
);
const connectionByEndsNow = new Query(() =>
  connectionSource().where("version.source", "=", given(1)).where("version.target", "=", given(2))
    .where(sql`+version.type`, "=", given<string>(3)).where("version.to_tick", "=", forever)
);
/**
 * Connections of one side of an engram; of one type, where one is asked for: "+" keeps SQLite from planning anew for
 * each type, since one has an index of its own.
 */
const connectionsOn = (side: "source" | "target") => {
  const all = () =>
    connectionSource().where(`version.${side}`, "=", given(1)).orderBy("connection.key").limit(given(2));
  return {
    all: new Query(all),
    typed: new Query(() => all().where(sql`+version.type`, "=", given<string>(3))),
  };
};
const connectionsOut = connectionsOn("source"), connectionsIn = connectionsOn("target");
const connectionsTyped = new Query(() =>
  connectionSource().where("connection.id", "<", given<string>(1))
    .where(sql<boolean>`version.type in (select value from json_each(${given<string>(2)}))`)
    .orderBy("connection.id", "desc").limit(given(3))
);

const contextColumns = [
  "context.key",
  "context.id",
  "context.created_tick",
  "version.from_tick",
  "version.texts",
  "version.owner",
] as const;
const contextSource = () =>
  build.selectFrom("context").innerJoin("context_version as version", "version.context", "context.key")
    .select(contextColumns)
    .where("version.to_tick", ">", given(0)).where("version.from_tick", "<=", given(0));
const contextById = new Query(() => contextSource().where("context.id", "=", given<string>(1)));
const contextsByName = new Query(() =>
  contextSource().where("version.name_hash", "=", given(1)).orderBy("context.key")
);
const allContexts = new Query(() =>
  contextSource().where("context.id", ">", given<string>(1)).orderBy("context.id").limit(given(2))
);
const agentsOfContext = new Query(() =>
  build.selectFrom("context_agent").select(["agent", "access"]).where("context", "=", given(0))
    .where("to_tick", ">", given(1)).where("from_tick", "<=", given(1)).orderBy("agent")
);
const contextsOfAgent = new Query(() =>
  build.selectFrom("context_agent").innerJoin("context", "context.key", "context_agent.context")
    .select(["context.id", "context_agent.access"]).where("agent", "=", given<string>(0))
    .where("to_tick", ">", given(1)).where("from_tick", "<=", given(1)).orderBy("context.id")
);
const memberCount = new Query(() =>
  build.selectFrom("member").select((e) => e.fn.countAll<number>().as("n")).where("context", "=", given(0))
    .where("to_tick", ">", given(1)).where("from_tick", "<=", given(1))
);
const memberPair = new Query(() =>
  build.selectFrom("member").select("rid").where(sql`+context`, "=", given(0)).where("engram", "=", given(1))
    .where("to_tick", ">", given(2)).where("from_tick", "<=", given(2))
);
const members = () =>
  build.selectFrom("member").select("engram").where("context", "=", given(0)).where("engram", ">", given(1))
    .orderBy("engram").limit(given(3));
// Equality lets the index give the order; a range of ticks means sorting.
const membersNow = new Query(() => members().where("to_tick", "=", forever));
/** Walks the index from its end; the inner limit bounds what is looked at. */
const newestMembers = new Query(() =>
  build.selectFrom(
    build.selectFrom("member").select("engram").where("context", "=", given(0)).where("to_tick", "=", forever)
      .orderBy("engram", "desc").limit(given(1)).as("member"),
  ).innerJoin(
    "engram_version as version",
    (join) => join.onRef("version.engram", "=", "member.engram").on("version.to_tick", "=", forever),
  )
    .select("member.engram").where("version.kind", "=", given(2)).orderBy("member.engram", "desc").limit(
      given(3),
    )
);
const membersThen = new Query(() =>
  members().where("to_tick", ">", given(2)).where("from_tick", "<=", given(2))
);

/** What one context or superseder of a cached engram is counted as, in characters. */
const listedChars = 64;

/** `key:id` or `key:id:order`, separated by commas. */
function listOf(list: Value | undefined): { key: number; id: Id; order: number }[] {
  if (typeof list !== "string") return [];
  return list.split(",").map((item) => {
    const [key = "", id = "", order = "0"] = item.split(":");
    return { key: Number(key), id, order: Number(order) };
  });
}

/** Times of the log are whole ms; a time no calendar has is no time. */
function iso(ms: Value | undefined): string | null {
  return typeof ms === "number" && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}

function author(row: Row, at: number): Author {
  return {
    agent: textOrNull(row[at]),
    client: textOrNull(row[at + 1]),
    tick: num(row[at + 2]),
    seat: num(row[at + 3]),
  };
}

function access(value: Value | undefined): "read" | "write" {
  return value === "write" ? "write" : "read";
}

/** Reads of one graph. */
export class Reads {
  readonly #db: Sqlite;
  readonly #scopes: Scopes;
  readonly #cache: TextCache<Id, Stored>;

  constructor(db: Sqlite, scopes: Scopes, cacheEngramsMax: number) {
    this.#db = db;
    this.#scopes = scopes;
    this.#cache = new TextCache(
      { entriesMax: cacheEngramsMax, charsMax: cachedCharsMax },
      ({ size, contexts, superseders }) => size + listedChars * (contexts.length + superseders.length),
    );
  }

  /** Forgets a cached engram. */
  forget(id: Id): void {
    this.#cache.delete(id);
  }

  /** What is cached of a current engram, or null. */
  cached(id: Id): Stored | null {
    return this.#cache.get(id) ?? null;
  }

  /** A commit put a new version of an engram: what is cached of it goes on as a read of the new row would give it. */
  replaced(
    rid: number,
    tick: number,
    write: Write & { op: "engram_put" },
    texts: EngramTexts,
    by: Author,
  ): void {
    const before = this.#cache.get(write.id);
    if (before === undefined) return;
    const { kind, confidence, position, observedAt, timeSource, validFrom, validTo } = write;
    const { content, title, source, ref, thread, metadata } = texts;
    const engram: Engram = {
      ...before.engram,
      kind,
      content,
      title,
      source,
      ref,
      // The file keeps no sign of a zero.
      confidence: confidence + 0,
      metadata,
      thread,
      position: position === null ? null : position + 0,
      observedAt: iso(observedAt),
      timeSource,
      validFrom: iso(validFrom),
      validTo: iso(validTo),
      updatedTick: tick,
      by: { agent: by.agent, client: by.client, tick: by.tick, seat: by.seat },
    };
    const size = write.texts.bytes?.length ?? 0;
    this.#cache.set(write.id, { ...before, rid, erased: false, size, engram });
  }

  /** Forgets all that is cached. */
  reset(): void {
    this.#cache.clear();
  }

  /** The key of an engram that ever was, or null. */
  key(id: Id): number | null {
    const row = this.#db.get(engramKey, [id]);
    return row === null ? null : num(row[0]);
  }

  stored(id: Id, scope: Scope): Stored | null {
    if (!isNow(scope)) return this.#stored(this.#db.get(engramById, [id, scope.tick]), scope);
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const stored = this.#stored(this.#db.get(engramById, [id, scope.tick]), scope);
    if (stored !== null) this.#cache.set(id, stored);
    return stored;
  }

  storedByKey(key: number, scope: Scope): Stored | null {
    return this.#stored(this.#db.get(engramByKey, [key, scope.tick]), scope);
  }

  #stored(row: Row | null, scope: Scope): Stored | null {
    if (row === null || num(row[17]) <= scope.tick) return null;
    const key = num(row[1]), json = textOrNull(row[5]);
    const texts = engramTexts(json);
    const contexts = listOf(row[18]).sort((one, other) => one.id < other.id ? -1 : 1);
    const superseders = listOf(row[19]).sort((one, other) => other.order - one.order);
    const engram: Engram = {
      id: text(row[2]),
      kind: engramKinds[num(row[10])] ?? "note",
      content: texts.content,
      title: texts.title,
      source: texts.source,
      ref: texts.ref,
      confidence: num(row[11]),
      metadata: texts.metadata,
      contexts: contexts.map((context) => context.id),
      thread: texts.thread,
      position: numOrNull(row[12]),
      observedAt: iso(row[13]),
      timeSource: timeSources[num(row[14])] ?? "none",
      validFrom: iso(row[15]),
      validTo: iso(row[16]),
      createdTick: num(row[3]),
      updatedTick: num(row[4]),
      supersededBy: superseders[0]?.id ?? null,
      by: author(row, 6),
    };
    const size = json?.length ?? 0;
    return { key, rid: num(row[0]), engram, erased: json === null, size, contexts, superseders };
  }

  /** The engram as this scope may see it, or null. */
  cut(stored: Stored | null, scope: Scope): Engram | null {
    if (stored === null) return null;
    const readable = scope.contexts;
    if (readable === null) return stored.engram;
    const contexts = stored.contexts.filter((context) => readable.has(context.key));
    if (contexts.length === 0) return null;
    const superseder = stored.superseders.find((other) => this.#scopes.visible(other.key, scope));
    return {
      ...stored.engram,
      contexts: contexts.map((context) => context.id),
      supersededBy: superseder?.id ?? null,
    };
  }

  engram(id: Id, asOf?: number, readable?: Readable): Engram | null {
    const scope = this.#scopes.make(asOf, readable);
    return this.cut(this.stored(id, scope), scope);
  }

  /** {@link engram} for a scope made already. */
  engramIn(id: Id, scope: Scope): Engram | null {
    return this.cut(this.stored(id, scope), scope);
  }

  /** The engrams of these versions, by row, all in one read; those that do not hold or may not be seen are left out. */
  engramsAt(rids: readonly number[], scope: Scope): Map<number, Engram> {
    const found = new Map<number, Engram>();
    for (const row of this.#db.all(engramsByRid, [JSON.stringify(rids), scope.tick])) {
      const engram = this.cut(this.#stored(row, scope), scope);
      if (engram !== null) found.set(num(row[0]), engram);
    }
    return found;
  }

  /** Oldest first; with a page, those that began after a tick. */
  versions(
    id: Id,
    readable?: Readable,
    { after = -1, limit = Infinity }: { readonly after?: number; readonly limit?: number } = {},
  ): EngramVersion[] {
    const key = this.key(id);
    if (key === null) return [];
    const found: EngramVersion[] = [];
    for (const [from, to, json] of this.#db.all(versionsOf, [key])) {
      const fromTick = num(from), toTick = num(to);
      if (fromTick === toTick || fromTick <= after) continue;
      if (found.length >= limit) break;
      const engram = this.engram(id, fromTick, readable);
      if (engram === null) continue;
      const holds = toTick > Number.MAX_SAFE_INTEGER - 1;
      found.push({ fromTick, toTick: holds ? null : toTick, by: engram.by, erased: json === null, engram });
    }
    return found;
  }

  #connection(row: Row | null, scope: Scope): Connection | null {
    if (row === null) return null;
    if (!this.#scopes.visible(num(row[12]), scope) || !this.#scopes.visible(num(row[13]), scope)) return null;
    return {
      id: text(row[0]),
      source: text(row[1]),
      target: text(row[2]),
      type: text(row[3]),
      weight: num(row[4]),
      metadata: metadataOf(textOrNull(row[5])),
      createdTick: num(row[6]),
      updatedTick: num(row[7]),
      by: author(row, 8),
    };
  }

  connectionsOfTypes(types: readonly string[], after: Id | null, limit: number): Connection[] {
    const scope = this.#scopes.make(undefined, undefined);
    return this.#db.all(connectionsTyped, [scope.tick, after ?? aboveAll, JSON.stringify(types), limit])
      .map((row) => this.#connection(row, scope)).filter((one) => one !== null);
  }

  connection(id: Id, asOf?: number, readable?: Readable): Connection | null {
    const scope = this.#scopes.make(asOf, readable);
    return this.#connection(this.#db.get(connectionById, [scope.tick, id]), scope);
  }

  connectionBetween(
    source: Id,
    target: Id,
    type: string,
    asOf?: number,
    readable?: Readable,
  ): Connection | null {
    const scope = this.#scopes.make(asOf, readable);
    const from = this.key(source), to = this.key(target);
    if (from === null || to === null) return null;
    return this.#connection(
      this.#db.get(isNow(scope) ? connectionByEndsNow : connectionByEnds, [scope.tick, from, to, type]),
      scope,
    );
  }

  connectionsOf(
    id: Id,
    options: {
      direction?: "out" | "in" | "both";
      type?: string;
      limit: number;
      asOf?: number;
      readable?: Readable;
    },
  ): Connection[] {
    const scope = this.#scopes.make(options.asOf, options.readable);
    const key = this.key(id), direction = options.direction ?? "both";
    if (key === null) return [];
    const found: Connection[] = [];
    for (const [queries, way] of [[connectionsOut, "out"], [connectionsIn, "in"]] as const) {
      if (direction !== "both" && direction !== way) continue;
      found.push(...this.#connectionsOn(queries, key, scope, options));
    }
    return [...new Map(found.map((one) => [one.id, one])).values()]
      .sort((a, b) => a.id < b.id ? -1 : 1).slice(0, options.limit);
  }

  /** The first `limit` of one side that may be seen. Of an engram with many, no more rows are read than that takes. */
  #connectionsOn(
    queries: typeof connectionsOut,
    key: number,
    scope: Scope,
    { type, limit }: { readonly type?: string; readonly limit: number },
  ): Connection[] {
    for (let rowsMax = limit;; rowsMax = Math.max(rowsMax, 16) * 4) {
      const rows = type === undefined
        ? this.#db.all(queries.all, [scope.tick, key, rowsMax])
        : this.#db.all(queries.typed, [scope.tick, key, rowsMax, type]);
      const seen = rows.map((row) => this.#connection(row, scope)).filter((one) => one !== null);
      if (seen.length >= limit || rows.length < rowsMax) return seen.slice(0, limit);
    }
  }

  #context(row: Row, scope: Scope): Context {
    const key = num(row[0]), texts = contextTexts(textOrNull(row[4]));
    return {
      id: text(row[1]),
      name: texts.name,
      description: texts.description,
      metadata: texts.metadata,
      owner: textOrNull(row[5]),
      agents: this.#agents(key, scope),
      engrams: num(this.#db.get(memberCount, [key, scope.tick])?.[0]),
      createdTick: num(row[2]),
      updatedTick: num(row[3]),
    };
  }

  #agents(key: number, scope: Scope): { agent: string; access: "read" | "write" }[] {
    return this.#db.all(agentsOfContext, [key, scope.tick])
      .map(([agent, may]) => ({ agent: text(agent), access: access(may) }));
  }

  context(id: Id, asOf?: number): Context | null {
    const scope = this.#scopes.make(asOf, null);
    const row = this.#db.get(contextById, [scope.tick, id]);
    return row === null ? null : this.#context(row, scope);
  }

  contextByName(name: string, asOf?: number): Context | null {
    const scope = this.#scopes.make(asOf, null);
    for (const row of this.#db.all(contextsByName, [scope.tick, hashText(name)])) {
      if (contextTexts(textOrNull(row[4])).name === name) return this.#context(row, scope);
    }
    return null;
  }

  /** The id of a context that there is, by id or else by name; it counts nothing that is in it. */
  contextIdOf(idOrName: string): Id | null {
    const { tick } = this.#scopes.make(undefined, null);
    if (this.#db.get(contextById, [tick, idOrName]) !== null) return idOrName;
    const named = this.#db.all(contextsByName, [tick, hashText(idOrName)])
      .find((row) => contextTexts(textOrNull(row[4])).name === idOrName);
    return named === undefined ? null : text(named[1]);
  }

  /** By id; with a page, those after one id. */
  contexts(asOf?: number, page: { readonly limit?: number; readonly after?: Id } = {}): Context[] {
    const scope = this.#scopes.make(asOf, null);
    const { after = "", limit = -1 } = page;
    return this.#db.all(allContexts, [scope.tick, after, limit]).map((row) => this.#context(row, scope));
  }

  contextsOf(engram: Id, asOf?: number): Id[] {
    const key = this.key(engram);
    if (key === null) return [];
    const { tick } = this.#scopes.make(asOf, null);
    return this.#db.all(contextsOfEngram, [key, tick]).map((row) => text(row[0]));
  }

  isMember(context: Id, engram: Id, asOf?: number): boolean {
    const from = this.#scopes.contextKey(context), key = this.key(engram);
    if (from === null || key === null) return false;
    return this.#db.get(memberPair, [from, key, this.#scopes.make(asOf, null).tick]) !== null;
  }

  contextAgents(context: Id, asOf?: number): { agent: string; access: "read" | "write" }[] {
    const key = this.#scopes.contextKey(context);
    return key === null ? [] : this.#agents(key, this.#scopes.make(asOf, null));
  }

  contextsForAgent(agent: string, asOf?: number): { context: Id; access: "read" | "write" }[] {
    const { tick } = this.#scopes.make(asOf, null);
    return this.#db.all(contextsOfAgent, [agent, tick])
      .map(([context, may]) => ({ context: text(context), access: access(may) }));
  }

  findByRef(source: string | null, ref: string, context?: Id, asOf?: number): Id | null {
    const scope = this.#scopes.make(asOf, null);
    const sourceHash = source === null ? null : hashText(source);
    for (const row of this.#db.all(byRef, [hashText(ref), sourceHash, scope.tick])) {
      const stored = this.storedByKey(num(row[0]), scope);
      if (stored === null || stored.engram.source !== source || stored.engram.ref !== ref) continue;
      if (context === undefined || stored.engram.contexts.includes(context)) return stored.engram.id;
    }
    return null;
  }

  findForgotten(source: string, ref: string, context: Id, asOf?: number): Id | null {
    const scope = this.#scopes.make(asOf, null);
    const values = [hashText(ref), hashText(source), scope.tick, endedVersionsMax];
    for (const row of this.#db.all(endedByRef, values)) {
      const [key, ended] = [num(row[0]), num(row[1])];
      if (this.storedByKey(key, scope) !== null) continue;
      const last = this.storedByKey(key, this.#scopes.make(ended - 1, null))?.engram;
      if (last?.source === source && last.ref === ref && last.contexts.includes(context)) return last.id;
    }
    return null;
  }

  contextEngrams(
    context: Id,
    options: { limit: number; after?: Id; asOf?: number; readable?: Readable },
  ): Engram[] {
    const scope = this.#scopes.make(options.asOf, options.readable);
    const key = this.#scopes.contextKey(context);
    if (key === null || (scope.contexts !== null && !scope.contexts.has(key))) return [];
    const after = options.after === undefined ? 0 : this.key(options.after) ?? 0;
    const found: Engram[] = [];
    for (
      const row of this.#db.all(isNow(scope) ? membersNow : membersThen, [
        key,
        after,
        scope.tick,
        options.limit,
      ])
    ) {
      const engram = this.cut(this.storedByKey(num(row[0]), scope), scope);
      if (engram !== null) found.push(engram);
    }
    return found;
  }

  /** Members of one kind that hold now, the newest made first, of the newest `lookedMax` members. */
  newestIn(context: Id, options: NewestOptions): Engram[] {
    const key = this.#scopes.contextKey(context);
    if (key === null) return [];
    const scope = this.#scopes.make(undefined, null);
    const values = [key, options.lookedMax, engramKinds.indexOf(options.kind), options.limit];
    const found: Engram[] = [];
    for (const row of this.#db.all(newestMembers, values)) {
      const engram = this.cut(this.storedByKey(num(row[0]), scope), scope);
      if (engram !== null) found.push(engram);
    }
    return found;
  }

  thread(thread: string, options: ThreadOptions): Engram[] {
    const scope = this.#scopes.make(options.asOf, options.readable);
    const found: Engram[] = [];
    for (const row of this.#db.all(threadRows, [hashText(thread), scope.tick, Number.MAX_SAFE_INTEGER])) {
      const engram = this.cut(this.storedByKey(num(row[0]), scope), scope);
      if (engram === null || engram.thread !== thread) continue;
      if (options.source !== undefined && engram.source !== options.source) continue;
      found.push(engram);
      if (found.length >= options.limit) break;
    }
    return found;
  }
}

/** How {@link Reads.newestIn} is asked. */
export interface NewestOptions {
  readonly kind: EngramKind;
  readonly limit: number;
  readonly lookedMax: number;
}

/** How {@link Reads.thread} is asked. */
export interface ThreadOptions {
  readonly source?: string | null;
  readonly limit: number;
  readonly asOf?: number;
  readonly readable?: Readable;
}
