import assert from "node:assert/strict";
import { apartScore, apartSets } from "../support/apart_sets.ts";
import { precision, recall, sum } from "../support/fresh_sets.ts";

/** Slightly below what was measured: docs/agents.md, "On strangers' notes". Those held out are only measured. */
const floors: Readonly<Record<string, Readonly<Record<string, readonly [right: number, found: number]>>>> = {
  dev: {
    things: [0.93, 0.68],
    "note pairs": [0.99, 0.95],
    supersedes: [0.95, 0.31],
    duplicates: [0.98, 0.8],
    "ask: right first": [0.72, 0.61],
    "ask: refused": [1, 0.78],
  },
  held_out: {
    things: [0.93, 0.8],
    "note pairs": [0.94, 0.7],
    supersedes: [0.84, 0.34],
    duplicates: [0.98, 0.85],
    "ask: right first": [0.72, 0.6],
    "ask: refused": [1, 0.8],
  },
};

for (const part of ["dev", "held_out"] as const) {
  const counts = sum(await Promise.all(apartSets(part, "strangers").map((set) => apartScore(set))));
  for (const [what, [right, found]] of Object.entries(floors[part] ?? {})) {
    Deno.test(`strangers' notes, ${part}: ${what}, at least ${right} right and ${found} found`, () => {
      const count = counts[what];
      assert.ok(count !== undefined && count.wanted > 0, "nothing was counted");
      assert.ok(precision(count) >= right && recall(count) >= found, JSON.stringify(count));
    });
  }
  Deno.test(`strangers' notes, ${part}: notes of one template are never joined`, () => {
    assert.ok((counts["twins joined"]?.wanted ?? 0) > 0, "there are no twins");
    assert.equal(counts["twins joined"]?.made, 0);
  });
}
