import assert from "node:assert/strict";
import { answerOf, Bench, bytes, guestText, imports, stepOf } from "./guest.ts";

/** Counts its executions in memory at 16; query answers the count and adds 100 to it. */
const counter = guestText({
  execute: `(i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
    (call $answer (i32.load (i32.const 16)))`,
  query: `(i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 100)))
    (call $answer (i32.load (i32.const 16)))`,
});

const query = { entry: "query", args: [new Uint8Array(0)] } as const;

Deno.test("run() gives execute its action and parameters", () => {
  using bench = new Bench({
    m: guestText({
      execute: `(i32.store (i32.const 508) (i32.add (local.get 1) (local.get 3)))
        (memory.copy (i32.const 512) (local.get 0) (local.get 1))
        (memory.copy (i32.add (i32.const 512) (local.get 1)) (local.get 2) (local.get 3))
        (i32.const 508)`,
    }),
  });
  const result = bench.step("a", { args: [bytes("act"), bytes('{"x":1}')] });
  assert.equal(result.kind === "completed" && new TextDecoder().decode(result.result), 'act{"x":1}');
});

Deno.test("run() passes an empty argument as (0, 0) and allocates nothing for it", () => {
  using bench = new Bench({
    m: guestText({
      alloc: "unreachable",
      execute: "(call $answer (i32.add (local.get 0) (local.get 1)))",
    }),
  });
  assert.equal(answerOf(bench.step("a")), 0);
});

// proves: engram-6.2-guest_memory, engram-6.1-initialize_config
Deno.test("run() frees arguments and the result after a normal return", () => {
  using bench = new Bench({ m: guestText({ query: "(call $answer (global.get $freed))" }) });
  bench.step("a", { args: [bytes("act"), bytes("12345")] });
  bench.step("a", { entry: "execute", completedSteps: 1 });
  assert.equal(answerOf(bench.step("a", { ...query, completedSteps: 2 })), 8);
});

Deno.test("run() frees nothing for a result of length 0", () => {
  using bench = new Bench({
    m: guestText({ execute: "(i32.store (i32.const 64) (i32.const 0)) (i32.const 64)", free: "unreachable" }),
  });
  const result = bench.step("a");
  assert.equal(result.kind === "completed" && result.result.length, 0);
});

Deno.test("run() takes a negative result of execute as failed with its code", () => {
  using bench = new Bench({ m: guestText({ execute: "(i32.const -42)" }) });
  const result = bench.step("a");
  assert.equal(result.kind === "failed" && result.code, -42);
});

Deno.test("run() takes a positive result of initialize as completed and no pointer", () => {
  using bench = new Bench({ m: guestText({ initialize: "(i32.const 70000)" }) });
  const result = bench.step("a", { entry: "initialize", args: [bytes("{}")] });
  assert.equal(result.kind === "completed" && result.result.length, 0);
});

Deno.test("run() enters release without arguments", () => {
  using bench = new Bench({ m: guestText({ release: "(i32.store (i32.const 16) (i32.const 7))" }) });
  assert.equal(bench.step("a", { entry: "release", args: [] }).kind, "completed");
});

// proves: mentat-debugging1-backtrace
Deno.test("run() reports a trap with its message and the guest's frames", () => {
  using bench = new Bench({
    m: guestText({ execute: "(call $deep) (i32.const 0)", more: "(func $deep unreachable)" }),
  });
  const result = bench.step("a");
  assert.equal(result.kind, "trapped");
  if (result.kind !== "trapped") return;
  assert.equal(result.message, "unreachable");
  assert.deepEqual(result.backtrace, ["deep [7]", "execute [4]"]);
});

Deno.test("run() reports unbounded recursion as trapped at the stack depth", () => {
  using bench = new Bench({
    m: guestText({ execute: "(call $r) (i32.const 0)", more: "(func $r (call $r))" }),
  });
  const result = bench.step("a", { fuel: 1e9 });
  assert.equal(result.kind === "trapped" && result.message, "stack depth");
});

// proves: rfc-7-preemption, rfc-6-agent
Deno.test("run() ends an endless loop as out of fuel", () => {
  using bench = new Bench({ m: guestText({ execute: "(loop $l (br $l)) (i32.const 0)" }) });
  assert.equal(bench.step("a").kind, "out_of_fuel");
});

Deno.test("run() calls the start function inside the first step's fuel, once in an agent's life", () => {
  using bench = new Bench({
    m: guestText({
      imports: imports.begin,
      more: `(func $start (drop (call $begin))
        (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))) (start $start)`,
      execute: "(call $answer (i32.load (i32.const 16)))",
    }),
  });
  assert.equal(answerOf(bench.step("a")), 1);
  assert.equal(bench.calls.length, 1);
  const image = bench.sandbox.image("a");
  bench.sandbox.drop("a");
  assert.equal(answerOf(bench.step("a", { completedSteps: 1, image })), 1);
  assert.equal(bench.step("b", { fuel: 50 }).kind, "out_of_fuel");
});

