import assert from "node:assert/strict";
import { EngramError } from "../../../src/kernel/errors.ts";
import { defaultProfileLimits, prepare, type PreparePolicy, reasons } from "../../../src/wasm/mod.ts";
import { Guest, policy } from "../../support/guest.ts";
import { wat } from "../../support/wat.ts";

function refusal(text: string, given: PreparePolicy = policy()): EngramError {
  const bytes = wat(text);
  try {
    prepare(bytes, given);
  } catch (error) {
    if (error instanceof EngramError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const host = { "env.host": { params: ["i32", "f64"], results: ["i32"] } } as const;

Deno.test("prepare() lists imports, exports and the granted memory", () => {
  const { imports, exports, memory } = prepare(
    wat(`(module (import "env" "host" (func (param i32 f64) (result i32)))
      (memory (export "memory") 2 5000) (func (export "f") (param i64)))`),
    policy(host),
  );
  assert.deepEqual({ imports, exports, memory }, {
    imports: [{ module: "env", name: "host" }],
    exports: [
      { name: "memory", kind: "memory" },
      { name: "f", kind: "func", type: { params: ["i64"], results: [] } },
    ],
    memory: { minPages: 2, maxPages: 1000, name: "memory" },
  });
});

Deno.test("prepare() exports a memory that the guest keeps to itself", () => {
  assert.equal(prepare(wat("(module (memory 1))"), policy()).memory?.name, "engramlt:memory");
});

Deno.test("prepare() names the mutable globals, tables and referenced functions of an image", () => {
  const text =
    `(module (global i32 (i32.const 1)) (global (mut f64) (f64.const 1)) (global (mut v128) (v128.const i64x2 1 2))
    (table 2 9 funcref) (table 1 externref) (elem (i32.const 0) $a) (func $a) (func $b) (func (drop (ref.func $b))) (elem declare func $b))`;
  const { globals, globalTypes, tables, functions } = prepare(wat(text), policy());
  assert.deepEqual({ globals, globalTypes, tables, functions }, {
    globals: ["engramlt:global_1", "engramlt:global_2"],
    globalTypes: ["f64", "v128"],
    tables: [
      { name: "engramlt:table_0", elem: "funcref", min: 2, max: 9 },
      { name: "engramlt:table_1", elem: "externref", min: 1, max: defaultProfileLimits.tableElementsMax },
    ],
    functions: [{ index: 0, name: "engramlt:function_0" }, { index: 1, name: "engramlt:function_1" }],
  });
});

// proves: rfc-10-simd
Deno.test("a v128 global is read and set through its accessors", () => {
  const guest = new Guest(wat(`(module (global (mut v128) (v128.const i64x2 1 2)))`));
  guest.call("engramlt:global_0_set", 5n, 6n);
  assert.deepEqual(guest.call("engramlt:global_0_get").result, [5n, 6n]);
});

Deno.test("prepare() takes the start function out and exports it", () => {
  const guest = new Guest(wat(`(module (global $g (export "g") (mut i32) (i32.const 0))
    (func $s (global.set $g (i32.const 7))) (start $s))`));
  const before: unknown = guest.global("g").value;
  guest.call(guest.prepared.start ?? "");
  assert.deepEqual([before, guest.global("g").value], [0, 7]);
});

Deno.test("a dropped segment is remembered, and can be dropped again in a new instance", () => {
  const text = `(module (memory 1) (data $d "abc") (data $kept "x")
    (func (export "drop") (data.drop $d)) (func (export "use") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)))
    (func (export "use_kept") (memory.init $kept (i32.const 0) (i32.const 0) (i32.const 1))))`;
  const guest = new Guest(wat(text));
  guest.call("drop");
  const fresh = new Guest(wat(text));
  fresh.call("engramlt:drop_data_0");
  assert.deepEqual(
    [
      guest.prepared.droppable,
      guest.global("engramlt:dropped_data_0").value,
      fresh.call("use").trap === null,
    ],
    [{ data: [0], elem: [] }, 1, false],
  );
});

Deno.test("prepare() reads the ABI version from a global or a custom section", () => {
  const global = wat(`(module (global (export "engram_abi") i32 (i32.const 3)))`);
  const custom = new Uint8Array([
    ...wat("(module)"),
    0,
    12,
    10,
    ...new TextEncoder().encode("engram_abi"),
    4,
  ]);
  assert.deepEqual(
    [global, custom, wat("(module)")].map((bytes) => prepare(bytes, policy()).abiVersion),
    [3, 4, null],
  );
});

// proves: engram-6.1-imports, mentat-step1-imports, mentat-troubleshooting1-unsupported_import
// proves: rfc-3.1-abi_enforcement
// proves: engram-9.1-host_functions
Deno.test("an import that is not offered is refused by its name", () => {
  const error = refusal(`(module (import "env" "time" (func)))`);
  assert.equal(error.code, "module_import_unknown");
  assert.match(error.message, /import "env\.time" is not offered by this host \(at byte \d+\)/);
});

// proves: engram-6.1-imports, rfc-6-typed
Deno.test("an import of another type is refused with both types", () => {
  const error = refusal(`(module (import "env" "host" (func (param i32))))`, policy(host));
  assert.match(error.message, /has type \(i32\) -> \(\); this host offers \(i32 f64\) -> \(i32\)/);
});

for (const thing of ["(memory 1)", "(table 1 funcref)", "(global i32)"]) {
  Deno.test(`an imported ${thing} is refused`, () => {
    assert.equal(refusal(`(module (import "env" "x" ${thing}))`).code, "module_import_unknown");
  });
}

// proves: mentat-testing1-memory_limit, mentat-troubleshooting1-memory_configuration
Deno.test("a memory whose minimum is above the grant is refused by the name of the limit", () => {
  const error = refusal("(module (memory 11))", policy({}, { linearMemoryPagesMax: 10 }));
  assert.equal(error.code, "module_too_large");
  assert.match(error.message, /over linearMemoryPagesMax 10/);
});

Deno.test("an export under the reserved prefix is refused", () => {
  assert.match(refusal(`(module (func (export "engramlt:fuel")))`).message, /reserved prefix/);
});

const outside: readonly [string, string, RegExp][] = [
  ["shared memory", "(module (memory 1 1 shared))", /shared \(threads\)/],
  ["atomics", "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))", /threads and atomics/],
  ["memory64", "(module (memory i64 1))", /memory64/],
  ["several memories", "(module (memory 1) (memory 1))", /several memories/],
  [
    "relaxed SIMD",
    "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))",
    /relaxed SIMD/,
  ],
  ["legacy exceptions", "(module (func try catch_all end))", /legacy form of exceptions/],
];
for (const [what, text, words] of outside) {
  Deno.test(`${what} is refused by name and offset`, () => {
    const error = refusal(text);
    assert.equal(error.code, "module_refused");
    assert.match(error.message, words);
    assert.match(error.message, /\(at byte \d+\)$/);
  });
}

Deno.test("typed function references are refused by name", () => {
  const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x64, 0x70, 0]);
  assert.throws(() => prepare(bytes, policy()), /typed function references/);
});

Deno.test("garbage collection types are refused by name", () => {
  const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x5f, 0, 0]);
  assert.throws(() => prepare(bytes, policy()), /garbage collection forms/);
});

