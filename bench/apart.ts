/**
 * How good the bundled agents and `ask` are on folders of notes kept apart, as a table.
 *
 *   deno run -A bench/apart.ts [dev|held_out] [--strangers] [--each] [--faults]      both parts unless told
 *   deno run -A bench/apart.ts --dir FOLDER [--each] [--faults]                      the sets of a folder
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type ApartPart,
  apartScore,
  type ApartSet,
  apartSets,
  apartSetsIn,
} from "../tests/support/apart_sets.ts";
import { type Count, precision, recall, sum } from "../tests/support/fresh_sets.ts";

const parts: readonly ApartPart[] = ["dev", "held_out"];
const asked = parts.filter((part) => Deno.args.includes(part));
const share = ({ right, made, wanted }: Count) =>
  `${precision({ right, made, wanted }).toFixed(2)} (${right} of ${made}) | ${
    recall({ right, made, wanted }).toFixed(2)
  } (${right} of ${wanted})`;

const at = Deno.args.indexOf("--dir");
const dir = at < 0 ? undefined : Deno.args[at + 1];
const of = Deno.args.includes("--strangers") ? "strangers" : "apart";
const folders: readonly (readonly [name: string, sets: readonly ApartSet[]])[] = dir === undefined
  ? (asked.length === 0 ? parts : asked).map((part) => [part, apartSets(part, of)])
  : [[dir, apartSetsIn(pathToFileURL(`${resolve(dir)}/`))]];

for (const [part, sets] of folders) {
  const scores = [];
  for (const set of sets) {
    scores.push(await apartScore(set));
  }
  console.log(`\n| ${part} | right | found |\n| --- | --- | --- |`);
  for (const [what, count] of Object.entries(sum(scores))) console.log(`| ${what} | ${share(count)} |`);
  for (const { name, proposed, secondRun } of scores) {
    console.log(`${name}: ${proposed} proposed; a second run changes ${secondRun}`);
  }
  if (Deno.args.includes("--each")) {
    for (const { name, counts } of scores) {
      console.log(`\n| ${name} | right | found |\n| --- | --- | --- |`);
      for (const [what, count] of Object.entries(counts)) console.log(`| ${what} | ${share(count)} |`);
    }
  }
  if (Deno.args.includes("--faults")) { for (const { faults } of scores) console.log(faults.join("\n")); }
}
