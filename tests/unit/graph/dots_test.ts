import assert from "node:assert/strict";
import { code, DotStore } from "../../../src/graph/index/dots.ts";
import { wat } from "../../support/wat.ts";

const path = new URL("../../../src/graph/index/dots.wat", import.meta.url);

Deno.test("the module of dots.ts is dots.wat assembled", () => {
  assert.equal(wat(Deno.readTextFileSync(path)).toBase64(), code);
});

/** Numbers of a seed, −128 to 127. */
function numbers(count: number, seed: number): Int8Array {
  let state = seed;
  return Int8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    return state >> 24;
  });
}

for (const dimensions of [1, 15, 16, 17, 384]) {
  Deno.test(`dots() gives plain sums for ${dimensions} dimensions, over growing memory`, () => {
    const store = new DotStore(dimensions), question = numbers(dimensions, 7);
    const vectors = Array.from({ length: 3000 }, (_, at) => numbers(dimensions, at + 1));
    vectors.forEach((vector) => store.add(vector));
    const dots = store.dots(question);
    assert.equal(dots.length, 3000);
    vectors.forEach((vector, at) => {
      const sum = vector.reduce((all, one, place) => all + one * (question[place] ?? 0), 0);
      assert.equal(dots[at], sum);
    });
  });
}

Deno.test("dots() of an empty store gives nothing", () => {
  assert.equal(new DotStore(16).dots(new Int8Array(16)).length, 0);
});
