/**
 * Hostile modules: each is refused by name before an engine sees it, or runs bounded and ends in words of ours.
 * The rows follow what each did to a bare engine: spin for ever, take the memory, take the process.
 */
import assert from "node:assert/strict";
import { EngramError } from "../../src/kernel/errors.ts";
import { prepare, reasons } from "../../src/wasm/mod.ts";
import { binary, body, name, oneFunction, repeated, section, u32, vector } from "../support/binary.ts";
import { Guest, policy } from "../support/guest.ts";
import { wat } from "../support/wat.ts";

type Make = () => Uint8Array<ArrayBuffer>;

const types = section(1, [1, 0x60, 0, 0]);
const big = (n: number) => u32(n);

/** Refused: what, how, and what the message must name. */
const refused: readonly [string, Make, string, RegExp][] = [
  ["a memory of 4 GiB", () => wat("(module (memory 65536))"), "module_too_large", /linearMemoryPagesMax/],
  ["100 memories", () => binary(section(5, vector(100, [0, 1]))), "module_refused", /several memories/],
  ["a 64-bit memory", () => binary(section(5, [1, 4, 1])), "module_refused", /memory64/],
  [
    "a table of 10 million",
    () => binary(section(4, [1, 0x70, 0], big(10_000_000))),
    "module_too_large",
    /tableElementsMax/,
  ],
  [
    "50 tables of 10 million",
    () => binary(section(4, vector(50, [0x70, 0, ...big(10_000_000)]))),
    "module_too_large",
    /tablesMax/,
  ],
  [
    "tables that are too large together",
    () => binary(section(4, vector(11, [0x70, 0, ...big(10_000)]))),
    "module_too_large",
    /tableElementsMax/,
  ],
  [
    "a br_table of 65,520 targets",
    () => oneFunction([0x41, 0, 0x0e, ...vector(65_520, [0]), 0]),
    "module_too_large",
    /brTableTargetsMax/,
  ],
  [
    "a br_table of a million targets",
    () => oneFunction([0x41, 0, 0x0e, ...big(1_000_000)]),
    "module_too_large",
    /brTableTargetsMax/,
  ],
  [
    "50,000 locals",
    () => oneFunction([], [1, ...big(50_000), 0x7f]),
    "module_too_large",
    /localsPerFunctionMax/,
  ],
  [
    "locals that overflow 32 bits",
    () => oneFunction([], [2, ...big(0xffffffff), 0x7f, ...big(0xffffffff), 0x7e]),
    "module_too_large",
    /localsPerFunctionMax/,
  ],
  [
    "100,000 nested blocks",
    () => oneFunction([...repeated(100_000, 2, 0x40), ...repeated(100_000, 0x0b)]),
    "module_too_large",
    /nestingMax/,
  ],
  [
    "a million nested blocks",
    () => oneFunction(repeated(1_000_000, 2, 0x40)),
    "module_too_large",
    /bodyBytesMax/,
  ],
  [
    "10,000 nested loops",
    () => oneFunction([...repeated(10_000, 3, 0x40), ...repeated(10_000, 0x0b)]),
    "module_too_large",
    /nestingMax/,
  ],
  ["a body of 7 MB", () => oneFunction(repeated(7_000_000, 1)), "module_too_large", /bodyBytesMax/],
  ["a body of 8 MB", () => oneFunction(repeated(8_000_000, 1)), "module_too_large", /bodyBytesMax/],
  [
    "2.3 million constants and drops",
    () => oneFunction(repeated(2_300_000, 0x41, 0, 0x1a)),
    "module_too_large",
    /bodyBytesMax/,
  ],
  [
    "an operand stack of 500,000",
    () => oneFunction(repeated(500_000, 0x41, 0)),
    "module_too_large",
    /operandsMax/,
  ],
  [
    "a million functions",
    () => binary(types, section(3, vector(1_000_000, [0]))),
    "module_too_large",
    /functionsMax/,
  ],
  [
    "a million types",
    () => binary(section(1, vector(1_000_000, [0x60, 0, 0]))),
    "module_too_large",
    /typesMax/,
  ],
  [
    "a million recursive types",
    () => binary(section(1, vector(10_000, [0x4e, 1, 0x60, 0, 0]))),
    "module_refused",
    /garbage collection/,
  ],
  [
    "a million globals",
    () => binary(section(6, vector(1_000_000, [0x7f, 0, 0x41, 0, 0x0b]))),
    "module_too_large",
    /globalsMax/,
  ],
  [
    "100,000 exports",
    () => binary(types, section(3, [1, 0]), section(7, vector(100_000, [1, 97, 0, 0]))),
    "module_too_large",
    /exportsMax/,
  ],
  [
    "100,000 imports",
    () => binary(types, section(2, vector(100_000, [1, 97, 1, 98, 0, 0]))),
    "module_too_large",
    /importsMax/,
  ],
  [
    "an import of __proto__.toString",
    () => wat(`(module (import "__proto__" "toString" (func)))`),
    "module_import_unknown",
    /"__proto__\.toString"/,
  ],
  [
    "an import of constructor",
    () => wat(`(module (import "env" "constructor" (func)))`),
    "module_import_unknown",
    /"env\.constructor"/,
  ],
  [
    "100,000 data segments",
    () => binary(section(11, vector(100_000, [1, 0]))),
    "module_too_large",
    /segmentsMax/,
  ],
  [
    "64 MB of data",
    () => binary(section(11, [1, 1], big(64 << 20), new Uint8Array(64 << 20))),
    "module_too_large",
    /moduleBytesMax/,
  ],
  [
    "20 MB in one data segment",
    () => binary(section(11, [1, 1], big(20 << 20), new Uint8Array(20 << 20))),
    "module_too_large",
    /segmentBytesMax/,
  ],
  [
    "20 MB in a custom section",
    () => binary(section(0, name("x"), new Uint8Array(20 << 20))),
    "module_too_large",
    /customBytesMax/,
  ],
  [
    "an element segment of 10 million",
    () => binary(types, section(3, [1, 0]), section(9, [1, 1, 0], vector(10_000_000, [0]))),
    "module_too_large",
    /segmentElementsMax/,
  ],
  [
    "1,000 parameters",
    () => binary(section(1, [1, 0x60], vector(1000, [0x7f]), [0])),
    "module_too_large",
    /parametersMax/,
  ],
  [
    "1,000 results",
    () => binary(section(1, [1, 0x60, 0], vector(1000, [0x7f]))),
    "module_too_large",
    /resultsMax/,
  ],
  ["a shared memory", () => binary(section(5, [1, 3, 1, 1])), "module_refused", /threads/],
  ["an atomic wait", () => oneFunction([0xfe, 1, 2, 0]), "module_refused", /threads and atomics/],
  ["array.new", () => oneFunction([0xfb, 6, 0]), "module_refused", /garbage collection/],
  ["a struct type", () => binary(section(1, [1, 0x5f, 0])), "module_refused", /garbage collection/],
  ["relaxed SIMD", () => oneFunction([0xfd, 0x85, 2]), "module_refused", /relaxed SIMD/],
  ["the legacy form of exceptions", () => oneFunction([0x06, 0x40, 0x19, 0x0b]), "module_refused", /legacy/],
  ["a truncated file", () => oneFunction([1]).slice(0, -1), "module_invalid", /ends too early/],
  [
    "an overlong number",
    () => binary([1, 0x80, 0x80, 0x80, 0x80, 0x80, 0]),
    "module_invalid",
    /not a 32-bit number/,
  ],
  ["a name that is not UTF-8", () => binary(section(7, [1, 1, 0xff, 0, 0])), "module_invalid", /not UTF-8/],
  [
    "a name of 2 MB",
    () => binary(section(7, [1], big(2 << 20), new Uint8Array(2 << 20), [0, 0])),
    "module_too_large",
    /nameBytesMax/,
  ],
  [
    "an export of the fuel's name",
    () => wat(`(module (global (export "engramlt:fuel") (mut i64) (i64.const 0)))`),
    "module_refused",
    /reserved prefix/,
  ],
  [
    "an import of the fuel",
    () => wat(`(module (import "engramlt" "fuel" (global (mut i64))))`),
    "module_import_unknown",
    /only functions/,
  ],
  [
    "a global past the guest's own",
    () => oneFunction([0x42, 0, 0x24, 0]),
    "module_invalid",
    /global 0 does not exist/,
  ],
  [
    "a call past the guest's own",
    () => oneFunction([0x10, 1]),
    "module_invalid",
    /function 1 does not exist/,
  ],
  [
    "a local past the guest's own",
    () => oneFunction([0x20, 0, 0x1a]),
    "module_invalid",
    /local 0 does not exist/,
  ],
  [
    "a type past the guest's own",
    () => oneFunction([0x02, 1, 0x0b]),
    "module_invalid",
    /type 1 does not exist/,
  ],
  [
    "code after the end of a body",
    () => oneFunction([0x0b, 0x01]),
    "module_invalid",
    /goes on after its end/,
  ],
  ["the same section twice", () => binary(types, types), "module_invalid", /out of order/],
  ["an unknown section", () => binary(section(14, [0])), "module_invalid", /section 14 is unknown/],
  ["a component", () => new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]), "module_refused", /component/],
  ["no module at all", () => new TextEncoder().encode("#!/bin/sh"), "module_invalid", /does not begin/],
  [
    "functions without bodies",
    () => binary(types, section(3, [2, 0, 0]), section(10, [1], body([]))),
    "module_invalid",
    /2 functions but has 1 bodies/,
  ],
];

