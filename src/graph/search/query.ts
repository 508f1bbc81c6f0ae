/**
 * What a search asks for, what it gives, and which texts pass its filters.
 *
 * Owns: the meaning of every part of a query but its words.
 * Does not own: order and scores (search.ts, score.ts), the list without words (listing.ts).
 */
import { EngramError } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Engram, EngramKind, Hit, Json } from "../../kernel/records.ts";
import type { Readable, Scope, Scopes } from "../reads/scope.ts";
import type { Document } from "./corpus.ts";
import type { Spelled } from "./score.ts";

/**
 * What is searched for; every part that is given must hold.
 *
 * With `text` or `exact` the best hits come first, `searchLimits.hitsMax` over all pages; a cursor is a place among
 * them, so what is written between two pages may move hits. Without both it is a list of everything that passes, the
 * newest made first (by id), with no end but the last; its cursor names an engram, so new engrams move nothing, and a
 * rewritten one keeps its place.
 */
export interface SearchQuery {
  /** Words; a hit has some of them, or stands beside one that has. */
  readonly text?: string;
  /** A phrase that stands in title or content, letter case and spacing aside. */
  readonly exact?: string;
  /** Top-level metadata that must be equal. */
  readonly metadata?: Readonly<Record<string, Json>>;
  readonly kind?: EngramKind;
  readonly source?: string;
  readonly minConfidence?: number;
  readonly context?: Id;
  /** Engrams written at this tick or later. */
  readonly changedSinceTick?: number;
  /** Superseded engrams too; with words they rank after the others. Default false. */
  readonly includeSuperseded?: boolean;
  /** 1 to `searchLimits.limitMax`. */
  readonly limit: number;
  /** From the page before, of the same query. */
  readonly cursor?: string;
  readonly readable?: Readable;
  readonly asOf?: number;
  /** A step's own staged engrams, and ids it deleted: they take part as if committed. */
  readonly staged?: readonly Engram[];
  readonly stagedDeleted?: readonly Id[];
}

/** A page of hits, best first. */
export interface SearchResult {
  readonly hits: readonly Hit[];
  /**
   * Present when there is more. Without words a page that looked at `searchLimits.documentsMax` texts ends there, with
   * fewer hits than asked for or none: the cursor goes on.
   */
  readonly cursor?: string;
  /** Words of the query that no engram has, and the stem that was searched for instead. */
  readonly spelled?: readonly Spelled[];
  /** The versions of `asOf` were scanned for words: slower than the index. */
  readonly scanned: boolean;
}

/** A cursor that the search did not give. */
export function noCursor(cursor: string): EngramError {
  return new EngramError("invalid_argument", `Cannot search: cursor "${cursor}" is from no search`, {
    cursor,
  });
}

/** Everything a query asks of a text but its words. */
export class Filter {
  readonly #query: SearchQuery;
  readonly #scope: Scope;
  readonly #scopes: Scopes;
  readonly #phrase: string;
  readonly #isNarrowed: boolean;

  /** `isNarrowed`: stored documents of other contexts are left out already. */
  constructor(query: SearchQuery, scope: Scope, scopes: Scopes, isNarrowed = false) {
    this.#isNarrowed = isNarrowed;
    this.#query = query;
    this.#scope = scope;
    this.#scopes = scopes;
    this.#phrase = normalise(query.exact ?? "");
  }

  /** Whether there is anything to pass. */
  get any(): boolean {
    const { kind, source, minConfidence, changedSinceTick, metadata, context } = this.#query;
    return this.#phrase !== "" ||
      [kind, source, minConfidence, changedSinceTick, metadata, context].some((part) => part !== undefined);
  }

  passes(document: Document): boolean {
    const { kind, source, minConfidence, changedSinceTick, metadata, context } = this.#query;
    // Texts are parsed when they are asked for: not before a filter that is over them.
    if (kind !== undefined && document.kind !== kind) return false;
    if (source !== undefined && document.texts.source !== source) return false;
    if (minConfidence !== undefined && document.confidence < minConfidence) return false;
    if (changedSinceTick !== undefined && document.fromTick < changedSinceTick) return false;
    for (const [name, value] of Object.entries(metadata ?? {})) {
      const { metadata: own } = document.texts;
      if (!Object.hasOwn(own, name) || !equal(own[name] ?? null, value)) return false;
    }
    if (this.#phrase !== "") {
      const holds = (text: string | null) => text !== null && normalise(text).includes(this.#phrase);
      if (!holds(document.texts.title) && !holds(document.texts.content)) return false;
    }
    return context === undefined || this.#inContext(document, context);
  }

  #inContext(document: Document, context: Id): boolean {
    if (document.staged !== null) return document.staged.contexts.includes(context);
    if (this.#isNarrowed) return true;
    const key = this.#scopes.contextKey(context);
    if (key === null || (this.#scope.contexts !== null && !this.#scope.contexts.has(key))) return false;
    return this.#scopes.visible(document.key, { tick: this.#scope.tick, contexts: new Set([key]) });
  }
}

function normalise(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}

function equal(one: Json, other: Json): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const left = Object.entries(one), right = new Map<string, Json>(Object.entries(other));
  return left.length === right.size &&
    left.every(([name, value]) => right.has(name) && equal(value, right.get(name) ?? null));
}
