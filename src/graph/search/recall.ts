/**
 * Recall: what answers a question, by its words, by meaning where a model made vectors, and by the links around.
 *
 * Owns: the fusion of the three, what counts as a hit, the parts a hit is explained by.
 * Does not own: scores of words (score.ts), dot products (index/vectors.ts), making vectors (model).
 *
 * How: words and vectors are fused as a convex sum of what each says of its own best (w = .6 for vectors; without
 * them words alone). The best `seedsMax` are seeds; each passes a share of its score through links to things and
 * facts and from them to other texts, less through a thing that many texts mention: what a question about two places
 * at once needs. A fact counts for the note it was taken from, so evidence is shown once; things are ways, not hits.
 *
 * Invariants:
 * 1. Equal rows, question and vector give equal hits in equal order; scores are integers, ties go by id.
 * 2. A reader learns nothing of what it may not see: every step of the walk stays in its scope.
 * 3. Work is bounded by `recallLimits`.
 */
import type { Id } from "../../kernel/ids.ts";
import type { Engram, Hit } from "../../kernel/records.ts";
import type { Sqlite } from "../file/sqlite.ts";
import { cosineOf, type Nearness, type VectorIndex } from "../index/vectors.ts";
import type { Reads } from "../reads/reads.ts";
import type { Readable } from "../reads/scope.ts";
import type { Glance } from "./corpus.ts";
import { type Links, originsOf } from "./links.ts";
import type { SearchQuery } from "./query.ts";
import { afterWeights, beforeWeights, searchLimits, shown } from "./score.ts";
import type { Ranking, Search } from "./search.ts";
import { snippetOf } from "./snippet.ts";

/** Bounds of a recall. */
export const recallLimits = {
  /** Hits at most. */
  kMax: 100,
  /** Texts considered, the best by words and the best by vectors each. */
  candidatesMax: 120,
  /** Texts that links alone lead to, those with the largest share. */
  linkedMax: 50,
  /** Texts whose links are walked. */
  seedsMax: 10,
} as const;

/** The share of vectors in the sum; the rest is the words'. */
const vectorShare = 0.6;
/** The most that links add, as a share of the best score. */
const graphShare = 0.25;
/** What is known to be superseded, and pages made of other texts, come after what they speak of. */
const supersededFactor = 0.5, digestFactor = 0.6;

/** What is asked. */
export interface RecallQuery {
  readonly question: string;
  readonly k: number;
  readonly context?: Id;
  readonly readable?: Readable;
  readonly asOf?: number;
  readonly minConfidence?: number;
  /** A step's own engrams, and ids whose stored versions no longer count. */
  readonly staged?: readonly Engram[];
  readonly stagedDeleted?: readonly Id[];
  /** The question as a model sees it: int8, and the model's sha256. */
  readonly vector?: { readonly model: string; readonly numbers: Int8Array } | null;
}

/** A hit with what it is made of, each part in thousandths. */
export interface RecallHit extends Hit {
  readonly parts: { readonly lexical: number; readonly vector: number; readonly graph: number };
  /** Facts taken from this text that answered better than the whole of it. */
  readonly facts: readonly { readonly id: Id; readonly content: string; readonly supersededBy: Id | null }[];
}

/** Hits, best first. */
export interface RecallResult {
  readonly hits: readonly RecallHit[];
  /** Whether vectors took part. */
  readonly vectors: boolean;
}

/** A text on its way to be a hit. */
interface Candidate {
  readonly document: Glance;
  lexical: number;
  vector: number;
  graph: number;
  readonly facts: Glance[];
}

const score = ({ lexical, vector, graph }: Candidate, hasVectors: boolean): number =>
  (hasVectors ? (1 - vectorShare) * lexical + vectorShare * vector : lexical) + graphShare * graph;

