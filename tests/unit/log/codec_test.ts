import assert from "node:assert/strict";
import { Payload } from "../../../src/kernel/payload.ts";
import { decodeEntry, encodeEntry, payloadDigest, sha256, stateHash, toHex } from "../../../src/log/mod.ts";
import { besideOf, countingSalts } from "./disks.ts";

const noSalts = () => {
  throw new Error("no salt was expected");
};
const bytesOf = (body: unknown) => toHex(encodeEntry(body, noSalts).bodyBytes);
const again = (body: unknown) => decodeEntry(encodeEntry(body, noSalts).bodyBytes, []).body;

Deno.test("encodeEntry() sorts keys by UTF-16 code unit, numbers of digits included", () => {
  assert.equal(bytesOf({ b: 1, a: 2, 10: 3, 9: 4, "é": 5 }), bytesOf({ "é": 5, 9: 4, a: 2, 10: 3, b: 1 }));
});

Deno.test("encodeEntry() writes the documented bytes", () => {
  assert.equal(
    bytesOf({ n: null, t: true, i: [0, 127, 128, 65536, -1, -33], f: 0.5, s: "é", b: Uint8Array.of(1, 2) }),
    "86" + "a162" + "c4020102" + "a166" + "cb3fe0000000000000" +
      "a169" + "96007fcc80ce00010000ffd0df" + "a16e" + "c0" + "a173" + "a2c3a9" + "a174" + "c3",
  );
});

Deno.test("encodeEntry() writes a whole float as an integer", () => {
  assert.equal(bytesOf(1.0), "01");
});

Deno.test("encodeEntry() writes negative zero as zero", () => {
  assert.equal(bytesOf(-0), "00");
});

Deno.test("encodeEntry() keeps the largest safe integer", () => {
  assert.equal(again(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
});

Deno.test("encodeEntry() keeps a number beyond the safe integers as a float64", () => {
  assert.equal(again(1e300), 1e300);
});

const faults: [string, unknown, RegExp][] = [
  ["undefined", { a: [undefined] }, /body\.a\[0\]: a body holds no undefined/],
  ["a hole in an array", Array(1), /body\[0\]: a body holds no undefined/],
  ["NaN", { w: NaN }, /body\.w: NaN is not a finite number/],
  ["an infinity", { w: -Infinity }, /body\.w: -Infinity is not a finite number/],
  ["a bigint", 1n, /a body holds no bigint/],
  ["a Map", new Map([[1, 2]]), /not a plain object/],
  ["a Date", new Date(0), /not a plain object/],
  ["a typed array of other numbers", new Float32Array(2), /not a plain object/],
  ["half of a surrogate pair", { s: "\ud800" }, /body\.s: a string holds half of a surrogate pair/],
  ["the key __proto__", JSON.parse('{"__proto__": 1}'), /__proto__.*not allowed/],
];
for (const [what, body, message] of faults) {
  Deno.test(`encodeEntry() refuses ${what} and names its place`, () => {
    assert.throws(() => encodeEntry(body, noSalts), message);
  });
}

Deno.test("encodeEntry() refuses a body that holds itself", () => {
  const body: unknown[] = [];
  body.push(body);
  assert.throws(() => encodeEntry(body, noSalts), /deeper than 100 levels/);
});

Deno.test("encodeEntry() encodes the deepest body allowed", () => {
  let body: unknown = 1;
  for (let i = 0; i < 100; i++) body = [body];
  assert.deepEqual(again(body), body);
});

Deno.test("encodeEntry() takes no salt when the body is refused", () => {
  assert.throws(() => encodeEntry({ a: Payload.text("x"), b: NaN }, noSalts), /NaN/);
});

Deno.test("encodeEntry() puts payloads in order of the sorted keys", () => {
  const encoded = encodeEntry({ z: Payload.text("last"), a: Payload.text("first") }, countingSalts());
  assert.deepEqual(
    besideOf(encoded).map(({ salt, bytes }) => [salt?.[0], new TextDecoder().decode(bytes ?? undefined)]),
    [[1, "first"], [2, "last"]],
  );
});

Deno.test("encodeEntry() leaves the content of a payload out of the body", () => {
  const { bodyBytes } = encodeEntry(Payload.text("secret"), countingSalts());
  const digest = payloadDigest(new Uint8Array(16).fill(1), new TextEncoder().encode("secret"));
  assert.equal(toHex(bodyBytes), "c72001" + toHex(digest));
});

Deno.test("encodeEntry() keeps the salt a payload came with", () => {
  const first = encodeEntry({ p: Payload.text("x") }, countingSalts(7));
  const read = decodeEntry(first.bodyBytes, besideOf(first));
  assert.deepEqual(encodeEntry(read.body, noSalts), first);
});

Deno.test("encodeEntry() refuses a salt that is too short", () => {
  assert.throws(() => encodeEntry(Payload.text("x"), () => new Uint8Array(8)), /16 to 64 bytes, not 8/);
});

Deno.test("an erased payload encodes to the same body as before", () => {
  const first = encodeEntry({ p: Payload.text("x") }, countingSalts());
  const erased = decodeEntry(first.bodyBytes, [{ salt: null, bytes: null }]);
  assert.deepEqual(encodeEntry(erased.body, noSalts).bodyBytes, first.bodyBytes);
});

Deno.test("decodeEntry() gives payloads with bytes, salt and digest", () => {
  const encoded = encodeEntry([Payload.text("x")], countingSalts());
  const { body, payloads } = decodeEntry(encoded.bodyBytes, besideOf(encoded));
  const digest = payloads[0]?.digest ?? null;
  assert.deepEqual(body, [new Payload(new TextEncoder().encode("x"), new Uint8Array(16).fill(1), digest)]);
});

Deno.test("decodeEntry() refuses a body that names more payloads than lie beside it", () => {
  const { bodyBytes } = encodeEntry([Payload.text("x")], countingSalts());
  assert.throws(() => decodeEntry(bodyBytes, []), { code: "log_corrupt" });
});

Deno.test("decodeEntry() refuses payloads that the body does not name", () => {
  assert.throws(() => decodeEntry(Uint8Array.of(0xc0), [{ salt: null, bytes: null }]), {
    code: "log_corrupt",
  });
});

Deno.test("decodeEntry() refuses bytes that are not msgpack", () => {
  assert.throws(() => decodeEntry(Uint8Array.of(0xc1), []), { code: "log_corrupt" });
});

Deno.test("decodeEntry() refuses bytes after the body", () => {
  assert.throws(() => decodeEntry(Uint8Array.of(1, 1), []), { code: "log_corrupt" });
});

Deno.test("stateHash() is sha256 of the previous hash and the body", () => {
  const previous = new Uint8Array(32).fill(3);
  assert.deepEqual(stateHash(previous, Uint8Array.of(1, 2)), sha256(Uint8Array.of(...previous, 1, 2)));
});

Deno.test("sha256() matches the published vector", () => {
  assert.equal(
    toHex(sha256(new TextEncoder().encode("abc"))),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
