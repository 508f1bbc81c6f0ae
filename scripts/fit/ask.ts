/**
 * Fits the weights of `ask` (src/runtime/ask/weights.ts) to the folders of tests/fixtures that may be looked at: those by
 * which a sentence is rated as an answer, then those by which a later one takes its place; and says how good such weights
 * are on folders they were not fitted to.
 *
 * The agents do not run here: what the curator would supersede is not. The weights that stand are older than this fit and
 * have seen most of these folders: right 391 of 485, stale 17 of 216, refused 126 of 151; each folder by weights fitted to
 * the others 381, 21 and 121. Of the four folders they have not seen: 44 and 42 of 86. The features are the limit.
 *
 *   deno run -A scripts/fit/ask.ts              prints each folder, judged by weights fitted to the others, and the sums
 *   deno run -A scripts/fit/ask.ts --write      also writes the weights fitted to all of them
 *   … --penalty 0.007 --lower 0.3 --change-penalty 0.005 --change-lower 0.5 --without estimate,open     other settings
 */
import {
  ask,
  type AskWeights,
  askWeights,
  changesLookedAt,
  sentencesLookedAt,
} from "../../src/runtime/ask/ask.ts";
import { apartSets } from "../../tests/support/apart_sets.ts";
import { askSets, graphOfNotes } from "../../tests/support/ask_sets.ts";
import { freshSets } from "../../tests/support/fresh_sets.ts";
import { fitLogistic, type Sample } from "./logistic.ts";

const option = (name: string, other: string) => Deno.args[Deno.args.indexOf(name) + 1 || Infinity] ?? other;
const penalty = Number(option("--penalty", "0.007")),
  changePenalty = Number(option("--change-penalty", "0.005"));
/** Taken off the fitted floors: more is answered, more is taken for a change. */
const lower = Number(option("--lower", "0.3")), changeLower = Number(option("--change-lower", "0.5"));
const without = new Set(option("--without", "").split(","));
const weightsPath = new URL("../../src/runtime/ask/weights.ts", import.meta.url);

interface NoteSet {
  readonly name: string;
  readonly notes: Parameters<typeof graphOfNotes>[0];
  readonly questions: readonly {
    ask: string;
    answer: readonly (string | null)[] | null;
    stale?: readonly string[];
  }[];
}
interface Folder {
  readonly group: string;
  readonly name: string;
  readonly graph: ReturnType<typeof graphOfNotes>;
  readonly questions: readonly {
    ask: string;
    answer: readonly (string | null)[] | null;
    stale: readonly string[];
  }[];
  readonly choices: readonly (readonly Sample[])[];
}

const asked = (question: string) => ({ question, context: null, at: null, limit: 1 });
const has = (text: string, words: readonly (string | null)[] | null) =>
  words?.some((one) => one !== null && text.includes(one)) ?? false;

/** What stands in a folder, and each sentence looked at as a sample; every question counts the same. */
function folderOf(group: string, { name, notes, questions: given }: NoteSet): Folder {
  const graph = graphOfNotes(notes), questions = given.map((one) => ({ stale: [], ...one }));
  const choices = questions.map(({ ask: question, answer, stale }) =>
    sentencesLookedAt(graph, asked(question)).flatMap(({ features, statement: { text } }) => {
      // What held before is as good an answer as far as this sentence tells.
      if (features === null || (!has(text, answer) && has(text, stale))) return [];
      const kept = Object.entries(features).filter(([feature]) => !without.has(feature));
      return [{ features: Object.fromEntries(kept), right: has(text, answer) }];
    })
  );
  return { group, name, graph, questions, choices };
}

type Weights = Readonly<Record<string, number>>;

function fit(choices: readonly (readonly Sample[])[], penalty: number, lower: number): Weights {
  const weights = fitLogistic(choices, { penalty, free: new Set(["bias"]) });
  return { ...weights, bias: (weights.bias ?? 0) - lower };
}
const ratingOf = (folders: readonly Folder[]) =>
  fit(folders.flatMap(({ choices }) => choices), penalty, lower);