/** One recall. */
class Recall {
  readonly #parts: RecallParts;
  readonly #ranking: Ranking;
  readonly #query: RecallQuery;
  readonly #vectors: Nearness | null;
  /** Documents nearest to the question, best first. */
  readonly #nearest: readonly number[];
  /** Dot products of turns that are nearer by the turns beside them. */
  readonly #lifted = new Map<number, number>();
  readonly #candidates = new Map<number, Candidate>();
  readonly #best: number;
  /** Documents of each kind that are looked at until enough pass. */
  readonly #max: number;

  constructor(
    parts: RecallParts,
    ranking: Ranking,
    query: RecallQuery,
    vectors: Nearness | null,
    max: number,
  ) {
    this.#parts = parts;
    this.#ranking = ranking;
    this.#query = query;
    this.#vectors = vectors;
    this.#nearest = vectors?.best(max) ?? [];
    this.#max = max;
    const [first] = ranking.ranked;
    this.#best = first === undefined ? 1 : Math.max(ranking.scores[first] ?? 1, Number.MIN_VALUE);
  }

  run(): RecallHit[] {
    const nearest = this.#withTurns();
    this.#addFirst(this.#ranking.ranked);
    this.#addFirst(nearest);
    this.#walk();
    this.#fold();
    return this.#hits();
  }

  /** The nearest documents; a turn is as near as the turns beside it are, by the weights of neighbours. */
  #withTurns(): readonly number[] {
    const nearest = this.#nearest, lifted = this.#lifted, { corpus } = this.#ranking;
    for (const document of nearest.slice(0, recallLimits.candidatesMax)) {
      const neighbours = corpus.neighbours(document);
      if (neighbours === null) continue;
      const near = this.#vectors?.of(document) ?? 0;
      const lift = (other: number, weight: number) => {
        const own = this.#vectors?.of(other) ?? 0, dot = Math.round((1 - weight) * own + weight * near);
        if (dot > Math.max(own, lifted.get(other) ?? 0)) lifted.set(other, dot);
      };
      neighbours.after.forEach((other, at) => lift(other, beforeWeights[at] ?? 0));
      neighbours.before.forEach((other, at) => lift(other, afterWeights[at] ?? 0));
    }
    if (lifted.size === 0) return nearest;
    return [...new Set([...nearest, ...lifted.keys()])].map((document) => ({
      document,
      dot: this.#dot(document),
    }))
      .sort((one, other) => other.dot - one.dot || one.document - other.document)
      .slice(0, this.#max).map(({ document }) => document);
  }

