/** Hostile guests against the sandbox: none may throw into the host, outlive its fuel, or leave anything behind. */
import assert from "node:assert/strict";
import type { Prepared } from "../../src/wasm/mod.ts";
import { openSandbox, status } from "../../src/sandbox/mod.ts";
import {
  answerOf,
  Bench,
  bytes,
  type GuestParts,
  guestText,
  imports,
  prepareText,
  stepOf,
} from "../unit/sandbox/guest.ts";
import { wat } from "../support/wat.ts";

const create = `(call $create (i32.const 2048) (i32.const 8) (i32.const 0) (i32.const 0)
  (f64.const 1) (i32.const 0) (i32.const 0))`;

/** How an agent that creates one engram ends when its allocator misbehaves. */
function creating(parts: GuestParts): { kind: string; message: string } {
  using bench = new Bench({
    m: guestText({ imports: imports.create, execute: `(call $answer ${create})`, ...parts }),
  });
  bench.serve = () => ({ id: "m00000001" });
  const result = bench.step("a");
  assert.deepEqual(bench.faults, []);
  return { kind: result.kind, message: result.kind === "trapped" ? result.message : "" };
}

for (
  const [what, pointer] of [
    ["0", "0"],
    ["a pointer out of bounds", "65530"],
    ["a negative pointer", "-8"],
    ["a block over the call's input", "2052"],
  ] as const
) {
  Deno.test(`an allocator that returns ${what} for an id ends the step as bad_alloc`, () => {
    const { kind, message } = creating({ alloc: `(i32.const ${pointer})` });
    assert.equal(kind, "trapped");
    assert.match(message, /^bad_alloc: /);
  });
}

Deno.test("an allocator that traps for an id ends the step", () => {
  assert.deepEqual(creating({ alloc: "unreachable" }), { kind: "trapped", message: "unreachable" });
});

Deno.test("an allocator that never returns is out of fuel", () => {
  assert.equal(creating({ alloc: "(loop $l (br $l)) (i32.const 0)" }).kind, "out_of_fuel");
});

Deno.test("an allocator that recurses for ever is trapped at the stack depth", () => {
  assert.equal(creating({ alloc: "(call $alloc (i32.const 1))" }).message, "stack depth");
});

Deno.test("a guest can't catch the end of its step at a bad allocation", () => {
  const { message } = creating({
    alloc: "(i32.const 0)",
    execute:
      `(block $caught (try_table (catch_all $caught) (drop ${create}))) (loop $l (br $l)) (i32.const 0)`,
  });
  assert.match(message, /^bad_alloc: /);
});

for (
  const [what, alloc] of [
    ["the same block twice", "(i32.const 4096)"],
    ["a block at the end of memory", "(i32.const 65535)"],
    ["0", "(i32.const 0)"],
  ] as const
) {
  // proves: mentat-step2-allocation
  Deno.test(`an allocator that returns ${what} for arguments ends the step before the entry`, () => {
    using bench = new Bench({ m: guestText({ alloc, execute: "(call $answer (i32.const 1))" }) });
    const result = bench.step("a", { args: [bytes("act"), bytes("{}")] });
    assert.match(result.kind === "trapped" ? result.message : "", /^bad_alloc: /);
  });
}

Deno.test("an allocator that grows memory between host reads loses nothing", () => {
  using bench = new Bench({
    m: guestText({
      imports: imports.create,
      alloc: "(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))",
      execute: `(call $answer ${create})`,
    }),
  });
  bench.serve = () => ({ id: "m00000001" });
  assert.equal(answerOf(bench.step("a")), 65536);
});

Deno.test("a free that traps after a normal return ends the step as trapped", () => {
  using bench = new Bench({ m: guestText({ free: "unreachable" }) });
  assert.equal(bench.step("a", { args: [bytes("act"), bytes("{}")] }).kind, "trapped");
});

