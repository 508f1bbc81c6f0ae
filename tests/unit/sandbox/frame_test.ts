import assert from "node:assert/strict";
import fc from "fast-check";
import { Reader, Writer } from "../../../src/sandbox/frame.ts";

function readerOf(bytes: Uint8Array): Reader {
  const reader = new Reader();
  reader.append(bytes);
  return reader;
}

Deno.test("utf8() gives every text that text() wrote, however often and in whatever order they come", () => {
  const texts = fc.array(
    fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.constantFrom("a", "b", "é")),
  );
  fc.assert(
    fc.property(texts, (all) => {
      const wellFormed = all.map((text) => text.toWellFormed());
      const writer = new Writer();
      for (const text of [...wellFormed, ...wellFormed]) writer.text(text);
      const reader = readerOf(writer.bytes.subarray(0, writer.length));
      assert.deepEqual([...wellFormed, ...wellFormed].map(() => reader.text()), [
        ...wellFormed,
        ...wellFormed,
      ]);
    }),
    { numRuns: 30 },
  );
});

Deno.test("utf8() and utf8Bytes() are null for bytes that are not UTF-8, of any length", () => {
  for (const length of [1, 20, 32, 33, 200]) {
    const bytes = new Uint8Array(length).fill(0x61);
    bytes[length - 1] = 0xff;
    assert.deepEqual([readerOf(bytes).utf8(length), readerOf(bytes).utf8Bytes(length)], [null, null]);
  }
});

Deno.test("utf8Bytes() and copy() give copies that the next frame does not change", () => {
  const writer = new Writer();
  writer.blob(new TextEncoder().encode("Heron é"));
  const reader = readerOf(writer.bytes.subarray(0, writer.length));
  const text = reader.utf8Bytes(reader.u32());
  reader.reset();
  reader.append(writer.bytes.subarray(0, writer.length));
  const copy = reader.copy();
  reader.reset();
  reader.append(new Uint8Array(64).fill(0xee));
  assert.deepEqual([text, copy].map((bytes) => new TextDecoder().decode(bytes ?? undefined)), [
    "Heron é",
    "Heron é",
  ]);
});
