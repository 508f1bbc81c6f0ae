/**
 * How well `ask` answers (precision of the answers given, recall), and how long it takes.
 * `deno run -A bench/ask_bench.ts [development] [held_out] [--all]` prints the quality of a part of the questions, with
 * --all each of them.
 */
import { ask } from "../src/runtime/ask/ask.ts";
import { bench, runBenches } from "./measure.ts";
import { askAll, askSets, graphOfNotes, quality } from "../tests/support/ask_sets.ts";

const percent = (part: number) => `${(100 * part).toFixed(1)} %`;

function report(part: "development" | "held_out", all: boolean): void {
  const asked = askAll(askSets(part));
  const { precision, recall, questions } = quality(asked);
  console.log(
    `${part}: precision ${percent(precision)}, recall ${percent(recall)}, ${questions} questions`,
  );
  if (!all) return;
  for (const { set, question, outcome, view } of asked) {
    console.log(`  ${outcome.padEnd(16)} ${set.replace(".yaml", "")}: ${question}`);
    const shown = view.answer ?? view.nearest[0];
    if (outcome !== "rightly nothing" && shown !== undefined) {
      console.log(`      ${shown.score} ${shown.text}`);
    }
  }
}

if (import.meta.main && Deno.args.length > 0) {
  const parts = ["development", "held_out"] as const;
  for (const part of parts) if (Deno.args.includes(part)) report(part, Deno.args.includes("--all"));
}

const notes = askSets("development").flatMap((set) => set.notes);
const graph = graphOfNotes(notes);
const question = "When does Comet ship?";
bench({
  name: "the search of one question",
  group: "ask",
  baseline: true,
  fn: () => graph.search({ text: question, limit: 40 }),
});
bench({
  name: "ask",
  group: "ask",
  fn: () => ask(graph, { question, context: null, at: null, limit: 5 }),
});
await runBenches();