  #dot(document: number): number {
    return this.#lifted.get(document) ?? this.#vectors?.of(document) ?? 0;
  }

  /** A document that need not be read; null for others. */
  #glance(document: number): Glance | null {
    return this.#query.minConfidence === undefined ? this.#ranking.corpus.glance(document) : null;
  }

  #prepare(documents: readonly number[]): void {
    this.#ranking.prepare(documents.filter((document) => this.#glance(document) === null));
  }

  /** Adds the first `candidatesMax` that pass. */
  #addFirst(documents: readonly number[]): void {
    this.#prepare(documents.slice(0, recallLimits.candidatesMax));
    let count = 0;
    for (const document of documents) {
      if (this.#add(document) !== null && ++count >= recallLimits.candidatesMax) return;
    }
  }

  #add(document: number): Candidate | null {
    const known = this.#candidates.get(document);
    if (known !== undefined) return known;
    const found = this.#glance(document) ?? this.#passing(document);
    if (found === null) return null;
    const candidate: Candidate = {
      document: found,
      lexical: (this.#ranking.scores[document] ?? 0) / this.#best,
      vector: cosineOf(this.#dot(document)) / 1000,
      graph: 0,
      facts: [],
    };
    this.#candidates.set(document, candidate);
    return candidate;
  }

  #passing(document: number): Glance | null {
    const loaded = this.#ranking.load(document);
    return this.#ranking.filter.passes(loaded) ? loaded : null;
  }

  /** Whether vectors take part. */
  get hasVectors(): boolean {
    return this.#nearest.length > 0;
  }

  /** By score; only those that are asked for get their place among equals, by id, as ids are read when they count. */
  *#ordered(): Generator<Candidate> {
    const all = [...this.#candidates.values()].map((one) => ({ one, score: this.#final(one) }))
      .sort((a, b) => b.score - a.score);
    for (let at = 0, end = 0; at < all.length; at = end) {
      while (end < all.length && all[end]?.score === all[at]?.score) end++;
      const equal = all.slice(at, end).map(({ one }) => one);
      if (equal.length > 1) equal.sort((a, b) => a.document.id < b.document.id ? -1 : 1);
      yield* equal;
    }
  }

  #final(one: Candidate): number {
    const isOld = this.#ranking.corpus.superseded(one.document.document);
    const factor = (isOld ? supersededFactor : 1) * (one.document.kind === "digest" ? digestFactor : 1);
    return shown(score(one, this.hasVectors) * factor);
  }

  /** Passes shares of the best scores over two links: text – thing or fact – text. */
  #walk(): void {
    const gained = new Map<number, number>();
    const gain = (key: number, share: number) => gained.set(key, Math.max(gained.get(key) ?? 0, share));
    const seeds = this.#ordered().take(recallLimits.seedsMax)
      .map((seed) => ({ share: score(seed, this.hasVectors), own: this.#key(seed.document) })).toArray();
    const first = this.#links(seeds.map(({ own }) => own));
    const second = this.#links([...new Set([...first.values()].flat())]);
    for (const { share, own } of seeds) {
      for (const near of first.get(own) ?? []) {
        gain(near, 0.8 * share);
        const around = second.get(near) ?? [];
        const spread = share / Math.log2(2 + around.length);
        for (const far of around) if (far !== own) gain(far, 0.6 * spread);
      }
    }
    const linked = this.#linked(gained), documents = this.#documents(linked);
    for (const key of linked) {
      const document = documents.get(key);
      const candidate = document === undefined ? null : this.#add(document);
      if (candidate !== null) candidate.graph = Math.min(1, gained.get(key) ?? 0);
    }
  }

  /** The documents of these engrams by key, those of the corpus, ready to load. */
  #documents(keys: readonly number[]): Map<number, number> {
    const found = this.#ranking.corpus.documentsOf(keys);
    this.#prepare([...found.values()]);
    return found;
  }

  /** Candidates that gained, and of the others those that gained most. */
  #linked(gained: ReadonlyMap<number, number>): number[] {
    const known = new Set([...this.#candidates.values()].map(({ document }) => document.key));
    const others = [...gained].filter(([key]) => !known.has(key))
      .sort(([a, share], [b, other]) => other - share || a - b);
    return [
      ...[...gained.keys()].filter((key) => known.has(key)),
      ...others.slice(0, recallLimits.linkedMax).map(([key]) => key),
    ];
  }

  /** The key of a document's engram; a staged one may have one as well. */
  #key(document: Glance): number {
    return document.staged === null ? document.key : this.#parts.reads.key(document.id) ?? 0;
  }

  /** What each of these engrams is linked with, once each. */
  #links(keys: readonly number[]): Map<number, number[]> {
    const { scope, visible } = this.#ranking;
    const found = this.#parts.links.ends(keys, scope.tick);
    return new Map([...found].map(([key, ends]) => [key, [...new Set(ends)].filter(visible)]));
  }

  /** Facts give their score to the note they were taken from. */
  #fold(): void {
    const facts = [...this.#candidates].filter(([, { document }]) => document.kind === "fact");
    if (facts.length === 0) return;
    const { scope, corpus, visible } = this.#ranking;
    const keys = facts.map(([, { document }]) => this.#key(document));
    const origins = originsOf(this.#parts.db, keys, scope.tick);
    const documents = this.#documents([...new Set(origins.values())].filter(visible));
    facts.forEach(([number, fact], at) => {
      const document = documents.get(origins.get(keys[at] ?? 0) ?? 0);
      const note = document === undefined ? null : this.#add(document);
      if (note === null) return;
      this.#candidates.delete(number);
      const isOld = corpus.superseded(fact.document.document);
      if (fact.lexical > 0 || fact.vector > 0) note.facts.push(fact.document);
      if (isOld) return;
      note.lexical = Math.max(note.lexical, fact.lexical);
      note.vector = Math.max(note.vector, fact.vector);
      note.graph = Math.max(note.graph, fact.graph);
    });
  }

  /** The engrams of documents and of the facts that stand below them. */
  #engrams(candidates: readonly Candidate[]): (document: Glance) => Engram | null {
    const documents = candidates.flatMap(({ document, facts }) => [document, ...facts]);
    const stored = documents.filter(({ staged }) => staged === null).map(({ document }) => document);
    const found = this.#parts.reads.engramsAt(stored, this.#ranking.scope);
    return ({ document, staged }) => staged ?? found.get(document) ?? null;
  }

  #hits(): RecallHit[] {
    const { k } = this.#query, hits: RecallHit[] = [];
    const left = this.#ordered().filter((one) => one.document.kind !== "thing" && this.#final(one) > 0);
    for (;;) {
      const some: Candidate[] = [];
      for (let next; some.length < k - hits.length && (next = left.next()).done !== true;) {
        some.push(next.value);
      }
      if (some.length === 0) return hits;
      const engramOf = this.#engrams(some);
      for (const one of some) {
        const engram = engramOf(one.document);
        if (engram !== null) hits.push(this.#hit(one, engram, engramOf));
      }
    }
  }

  #hit(one: Candidate, engram: Engram, engramOf: (document: Glance) => Engram | null): RecallHit {
    const facts = one.facts.flatMap((fact) => engramOf(fact) ?? [])
      .map(({ id, content, supersededBy }) => ({ id, content, supersededBy }))
      .sort((a, b) => a.id < b.id ? -1 : 1);
    return {
      ...engram,
      score: this.#final(one),
      snippet: snippetOf(engram.content, this.#ranking.weights),
      parts: { lexical: shown(one.lexical), vector: shown(one.vector), graph: shown(one.graph) },
      facts,
    };
  }
}

