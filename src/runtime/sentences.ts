/**
 * Sentences of a note, and how well one answers a question.
 *
 * Invariants:
 * 1. A sentence is a verbatim part of the content: `text` is exactly its bytes from `start`.
 * 2. Pure: equal texts give equal results on every machine.
 */
import { eachWord, queryWords } from "../graph/mod.ts";

/** A sentence of a note that may answer a question. */
export interface Sentence {
  readonly text: string;
  /** UTF-8 byte offset in the content. */
  readonly start: number;
  /** 0 to 1. */
  readonly covered: number;
}

const encoder = new TextEncoder();

/** The share of the question's words that a text has, or its title: 0 to 1. */
export function coverage(question: string, text: string, title: string | null): number {
  const words = queryWords(question);
  if (words.length === 0) return 0;
  const own = new Set<string>(), beside = new Set<string>();
  eachWord(text, (stem) => own.add(stem));
  eachWord(title ?? "", (stem) => beside.add(stem));
  const found = words.reduce((sum, { stem }) => sum + (own.has(stem) ? 1 : beside.has(stem) ? 0.7 : 0), 0);
  return found / words.length;
}

/** The sentence of a note's content that covers a question best; the first among equals. */
export function bestSentence(question: string, content: string, title: string | null): Sentence {
  let best: Sentence = { text: content, start: 0, covered: -1 };
  for (const { 0: line, index } of content.matchAll(/[^\n]+/g)) {
    for (const { 0: text, index: at } of line.matchAll(/\S(?:.*?[.!?](?=\s|$)|.*)/g)) {
      const covered = coverage(question, text, title);
      if (covered <= best.covered) continue;
      best = { text, start: encoder.encode(content.slice(0, index + at)).length, covered };
    }
  }
  return best.covered < 0 ? { ...best, covered: 0 } : best;
}
