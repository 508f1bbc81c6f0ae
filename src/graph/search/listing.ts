/**
 * A search without words: everything that passes, the newest made first, page after page to the last.
 *
 * Owns: the order by id, where a page begins and ends.
 * Does not own: filters (query.ts), the index, which is not needed here.
 *
 * Invariants:
 * 1. A page costs its own texts and those passed over, never those of the pages before: the order is that of a table.
 * 2. Pages of one list leave out nothing and repeat nothing of what stays, whatever is added in between.
 * 3. A reader's pages and cursors are those it would get if nothing else existed: only visible texts are counted.
 */
import { sql } from "kysely";
import { type Id, parseId } from "../../kernel/ids.ts";
import { engramKinds } from "../../kernel/records.ts";
import { build, given, Query, type Sqlite, text } from "../file/sqlite.ts";
import type { Scope, Scopes } from "../reads/scope.ts";
import { hashText } from "../reads/texts.ts";
import { type Document, documentColumns, documentOf, stagedDocument, type Superseders } from "./corpus.ts";
import { Filter, noCursor, type SearchQuery } from "./query.ts";
import { searchLimits } from "./score.ts";

/** Versions that hold at a tick, of engrams with an id below another, the largest first; some filters beforehand. */
const rowsBelow = (inContexts: boolean) =>
  new Query(() => {
    const all = build.selectFrom("engram")
      .innerJoin("engram_version as version", "version.engram", "engram.key").select([
        ...documentColumns,
        "engram.id",
      ])
      .where("engram.id", "<", given<string>(0))
      .where("version.from_tick", "<=", given(1)).where("version.to_tick", ">", given(1))
      .where("version.from_tick", ">=", given(2)).where("version.confidence", ">=", given(3))
      .where(sql<boolean>`(${given(4)} is null or version.kind = ${given(4)})`)
      .where(sql<boolean>`(${given(5)} is null or version.source_hash = ${given(5)})`)
      .orderBy("engram.id", "desc").limit(given(6));
    return !inContexts ? all : all.where((e) =>
      e.exists(
        e.selectFrom("member").select("rid").whereRef("member.engram", "=", "engram.key")
          .where("member.to_tick", ">", given(1)).where("member.from_tick", "<=", given(1))
          .where("context", "in", sql<number>`(select value from json_each(${given<string>(7)}))`),
      )
    );
  });
const rowsOfAll = rowsBelow(false), rowsOfContexts = rowsBelow(true);
/** Above every id. */
const aboveAll = "~";
const rowsPerReadMax = 512;

/** What a list is made of. */
export interface ListingParts {
  readonly db: Sqlite;
  readonly scopes: Scopes;
  readonly scope: Scope;
  readonly superseders: Superseders;
}

/** One page: texts by falling id; `cursor` when there is more, or may be more than this page looked at. */
export interface Listed {
  readonly documents: readonly Document[];
  readonly cursor?: string;
}

/** A page of a list. Refusals: `invalid_argument` for a cursor that is from no list. */
export function listPage(query: SearchQuery, parts: ListingParts): Listed {
  return new Listing(query, parts).page();
}

class Listing {
  readonly #query: SearchQuery;
  readonly #parts: ListingParts;
  readonly #filter: Filter;
  readonly #below: Id;
  /** Ids whose stored versions do not count. */
  readonly #replaced: ReadonlySet<Id>;

  constructor(query: SearchQuery, parts: ListingParts) {
    this.#query = query;
    this.#parts = parts;
    this.#filter = new Filter(query, parts.scope, parts.scopes);
    this.#below = query.cursor ?? aboveAll;
    if (query.cursor !== undefined && parseId(query.cursor)?.letter !== "e") throw noCursor(query.cursor);
    this.#replaced = new Set([...(query.staged ?? []).map(({ id }) => id), ...(query.stagedDeleted ?? [])]);
  }

  page(): Listed {
    const { limit } = this.#query;
    const documents: Document[] = [];
    let looked = 0, last: Id = this.#below;
    for (const document of this.#merged()) {
      if (looked++ === searchLimits.documentsMax) return { documents, cursor: last };
      if (this.#wanted(document)) {
        if (documents.length === limit) return { documents, cursor: last };
        documents.push(document);
      }
      last = document.id;
    }
    return { documents };
  }

  #wanted(document: Document): boolean {
    return this.#filter.passes(document) &&
      (this.#query.includeSuperseded === true || !this.#superseded(document));
  }

  #superseded({ staged, key }: Document): boolean {
    if (staged !== null) return staged.supersededBy !== null;
    const { superseders, scopes, scope } = this.#parts;
    return (superseders.get(key) ?? []).some((newer) => scopes.visible(newer, scope));
  }

  /** Stored and staged texts in one order. */
  *#merged(): Generator<Document> {
    const staged = (this.#query.staged ?? []).filter(({ id }) => id < this.#below)
      .sort((one, other) => one.id < other.id ? 1 : -1)
      .map((engram) => stagedDocument(engram, 0, Number.MAX_SAFE_INTEGER));
    let at = 0;
    for (const stored of this.#stored()) {
      for (let next = staged[at]; next !== undefined && next.id > stored.id; next = staged[++at]) yield next;
      if (!this.#replaced.has(stored.id)) yield stored;
    }
    yield* staged.slice(at);
  }

  *#stored(): Generator<Document> {
    const { kind, source, minConfidence, changedSinceTick, limit } = this.#query;
    const contexts = this.#contexts();
    if (contexts?.length === 0) return;
    const filters = [
      changedSinceTick ?? -1,
      minConfidence ?? -1,
      kind === undefined ? null : engramKinds.indexOf(kind),
      source === undefined ? null : hashText(source),
    ];
    let below = this.#below;
    for (let count = Math.min(limit + 1, rowsPerReadMax);; count = Math.min(count * 2, rowsPerReadMax)) {
      const values = [below, this.#parts.scope.tick, ...filters, count];
      const rows = contexts === null
        ? this.#parts.db.all(rowsOfAll, values)
        : this.#parts.db.all(rowsOfContexts, [...values, JSON.stringify(contexts)]);
      for (const row of rows) {
        const document = documentOf(row, () => text(row[documentColumns.length]));
        below = document.id;
        yield document;
      }
      if (rows.length < count) return;
    }
  }

  /** Keys of the contexts of which one must hold a text; null where the owner asks for no context. */
  #contexts(): number[] | null {
    const { scope, scopes } = this.#parts, { context } = this.#query;
    if (context === undefined) return scope.contexts === null ? null : [...scope.contexts];
    const key = scopes.contextKey(context);
    return key === null || (scope.contexts !== null && !scope.contexts.has(key)) ? [] : [key];
  }
}
