/** Laws of ids: their order as strings is the order of their numbers, they can be taken apart again, and are no JSON. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatId, parseId } from "../../src/kernel/mod.ts";

const number = fc.oneof(fc.nat({ max: 40 }), fc.maxSafeNat());
const triple = fc.tuple(number, number, number);

Deno.test("ids stand in the order of (tick, seat, counter)", () => {
  fc.assert(fc.property(triple, triple, (one, other) => {
    const difference = one.map((value, at) =>
      Math.sign(value - (other[at] ?? 0))
    ).find((sign) => sign !== 0) ?? 0;
    const [a, b] = [formatId("engram", ...one), formatId("engram", ...other)];
    assert.equal(a < b ? -1 : a > b ? 1 : 0, difference);
  }));
});

Deno.test("an id can be taken apart and made again", () => {
  fc.assert(fc.property(triple, ([tick, seat, counter]) => {
    assert.deepEqual(parseId(formatId("context", tick, seat, counter)), { letter: "x", tick, seat, counter });
  }));
});

Deno.test("parseId() of any text is null, or of an id that makes that text", () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."ecxwk0123456789abz") }));
  fc.assert(fc.property(text, (one) => {
    const parts = parseId(one);
    if (parts === null) return;
    const made = formatId("engram", parts.tick, parts.seat, parts.counter);
    assert.equal(parts.letter + made.slice(1), one);
  }));
});
