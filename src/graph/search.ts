/**
 * Search over texts: candidates from the index, scores of our own.
 */
import type { Id } from "../kernel/ids.ts";
import type { Engram, EngramKind, Hit, Json } from "../kernel/records.ts";
import type { Reads } from "./reads.ts";
import type { Readable, Scopes } from "./scope.ts";
import type { Sqlite } from "./sqlite.ts";

/** What is searched for; every part that is given must hold. Without `text` and `exact`: newest first. */
export interface SearchQuery {
  /** Words; a hit has some of them. */
  readonly text?: string;
  /** A phrase that stands in title or content, letter case aside. */
  readonly exact?: string;
  /** Top-level metadata that must be equal. */
  readonly metadata?: Readonly<Record<string, Json>>;
  readonly kind?: EngramKind;
  readonly source?: string;
  readonly minConfidence?: number;
  readonly context?: Id;
  /** Engrams written at this tick or later. */
  readonly changedSinceTick?: number;
  /** Superseded engrams too; they rank after the others. Default false. */
  readonly includeSuperseded?: boolean;
  /** 1 to `searchLimits.limitMax`. */
  readonly limit: number;
  /** From the page before. */
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
  /** Present when there is more. */
  readonly cursor?: string;
  /** Words of the query that no engram has, and what was searched for instead. */
  readonly spelled?: readonly { readonly word: string; readonly as: string }[];
  /** The versions of `asOf` were scanned: slower than the index. */
  readonly scanned: boolean;
}

/** Search over one graph. */
export class Search {
  constructor(_db: Sqlite, _scopes: Scopes, _reads: Reads, _readOnly: boolean) {}
  memberChanged(_context: number, _engram: number, _member: boolean): void {}
  committed(): void {}
  reset(): void {}
  maintain(): void {}
  search(_query: SearchQuery): SearchResult {
    return { hits: [], scanned: false };
  }
}