Deno.test("settle() keeps what a step did", () => {
  using bench = new Bench({ m: counter });
  bench.step("a");
  assert.equal(answerOf(bench.step("a", { completedSteps: 1 })), 2);
});

Deno.test("settle() puts an instance back that is not kept", () => {
  using bench = new Bench({ m: counter });
  bench.step("a");
  bench.run([stepOf("a", { ...query, completedSteps: 1 })]);
  bench.sandbox.settle([{ agent: "a", keep: false }]);
  assert.equal(answerOf(bench.step("a", { completedSteps: 1 })), 2);
});

Deno.test("run() puts back what an earlier run left unsettled", () => {
  using bench = new Bench({ m: counter });
  bench.step("a");
  bench.run([stepOf("a", { completedSteps: 1 })]);
  bench.run([]);
  assert.equal(answerOf(bench.step("a", { completedSteps: 1 })), 2);
});

for (
  const [how, execute, fuel] of [
    ["failed", "(i32.const -1)", 1000],
    ["trapped", "unreachable", 1000],
    ["out_of_fuel", "(loop $l (br $l)) unreachable", 1000],
  ] as const
) {
  Deno.test(`an agent stands as before a step that ended ${how}`, () => {
    const dirty = `(i32.store (i32.const 16) (i32.const 9)) (global.set $heap (i32.const 9999))
      (drop (memory.grow (i32.const 1))) (i32.store (i32.const 70000) (i32.const 5))`;
    using bench = new Bench({
      m: guestText({
        execute: `(if (i32.eqz (i32.load (i32.const 20)))
          (then (i32.store (i32.const 20) (i32.const 1)) (return (i32.const 0))))
          ${dirty} ${execute}`,
      }),
    });
    bench.step("a");
    const before = bench.sandbox.image("a");
    assert.equal(bench.step("a", { completedSteps: 1, fuel: 50_000 + fuel }).kind, how);
    assert.equal(bench.sandbox.holds("a", 1), true);
    assert.deepEqual(bench.sandbox.image("a"), before);
  });
}

Deno.test("an agent whose first step is not kept is held nowhere", () => {
  using bench = new Bench({ m: guestText({ execute: "unreachable" }) });
  bench.step("a");
  assert.equal(bench.sandbox.holds("a", 0), false);
  assert.equal(bench.sandbox.stats().instances, 0);
});

Deno.test("a memory above shadowBytesMax is not held after a step that is not kept", () => {
  using bench = new Bench({ m: counter }, { shadowBytesMax: 1000 });
  bench.step("a");
  const image = bench.sandbox.image("a");
  bench.run([stepOf("a", { ...query, completedSteps: 1 })]);
  bench.sandbox.settle([]);
  assert.equal(bench.sandbox.holds("a", 1), false);
  assert.equal(answerOf(bench.step("a", { completedSteps: 1, image })), 2);
});

Deno.test("a memory of several pages is put back and kept page by page", () => {
  using bench = new Bench({
    m: guestText({
      memory: `(memory (export "memory") 6 8)`,
      execute: `(i32.store (i32.const 200000) (i32.add (i32.load (i32.const 200000)) (i32.const 1)))
        (call $answer (i32.load (i32.const 200000)))`,
    }),
  });
  for (let i = 0; i < 4; i++) {
    if (i > 0) {
      bench.run([stepOf("a", { completedSteps: i })]);
      bench.sandbox.settle([]);
    }
    assert.equal(answerOf(bench.step("a", { completedSteps: i })), i + 1);
  }
});

Deno.test("image() shows an unsettled completed step", () => {
  using bench = new Bench({ m: counter });
  bench.run([stepOf("a")]);
  const during = bench.sandbox.image("a");
  bench.sandbox.settle([{ agent: "a", keep: true }]);
  assert.deepEqual(during, bench.sandbox.image("a"));
});

Deno.test("holds() is true only at the number of steps that were kept", () => {
  using bench = new Bench({ m: counter });
  bench.step("a");
  assert.deepEqual([0, 1, 2].map((steps) => bench.sandbox.holds("a", steps)), [false, true, false]);
});

Deno.test("drop() lets an instance go", () => {
  using bench = new Bench({ m: counter });
  bench.step("a");
  bench.sandbox.drop("a");
  assert.equal(bench.sandbox.image("a"), null);
  assert.equal(answerOf(bench.step("a")), 1);
});

// proves: mentat-tuning2-limit
Deno.test("onEvict gets the image of the agent used longest ago when a worker is full", () => {
  const evicted: string[] = [];
  const images = new Map<string, Uint8Array>();
  using bench = new Bench({ m: counter }, {
    instancesPerWorkerMax: 2,
    onEvict: (agent, image) => {
      evicted.push(agent);
      images.set(agent, image);
    },
  });
  for (const agent of ["a", "b", "c"]) bench.step(agent);
  assert.deepEqual([evicted, bench.sandbox.stats().instances], [["a"], 2]);
  assert.equal(answerOf(bench.step("a", { completedSteps: 1, image: images.get("a") ?? null })), 2);
});

