/**
 * An estimate of how well a sentence answers, by what a reader would say of it: one of the features of rating.ts.
 *
 * Invariant: pure; equal inputs give equal estimates on every machine.
 */
import type { Statement } from "./answer_kinds.ts";
import { firstPerson, hypotheticalPattern, isQuestion, pronounPattern } from "./question_words.ts";
import { type Asked, isRelated, type Term } from "./questions.ts";
import type { Scale, StemsOf } from "./rating.ts";

/** What else is known of a sentence: whether it has the kind of answer and speaks of the matter (0 to 1), or denies it. */
interface Judged {
  readonly factor: number;
  readonly matter: number;
  readonly denies: boolean;
}

/** How much a word counts by where it stands. */
const places = {
  own: 1,
  related: 0.85,
  speaker: 1,
  lead: 0.8,
  title: 0.75,
  pronoun: 0.75,
  previous: 0.35,
} as const;

/** The words around a sentence, and how much each place counts. */
interface Around {
  readonly own: ReadonlySet<string>;
  readonly lead: ReadonlySet<string>;
  readonly title: ReadonlySet<string>;
  readonly speaker: ReadonlySet<string>;
  readonly previous: ReadonlySet<string>;
  readonly before: ReadonlySet<string>;
  /** Weights of the last three for this sentence: it speaks as "I", goes on with, or replies to what was before. */
  readonly speakerShare: number;
  readonly previousShare: (term: Term) => number;
  readonly beforeShare: (term: Term) => number;
}

function aroundOf(asked: Asked, statement: Statement, stemSet: StemsOf): Around {
  const { text, lead, title, speaker, previous, before } = statement;
  const own = stemSet(text), named = asked.terms.filter((term) => term.named);
  const opensWithPronoun = pronounPattern.test(text) && !named.some(({ stem }) => own.has(stem));
  // A pronoun stands for what the question names, unless the sentence names it itself.
  const refers = (term: Term) => opensWithPronoun && (named.length === 0 || term.named);

  return {
    own,
    lead: stemSet(lead),
    title: stemSet(title),
    speaker: stemSet(speaker),
    previous: stemSet(previous),
    before: stemSet(before),
    speakerShare: firstPerson.test(text) ? places.speaker : places.previous,
    previousShare: (term) =>
      isQuestion(previous) ? places.lead : refers(term) ? places.pronoun : places.previous,
    beforeShare: (term) =>
      isQuestion(before) ? places.lead : refers(term) ? places.pronoun : places.previous / 2,
  };
}

/** How much a set of words has of a term: all, a related word, or nothing. */
function share(term: Term, stems: ReadonlySet<string>): number {
  if (stems.has(term.stem)) return places.own;
  return isRelated(term, stems) ? places.related : 0;
}

/** Whether something is so is told by the sentence: what its title speaks of is not enough. */
const titleShare = ({ expected }: Asked, { named }: Term) =>
  expected === "truth" && !named ? places.previous : places.title;

/** 0 to 1: how much of the question is said by the sentence or around it, less for each thing that speaks against it. */
export function estimate(
  asked: Asked,
  statement: Statement,
  { factor, matter, denies }: Judged,
  { weights, stems }: Scale,
): number {
  const said = new Set<string>(), around = aroundOf(asked, statement, stems);
  let sum = 0, all = 0, missing = 0, core = 0, coreFound = 0;
  for (const term of asked.terms) {
    const weight = weights.get(term.stem) ?? 1, itself = share(term, around.own);
    const close = Math.max(
      itself,
      share(term, around.lead) * places.lead,
      share(term, around.previous) * around.previousShare(term),
      share(term, around.before) * around.beforeShare(term),
      around.speaker.has(term.stem) ? around.speakerShare : 0,
    );
    const given = term.kindOnly && factor >= 0.9;
    const part = Math.max(close, around.title.has(term.stem) ? titleShare(asked, term) : 0, given ? 0.95 : 0);
    if (!term.named && !term.light && !given) {
      core++;
      if (close > places.previous) coreFound++;
    }
    if (itself > 0 && !term.light) said.add(term.stem);
    if (term.named && part < places.title) missing++;
    sum += weight * part;
    all += weight;
  }
  if (said.size === 0 || all === 0) return 0;
  // A name alone is no answer: the sentence says something of what is asked about it.
  const told = core > 0 && coreFound === 0 ? 0.6 : 1;
  const score = sum / all * 0.5 ** missing * told * factor *
    stanceFactor(asked, statement, denies) * matter;
  const length = [...around.own].filter((stem) => stem.length > 1).length;
  const density = 0.96 + 0.04 * Math.min(1, said.size / Math.max(3, length));
  return score * density;
}

/** 0 to 1: whether a sentence states something, and states it as so. */
function stanceFactor({ modal }: Asked, { text, open }: Statement, denies: boolean): number {
  let factor = 1;
  if (isQuestion(text)) factor *= 0.25;
  if (!modal) {
    if (open) factor *= 0.5;
    if (hypotheticalPattern.test(text)) factor *= 0.6;
  }
  if (denies) factor *= 0.5;
  return factor;
}
