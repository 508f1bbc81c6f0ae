/**
 * Recall: what answers a question, by its words, by meaning where a model made vectors, and by the links around.
 *
 * Owns: the fusion of the three, what counts as a hit, the parts a hit is explained by.
 * Does not own: scores of words (score.ts), dot products (vectors.ts), making vectors (model).
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
import { connectionTypes, type Engram, type Hit } from "../kernel/records.ts";
import type { Id } from "../kernel/ids.ts";
import type { Document } from "./corpus.ts";
import { linksOf, originsOf, versionsOf } from "./links.ts";
import type { Reads } from "./reads.ts";
import { afterWeights, beforeWeights, best, searchLimits, shown } from "./score.ts";
import type { Ranking, Search } from "./search.ts";
import type { SearchQuery } from "./search_query.ts";
import { snippetOf } from "./snippet.ts";
import type { Readable } from "./scope.ts";
import type { Sqlite } from "./sqlite.ts";
import { cosineOf, type VectorIndex } from "./vectors.ts";

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
  /** Links looked at from one engram. */
  linksMax: 64,
} as const;

/** The share of vectors in the sum; the rest is the words'. */
const vectorShare = 0.6;
/** The most that links add, as a share of the best score. */
const graphShare = 0.25;
/** What is known to be superseded, and pages made of other texts, come after what they speak of. */
const supersededFactor = 0.5, digestFactor = 0.6;
/** Links that are not walked: proposals and doubts lead nowhere. */
const unwalked = new Set<string>(["proposed", connectionTypes.duplicates, connectionTypes.contradicts]);

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

/** Dot products by document, and which documents have one. */
type Vectors = ReturnType<VectorIndex["scan"]>;

const noVectors: Vectors = { rids: new Uint32Array(0), dots: new Int32Array(0) };

/** A text on its way to be a hit. */
interface Candidate {
  readonly document: Document;
  lexical: number;
  vector: number;
  graph: number;
  readonly facts: Document[];
}

const score = ({ lexical, vector, graph }: Candidate, hasVectors: boolean): number =>
  (hasVectors ? (1 - vectorShare) * lexical + vectorShare * vector : lexical) + graphShare * graph;

/** One recall. */
class Recall {
  readonly #db: Sqlite;
  readonly #reads: Reads;
  readonly #ranking: Ranking;
  readonly #query: RecallQuery;
  readonly #vectors: Vectors;
  readonly #candidates = new Map<Id, Candidate>();
  readonly #linksBy = new Map<number, number[]>();
  readonly #best: number;
  /** Documents of each kind that are looked at until enough pass. */
  readonly #max: number;

  constructor(db: Sqlite, reads: Reads, ranking: Ranking, query: RecallQuery, vectors: Vectors, max: number) {
    this.#db = db;
    this.#reads = reads;
    this.#ranking = ranking;
    this.#query = query;
    this.#vectors = vectors;
    this.#max = max;
    const [first] = ranking.ranked;
    this.#best = first === undefined ? 1 : Math.max(ranking.scores[first] ?? 1, Number.MIN_VALUE);
  }

  run(): RecallHit[] {
    const nearest = this.#hasVectors ? this.#nearest() : [];
    this.#addFirst(this.#ranking.ranked);
    this.#addFirst(nearest);
    this.#walk();
    this.#fold();
    return this.#hits();
  }

