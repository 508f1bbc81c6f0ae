/**
 * Laws of settlement: it depends on the schedule order and on how steps ended, never on who ended first; and what is
 * completed in one tick could have run one after the other in any order of reads.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { plan, settle, type StepEnd } from "../../src/kernel/mod.ts";
import { ask, command, end, World } from "../unit/kernel/worlds.ts";

const keys = fc.uniqueArray(fc.constantFrom("e:1", "e:2", "c:1|2|t", "m:1|1", "x:1"), { maxLength: 2 });
const ending = fc.record({
  kind: fc.constantFrom("completed" as const, "completed" as const, "trapped" as const, "lost" as const),
  reads: keys,
  written: keys,
});
const agents = ["a", "b", "c", "d", "e", "f"];

/** The outcomes of a tick whose ends arrive in the order given. */
function outcomes(endings: readonly Partial<StepEnd>[], arrival: readonly number[]): string[] {
  const world = new World({}, agents.slice(0, endings.length));
  const planned = plan(world.state, endings.map((_, at) => command(ask.execute(agents[at] ?? ""))), null);
  const ends: StepEnd[] = [];
  for (const at of arrival) ends[at] = end(endings[at]);
  return settle(world.state, planned, ends).map(({ record }) => record?.outcome ?? "struck");
}

const tick = fc.array(ending, { minLength: 1, maxLength: agents.length }).chain((endings) =>
  fc.tuple(
    fc.constant(endings),
    fc.shuffledSubarray(endings.map((_, at) => at), { minLength: endings.length }),
  )
);

Deno.test("settlement does not depend on the order in which workers answered", () => {
  fc.assert(fc.property(tick, ([endings, arrival]) => {
    assert.deepEqual(outcomes(endings, arrival), outcomes(endings, endings.map((_, at) => at)));
  }));
});

Deno.test("no completed step read or wrote what an earlier completed one wrote; every other one in conflict did", () => {
  fc.assert(fc.property(tick, ([endings]) => {
    const found = outcomes(endings, endings.map((_, at) => at));
    endings.forEach(({ kind, reads, written }, at) => {
      const before = endings.filter((_, other) => other < at && found[other] === "completed")
        .flatMap((one) => one.written);
      const conflict = [...reads, ...written].some((key) => before.includes(key));
      const expected = kind === "lost"
        ? "carried"
        : kind === "trapped"
        ? kind
        : conflict
        ? "carried"
        : "completed";
      assert.equal(found[at], expected);
    });
  }));
});
