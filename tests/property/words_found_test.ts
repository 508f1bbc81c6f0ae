/** Law: the words of a text are its longest runs of letters, digits and marks, whatever else is in it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { eachWord, stemOf, type Wanted, wantedOf } from "../../src/graph/index/words.ts";

/** Runs by Unicode's classes alone; scripts without spaces, whose runs are cut, are not among the texts. */
function runs(text: string): [string, number, number][] {
  return [...text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)].map(({ 0: word, index }) =>
    [stemOf(word), index, index + word.length] as [string, number, number]
  ).filter(([stem]) => stem !== "");
}

const piece = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9]{1,6}$/),
  fc.constantFrom(
    " ",
    "-",
    "'",
    "_",
    "\n",
    "é",
    "ß",
    "Ωμ",
    "٣",
    "e\u0301",
    "\u0301",
    "🙂",
    "𝒜b",
    "\ud83d",
    "\udc00",
    "½",
    "ﬁ",
  ),
);

Deno.test("eachWord() finds the runs of letters, digits and marks, and where they stand", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join(""), found: [string, number, number][] = [];
      eachWord(text, (stem, start, end, word) => {
        assert.equal(text.slice(start, end), word);
        found.push([stem, start, end]);
      });
      assert.deepEqual(found, runs(text));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("eachWord() with what is wanted leaves out the stems of words that have none of those stems alone", () => {
  const wordsOf = (text: string, wanted: Wanted | null) => {
    const found: [string, number, number][] = [];
    eachWord(text, (stem, start, end) => found.push([stem, start, end]), wanted);
    return found;
  };
  const english = fc.tuple(
    fc.stringMatching(/^[A-Za-z0-9]{1,5}$/),
    fc.constantFrom("", "s", "ies", "sses", "ing", "ed", "eed", "y", "ational", "ness", "é", "\u0301"),
  ).map(([begin, end]) => begin + end);
  fc.assert(
    fc.property(fc.array(fc.oneof(english, piece)), fc.array(fc.oneof(english, piece)), (texts, asked) => {
      const text = texts.join(" "), wanted = new Set(asked.map(stemOf).filter((stem) => stem !== ""));
      const all = wordsOf(text, null), some = wordsOf(text, wantedOf(wanted));
      assert.deepEqual(
        some.filter(([stem]) => wanted.has(stem)),
        all.filter(([stem]) => wanted.has(stem)),
      );
      assert.deepEqual(some.map(([, ...place]) => place), all.map(([, ...place]) => place));
    }),
    { numRuns: 2000 },
  );
});
