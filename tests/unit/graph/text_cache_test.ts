import assert from "node:assert/strict";
import { TextCache } from "../../../src/graph/text_cache.ts";

const cache = (entriesMax: number, charsMax: number) =>
  new TextCache<string, string>({ entriesMax, charsMax }, (text) => text.length);

Deno.test("TextCache lets the ones put longest ago go where there are too many", () => {
  const texts = cache(2, 100);
  for (const key of ["a", "b", "a", "c"]) texts.set(key, `text ${key}`);
  assert.deepEqual(["a", "b", "c"].map((key) => texts.get(key)), ["text a", undefined, "text c"]);
});

Deno.test("TextCache keeps no more characters than it may, however few things have them", () => {
  const texts = cache(1000, 100);
  for (let at = 0; at < 50; at++) {
    texts.set(`${at}`, "x".repeat(1 + at));
    assert.ok(texts.chars <= 100);
    assert.equal(texts.get(`${at}`)?.length, 1 + at);
  }
  texts.set("49", "short");
  assert.equal(texts.get("49"), "short");
  texts.set("large", "x".repeat(101));
  assert.equal(texts.get("large"), undefined);
  assert.equal(texts.get("49"), "short");
  texts.delete("49");
  texts.delete("49");
  texts.clear();
  assert.equal(texts.chars, 0);
});

Deno.test("TextCache of no entries keeps none", () => {
  const texts = cache(0, 100);
  texts.set("a", "text");
  assert.equal(texts.get("a"), undefined);
});
