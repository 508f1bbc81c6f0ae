import assert from "node:assert/strict";
import { apartScore, apartSets } from "../support/apart_sets.ts";
import { precision, recall, sum } from "../support/fresh_sets.ts";

/** Slightly below what was measured on the folders held out: docs/agents.md, "On folders kept apart". */
const floors: Readonly<Record<string, readonly [precision: number, recall: number]>> = {
  things: [0.9, 0.72],
  "note pairs": [0.97, 0.75],
  supersedes: [0.92, 0.66],
  contradicts: [0.75, 0.3],
  duplicates: [0.98, 0.85],
  "ask: right first": [0.75, 0.7],
  "ask: refused": [1, 0.8],
};
/** Questions answered with what held before. */
const staleMax = 2;

const sets = apartSets("held_out");
const scores = await Promise.all(sets.map((set) => apartScore(set)));
const counts = sum(scores);

for (const [what, [precise, found]] of Object.entries(floors)) {
  Deno.test(`notes kept apart: ${what}, at least ${precise} right and ${found} found`, () => {
    const count = counts[what];
    assert.ok(count !== undefined && count.wanted > 0, "nothing was counted");
    assert.ok(precision(count) >= precise && recall(count) >= found, JSON.stringify(count));
  });
}

Deno.test("notes kept apart: notes of one template that differ in a number are never joined", () => {
  assert.ok((counts["twins joined"]?.wanted ?? 0) > 0, "there are no twins");
  assert.equal(counts["twins joined"]?.made, 0);
});

Deno.test(`notes kept apart: at most ${staleMax} questions are answered with what held before`, () =>
  assert.ok((counts["ask: stale first"]?.right ?? Infinity) <= staleMax));

Deno.test("notes kept apart: few proposals wait for a person", () =>
  assert.ok(
    scores.every(({ proposed }) => proposed <= 3),
    JSON.stringify(scores.map((one) => one.proposed)),
  ));

Deno.test("notes kept apart: a second run of every agent writes nothing", () =>
  assert.deepEqual(scores.map(({ secondRun }) => secondRun), sets.map(() => 0)));

Deno.test("notes kept apart: the order of import changes nothing", async () => {
  const reversed = await Promise.all(sets.map((set) => apartScore(set, set.notes.toReversed())));
  assert.deepEqual(reversed.map(({ picture }) => picture), scores.map(({ picture }) => picture));
});
