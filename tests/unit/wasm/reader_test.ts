import assert from "node:assert/strict";
import { Reader } from "../../../src/wasm/reader.ts";
import { Writer } from "../../../src/wasm/writer.ts";

const reader = (...bytes: number[]): Reader => new Reader(new Uint8Array(bytes));

for (const value of [0, 1, 127, 128, 624485, 0x7fffffff, 0x80000000, 0xffffffff]) {
  Deno.test(`u32() reads what u32() wrote: ${value}`, () => {
    assert.equal(new Reader(new Writer().u32(value).take()).u32("x"), value);
  });
}

for (const value of [0, 1, -1, 63, 64, -64, -65, 0x7fffffff, -0x80000000]) {
  Deno.test(`s32() reads what signed() wrote: ${value}`, () => {
    assert.equal(new Reader(new Writer().signed(value).take()).s32("x"), value);
  });
}

Deno.test("u32() takes padding up to five bytes", () => {
  assert.equal(reader(0x83, 0x80, 0x80, 0x80, 0x00).u32("x"), 3);
});

Deno.test("u32() refuses a number of more than 32 bits", () => {
  assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x1f).u32("a count"), /a count is not a 32-bit number/);
});

Deno.test("u32() refuses a number of more than five bytes", () => {
  assert.throws(
    () => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0).u32("a count"),
    /a count is not a 32-bit number/,
  );
});

Deno.test("s32() refuses bits beyond its sign", () => {
  assert.throws(() => reader(0x80, 0x80, 0x80, 0x80, 0x40).s32("x"), /not a signed 32-bit number/);
});

Deno.test("name() refuses bytes that are not UTF-8", () => {
  assert.throws(() => reader(2, 0xc3, 0x28).name("a name", 10), /a name is not UTF-8 \(at byte 1\)/);
});

Deno.test("skip() refuses to pass the end, whatever the count", () => {
  assert.throws(() => reader(1, 2).skip(0xffffffff, "a body"), /a body ends too early/);
});