  /** The documents nearest to the question; a turn is as near as the turns beside it are, by the weights of neighbours. */
  #nearest(): readonly number[] {
    const { rids, dots } = this.#vectors, { corpus } = this.#ranking;
    const nearest = best(rids, dots, this.#max), lifted = new Map<number, number>();
    for (const document of nearest.slice(0, recallLimits.candidatesMax)) {
      const neighbours = corpus.neighbours(document);
      if (neighbours === null) continue;
      const lift = (other: number, weight: number) => {
        const own = dots[other] ?? 0, dot = Math.round((1 - weight) * own + weight * (dots[document] ?? 0));
        if (dot > Math.max(own, lifted.get(other) ?? 0)) lifted.set(other, dot);
      };
      neighbours.after.forEach((other, at) => lift(other, beforeWeights[at] ?? 0));
      neighbours.before.forEach((other, at) => lift(other, afterWeights[at] ?? 0));
    }
    if (lifted.size === 0) return nearest;
    for (const [document, dot] of lifted) dots[document] = dot;
    return best(new Set([...nearest, ...lifted.keys()]), dots, this.#max);
  }

  /** Adds the first `candidatesMax` that pass. */
  #addFirst(documents: readonly number[]): void {
    this.#ranking.prepare(documents.slice(0, recallLimits.candidatesMax));
    let count = 0;
    for (const document of documents) {
      if (this.#add(document) !== null && ++count >= recallLimits.candidatesMax) return;
    }
  }

  #add(document: number): Candidate | null {
    const loaded = this.#ranking.load(document);
    const known = this.#candidates.get(loaded.id);
    if (known !== undefined) return known;
    if (!this.#ranking.filter.passes(loaded)) return null;
    const candidate: Candidate = {
      document: loaded,
      lexical: (this.#ranking.scores[document] ?? 0) / this.#best,
      vector: cosineOf(this.#vectors.dots[document] ?? 0) / 1000,
      graph: 0,
      facts: [],
    };
    this.#candidates.set(loaded.id, candidate);
    return candidate;
  }

  get #hasVectors(): boolean {
    return this.#vectors.rids.length > 0;
  }

  #sorted(): Candidate[] {
    return [...this.#candidates.values()].map((one) => ({ one, score: this.#final(one) }))
      .sort((a, b) => b.score - a.score || (a.one.document.id < b.one.document.id ? -1 : 1))
      .map(({ one }) => one);
  }

  #final(one: Candidate): number {
    const isOld = this.#ranking.corpus.superseded(one.document.document);
    const factor = (isOld ? supersededFactor : 1) * (one.document.kind === "digest" ? digestFactor : 1);
    return shown(score(one, this.#hasVectors) * factor);
  }

  /** Passes shares of the best scores over two links: text – thing or fact – text. */
  #walk(): void {
    const gained = new Map<number, number>();
    const gain = (key: number, share: number) => gained.set(key, Math.max(gained.get(key) ?? 0, share));
    for (const seed of this.#sorted().slice(0, recallLimits.seedsMax)) {
      const share = score(seed, this.#hasVectors), own = this.#key(seed.document);
      for (const near of this.#links(own)) {
        gain(near, 0.8 * share);
        const around = this.#links(near);
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
    const { corpus, prepare, scope } = this.#ranking;
    const found = [...versionsOf(this.#db, keys, scope.tick)].filter(([, document]) => corpus.has(document));
    prepare(found.map(([, document]) => document));
    return new Map(found);
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
  #key(document: Document): number {
    return document.staged === null ? document.key : this.#reads.key(document.id) ?? 0;
  }

  #links(key: number): number[] {
    const known = this.#linksBy.get(key);
    if (known !== undefined) return known;
    const found = linksOf(this.#db, key, this.#ranking.scope.tick, recallLimits.linksMax)
      .filter((link) => !unwalked.has(link.type) && this.#ranking.visible(link.key));
    const ends = [...new Set(found.map((link) => link.key))];
    this.#linksBy.set(key, ends);
    return ends;
  }

  /** Facts give their score to the note they were taken from. */
  #fold(): void {
    const facts = [...this.#candidates].filter(([, { document }]) => document.kind === "fact");
    if (facts.length === 0) return;
    const { scope, corpus, visible } = this.#ranking;
    const keys = facts.map(([, { document }]) => this.#key(document));
    const origins = originsOf(this.#db, keys, scope.tick);
    const documents = this.#documents([...new Set(origins.values())].filter(visible));
    facts.forEach(([id, fact], at) => {
      const document = documents.get(origins.get(keys[at] ?? 0) ?? 0);
      const note = document === undefined ? null : this.#add(document);
      if (note === null) return;
      this.#candidates.delete(id);
      const isOld = corpus.superseded(fact.document.document);
      if (fact.lexical > 0 || fact.vector > 0) note.facts.push(fact.document);
      if (isOld) return;
      note.lexical = Math.max(note.lexical, fact.lexical);
      note.vector = Math.max(note.vector, fact.vector);
      note.graph = Math.max(note.graph, fact.graph);
    });
  }

  #engram(document: Document): Engram | null {
    return document.staged ?? this.#reads.engramIn(document.id, this.#ranking.scope);
  }

  #hits(): RecallHit[] {
    const hits: RecallHit[] = [];
    for (const one of this.#sorted()) {
      if (hits.length >= this.#query.k) break;
      const total = this.#final(one);
      if (total <= 0 || one.document.kind === "thing") continue;
      const engram = this.#engram(one.document);
      if (engram === null) continue;
      const facts = one.facts.flatMap((fact) => this.#engram(fact) ?? []).map((
        { id, content, supersededBy },
      ) => ({ id, content, supersededBy }))
        .sort((a, b) => a.id < b.id ? -1 : 1);
      hits.push({
        ...engram,
        score: total,
        snippet: snippetOf(engram.content, this.#ranking.weights),
        parts: { lexical: shown(one.lexical), vector: shown(one.vector), graph: shown(one.graph) },
        facts,
      });
    }
    return hits;
  }
}

/** What a recall reads. */
export interface RecallParts {
  readonly db: Sqlite;
  readonly search: Search;
  readonly reads: Reads;
  readonly vectors: VectorIndex;
}

/** Answers a question. Its words are never empty: the views see to that. */
export function recall(
  { db, search, reads, vectors: index }: RecallParts,
  query: RecallQuery,
): RecallResult {
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
  const ranking = search.ranking(asked, max);
  const { corpus, scope } = ranking;
  const vectors = vector === undefined || vector === null
    ? noVectors
    : index.scan(vector.model, vector.numbers, scope.tick, corpus.end, (rid) => corpus.has(rid));
  return {
    hits: new Recall(db, reads, ranking, query, vectors, max).run(),
    vectors: vectors.rids.length > 0,
  };
}
