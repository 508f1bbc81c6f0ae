import assert from "node:assert/strict";
import { freshSets, precision, recall, scored, sum } from "../support/fresh_sets.ts";

/** Slightly below what was measured on the sets held back: docs/agents.md, "How good". */
const floors: Readonly<Record<string, readonly [precision: number, recall: number]>> = {
  things: [0.89, 0.75],
  links: [0.95, 0.95],
  supersedes: [0.95, 0.85],
  contradicts: [0.95, 0.95],
  duplicates: [0.95, 0.95],
  digest: [1, 1],
  "digest holds": [1, 1],
  "digest verbatim": [1, 1],
  ask: [0.95, 0.9],
  search: [0.9, 0.9],
};

const sets = freshSets("held_back");
const scores = await Promise.all(sets.map((set) => scored(set)));
const counts = sum(scores);

for (const [what, [precise, found]] of Object.entries(floors)) {
  Deno.test(`fresh notes held back: ${what}, at least ${precise} right and ${found} found`, () => {
    const count = counts[what];
    assert.ok(count !== undefined && count.wanted > 0, "nothing was counted");
    assert.ok(precision(count) >= precise && recall(count) >= found, JSON.stringify(count));
  });
}

Deno.test("fresh notes held back: a second run of every agent writes nothing", () =>
  assert.deepEqual(scores.map(({ secondRun }) => secondRun), sets.map(() => 0)));

Deno.test("fresh notes held back: the order of import changes nothing", async () => {
  const reversed = await Promise.all(sets.map((set) => scored(set, set.notes.toReversed())));
  assert.deepEqual(reversed.map(({ picture }) => picture), scores.map(({ picture }) => picture));
});