for (const [what, make, code, words] of refused) {
  // proves: engram-2-secure_execution, deploy-1-boundaries, mentat-step1-validate, rfc-3.1-verification
  // proves: mentat-practices4-boundaries, rfc-2.5-safety
  Deno.test(`${what} is refused as ${code}`, () => {
    const bytes = make();
    assert.throws(() => prepare(bytes, policy()), (error) => {
      assert.ok(error instanceof EngramError);
      assert.equal(error.code, code);
      assert.match(error.message, words);
      return true;
    });
  });
}

/** Bounded: runs and ends for a reason of ours. */
const bounded: readonly [string, string, number][] = [
  ["an endless loop", `(func (export "run") (loop (br 0)))`, reasons.outOfFuel],
  ["an endless loop of nothing but blocks", `(func (export "run") (loop (block (br 1))))`, reasons.outOfFuel],
  [
    "an endless loop by br_table",
    `(func (export "run") (loop (br_table 0 0 (i32.const 5))))`,
    reasons.outOfFuel,
  ],
  ["an endless start function", `(func $s (loop (br 0))) (start $s)`, reasons.outOfFuel],
  ["a start function that recurses", `(func $s (call $s)) (start $s)`, reasons.stackDepth],
  ["deep recursion", `(func $f (export "run") (call $f))`, reasons.stackDepth],
  [
    "recursion with 2,000 locals",
    `(func $f (export "run") (local ${"i64 ".repeat(2000)}) (call $f))`,
    reasons.stackDepth,
  ],
  [
    "recursion through a table",
    `(table 1 funcref) (elem (i32.const 0) $f) (func $f (export "run") (call_indirect (i32.const 0)))`,
    reasons.stackDepth,
  ],
  [
    "tail calls back and forth",
    `(func $f (export "run") (return_call $g)) (func $g (return_call $f))`,
    reasons.outOfFuel,
  ],
  [
    "tail calls through a table",
    `(table 1 funcref) (elem (i32.const 0) $f) (func $f (export "run") (return_call_indirect (i32.const 0)))`,
    reasons.outOfFuel,
  ],
  [
    "calls that double at every level",
    `${
      Array.from(
        { length: 60 },
        (_, i) => `(func $f${i} ${i === 0 ? "" : `(call $f${i - 1}) (call $f${i - 1})`})`,
      ).join("\n")
    } (export "run" (func $f59))`,
    reasons.outOfFuel,
  ],
  [
    "growing for ever",
    `(memory 1) (func (export "run") (loop (drop (memory.grow (i32.const 1))) (br 0)))`,
    reasons.outOfFuel,
  ],
  [
    "growing a table for ever",
    `(table 0 funcref) (func (export "run") (loop (drop (table.grow (ref.null func) (i32.const 1000))) (br 0)))`,
    reasons.outOfFuel,
  ],
  [
    "filling 64 MB again and again",
    `(memory 1000) (func (export "run") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536000)) (br 0)))`,
    reasons.outOfFuel,
  ],
  [
    "copying 64 MB again and again",
    `(memory 1000) (func (export "run") (loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 65535999)) (br 0)))`,
    reasons.outOfFuel,
  ],
  [
    "filling a table again and again",
    `(table 100000 funcref) (func (export "run") (loop (table.fill (i32.const 0) (ref.null func) (i32.const 100000)) (br 0)))`,
    reasons.outOfFuel,
  ],
  [
    "throwing for ever",
    `(tag $t) (func (export "run") (loop $l (block $c (try_table (catch_all $c) (throw $t))) (br $l)))`,
    reasons.outOfFuel,
  ],
  [
    "catching the fuel trap",
    `(func (export "run") (block $c (try_table (catch_all $c) (loop (br 0)))))`,
    reasons.outOfFuel,
  ],
  [
    "catching the depth trap",
    `(func $f (export "run") (block $c (try_table (catch_all $c) (call $f))))`,
    reasons.stackDepth,
  ],
  ["dividing by zero", `(func (export "run") (drop (i32.div_s (i32.const 1) (i32.const 0))))`, reasons.trap],
];

for (const [what, text, reason] of bounded) {
  // proves: engram-2-secure_execution, engram-9.1-consumption, mentat-step1-fuel, rfc-3.2-bounded
  // proves: mentat-practices4-boundaries
  Deno.test(`${what} ends with reason ${reason}`, () => {
    const guest = new Guest(wat(`(module ${text})`));
    guest.fuel = 20_000_000n;
    const ended = guest.call(guest.prepared.start ?? "run");
    assert.deepEqual([ended.trap !== null, ended.rangeError, ended.reason], [true, false, reason]);
  });
}

Deno.test("a data segment outside the memory traps when the module is instantiated", () => {
  const { bytes } = prepare(wat(`(module (memory 1) (data (i32.const 65535) "ab"))`), policy());
  assert.throws(() => new WebAssembly.Instance(new WebAssembly.Module(bytes)), WebAssembly.RuntimeError);
});

Deno.test("a memory grows to its granted maximum and no further", () => {
  const guest = new Guest(
    wat(`(module (memory 1 65536) (func (export "run") (result i32)
      (loop (br_if 0 (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))) (memory.size)))`),
    policy({}, { linearMemoryPagesMax: 40 }),
  );
  assert.equal(guest.call("run").result, 40);
});
