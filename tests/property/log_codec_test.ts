/** Law: a body read back equals the body written, and equal bodies have equal bytes, whatever the order of their keys. */

import assert from "node:assert/strict";
import { Encoder } from "@msgpack/msgpack";
import fc from "fast-check";
import { Payload } from "../../src/kernel/payload.ts";
import { type Body, decodeEntry, decodeSection, encodeEntry } from "../../src/log/mod.ts";

const salts = () => {
  let n = 0;
  return () => new Uint8Array(16).fill(++n);
};

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const leaf: fc.Arbitrary<Body> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n === 0 ? 0 : n),
  text,
  fc.uint8Array({ maxLength: 300 }),
);
const key = text.filter((name) => name !== "__proto__");
const { body } = fc.letrec<{ body: Body }>((tie) => ({
  body: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("body"), { maxLength: 20 }),
    fc.dictionary(key, tie("body"), { maxKeys: 20, noNullPrototype: true }),
  ),
}));

/** A body with its keys put in the opposite order. */
function turned(value: Body): Body {
  if (Array.isArray(value)) return value.map(turned);
  if (
    typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Payload
  ) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).reverse().map(([name, item]) => [name, turned(item)]));
}

Deno.test("decodeEntry() gives back any body that encodeEntry() took", () => {
  fc.assert(fc.property(body, (value) => {
    const { bodyBytes, section, payloadCount } = encodeEntry(value, salts());
    assert.deepEqual(decodeEntry(bodyBytes, decodeSection(section, payloadCount)).body, value);
  }));
});

Deno.test("encodeEntry() gives equal bytes for any order of keys", () => {
  fc.assert(fc.property(body, (value) => {
    assert.deepEqual(encodeEntry(turned(value), salts()).bodyBytes, encodeEntry(value, salts()).bodyBytes);
  }));
});

Deno.test("encodeEntry() writes what the msgpack library writes with sorted keys", () => {
  const library = new Encoder({ sortKeys: true });
  fc.assert(
    fc.property(fc.oneof(body, fc.integer(), fc.bigInt(-(2n ** 53n), 2n ** 53n).map(Number)), (value) => {
      assert.deepEqual(encodeEntry(value, salts()).bodyBytes, library.encode(value));
    }),
    { numRuns: 500 },
  );
});

for (
  const [what, value] of Object.entries({
    text: "x",
    "other text": "ü€😀",
    list: [1],
    binary: Uint8Array.of(1),
  })
) {
  Deno.test(`encodeEntry() writes headers as the msgpack library does, of ${what} of any length`, () => {
    const library = new Encoder({ sortKeys: true });
    for (const length of [15, 16, 31, 32, 48, 49, 255, 256, 65_535, 65_536]) {
      const long = typeof value === "string"
        ? value.repeat(length).slice(0, length - (length % 2))
        : Array.isArray(value)
        ? Array(length).fill(1)
        : new Uint8Array(length);
      if (typeof long === "string" && !long.isWellFormed()) continue;
      assert.deepEqual(encodeEntry(long, salts()).bodyBytes, library.encode(long));
    }
  });
}

Deno.test("encodeEntry() of what decodeEntry() gave, with payloads anywhere, gives the same entry", () => {
  const withPayloads = fc.array(fc.oneof(body, fc.uint8Array({ maxLength: 50 }).map((b) => new Payload(b))));
  fc.assert(fc.property(withPayloads, (value) => {
    const first = encodeEntry(value, salts());
    const read = decodeEntry(first.bodyBytes, decodeSection(first.section, first.payloadCount)).body;
    const noSalt = () => assert.fail("every payload has its salt");
    assert.deepEqual(encodeEntry(read, noSalt), first);
  }));
});

Deno.test("decodeEntry() of any bytes gives a body or refuses with log_corrupt", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        decodeEntry(bytes, []);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "log_corrupt");
      }
    }),
    { numRuns: 500 },
  );
});
