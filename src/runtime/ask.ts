/**
 * Ask: the best current fact or sentence, as a verbatim quotation with its source and date; then what it superseded.
 *
 * Invariants:
 * 1. Every text given is a verbatim part of a memory; nothing is composed.
 * 2. Below the score floor there is no answer, only the nearest hits.
 * 3. A superseded fact is never the answer.
 */
import type { Graph } from "../graph/mod.ts";
import { connectionTypes, type Engram, type Hit, type Id } from "../kernel/mod.ts";
import { bestSentence, coverage } from "./sentences.ts";
import type { AskView, Quotation } from "./port.ts";
import { lineAt } from "./why.ts";

/** What is asked. */
export interface Question {
  readonly question: string;
  readonly context: Id | null;
  readonly at: number | null;
  readonly limit: number;
}

/** Hits looked at for an answer. */
const candidatesMax = 30;
/** The share of the question's words (by weight) an answer must have. */
const coverageMin = 0.5;

interface Candidate {
  readonly hit: Hit;
  readonly text: string;
  readonly start: number;
  readonly covered: number;
}

function candidateOf(question: string, hit: Hit): Candidate {
  if (hit.kind === "fact") {
    return { hit, text: hit.content, start: 0, covered: coverage(question, hit.content, hit.title) };
  }
  const { text, start, covered } = bestSentence(question, hit.content, hit.title);
  return { hit, text, start, covered };
}

function sourceOf(graph: Graph, engram: Engram, at: number | null): { engram: Engram; start: number } {
  const when = at === null ? {} : { asOf: at };
  const [from] = graph.connectionsOf(engram.id, {
    direction: "out",
    type: connectionTypes.from,
    limit: 1,
    ...when,
  });
  const note = from === undefined ? null : graph.engram(from.target, at ?? undefined);
  const start = from?.metadata.start;
  return note === null
    ? { engram, start: 0 }
    : { engram: note, start: typeof start === "number" ? start : 0 };
}

function quote(
  graph: Graph,
  engram: Engram,
  text: string,
  start: number,
  score: number,
  at: number | null,
): Quotation {
  const source = engram.kind === "fact" ? sourceOf(graph, engram, at) : { engram, start };
  return {
    text,
    id: engram.id,
    ref: source.engram.ref ?? engram.ref,
    source: source.engram.source ?? engram.source,
    line: lineAt(source.engram, source.start),
    observedAt: engram.observedAt ?? source.engram.observedAt,
    score,
    kind: engram.kind,
    title: source.engram.title,
  };
}

/** Facts an answer superseded, newest first, with the date it took their place. */
function supersededBy(graph: Graph, answer: Engram, at: number | null): Quotation[] {
  const found: Quotation[] = [];
  const seen = new Set<Id>([answer.id]);
  let front: Engram[] = [answer];
  for (let depth = 0; depth < 8 && front.length > 0; depth++) {
    const next: Engram[] = [];
    for (const newer of front) {
      for (const older of linked(graph, newer.id, connectionTypes.supersedes, "out", at)) {
        if (seen.has(older.id)) continue;
        seen.add(older.id);
        next.push(older);
        found.push({
          ...quote(graph, older, older.content, 0, 0, at),
          until: newer.observedAt,
          supersededBy: newer.id,
        });
      }
    }
    front = next;
  }
  return found.slice(0, 5);
}

function linked(graph: Graph, id: Id, type: string, direction: "in" | "out", at: number | null): Engram[] {
  const when = at === null ? {} : { asOf: at };
  return graph.connectionsOf(id, { direction, type, limit: 20, ...when })
    .map((one) => graph.engram(direction === "out" ? one.target : one.source, at ?? undefined))
    .filter((engram) => engram !== null);
}

/** The current version of what a fact says: what superseded it, and what superseded that. */
function current(graph: Graph, engram: Engram, at: number | null): Engram {
  let now = engram;
  for (let depth = 0; depth < 16 && now.supersededBy !== null; depth++) {
    const next = graph.engram(now.supersededBy, at ?? undefined);
    if (next === null) break;
    now = next;
  }
  return now;
}

/** Higher covers more of the question; among equals a fact before a note, the newer before the older, then score. */
function order(a: Candidate, b: Candidate): number {
  const rank = (one: Candidate) => Math.round(one.covered * 20);
  const time = (one: Candidate) => one.hit.observedAt ?? "";
  return rank(b) - rank(a) || Number(b.hit.kind === "fact") - Number(a.hit.kind === "fact") ||
    b.hit.score - a.hit.score ||
    (time(a) < time(b) ? 1 : time(a) > time(b) ? -1 : a.hit.id < b.hit.id ? -1 : 1);
}

/** Answers a question from the memory graph. Deterministic: equal graphs and questions give equal answers. */
export function ask(graph: Graph, { question, context, at, limit }: Question): AskView {
  const { hits } = graph.search({
    text: question,
    limit: candidatesMax,
    includeSuperseded: true,
    ...(context === null ? {} : { context }),
    ...(at === null ? {} : { asOf: at }),
  });
  const usable = hits.filter((hit) => hit.kind === "note" || hit.kind === "fact");
  const candidates = usable.map((hit) => candidateOf(question, hit)).sort(order);
  const nearest = candidates.slice(0, limit).map((one) =>
    quote(graph, one.hit, one.text, one.start, one.hit.score, at)
  );
  const best = candidates.find((one) => one.covered >= coverageMin);
  if (best === undefined) return { answer: null, superseded: [], contradicts: [], nearest };
  const now = best.hit.supersededBy === null ? best.hit : current(graph, best.hit, at);
  const answer = now.id === best.hit.id
    ? quote(graph, best.hit, best.text, best.start, best.hit.score, at)
    : quote(graph, now, now.content, 0, best.hit.score, at);
  const contradicts = [
    ...linked(graph, now.id, connectionTypes.contradicts, "out", at),
    ...linked(graph, now.id, connectionTypes.contradicts, "in", at),
  ]
    .filter((engram) => engram.supersededBy === null)
    .map((engram) => quote(graph, engram, engram.content, 0, 0, at));
  return {
    answer,
    superseded: supersededBy(graph, now, at),
    contradicts: contradicts.slice(0, 5),
    nearest: nearest.filter((one) => one.id !== answer.id),
  };
}