const importing =
  `(module (import "env" "host" (func $h (param i32 f64) (result i32))) (table 1 funcref) (elem (i32.const 0) $h)
  (export "host" (func $h))
  (func (export "direct") (result i32) (call $h (i32.const 1) (f64.const 2)))
  (func (export "tail") (result i32) (return_call $h (i32.const 1) (f64.const 2)))
  (func (export "indirect") (result i32) (call_indirect (param i32 f64) (result i32) (i32.const 1) (f64.const 2) (i32.const 0))))`;

function guestWithHost(onCall: () => void = () => {}): Guest {
  const bytes = wat(importing);
  return new Guest(bytes, policy(host), { env: { host: () => (onCall(), 5) } });
}

for (const way of ["direct", "tail", "indirect", "host"]) {
  const args = way === "host" ? [1, 2] : [];
  Deno.test(`an import reached by ${way} call is not called while the host forbids it`, () => {
    let calls = 0;
    const guest = guestWithHost(() => calls++);
    guest.global("engramlt:no_yield").value = 1;
    assert.deepEqual([guest.call(way, ...args).result, calls], [-7, 0]);
  });

  Deno.test(`a step is ended by the host after an import reached by ${way} call`, () => {
    const guest = guestWithHost();
    guest.global("engramlt:stop").value = 1;
    assert.equal(guest.call(way, ...args).reason, reasons.endedByHost);
  });

  Deno.test(`an import reached by ${way} call is not called without fuel`, () => {
    let calls = 0;
    const guest = guestWithHost(() => calls++);
    guest.fuel = -1n;
    assert.deepEqual([guest.call(way, ...args).outOfFuel, calls], [true, 0]);
  });
}