for (
  const [what, result] of [
    ["out of memory", "(i32.const 65534)"],
    ["to a length out of memory", "(i32.store (i32.const 64) (i32.const 70000)) (i32.const 64)"],
    ["to a length of 4 GiB", "(i32.store (i32.const 64) (i32.const -1)) (i32.const 64)"],
  ] as const
) {
  // proves: mentat-testing3-memory_escape
  Deno.test(`a result that leads ${what} ends the step as trapped`, () => {
    using bench = new Bench({ m: guestText({ execute: result }) });
    assert.match((({ kind, ...rest }) => kind + JSON.stringify(rest))(bench.step("a")), /^trapped.*result/);
  });
}

Deno.test("memory grows to the grant, answers -1 beyond, and is put back", () => {
  using bench = new Bench({
    m: guestText({
      memory: `(memory (export "memory") 1)`,
      execute: `(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
        (memory.fill (i32.const 2048) (i32.const 255) (i32.const 30000000))
        (call $answer (memory.size))`,
    }),
  });
  bench.step("a", { entry: "initialize", args: [new Uint8Array(0)] });
  const before = bench.sandbox.image("a");
  const [result] = bench.run([stepOf("a", { completedSteps: 1, fuel: 1e9 })]);
  assert.equal(answerOf(result), 497);
  bench.sandbox.settle([]);
  assert.deepEqual(bench.sandbox.image("a"), before);
});

Deno.test("texts of more than 16 MiB in one call are -6 and never copied", () => {
  using bench = new Bench({
    m: guestText({
      imports: imports.log,
      memory: `(memory (export "memory") 300 300)`,
      execute: "(call $answer (call $log (i32.const 0) (i32.const 0) (i32.const 17000000)))",
    }),
  });
  assert.equal(answerOf(bench.step("a")), status.limitReached);
  assert.equal(bench.calls.length, 0);
});

Deno.test("an exception nobody catches is a trap", () => {
  using bench = new Bench({ m: guestText({ more: "(tag $e)", execute: "(throw $e)" }) });
  const result = bench.step("a");
  assert.equal(result.kind === "trapped" && result.message, "uncaught exception");
});

Deno.test("an active segment that does not fit is a trap of the first step", () => {
  using bench = new Bench({ m: guestText({ more: `(data (i32.const 65535) "xx")` }) });
  assert.equal(bench.step("a").kind, "trapped");
  assert.equal(bench.sandbox.stats().instances, 0);
});

// proves: deploy-3-crash_isolation, rfc-7-crash, mentat-practices4-boundaries
Deno.test("many traps in a row leave the worker and the other agents whole", () => {
  using bench = new Bench({
    m: guestText({ imports: imports.begin, execute: "(drop (call $begin)) unreachable" }),
    good: guestText({ imports: imports.begin, execute: "(call $answer (call $begin))" }),
  });
  for (let round = 0; round < 5; round++) {
    const results = bench.run(
      Array.from({ length: 80 }, (_, i) => stepOf(`a${i}`, { moduleKey: i % 2 === 0 ? "m" : "good" })),
    );
    assert.deepEqual(
      results.map(({ kind }) => kind),
      results.map((_, i) => i % 2 === 0 ? "trapped" : "completed"),
    );
  }
});

for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
  // proves: engram-9.1-host_functions
  Deno.test(`an import named ${name} is refused`, () => {
    assert.throws(() => prepareText(guestText({ imports: `(import "engram" "${name}" (func))` })), {
      code: "module_import_unknown",
    });
  });
}

/** A module with a hole in its metering: execute spins for about a second on no fuel at all. */
function unmetered(): Prepared {
  const honest = prepareText(guestText());
  const text = guestText({
    execute: `(loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (local.set $j (i32.rotl (i32.xor (local.get $j) (local.get $i)) (i32.const 7)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 4000000000)))) (local.get $j)`,
    more: `(global (export "engramlt:fuel") (mut i64) (i64.const 0))
      (global (export "engramlt:depth") (mut i32) (i32.const 0))
      (global (export "engramlt:reason") (mut i32) (i32.const 0))
      (global (export "engramlt:stop") (mut i32) (i32.const 0))
      (global (export "engramlt:no_yield") (mut i32) (i32.const 0))`,
  });
  return { ...honest, bytes: new Uint8Array(wat(text)), globals: [], globalTypes: [] };
}

