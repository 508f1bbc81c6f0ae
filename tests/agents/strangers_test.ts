import assert from "node:assert/strict";
import { apartScore, apartSets } from "../support/apart_sets.ts";
import { precision, recall, sum } from "../support/fresh_sets.ts";

/** Slightly below what was measured: docs/agents.md, "On strangers' notes". Those held out are only measured. */
const floors: Readonly<Record<string, Readonly<Record<string, readonly [right: number, found: number]>>>> = {
  dev: {
    things: [0.92, 0.82],
    "note pairs": [0.99, 0.96],
    supersedes: [0.95, 0.4],
    duplicates: [0.98, 0.96],
    "ask: right first": [0.78, 0.69],
    "ask: refused": [1, 0.74],
  },
  held_out: {
    things: [0.93, 0.82],
    "note pairs": [0.95, 0.71],
    supersedes: [0.89, 0.33],
    duplicates: [0.98, 0.81],
    "ask: right first": [0.62, 0.58],
    "ask: refused": [1, 0.72],
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