Deno.test("memory.grow beyond the grant gives -1 and costs only its instruction", () => {
  const guest = new Guest(
    wat(`(module (memory 1) (func (export "f") (param i32) (result i32) (memory.grow (local.get 0))))`),
    policy({}, { linearMemoryPagesMax: 10 }),
  );
  const { result, fuelUsed } = guest.call("f", 10);
  assert.deepEqual([result, fuelUsed], [-1, 4n]);
});

Deno.test("table.grow within the grant is charged by the element", () => {
  const guest = new Guest(wat(`(module (table 1 funcref)
    (func (export "f") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))`));
  const { result, fuelUsed } = guest.call("f", 10);
  assert.deepEqual([result, fuelUsed], [1, 2n + 3n + 40n]);
});

Deno.test("a bulk operation is charged before it is done", () => {
  const guest = new Guest(wat(`(module (memory (export "memory") 16)
    (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 1048576))))`));
  guest.fuel = 1000n;
  const { outOfFuel } = guest.call("f");
  const memory = guest.exports["memory"];
  const first = memory instanceof WebAssembly.Memory ? new Uint8Array(memory.buffer)[0] : null;
  assert.deepEqual([outOfFuel, first], [true, 0]);
});

const nanText =
  `(module (memory (export "memory") 1) (global $g (mut f64) (f64.const 0)) (global $zero (mut f64) (f64.const 0))
  (func $nan (result f64) (f64.neg (f64.div (global.get $zero) (global.get $zero))))
  (func (export "reinterpret") (result i64) (i64.reinterpret_f64 (call $nan)))
  (func (export "store") (result i64) (f64.store (i32.const 0) (call $nan)) (i64.load (i32.const 0)))
  (func (export "global") (result i64) (global.set $g (call $nan)) (i64.reinterpret_f64 (global.get $g)))
  (func (export "copysign") (result i64) (i64.add (i64.const 0x4008000000000000) (i64.reinterpret_f64 (f64.copysign (f64.const 1) (call $nan)))))
  (func (export "splat") (result i64) (i64x2.extract_lane 1 (f64x2.splat (call $nan))))
  (func (export "replace") (result i64) (i64x2.extract_lane 0 (f64x2.replace_lane 0 (v128.const i64x2 0 0) (call $nan))))
  (func (export "vector") (result i64) (i64x2.extract_lane 0 (f64x2.div (f64x2.splat (global.get $zero)) (f64x2.splat (global.get $zero))))))`;
for (const way of ["reinterpret", "store", "global", "copysign", "splat", "replace", "vector"]) {
  Deno.test(`a computed NaN is canonical where ${way} shows its bits`, () => {
    assert.equal(new Guest(wat(nanText)).call(way).result, 0x7ff8000000000000n);
  });
}

Deno.test("depth is given back on return, branch to the function's label, tail call and caught exception", () => {
  const guest = new Guest(
    wat(`(module (tag $t) (func $leaf (param i32)) (func $throws (call $leaf (i32.const 0)) (throw $t))
    (func $tail (return_call $leaf (i32.const 1)))
    (func $branch (call $leaf (i32.const 0)) (br 0))
    (func $return (call $leaf (i32.const 0)) (loop (block (return))))
    (func $catch (block $l (try_table (catch_all $l) (call $throws))))
    (func (export "f") (call $tail) (call $branch) (call $return) (call $catch)))`),
  );
  guest.call("f");
  assert.equal(guest.global("engramlt:depth").value, guest.depth);
});
