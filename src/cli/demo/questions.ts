/**
 * Questions made of facts: "Heron launch: 28 April." asks "When does Heron launch?".
 *
 * Invariant: the words of a subject stand in a question as they stand in the fact; where they don't stand together
 * there, there is no question.
 */
import type { Engram } from "../../kernel/records.ts";

/** A question, and the facts that would answer it. */
export interface FactQuestion {
  readonly question: string;
  readonly ids: ReadonlySet<string>;
}

/** Questions tried at most. */
const questionsMax = 40;

/** What is asked for an attribute of the curator's; others have no question of their own. */
const forms: Readonly<Record<string, (subject: string) => string>> = {
  launch: (subject) => `When does ${subject} launch?`,
  owner: (subject) => `Who owns ${subject}?`,
  price: (subject) => `What does ${subject} cost?`,
  budget: (subject) => `What is the budget of ${subject}?`,
  due: (subject) => `When is the deadline of ${subject}?`,
  where: (subject) => `Where is ${subject}?`,
  when: (subject) => `When is ${subject}?`,
  start: (subject) => `When does ${subject} start?`,
  end: (subject) => `When does ${subject} end?`,
  weight: (subject) => `How much does ${subject} weigh?`,
  supplier: (subject) => `Who supplies ${subject}?`,
  last: (subject) => `How long does ${subject} last?`,
  meet: (subject) => `When does ${subject} meet?`,
  work: (subject) => `When does ${subject} work?`,
  is: (subject) => `What is ${subject}?`,
};

/** Words that a sentence must have before it is asked for: some attributes are told of more than they say. */
const evidence: Readonly<Record<string, RegExp>> = {
  owner: /\bown(s|er|ed)?\b|\btakes over\b/i,
  where: /\b(at|in|under|near|behind|on|to|from|beside|next)\b/i,
  when: /\d|day\b/i,
};

/** Questions that the facts among memories answer; first those whose answer has changed. */
export function questionsOf(engrams: readonly Engram[]): FactQuestion[] {
  const facts = engrams.filter(({ kind, supersededBy }) => kind === "fact" && supersededBy === null);
  const changed = new Set(engrams.map(({ supersededBy }) => supersededBy));
  const rank = (fact: Engram) =>
    (changed.has(fact.id) ? 0 : 2) + (fact.metadata["attribute"] === "is" ? 1 : 0);
  const found = new Map<string, Set<string>>();
  for (const fact of facts.toSorted((a, b) => rank(a) - rank(b))) {
    const question = questionOf(fact);
    if (question !== null) found.set(question, (found.get(question) ?? new Set()).add(fact.id));
  }
  return [...found].slice(0, questionsMax).map(([question, ids]) => ({ question, ids }));
}

function questionOf({ content, metadata }: Engram): string | null {
  const { subject, attribute } = metadata;
  if (typeof subject !== "string" || typeof attribute !== "string" || subject === "") return null;
  // Who said it is no part of what it is about.
  if (/\b(said|says|told|wrote|thinks)\b/.test(subject)) return null;
  const form = /[:?]$/.test(content) || evidence[attribute]?.test(content) === false
    ? undefined
    : forms[attribute];
  const named = form === undefined ? null : subjectIn(content, subject.split(" "));
  return form === undefined || named === null ? null : form(named);
}

const joining = new Set(["of", "the", "for", "in", "at", "a", "an", "our", "my"]);
const determiners = new Set(["the", "our", "my", "his", "her", "their"]);

/** The words of a subject as they stand in a sentence, with the article before them; null where they are apart. */
function subjectIn(sentence: string, subject: readonly string[]): string | null {
  const words = sentence.split(/\s+/).map((word) => word.replace(/^["'(]+|[.,:;!?"')]+$/g, ""));
  const bare = words.map((word) => word.toLowerCase().replace(/['’]s$/, ""));
  const isSubject = (word: string) =>
    subject.some((one) => one === word || `${one}s` === word || `${one}es` === word);
  const first = bare.findIndex(isSubject);
  if (first < 0) return null;
  let end = first;
  for (let at = first; at < bare.length; at++) {
    const word = bare[at] ?? "";
    if (isSubject(word)) end = at;
    else if (!joining.has(word)) break;
  }
  const span = words.slice(first, end + 1);
  const covered = new Set(bare.slice(first, end + 1).filter(isSubject));
  if (covered.size < subject.length) return null;
  const before = bare[first - 1] ?? "";
  const last = span.length - 1;
  const text = span.map((word, at) => at === last ? word.replace(/['’]s$/, "") : word).join(" ");
  return determiners.has(before) ? `${before} ${text}` : text;
}
