/** Law: whatever the bytes, prepare() accepts or refuses in words; and what V8 accepts, it accepts instrumented. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { EngramError } from "../../src/kernel/errors.ts";
import { prepare } from "../../src/wasm/mod.ts";
import { policy } from "../support/guest.ts";
import { wat } from "../support/wat.ts";

const host = { "env.host": { params: ["i32", "f64"], results: ["i32"] } } as const;

/** One module with something of everything the profile has. */
const rich = wat(`(module (type $t (func (param i32) (result i32)))
  (import "env" "host" (func $h (param i32 f64) (result i32)))
  (memory (export "memory") 1 9) (table $a 3 funcref) (table $b 2 8 externref) (tag $e (param i32))
  (global $i (mut i32) (i32.const 3)) (global $f (mut f64) (f64.const 1.5)) (global $r (mut funcref) (ref.func $id))
  (global $v (mut v128) (v128.const i32x4 1 2 3 4)) (global $k i32 (i32.add (i32.const 1) (i32.const 2)))
  (elem (i32.const 0) $id $h) (elem $p funcref (ref.func $id) (ref.null func)) (elem declare func $both)
  (data (i32.const 8) "hello") (data $d "passive")
  (func $id (type $t) (local.get 0))
  (func $both (param i32) (result i32 f64) (local.get 0) (f64.sqrt (global.get $f)))
  (func (export "all") (param i32 i64 f32 f64) (result i32) (local v128 funcref i32)
    (block $out (loop $l (br_if $out (i32.eqz (local.get 0))) (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_table $l $out (local.get 0))))
    (if (result i32) (local.get 0) (then (i32.const 1)) (else (call $id (i32.const 2)))) (local.set 6)
    (block $c (result i32) (try_table (catch $e $c) (throw $e (i32.const 7))) (i32.const 1)) (drop)
    (call $both (i32.const 1)) (global.set $f) (drop)
    (drop (call_indirect (type $t) (i32.const 5) (i32.const 0)))
    (drop (call $h (i32.const 1) (local.get 3)))
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4)) (data.drop $d)
    (memory.copy (i32.const 0) (i32.const 8) (i32.const 4)) (memory.fill (i32.const 0) (i32.const 1) (i32.const 4))
    (table.init $a $p (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $p)
    (table.copy $a $a (i32.const 0) (i32.const 1) (i32.const 1)) (table.set $a (i32.const 2) (ref.func $both))
    (drop (table.grow $b (ref.null extern) (i32.const 1))) (drop (memory.grow (i32.const 1)))
    (local.set 4 (f64x2.add (f64x2.splat (local.get 3)) (v128.load (i32.const 16))))
    (local.set 4 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 4) (global.get $v)))
    (v128.store32_lane 1 (i32.const 32) (local.get 4))
    (i32.store (i32.const 0) (i32.trunc_sat_f32_s (f32.copysign (local.get 2) (f32.demote_f64 (local.get 3)))))
    (i64.store (i32.const 0) (i64.extend8_s (i64.reinterpret_f64 (local.get 3))))
    (drop (select (result funcref) (table.get $a (i32.const 0)) (global.get $r) (local.get 0)))
    (return_call $id (local.get 6))))`);

/** Whether it was accepted; anything but a refusal goes through. */
function accepted(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  try {
    return prepare(bytes, policy(host)).bytes;
  } catch (error) {
    if (error instanceof EngramError) return null;
    throw error;
  }
}

Deno.test("a module with something of everything is accepted, and V8 accepts it instrumented", () => {
  const bytes = accepted(rich);
  assert.ok(bytes !== null && WebAssembly.validate(rich) && WebAssembly.validate(bytes));
});

const edits = fc.array(
  fc.record({
    at: fc.nat(rich.length - 1),
    kind: fc.constantFrom("set", "insert", "remove", "cut"),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(0x0b, 0x40, 0x7f, 0x80, 0xfc, 0xfd, 0xff)),
  }),
  { minLength: 1, maxLength: 4 },
);

Deno.test("a mutated module is accepted or refused, and what V8 accepts of it V8 accepts instrumented", () => {
  fc.assert(
    fc.property(edits, (list) => {
      let bytes = [...rich];
      for (const { at, kind, byte } of list) {
        if (kind === "set") bytes[Math.min(at, bytes.length - 1)] = byte;
        else if (kind === "insert") bytes.splice(at, 0, byte);
        else if (kind === "remove") bytes.splice(at, 1);
        else if (byte < 16) bytes = bytes.slice(0, at);
      }
      const mutated = new Uint8Array(bytes);
      const instrumented = accepted(mutated);
      if (instrumented !== null && WebAssembly.validate(mutated)) {
        assert.equal(WebAssembly.validate(instrumented), true);
      }
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("bytes after a header are accepted or refused", () => {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (tail) => {
      accepted(new Uint8Array([...header, ...tail]));
    }),
    { numRuns: 5_000 },
  );
});
