import assert from "node:assert/strict";
import { estimateTokens } from "../../../src/input/mod.ts";

Deno.test("estimateTokens() counts by the rule that its file states", () => {
  const cases: readonly (readonly [string, number])[] = [
    ["", 0],
    ["   \t", 0],
    ["the heron", 3],
    ["2026-03-14", 6],
    ["[e219130]\n", 7],
    ["日本", 4],
    ["🐦", 2],
    ["é", 1],
  ];
  assert.deepEqual(cases.map(([text]) => estimateTokens(text)), cases.map(([, tokens]) => tokens));
});

Deno.test("estimateTokens() of two texts on two lines is the sum and one for the line end", () => {
  const one = "We decided to use libSQL.", two = "Gull launches on 12 May.";
  assert.equal(estimateTokens(`${one}\n${two}`), estimateTokens(one) + estimateTokens(two) + 1);
});
