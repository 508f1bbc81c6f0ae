/**
 * What a step reads: the memory graph as of the tick before it, as an interface the graph (or an `asOf` view) fills.
 *
 * Invariant: nothing writes the graph while steps run, so every step of a tick sees the same snapshot, for free.
 */
import type { Change, Connected, Connection, Context, Engram, Hit, Id, Json, Path } from "../kernel/mod.ts";

/** Contexts a reader may see; null is everything (the owner). */
export type Readable = ReadonlySet<Id> | null;

/** Told of how many connections or changes a read has looked at; live and in replay alike. */
export type Looked = (count: number) => void;

/** What a search asks for. */
export interface SnapshotSearch {
  readonly text?: string;
  readonly exact?: boolean;
  readonly metadata?: Readonly<Record<string, Json>>;
  readonly kind?: string;
  readonly source?: string;
  readonly minConfidence?: number;
  readonly context?: Id;
  readonly changedSinceTick?: number;
  readonly includeSuperseded?: boolean;
  readonly limit: number;
  readonly cursor?: string;
  readonly readable: Readable;
  /** Staged engrams of the step take part; `hidden` are the ids whose stored versions no longer count. */
  readonly staged: readonly Engram[];
  readonly hidden: ReadonlySet<Id>;
}

/** What a recall asks for. */
export interface SnapshotRecall {
  readonly question: string;
  readonly k: number;
  readonly context?: Id;
  readonly minConfidence?: number;
  /** The question as a model sees it: int8, and the model's sha256; null without a model. */
  readonly vector: { readonly model: string; readonly numbers: Int8Array } | null;
  readonly readable: Readable;
  /** As of a {@link SnapshotSearch}. */
  readonly staged: readonly Engram[];
  readonly hidden: ReadonlySet<Id>;
}

/** Reads over one snapshot. Engrams carry all their contexts; the session filters them. */
export interface Snapshot {
  engram(id: Id): Engram | null;
  connection(id: Id): Connection | null;
  connectionBetween(source: Id, target: Id, type: string): Connection | null;
  connectionsOf(id: Id, direction: "out" | "in" | "both", type: string | null): readonly Connection[];
  context(id: Id): Context | null;
  contextByName(name: string): Context | null;
  contexts(): readonly Context[];
  isMember(context: Id, engram: Id): boolean;
  findByRef(source: string, ref: string, context: Id | null): Id | null;
  /** One that was there and was deleted. */
  findForgotten(source: string, ref: string, context: Id): Id | null;
  contextEngrams(context: Id, limit: number): readonly Engram[];
  neighbors(
    id: Id,
    options: { type: string | null; depth: number; limit: number; readable: Readable; looked: Looked },
  ): readonly Connected[];
  paths(
    source: Id,
    target: Id,
    options: { depthMax: number; pathsMax: number; readable: Readable; looked: Looked },
  ): readonly Path[];
  changes(
    sinceTick: number,
    limit: number,
    readable: Readable,
    looked: Looked,
  ): { changes: readonly Change[]; nextTick: number };
  search(query: SnapshotSearch): { hits: readonly Hit[]; cursor?: string };
  /** `vectors`: whether vectors took part. */
  recall(query: SnapshotRecall): { hits: readonly Hit[]; vectors: boolean };
  /** The cosine of the vectors of two engrams, −1 to 1, and the hash of their model; null where one has none. */
  similarity(id: Id, other: Id): { readonly similarity: number; readonly model: string } | null;
}