/** What a recall reads. */
export interface RecallParts {
  readonly db: Sqlite;
  readonly search: Search;
  readonly reads: Reads;
  readonly vectors: VectorIndex;
  readonly links: Links;
}

/** Answers a question. Its words are never empty: the views see to that. */
export function recall(parts: RecallParts, query: RecallQuery): RecallResult {
  const { question, context, readable, asOf, minConfidence, vector, staged, stagedDeleted } = query;
  const asked: SearchQuery = {
    text: question,
    limit: 1,
    ...(context === undefined ? {} : { context }),
    ...(readable === undefined ? {} : { readable }),
    ...(asOf === undefined ? {} : { asOf }),
    ...(minConfidence === undefined ? {} : { minConfidence }),
    ...(staged === undefined ? {} : { staged }),
    ...(stagedDeleted === undefined ? {} : { stagedDeleted }),
  };
  const hasFilter = minConfidence !== undefined || (context !== undefined && staged !== undefined);
  const max = hasFilter ? searchLimits.documentsMax : recallLimits.candidatesMax;
  const ranking = parts.search.ranking(asked, max);
  const { corpus, scope } = ranking;
  const vectors = vector === undefined || vector === null
    ? null
    : parts.vectors.scan(vector.model, vector.numbers, {
      tick: scope.tick,
      end: corpus.end,
      count: corpus.documents,
      has: (rid) => corpus.has(rid),
    });
  const asks = new Recall(parts, ranking, query, vectors, max);
  return { hits: asks.run(), vectors: asks.hasVectors };
}
