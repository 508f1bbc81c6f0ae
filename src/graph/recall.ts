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
import type { Reads } from "./reads.ts";
import { best, shown } from "./score.ts";
import type { Ranking, Search } from "./search.ts";
import type { SearchQuery } from "./search_query.ts";
import { snippetOf } from "./snippet.ts";
import type { Readable } from "./scope.ts";
import { cosineOf, type VectorIndex } from "./vectors.ts";

/** Bounds of a recall. */
export const recallLimits = {
  /** Hits at most. */
  kMax: 100,
  /** Texts considered, the best by words and the best by vectors each. */
  candidatesMax: 200,
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
/** Links that lead to what a text is about. Proposals and doubts lead nowhere. */
const walked = new Set<string>([connectionTypes.from, connectionTypes.mentions, connectionTypes.supersedes]);
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

/** A text on its way to be a hit. */
interface Candidate {
  readonly document: Document;
  lexical: number;
  vector: number;
  graph: number;
  readonly facts: Engram[];
}

const score = ({ lexical, vector, graph }: Candidate, hasVectors: boolean): number =>
  (hasVectors ? (1 - vectorShare) * lexical + vectorShare * vector : lexical) + graphShare * graph;

/** One recall. */
class Recall {
  readonly #reads: Reads;
  readonly #ranking: Ranking;
  readonly #query: RecallQuery;
  readonly #vectors: Map<number, number>;
  readonly #candidates = new Map<Id, Candidate>();
  readonly #best: number;

  constructor(reads: Reads, ranking: Ranking, query: RecallQuery, vectors: Map<number, number>) {
    this.#reads = reads;
    this.#ranking = ranking;
    this.#query = query;
    this.#vectors = vectors;
    const [first] = ranking.ranked;
    this.#best = first === undefined ? 1 : Math.max(ranking.scores[first] ?? 1, Number.MIN_VALUE);
  }

  run(): RecallHit[] {
    const { ranked } = this.#ranking;
    for (const document of ranked.slice(0, recallLimits.candidatesMax)) this.#add(document);
    const dots = new Float64Array(this.#ranking.corpus.end);
    for (const [rid, dot] of this.#vectors) dots[rid] = dot;
    for (const document of best([...this.#vectors.keys()], dots, recallLimits.candidatesMax)) {
      this.#add(document);
    }
    this.#walk();
    this.#fold();
    return this.#hits();
  }

  #add(document: number): Candidate | null {
    const loaded = this.#ranking.load(document);
    const known = this.#candidates.get(loaded.id);
    if (known !== undefined) return known;
    if (!this.#ranking.filter.passes(loaded)) return null;
    const candidate: Candidate = {
      document: loaded,
      lexical: (this.#ranking.scores[document] ?? 0) / this.#best,
      vector: cosineOf(this.#vectors.get(document) ?? 0) / 1000,
      graph: 0,
      facts: [],
    };
    this.#candidates.set(loaded.id, candidate);
    return candidate;
  }

  get #hasVectors(): boolean {
    return this.#vectors.size > 0;
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
    const gained = new Map<Id, number>();
    const gain = (id: Id, share: number) => gained.set(id, Math.max(gained.get(id) ?? 0, share));
    for (const seed of this.#sorted().slice(0, recallLimits.seedsMax)) {
      const share = score(seed, this.#hasVectors);
      for (const near of this.#links(seed.document.id)) {
        gain(near, 0.8 * share);
        const around = this.#links(near);
        const spread = share / Math.log2(2 + around.length);
        for (const far of around) if (far !== seed.document.id) gain(far, 0.6 * spread);
      }
    }
    for (const [id, share] of gained) {
      const stored = this.#reads.stored(id, this.#ranking.scope);
      if (stored === null || !this.#ranking.corpus.has(stored.rid)) continue;
      const candidate = this.#add(stored.rid);
      if (candidate !== null) candidate.graph = Math.min(1, share);
    }
  }

  #links(id: Id): Id[] {
    const { asOf, readable } = this.#query;
    const found = this.#reads.connectionsOf(id, {
      direction: "both",
      limit: recallLimits.linksMax,
      ...(asOf === undefined ? {} : { asOf }),
      ...(readable === undefined ? {} : { readable }),
    });
    const ends = found.filter(({ type }) => walked.has(type) || !unwalked.has(type))
      .map(({ source, target }) => source === id ? target : source);
    return [...new Set(ends)];
  }

  /** Facts give their score to the note they were taken from. */
  #fold(): void {
    for (const [id, fact] of [...this.#candidates]) {
      if (fact.document.kind !== "fact") continue;
      const { asOf, readable } = this.#query;
      const [origin] = this.#reads.connectionsOf(id, {
        direction: "out",
        type: connectionTypes.from,
        limit: 1,
        ...(asOf === undefined ? {} : { asOf }),
        ...(readable === undefined ? {} : { readable }),
      });
      const stored = origin === undefined ? null : this.#reads.stored(origin.target, this.#ranking.scope);
      const note = stored === null || !this.#ranking.corpus.has(stored.rid) ? null : this.#add(stored.rid);
      if (note === null) continue;
      this.#candidates.delete(id);
      const isOld = this.#ranking.corpus.superseded(fact.document.document);
      const engram = this.#engram(fact.document);
      if (engram !== null && (fact.lexical > 0 || fact.vector > 0)) note.facts.push(engram);
      if (isOld) continue;
      note.lexical = Math.max(note.lexical, fact.lexical);
      note.vector = Math.max(note.vector, fact.vector);
      note.graph = Math.max(note.graph, fact.graph);
    }
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
      const facts = one.facts.map(({ id, content, supersededBy }) => ({ id, content, supersededBy }))
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

/** Answers a question. Its words are never empty: the views see to that. */
export function recall(search: Search, reads: Reads, index: VectorIndex, query: RecallQuery): RecallResult {
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
  const ranking = search.ranking(asked);
  const { corpus, scope } = ranking;
  const vectors = vector === undefined || vector === null
    ? new Map<number, number>()
    : index.scan(vector.model, vector.numbers, scope.tick, (rid) => corpus.has(rid));
  return { hits: new Recall(reads, ranking, query, vectors).run(), vectors: vectors.size > 0 };
}
