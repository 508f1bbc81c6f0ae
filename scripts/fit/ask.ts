/**
 * Fits the weights by which `ask` rates a sentence (ratingWeights of src/runtime/ask_weights.ts) to the folders of
 * tests/fixtures that may be looked at, and says how good such weights are on folders they were not fitted to.
 *
 * The agents do not run here: what the curator would supersede is not. The weights that stand are older than this fit,
 * which does not reach them yet (315 of 364 right; each folder by the others' weights 307).
 *
 *   deno run -A scripts/fit/ask.ts              prints each folder, judged by weights fitted to the others, and the sums
 *   deno run -A scripts/fit/ask.ts --write      also writes the weights fitted to all of them
 *   … --penalty 0.01 --lower 0 --without estimate,estimateGood    other settings
 */
import { ask, sentencesLookedAt } from "../../src/runtime/ask.ts";
import { ratingWeights } from "../../src/runtime/ask_weights.ts";
import { apartSets } from "../../tests/support/apart_sets.ts";
import { askSets, graphOfNotes } from "../../tests/support/ask_sets.ts";
import { fitLogistic, type Sample } from "./logistic.ts";

const option = (name: string, other: string) => Deno.args[Deno.args.indexOf(name) + 1 || Infinity] ?? other;
const penalty = Number(option("--penalty", "0.01"));
/** Taken off the fitted floor: more is answered. */
const lower = Number(option("--lower", "0"));
const without = new Set(option("--without", "").split(","));
const weightsPath = new URL("../../src/runtime/ask_weights.ts", import.meta.url);

type Graph = ReturnType<typeof graphOfNotes>;
interface Folder {
  readonly name: string;
  readonly graph: Graph;
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
function folderOf(
  name: string,
  notes: Parameters<typeof graphOfNotes>[0],
  questions: Folder["questions"],
): Folder {
  const graph = graphOfNotes(notes);
  const choices = questions.map(({ ask: question, answer, stale }) =>
    sentencesLookedAt(graph, asked(question)).flatMap(({ features, statement: { text } }) => {
      // What held before is as good an answer as far as this sentence tells.
      if (features === null || (!has(text, answer) && has(text, stale))) return [];
      const kept = Object.entries(features).filter(([feature]) => !without.has(feature));
      return [{ features: Object.fromEntries(kept), right: has(text, answer) }];
    })
  );
  return { name, graph, questions, choices };
}

const fit = (folders: readonly Folder[]) => {
  const weights = fitLogistic(folders.flatMap(({ choices }) => choices), {
    penalty,
    free: new Set(["bias"]),
  });
  return { ...weights, bias: (weights.bias ?? 0) - lower };
};

interface Count {
  right: number;
  answerable: number;
  stale: number;
  withStale: number;
  refused: number;
  unanswerable: number;
  given: number;
}

function judged({ graph, questions }: Folder, weights: Readonly<Record<string, number>>): Count {
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
  ...[...apartSets("dev"), ...apartSets("dev", "strangers")].map(({ name, notes, questions }) =>
    folderOf(name, notes, questions)
  ),
  ...askSets("development").map(({ name, notes, questions }) =>
    folderOf(name, notes, questions.map((one) => ({ ...one, stale: [] })))
  ),
];
const now = folders.map((folder) => judged(folder, ratingWeights));
const left = folders.map((folder) => judged(folder, fit(folders.filter((one) => one !== folder))));
const weights = fit(folders);
folders.forEach(({ name }, at) => {
  const count = left[at];
  if (count !== undefined) console.log(`${name}: ${told(count)}`);
});
console.log(`as it stands:               ${told(total(now))}`);
console.log(`each by the others' weights: ${told(total(left))}`);
console.log(`fitted to all:              ${told(total(folders.map((folder) => judged(folder, weights))))}`);

if (Deno.args.includes("--write")) {
  const lines = Object.entries(weights).map(([name, weight]) => `  ${name}: ${Number(weight.toFixed(2))},\n`);
  const source = Deno.readTextFileSync(weightsPath),
    start = "ratingWeights: Readonly<Record<string, number>> = {\n";
  const from = source.indexOf(start) + start.length;
  Deno.writeTextFileSync(
    weightsPath,
    source.slice(0, from) + lines.join("") + source.slice(source.indexOf("};", from)),
  );
}
for (const { graph } of folders) graph.close();
