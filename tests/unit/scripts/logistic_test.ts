import assert from "node:assert/strict";
import { fitLogistic, type Sample } from "../../../scripts/fit/logistic.ts";

const sample = (features: Sample["features"], right: boolean): Sample => ({ features, right });
const near = (is: number | undefined, wanted: number) =>
  assert.ok(Math.abs((is ?? NaN) - wanted) < 0.01, `${is} is not ${wanted}`);

Deno.test("fitLogistic() of one thing gives the logarithm of its odds", () => {
  const choices = [true, true, true, false].map((right) => [sample({ bias: 1 }, right)]);
  near(fitLogistic(choices, { penalty: 1e-6 }).bias, Math.log(3));
});

Deno.test("fitLogistic() of several things or none weighs what the chosen one has", () => {
  const choice = (
    right: "a" | "b" | null,
  ) => [sample({ a: 1 }, right === "a"), sample({ b: 1 }, right === "b")];
  // Chosen 4 : 2 : 1 times.
  const choices = [...["a", "a", "a", "a"] as const, ...["b", "b"] as const, null].map(choice);
  const weights = fitLogistic(choices, { penalty: 1e-6 });
  near(weights.a, Math.log(4));
  near(weights.b, Math.log(2));
});

Deno.test("fitLogistic() draws weights to 0 by its penalty, but not those that are free", () => {
  const choices = [true, true, true, false].map((right) => [sample({ bias: 1, same: 1 }, right)]);
  const { bias, same } = fitLogistic(choices, { penalty: 100, free: new Set(["bias"]) });
  near(same, 0);
  near(bias, Math.log(3));
});

Deno.test("fitLogistic() refuses no choices, and no penalty", () => {
  assert.throws(() => fitLogistic([], { penalty: 1 }), RangeError);
  assert.throws(() => fitLogistic([[sample({ a: 1 }, true)]], { penalty: 0 }), RangeError);
});