// proves: deploy-3-crash_isolation, rfc-7-crash
// proves: mentat-practices4-degradation
Deno.test("a worker that spins is fenced: its steps are lost, others finish, and a new worker takes its place", () => {
  using bench = new Bench({ m: guestText({ execute: "(call $answer (i32.const 5))" }) }, {
    workers: 2,
    pollMsMax: 1000,
  });
  bench.run([stepOf("warm"), stepOf("warm too")]);
  bench.sandbox.define({ key: "spin", prepared: unmetered(), stackDepthMax: 1000 });
  const results = bench.run([stepOf("s", { moduleKey: "spin" }), stepOf("a"), stepOf("b"), stepOf("c")]);
  const lost = results.filter(({ kind }) => kind === "lost").length;
  assert.equal(results[0]?.kind, "lost");
  assert.deepEqual([lost <= 2, results.length - lost >= 2], [true, true]);
  assert.deepEqual(bench.faults, ["no answer within 1000 ms"]);
  assert.equal(bench.sandbox.holds("s", 0), false);
  const again = bench.run(["a", "b", "c", "d"].map((agent) => stepOf(agent)));
  assert.deepEqual(again.map(answerOf), [5, 5, 5, 5]);
});

Deno.test("a worker is not given up before the fuel of its step could be used up on a slow machine", () => {
  const loop = "(loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) " +
    "(br_if $l (i32.lt_u (local.get $i) (i32.const 100000000)))) (call $answer (i32.const 7))";
  using bench = new Bench({ m: guestText({ execute: loop }) }, { workers: 1, pollMsMax: 1 });
  const [result] = bench.run([stepOf("long", { fuel: 2_000_000_000 })]);
  assert.deepEqual([result?.kind, bench.faults], ["completed", []]);
});

/** A sandbox whose workers run another script. */
function withScript(script: string): { kind: string | undefined; faults: string[] } {
  const faults: string[] = [];
  const sandbox = openSandbox({
    workers: 1,
    pollMsMax: 5000,
    workerUrl: new URL(`data:application/javascript,${encodeURIComponent(script)}`),
    onFault: ({ message }) => faults.push(message),
  });
  sandbox.define({ key: "m", prepared: prepareText(guestText()), stackDepthMax: 1000 });
  try {
    return { kind: sandbox.run([stepOf("a")], () => ({ status: 0 }))[0]?.kind, faults };
  } finally {
    sandbox.close();
  }
}

Deno.test("a worker that reports nonsense is fenced and believed in nothing", () => {
  for (const report of [[9], [2, 7, 0, 0, 0], [2, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 255, 255, 255, 0]]) {
    const { kind, faults } = withScript(`
      self.onmessage = ({ data: { shared, doorbell } }) => {
        const words = new Int32Array(shared, 0, 16), bell = new Int32Array(doorbell);
        Atomics.wait(words, 0, 0);
        const size = (shared.byteLength - 64) / 2;
        const report = ${JSON.stringify(report)};
        new Uint8Array(shared, 64 + size).set(report);
        words[3] = report.length;
        words[4] = 0;
        Atomics.store(words, 0, 0);
        Atomics.add(bell, 0, 1);
        Atomics.notify(bell, 0);
      };`);
    assert.equal(kind, "lost");
    assert.equal(faults.length, 1);
  }
});

// proves: engram-2-secure_execution, deploy-1-boundaries, rfc-3.2-workers, rfc-2.5-safety
Deno.test("the worker's script leaves no way out to its thread's globals", async () => {
  const script = new URL("../../src/sandbox/worker.ts", import.meta.url).href;
  const worker = new Worker(
    `data:application/javascript,${
      encodeURIComponent(`import "${script}"; postMessage(Object.getOwnPropertyNames(globalThis));`)
    }`,
    { type: "module" },
  );
  const names = await new Promise<string[]>((resolve) => worker.onmessage = ({ data }) => resolve(data));
  worker.terminate();
  const gone = [
    ...["Deno", "process", "Worker", "fetch", "caches", "BroadcastChannel", "performance", "Date"],
    ...["SharedArrayBuffer", "WebSocket", "setTimeout", "crypto", "eval", "Temporal", "navigator", "Buffer"],
  ];
  assert.deepEqual(gone.filter((name) => names.includes(name)), []);
});