/** What may have taken the place of each sentence that is right, or was: the one that is right now, or nothing. */
function changesOf({ graph, questions }: Folder, weights: AskWeights): Sample[][] {
  return questions.flatMap(({ ask: question, answer, stale }) =>
    changesLookedAt(graph, asked(question), weights).flatMap(({ older, newer }) => {
      const holds = has(older, answer);
      if (!holds && !has(older, stale)) return [];
      // Of several changes one after the other, those between may be taken first.
      const choice = newer.filter(({ text }) => holds || has(text, answer) || !has(text, stale))
        .map(({ text, features }) => ({ features, right: !holds && has(text, answer) }));
      return choice.length === 0 ? [] : [choice];
    })
  );
}

interface Count {
  right: number;
  answerable: number;
  stale: number;
  withStale: number;
  refused: number;
  unanswerable: number;
  given: number;
}

function judged({ graph, questions }: Folder, weights: AskWeights): Count {
  const count = { right: 0, answerable: 0, stale: 0, withStale: 0, refused: 0, unanswerable: 0, given: 0 };
  for (const { ask: question, answer, stale } of questions) {
    const text = ask(graph, asked(question), weights).answer?.text ?? null;
    const right = text !== null && has(text, answer);
    if (text !== null) count.given++;
    if (stale.length > 0) count.withStale++;
    if (right) count.right++;
    else if (text !== null && has(text, stale)) count.stale++;
    if (answer === null || answer.includes(null)) {
      count.unanswerable++;
      if (text === null) count.refused++;
    } else count.answerable++;
  }
  return count;
}

const told = ({ right, answerable, stale, withStale, refused, unanswerable, given }: Count) =>
  `right ${right} of ${answerable}, of those given ${given}; stale ${stale} of ${withStale}; refused ${refused} of ${unanswerable}`;

const keys = ["right", "answerable", "stale", "withStale", "refused", "unanswerable", "given"] as const;

function total(counts: readonly Count[]): Count {
  const sum = { right: 0, answerable: 0, stale: 0, withStale: 0, refused: 0, unanswerable: 0, given: 0 };
  for (const count of counts) {
    for (const key of keys) sum[key] += count[key];
  }
  return sum;
}

const folders = [
  ...apartSets("dev").map((set) => folderOf("apart", set)),
  ...apartSets("dev", "strangers").map((set) => folderOf("strangers", set)),
  ...askSets("development").map((set) => folderOf("ask", set)),
  ...freshSets("looked_at").map((set) => folderOf("fresh", set)),
];

function sums(what: string, counts: readonly Count[]): void {
  console.log(`${what}: ${told(total(counts))}`);
  for (const group of new Set(folders.map(({ group }) => group))) {
    console.log(`  ${group}: ${told(total(counts.filter((_, at) => folders[at]?.group === group)))}`);
  }
}

const others = <T>(of: readonly T[], at: number) => of.filter((_, place) => place !== at);
const ratings = folders.map((_, at) => ratingOf(others(folders, at)));
// The margins that the changes are told by are those of folders left out, too.
const changes = folders.map((folder, at) => changesOf(folder, { ...askWeights, rating: ratings[at] ?? {} }));
const fitChange = (choices: readonly Sample[][][]) => fit(choices.flat(), changePenalty, changeLower);
const left = folders.map((folder, at) =>
  judged(folder, { rating: ratings[at] ?? {}, change: fitChange(others(changes, at)) })
);
const all = { rating: ratingOf(folders), change: fitChange(changes) };
folders.forEach(({ group, name }, at) => {
  const count = left[at];
  if (count !== undefined) console.log(`${group} ${name}: ${told(count)}`);
});
sums("as it stands", folders.map((folder) => judged(folder, askWeights)));
sums("each by the others' weights", left);
sums("fitted to all", folders.map((folder) => judged(folder, all)));

if (Deno.args.includes("--write")) {
  let source = Deno.readTextFileSync(weightsPath);
  for (const [name, weights] of [["ratingWeights", all.rating], ["changeWeights", all.change]] as const) {
    const lines = Object.entries(weights).map(([feature, weight]) =>
      `  ${feature}: ${Number(weight.toFixed(2))},\n`
    );
    const start = `${name}: Readonly<Record<string, number>> = {\n`,
      from = source.indexOf(start) + start.length;
    source = source.slice(0, from) + lines.join("") + source.slice(source.indexOf("};", from));
  }
  Deno.writeTextFileSync(weightsPath, source);
}
for (const { graph } of folders) graph.close();
