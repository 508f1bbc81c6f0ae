import assert from "node:assert/strict";
import { parseJson } from "../../../src/input/json.ts";

/** Text → "line:column" of the fault. */
const faults: Readonly<Record<string, string>> = {
  "": "1:1",
  "words": "1:1",
  "{\n  'a': 1}": "2:3",
  '{"a": 1,\n}': "2:1",
  '{"a" 1}': "1:6",
  '{"a": }': "1:7",
  "[1, 2": "1:6",
  "[1,]": "1:4",
  "[1}": "1:3",
  "[01]": "1:3",
  '["a\nb"]': "1:2",
  '["\\x"]': "1:2",
  "{} {}": "1:4",
  '{"a": nul}': "1:7",
};

for (const [text, place] of Object.entries(faults)) {
  Deno.test(`parseJson() finds the fault of ${JSON.stringify(text)} at ${place}`, () => {
    const read = parseJson(text);
    assert.equal("line" in read ? `${read.line}:${read.column}` : "none", place);
  });
}

Deno.test("parseJson() gives the value of JSON", () => {
  assert.deepEqual(parseJson(' {"a": [1, {}, [], null]} '), { value: { a: [1, {}, [], null] } });
});
