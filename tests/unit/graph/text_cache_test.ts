import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cachedCharsMax, TextCache } from "../../../src/graph/reads/text_cache.ts";
import { e, entry, graphOf, put } from "./support.ts";

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

Deno.test("TextCache lets go of what is no longer kept, whether others made room for it or it was put anew", async () => {
  setFlagsFromString("--expose-gc");
  const puts = 20_000, heldMax = 2000;
  for (const [entriesMax, keys] of [[100, 50], [100, 100], [100, 1000]] as const) {
    const texts = new TextCache<number, object>({ entriesMax, charsMax: puts }, () => 1);
    const put: WeakRef<object>[] = [];
    for (let at = 0; at < puts; at++) {
      const value = { at };
      put.push(new WeakRef(value));
      texts.set(at % keys, value);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    runInNewContext("gc()");
    const held = put.filter((one) => one.deref() !== undefined).length;
    assert.ok(
      held <= heldMax,
      `${held} of ${puts} things are held where ${entriesMax} may be kept, of ${keys}`,
    );
    assert.ok(texts.get((puts - 1) % keys) !== undefined);
  }
});

Deno.test("TextCache of no entries keeps none", () => {
  const texts = cache(0, 100);
  texts.set("a", "text");
  assert.equal(texts.get("a"), undefined);
});

Deno.test("a graph's cache of engrams counts all their texts, metadata as well, when read and when changed", () => {
  const count = 12, chars = Math.floor(cachedCharsMax / 8);
  const large = (n: number, letter: string) =>
    put(e(n), "Heron", { metadata: { text: letter.repeat(chars) } });
  const isCached = (graph: ReturnType<typeof graphOf>, n: number) =>
    graph.defer(entry(graph, [put(e(n), "Heron flies")]));
  const read = graphOf(...Array.from({ length: count }, (_, n) => [large(n, "x")]));
  for (let n = 0; n < count; n++) assert.equal(read.engram(e(n))?.content, "Heron");
  assert.equal(isCached(read, 0), false, "the first made room");
  assert.equal(isCached(read, count - 1), true);
  read.close();
  const changed = graphOf(...Array.from({ length: 8 }, (_, n) => [put(e(n), "Heron")]));
  for (let n = 0; n < 8; n++) assert.equal(changed.engram(e(n))?.content, "Heron");
  for (let n = 0; n < 8; n++) changed.commit(entry(changed, [large(n, "x")]));
  assert.equal(isCached(changed, 0), false, "the first made room for what was changed after it");
  assert.equal(isCached(changed, 7), true);
  changed.close();
});
