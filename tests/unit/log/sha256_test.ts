import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { code, manyBytesMax, sha256Many, sha256Short, shortBytesMax } from "../../../src/log/sha256.ts";
import { wat } from "../../support/wat.ts";

const path = new URL("../../../src/log/sha256.wat", import.meta.url);
const bytesOf = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 131 + length) & 255);

Deno.test("sha256Short() is SHA-256 for every length up to three blocks, and for the longest", () => {
  for (const length of [...Array(200).keys(), 1000, shortBytesMax]) {
    const bytes = bytesOf(length), cut = length >> 2;
    const expected = createHash("sha256").update(bytes).digest("hex");
    assert.equal(
      sha256Short(bytes.subarray(0, cut), bytes.subarray(cut)).toHex(),
      expected,
      `${length} bytes`,
    );
  }
});

Deno.test("the module of sha256.ts is sha256.wat assembled", () => {
  assert.equal(code, wat(Deno.readTextFileSync(path)).toBase64());
});

Deno.test("sha256Many() writes the SHA-256 of each stretch, whatever lengths come in whatever order", () => {
  const lengths = [
    ...Array(300).keys(),
    ...Array(300).keys(),
    manyBytesMax,
    manyBytesMax,
    64,
    64,
    64,
    64,
    64,
  ];
  const from = new Uint8Array(lengths.reduce((sum, length) => sum + length)),
    into = new Uint8Array(32 * lengths.length);
  let at = 0;
  const stretches = lengths.map((length, nth) => {
    from.set(bytesOf(length), at);
    at += length;
    return { at: at - length, length, into, intoAt: nth * 32 };
  });
  sha256Many(from, stretches);
  lengths.forEach((length, nth) => {
    const expected = createHash("sha256").update(bytesOf(length)).digest("hex");
    assert.equal(into.subarray(nth * 32, nth * 32 + 32).toHex(), expected, `${length} bytes`);
  });
});
