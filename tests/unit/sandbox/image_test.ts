import assert from "node:assert/strict";
import { answerOf, Bench, guestText, stepOf } from "./guest.ts";

/** Has state of every kind: memory far out, globals of each type, a table that changes, segments that are dropped. */
const rich = guestText({
  memory: `(memory (export "memory") 2 64)`,
  more: `
    (global $i32 (mut i32) (i32.const -1))
    (global $i64 (mut i64) (i64.const -1))
    (global $f32 (mut f32) (f32.const 1.5))
    (global $f64 (mut f64) (f64.const -0.0))
    (global $v (mut v128) (v128.const i64x2 1 2))
    (global $f (mut funcref) (ref.null func))
    (type $value (func (result i32)))
    (func $one (result i32) (i32.const 1))
    (func $two (result i32) (i32.const 2))
    (table $t 2 20 funcref)
    (elem (i32.const 0) $one)
    (elem $later func $two)
    (data $passive "passive")
    (data (i32.const 70000) "active")
    (func $change
      (drop (memory.grow (i32.const 3)))
      (i32.store (i32.const 300000) (i32.const 7))
      (i32.store8 (i32.const 70000) (i32.const 0))
      (global.set $i32 (i32.const 11))
      (global.set $i64 (i64.const 0x7fffffffffffffff))
      (global.set $f32 (f32.div (f32.const 0) (f32.const 0)))
      (global.set $f64 (f64.div (f64.const 0) (f64.const 0)))
      (global.set $v (v128.const i64x2 -5 6))
      (drop (table.grow $t (ref.null func) (i32.const 2)))
      (table.init $t $later (i32.const 0) (i32.const 0) (i32.const 1))
      (table.set $t (i32.const 3) (table.get $t (i32.const 0)))
      (global.set $f (table.get $t (i32.const 3)))
      (elem.drop $later)
      (data.drop $passive))`,
  execute: "(call $change) (i32.const 0)",
  query: `(call $answer (i32.add
      (i32.add (call_indirect $t (type $value) (i32.const 3)) (i32.mul (i32.const 10) (table.size $t)))
      (i32.add (i32.mul (i32.const 100) (i32.load (i32.const 300000)))
        (i32.mul (i32.const 1000) (i32x4.extract_lane 2 (global.get $v))))))`,
});

/** Init of a passive segment: traps once it is dropped. */
const dropper = guestText({
  more: `(data $d "x")`,
  execute: "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d) (i32.const 0)",
});

const query = { entry: "query", args: [new Uint8Array(0)] } as const;

Deno.test("an image holds memory, globals of every type, tables and function references", () => {
  using bench = new Bench({ m: rich });
  bench.step("a");
  const image = bench.sandbox.image("a");
  const [moved] = bench.run([stepOf("b", { ...query, completedSteps: 1, image })]);
  assert.equal(answerOf(moved), 2 + 40 + 700 + 6000);
});

Deno.test("a kept instance, one put back in place, one built again and one restored have equal images", () => {
  const trap = `(i32.store (i32.const 100) (i32.const 1)) unreachable`;
  using bench = new Bench({ m: rich, trap: rich.replace("(call $change)", trap) });
  bench.step("a");
  const image = bench.sandbox.image("a");
  bench.run([stepOf("a", { ...query, completedSteps: 1 })]);
  bench.sandbox.settle([]);
  assert.deepEqual(bench.sandbox.image("a"), image, "put back in place");
  bench.run([stepOf("b", { moduleKey: "trap", completedSteps: 1, image })]);
  bench.sandbox.settle([]);
  assert.equal(bench.sandbox.holds("b", 1), true);
  assert.deepEqual(bench.sandbox.image("b"), image, "built again and restored");
});

Deno.test("an image is empty of blocks that were written and are zero again", () => {
  using bench = new Bench({
    m: guestText({
      execute:
        `(i32.store (i32.const 40000) (local.tee $i (i32.eqz (i32.load (i32.const 40000))))) (i32.const 0)`,
    }),
  });
  bench.step("a");
  const written = bench.sandbox.image("a")?.length ?? 0;
  bench.step("a", { completedSteps: 1 });
  assert.equal(written - (bench.sandbox.image("a")?.length ?? 0), 4 + 4096);
});

Deno.test("a restored instance does not bring back what a module's active segments put into memory", () => {
  using bench = new Bench({
    m: guestText({
      more: `(data (i32.const 40000) "active")`,
      execute: "(memory.fill (i32.const 40000) (i32.const 0) (i32.const 6)) (i32.const 0)",
      query: "(call $answer (i32.load (i32.const 40000)))",
    }),
  });
  bench.step("a");
  const image = bench.sandbox.image("a");
  assert.equal(answerOf(bench.run([stepOf("b", { ...query, completedSteps: 1, image })])[0]), 0);
});

Deno.test("a dropped segment stays dropped when an agent is restored, and when it is put back", () => {
  using bench = new Bench({ m: dropper });
  bench.step("a");
  const image = bench.sandbox.image("a");
  assert.equal(bench.step("a", { completedSteps: 1 }).kind, "trapped");
  assert.equal(bench.step("b", { completedSteps: 1, image }).kind, "trapped");
});

Deno.test("a segment dropped by a step that is not kept is there again", () => {
  using bench = new Bench({ m: dropper });
  bench.step("a", { entry: "initialize", args: [new Uint8Array(0)] });
  bench.run([stepOf("a", { completedSteps: 1 })]);
  bench.sandbox.settle([]);
  assert.equal(bench.step("a", { completedSteps: 1 }).kind, "completed");
});

for (
  const [what, spoil] of [
    ["that is cut short", (image: Uint8Array) => image.subarray(0, image.length - 1)],
    ["of another format", (image: Uint8Array) => image.map((byte, i) => i === 4 ? 99 : byte)],
    ["with a block outside its memory", (image: Uint8Array) => image.map((byte, i) => i === 16 ? 255 : byte)],
    ["with something after its end", (image: Uint8Array) => new Uint8Array([...image, 0])],
  ] as const
) {
  Deno.test(`an image ${what} gives no outcome and a fault`, () => {
    using bench = new Bench({ m: rich });
    bench.step("a");
    const image = spoil(bench.sandbox.image("a") ?? new Uint8Array(0));
    assert.equal(bench.run([stepOf("b", { completedSteps: 1, image })])[0]?.kind, "lost");
    assert.equal(bench.faults.length, 1);
  });
}
