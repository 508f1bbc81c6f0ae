import assert from "node:assert/strict";
import { boundNone } from "../../../scripts/fit/boosted_trees.ts";
import { weightsOf, weightsSource } from "../../../scripts/fit/curator_weights.ts";

const read = (name: string) =>
  Deno.readTextFileSync(new URL(`../../../agents/curator/assembly/${name}`, import.meta.url));
const source = read("weights.ts");
const weights = weightsOf(source);

Deno.test("weights.ts of the curator is as its script writes it", () =>
  assert.equal(weightsSource(weights), source));

Deno.test("weights.ts of the curator asks of features that a pair has", () => {
  const names = /export const featureNames =\n([\s\S]*?);/.exec(read("pairs.ts"))?.[1] ?? "";
  assert.equal(weights.width, names.replaceAll(/["\s+]/g, "").split(",").length);
  assert.ok(weights.features.every((one) => one >= 0 && one < weights.width));
});

Deno.test("weights.ts of the curator has whole trees, of numbers that fit their types", () => {
  const { depth, features, bounds, leaves, act, propose } = weights;
  const questions = (1 << depth) - 1, trees = features.length / questions;
  assert.ok(Number.isInteger(trees) && trees > 0);
  assert.deepEqual([bounds.length, leaves.length], [features.length, trees * (questions + 1)]);
  assert.ok([...bounds, ...leaves].every((one) => Math.abs(one) <= boundNone));
  assert.ok(propose <= act);
});

Deno.test("weightsOf() names what a source lacks", () =>
  assert.throws(() => weightsOf(source.replace("const act", "const sure")), /no act/));
