import assert from "node:assert/strict";
import fc from "fast-check";
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

/** The rule as its file says it, piece by piece. */
function byPieces(text: string): number {
  const pieces = text.match(/[A-Za-z]+|[0-9]+|[^A-Za-z0-9 \t]/gu) ?? [];
  return pieces.map((piece) => {
    if (/^[A-Za-z]/.test(piece)) return Math.ceil(piece.length / 4);
    if (/^[0-9]/.test(piece)) return Math.ceil(piece.length / 2);
    return Math.ceil(new TextEncoder().encode(piece).length / 2);
  }).reduce((sum, one) => sum + one, 0);
}

Deno.test("estimateTokens() of any text is the sum of its pieces, half a character among them", () => {
  const units = fc.constantFrom(
    "a",
    "Zz",
    "0",
    "17",
    " ",
    "\t",
    "\n",
    "-",
    "é",
    "日",
    "🐦",
    "\ud83d",
    "\udc26",
    "\0",
  );
  const texts = fc.oneof(
    fc.array(units, { maxLength: 40 }).map((all) => all.join("")),
    fc.string({ unit: "binary" }),
  );
  fc.assert(fc.property(texts, (text) => assert.equal(estimateTokens(text), byPieces(text))));
});
