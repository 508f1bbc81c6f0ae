/**
 * Plain rules by which `brief` reads notes that no agent has read: which sentence is a decision, which task is done.
 *
 * Invariant: pure; precision before recall. A question, a condition, a wish is no decision.
 */
import type { Sentence } from "../ask/sentences.ts";

const label = /^\W*(?:decisions?|decided|agreed|agreement|resolved|resolution|outcome)\s*[:–—-]\s*\S/i;
const said =
  /\b(?:we|i|they|team|everyone|all)(?:'ve|’ve| have| had| all| both| then| finally)*\s+(?:decided|agreed|chose|settled|opted|resolved)\b/i;
const passive = /\b(?:was|were|been|is)\s+(?:decided|agreed)\b/i;
const plan =
  /\b(?:let['’]?s|let us|we(?:['’]ll| will))\s+(?:go with|use|stick (?:with|to)|switch to|move to|keep|drop)\b/i;
const hedge =
  /\?\s*["'”’)]*$|\b(?:if|unless|whether|maybe|perhaps|might|could|should we|not yet|undecided|not (?:been )?decided|haven['’]t|have not|hasn['’]t|has not|didn['’]t|did not|to be decided|suppose)\b/i;

/** Whether a sentence says what was decided. */
export function isDecision({ text, lead }: Pick<Sentence, "text" | "lead">): boolean {
  if (hedge.test(text)) return false;
  return label.test(text) || said.test(text) || passive.test(text) || plan.test(text) ||
    /^\W*decisions?\W*$/i.test(lead);
}

/** The tasks that a text says are done: `- [x] …`. */
export function ticked(content: string): string[] {
  return [...content.matchAll(/^\s*(?:[-*+•]|\d{1,3}[.)])\s+\[[xX]\]\s+(.+)$/gm)].map(([, task = ""]) =>
    task
  );
}
