import assert from "node:assert/strict";
import { check, decodeFrame, decodeFrameHeader, encodeFrame, frameBytesOf } from "../../../src/log/frame.ts";
import { decodeSegmentHeader, encodeSegmentHeader } from "../../../src/log/frame.ts";
import { besideOf, entry } from "./disks.ts";

const words = (text: string) => new TextEncoder().encode(text);

Deno.test("check() is xxHash32 of nothing", () => {
  assert.equal(check(new Uint8Array(8), 0, 0), 0x02cc5d05);
});

Deno.test("check() is xxHash32 of a short text", () => {
  const bytes = words("abcd");
  assert.equal(check(bytes, 0, bytes.length), 0xa3643705);
});

Deno.test("check() is xxHash32 of a long text", () => {
  const bytes = words("Nobody inspects the spammish repetition!");
  assert.equal(bytes.length, 40);
  assert.equal(check(bytes, 0, 36), reference(bytes.subarray(0, 36)));
});

/** xxHash32 written from its specification with bigints, to hold the fast one against. */
function reference(bytes: Uint8Array): number {
  const mask = 0xffffffffn;
  const [p1, p2, p3, p4, p5] = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n] as const;
  const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & mask;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number) => BigInt(view.getUint32(at, true));
  let at = 0;
  let hash: bigint = p5;
  if (bytes.length >= 16) {
    const lanes = [(p1 + p2) & mask, p2, 0n, (-p1) & mask];
    for (; at + 16 <= bytes.length; at += 16) {
      lanes.forEach((lane, i) => {
        lanes[i] = (rotate((lane + word(at + 4 * i) * p2) & mask, 13n) * p1) & mask;
      });
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n);
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at < bytes.length; at += 4) hash = (rotate((hash + word(at) * p3) & mask, 17n) * p4) & mask;
  hash = ((hash ^ (hash >> 15n)) * p2) & mask;
  hash = ((hash ^ (hash >> 13n)) * p3) & mask;
  return Number(hash ^ (hash >> 16n));
}

Deno.test("encodeFrame() and decodeFrame() agree, and the index may pass 2^32", () => {
  const encoded = entry(1), { bodyBytes } = encoded;
  const hash = new Uint8Array(32).fill(5);
  const bytes = new Uint8Array(frameBytesOf(entry(1)));
  encodeFrame(bytes, 2 ** 40 + 3, encoded, hash);
  const header = decodeFrameHeader(bytes);
  assert(header !== null);
  const payloads = besideOf(encoded);
  assert.deepEqual(decodeFrame(bytes, header), { index: 2 ** 40 + 3, bodyBytes, hash, payloads });
});

Deno.test("a header of zeros is not valid", () => {
  assert.equal(decodeFrameHeader(new Uint8Array(32)), null);
});

Deno.test("decodeSegmentHeader() refuses a newer format by name", () => {
  const bytes = encodeSegmentHeader({ first: 0, previous: new Uint8Array(32) });
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 2, true);
  view.setUint32(12, check(bytes, 0, 12), true);
  assert.throws(() => decodeSegmentHeader(bytes, "log/x"), { code: "data_folder_newer" });
});
