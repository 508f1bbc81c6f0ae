import assert from "node:assert/strict";
import {
  boundNone,
  fitTrees,
  leafUnit,
  sumOf,
  type TreeSample,
  type TreesOptions,
} from "../../../scripts/fit/boosted_trees.ts";

const options: TreesOptions = { trees: 40, depth: 2, rate: 0.3, penalty: 1, curveMin: 0.5 };
/** Right where just one of the first two features is above 6, or above 2; the third tells nothing. */
const samples: TreeSample[] = Array.from({ length: 400 }, (_, at) => {
  const features = [at % 10, Math.floor(at / 10) % 10, (at * 7) % 13];
  return { features, right: (features[0] ?? 0) > 6 !== (features[1] ?? 0) > 2 };
});

Deno.test("fitTrees() tells apart what no feature tells alone", () => {
  const trees = fitTrees(samples, options);
  for (const { features, right } of samples) assert.equal(sumOf(trees, features) > 0, right);
});

Deno.test("fitTrees() gives whole numbers, and lists as long as its trees", () => {
  const { features, bounds, leaves, base } = fitTrees(samples, options);
  assert.deepEqual([features.length, bounds.length, leaves.length], [120, 120, 160]);
  for (const one of [...features, ...bounds, ...leaves, base]) assert.ok(Number.isInteger(one));
});

Deno.test("fitTrees() gives the same trees for the same samples, with shares drawn too", () => {
  const drawn = { ...options, featureShare: 0.5, sampleShare: 0.7 };
  assert.deepEqual(fitTrees(samples, drawn), fitTrees(samples, drawn));
  assert.notDeepEqual(fitTrees(samples, drawn), fitTrees(samples, options));
});

Deno.test("fitTrees() asks nothing where all samples are alike, and its base is how often they are right", () => {
  const alike = Array.from({ length: 8 }, (_, at) => ({ features: [1], right: at < 4 }));
  const trees = fitTrees(alike, options);
  assert.ok(trees.bounds.every((bound) => bound === boundNone));
  assert.equal(sumOf(trees, [1]), 0);
});

Deno.test("fitTrees() counts a sample by its weight", () => {
  const pair = (weight: number): TreeSample[] => [{ features: [1], right: true, weight }, {
    features: [1],
    right: false,
  }];
  const heavy = fitTrees(pair(9), options);
  assert.ok(sumOf(heavy, [1]) > leafUnit, String(sumOf(heavy, [1])));
});

Deno.test("fitTrees() refuses no samples, and a depth or rate out of range", () => {
  assert.throws(() => fitTrees([], options), RangeError);
  assert.throws(() => fitTrees(samples, { ...options, depth: 9 }), RangeError);
  assert.throws(() => fitTrees(samples, { ...options, rate: 0 }), RangeError);
});