Deno.test("run() refuses more steps than its workers may hold", () => {
  using bench = new Bench({ m: counter }, { instancesPerWorkerMax: 2 });
  assert.throws(() => bench.run(["a", "b", "c"].map((agent) => stepOf(agent))), { code: "limit_reached" });
});

/** What 50 agents with two host calls each end up with, on some number of workers. */
function fifty(workers: number, channelBytes: number): unknown {
  using bench = new Bench({
    m: guestText({
      imports: imports.get + imports.log,
      execute: `(i32.store (i32.const 2000) (i32.const 4096))
        (drop (call $get (local.get 2) (local.get 3) (i32.const 2048) (i32.const 2000)))
        (drop (call $log (i32.const 2) (i32.const 2048) (i32.load (i32.const 2000))))
        (i32.const 2000)`,
      more: "",
    }),
  }, { workers, areaBytes: channelBytes });
  const logs: string[][] = [];
  const all = Array.from({ length: 50 }, (_, i) => `agent${i}`);
  bench.serve = ({ name, args }, index) => {
    if (name === "engram_get") return { json: JSON.stringify({ id: args[0], text: "é".repeat(index * 7) }) };
    (logs[index] ??= []).push(String(args[1]));
    return { status: 0 };
  };
  const rounds = [0, 1, 2].map((completedSteps) => {
    const results = bench.run(
      all.map((agent, i) =>
        stepOf(agent, { completedSteps, args: [bytes(agent), bytes(`m${i}x${completedSteps}`)] })
      ),
    );
    bench.sandbox.settle(all.map((agent, i) => ({ agent, keep: i % 3 !== 5 })));
    return results.map(({ executionMs: _, ...result }) => result);
  });
  return { rounds, logs, images: all.map((agent) => bench.sandbox.image(agent)) };
}

// proves: readme-1-identical, rfc-3.2-outputs, rfc-6-agent
Deno.test("50 agents end alike on 1, 2 and 4 workers and with channels that carry a frame in many chunks", () => {
  const one = fifty(1, 256 * 1024);
  assert.deepEqual(fifty(2, 256 * 1024), one);
  assert.deepEqual(fifty(4, 512), one);
});

// proves: engram-10.2-asynchronous
Deno.test("200 agents wait for the host at once on one worker", () => {
  using bench = new Bench({
    m: guestText({ imports: imports.begin, execute: "(call $answer (i32.add (call $begin) (call $begin)))" }),
  });
  bench.serve = () => ({ status: -3 });
  const results = bench.run(Array.from({ length: 200 }, (_, i) => stepOf(`a${i}`)));
  assert.deepEqual([...new Set(results.map(answerOf))], [-6]);
});

Deno.test("what serve throws comes out of run(), and the sandbox goes on with agents from their images", () => {
  using bench = new Bench({
    m: guestText({ imports: imports.begin, execute: "(call $answer (call $begin))" }),
  });
  bench.serve = () => {
    throw new Error("disk on fire");
  };
  assert.throws(() => bench.run([stepOf("a")]), { message: "disk on fire" });
  bench.serve = () => ({ status: 0 });
  assert.equal(answerOf(bench.step("a")), 0);
});

Deno.test("an image told with the end of a step is the one that image() would ask for", () => {
  const counting = guestText({
    execute: `(i32.store (i32.const 600) (i32.add (i32.load (i32.const 600)) (i32.const 1)))
    (call $answer (i32.load (i32.const 600)))`,
  });
  using bench = new Bench({ m: counting });
  bench.step("asked");
  bench.step("told", { tellsImage: true });
  const told = bench.sandbox.image("told");
  assert.deepEqual([told, bench.sandbox.image("told")], Array(2).fill(bench.sandbox.image("asked")));
  // A step that is not kept leaves no image of itself.
  bench.run([stepOf("told", { completedSteps: 1, tellsImage: true })]);
  bench.sandbox.settle([{ agent: "told", keep: false }]);
  assert.deepEqual(bench.sandbox.image("told"), told);
});

Deno.test({
  name: "instances are bounded by the kernel's mappings also where they can't be asked for",
  ignore: Deno.build.os !== "linux",
  permissions: { read: true },
  fn: () => {
    assert.throws(() => Deno.readTextFileSync("/proc/sys/vm/max_map_count"), Deno.errors.NotCapable);
    using bench = new Bench({}, { workers: 16 });
    // A mapping for memory and one for a stack each, and half of the limit is the program's own.
    assert.ok(
      bench.sandbox.stepsMax > 0 && bench.sandbox.stepsMax <= 65_530 / 4,
      `${bench.sandbox.stepsMax}`,
    );
  },
});
