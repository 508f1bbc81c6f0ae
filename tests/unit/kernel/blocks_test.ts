import assert from "node:assert/strict";
import fc from "fast-check";
import { piece, pieceOf, utf8 } from "../../../src/kernel/blocks.ts";

Deno.test("piece() gives zeros that no other piece shares, whatever sizes are asked for", () => {
  fc.assert(fc.property(fc.array(fc.nat(5000), { maxLength: 60 }), (sizes) => {
    const pieces = sizes.map((size, at) => {
      const made = piece(size);
      assert.equal(made.length, size);
      assert.ok(made.every((byte) => byte === 0));
      return made.fill(at + 1);
    });
    pieces.forEach((made, at) => assert.ok(made.every((byte) => byte === ((at + 1) & 255))));
  }));
});

Deno.test("pieceOf() is a copy", () => {
  const bytes = Uint8Array.of(1, 2, 3), copy = pieceOf(bytes);
  bytes.fill(9);
  assert.deepEqual([...copy], [1, 2, 3]);
});

Deno.test("utf8() gives the bytes a TextEncoder gives, half surrogates included", () => {
  const encoder = new TextEncoder();
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ minLength: 900, maxLength: 1200 }));
  fc.assert(fc.property(text, (one) => assert.deepEqual([...utf8(one)], [...encoder.encode(one)])));
  assert.deepEqual([...utf8("a\ud800")], [...encoder.encode("a\ud800")]);
});
