import assert from "node:assert/strict";
import { status } from "../../../src/sandbox/mod.ts";
import { answerOf, Bench, bytes, guestText, imports } from "./guest.ts";

/** Runs an execute body once; returns the bench (to be disposed) and the answer. */
function ask(
  parts: Parameters<typeof guestText>[0],
  serve: Bench["serve"] = () => ({ status: 0 }),
): { answer: number; calls: Bench["calls"] } {
  using bench = new Bench({ m: guestText(parts) });
  bench.serve = serve;
  return { answer: answerOf(bench.step("a")), calls: bench.calls };
}

const data = (at: number, text: string) => `(data (i32.const ${at}) "${text}")`;

Deno.test("a text with pointer 0 and length 0 reaches the host as absent", () => {
  const { calls } = ask({
    imports: imports.log,
    execute: "(call $answer (call $log (i32.const 2) (i32.const 0) (i32.const 0)))",
  });
  assert.deepEqual(calls, [{ name: "log", args: [2, null], isAnswered: false }]);
});

Deno.test("a text with another pointer and length 0 reaches the host as empty, even out of bounds", () => {
  const { calls } = ask({
    imports: imports.log,
    execute: "(call $answer (call $log (i32.const 2) (i32.const -1) (i32.const 0)))",
  });
  assert.deepEqual(calls, [{ name: "log", args: [2, ""], isAnswered: false }]);
});

Deno.test("a text reaches the host in UTF-8, a byte order mark included", () => {
  const { calls } = ask({
    imports: imports.log,
    more: data(8, "\\ef\\bb\\bf\\c3\\a9\\f0\\9f\\8c\\b1"),
    execute: "(call $answer (call $log (i32.const 2) (i32.const 8) (i32.const 9)))",
  });
  assert.deepEqual(calls, [{ name: "log", args: [2, "\u{feff}é🌱"], isAnswered: false }]);
});

Deno.test("a text that is not UTF-8 is -2 and the host is not asked", () => {
  const { answer, calls } = ask({
    imports: imports.log,
    more: data(8, "a\\ff"),
    execute: "(call $answer (call $log (i32.const 2) (i32.const 8) (i32.const 2)))",
  });
  assert.deepEqual([answer, calls], [status.invalidArgument, []]);
});

// proves: mentat-testing3-memory_escape
Deno.test("a text that leads out of memory is -2", () => {
  const { answer, calls } = ask({
    imports: imports.log,
    execute: "(call $answer (call $log (i32.const 2) (i32.const 65530) (i32.const 7)))",
  });
  assert.deepEqual([answer, calls], [status.invalidArgument, []]);
});

Deno.test("a text of 4 GiB from the end of memory is -2", () => {
  const { answer } = ask({
    imports: imports.log,
    execute: "(call $answer (call $log (i32.const 2) (i32.const -2) (i32.const -2)))",
  });
  assert.equal(answer, status.invalidArgument);
});

for (
  const [confidence, want] of [["-0.1", -2], ["1.5", -2], ["nan", -2], ["0", 0], ["1", 0]] as const
) {
  Deno.test(`engram_create() with confidence ${confidence} is ${want}`, () => {
    const { answer } = ask({
      imports: imports.create,
      more: data(8, "x"),
      execute: `(call $answer (call $create (i32.const 8) (i32.const 1) (i32.const 0) (i32.const 0)
        (f64.const ${confidence}) (i32.const 0) (i32.const 0)))`,
    });
    assert.equal(answer, want);
  });
}

Deno.test("engram_update() takes a confidence that is no number as it is", () => {
  const { answer, calls } = ask({
    imports: imports.update,
    more: data(8, "x"),
    execute: `(call $answer (call $update (i32.const 8) (i32.const 1) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (f64.const nan) (i32.const 0) (i32.const 0)))`,
  });
  assert.equal(answer, 0);
  assert.deepEqual(calls[0]?.args, ["x", null, null, NaN, null]);
});

Deno.test("connection_create() with an infinite weight is -2", () => {
  const { answer, calls } = ask({
    imports: imports.connect,
    execute: `(call $answer (call $connect (i32.const 8) (i32.const 1) (i32.const 8) (i32.const 1)
      (i32.const 8) (i32.const 1) (f64.const inf) (i32.const 0) (i32.const 0)))`,
  });
  assert.deepEqual([answer, calls], [status.invalidArgument, []]);
});

Deno.test("an i64 reaches the host exactly", () => {
  const { calls } = ask({
    imports: imports.changes,
    execute: `(call $answer (call $changes (i64.const 9007199254740993) (i32.const 5)
      (i32.const 0) (i32.const 64)))`,
  }, () => ({ json: "{}" }));
  assert.deepEqual(calls[0]?.args, [9007199254740993n, 5]);
});

Deno.test("a negative status stands in place of an id", () => {
  const { answer } = ask({
    imports: imports.create,
    execute: `(call $answer (call $create (i32.const 8) (i32.const 1) (i32.const 0) (i32.const 0)
      (f64.const 1) (i32.const 0) (i32.const 0)))`,
  }, () => ({ status: status.denied }));
  assert.equal(answer, status.denied);
});

// proves: mentat-step2-allocation
Deno.test("an id string is a u32 length and its bytes in a block of the guest's allocator", () => {
  const create = `(call $create (i32.const 8) (i32.const 1) (i32.const 0) (i32.const 0)
    (f64.const 1) (i32.const 0) (i32.const 0))`;
  const parts = (result: string) => ({
    imports: imports.create,
    execute: `(local.set $i ${create}) ${result}`,
  });
  const serve = () => ({ id: "m0123" });
  using bench = new Bench({ m: guestText(parts("(local.get $i)")) });
  bench.serve = serve;
  const result = bench.step("a");
  assert.equal(result.kind === "completed" && new TextDecoder().decode(result.result), "m0123");
  assert.equal(ask(parts("(call $answer (local.get $i))"), serve).answer, 1024);
  assert.equal(ask(parts("(call $answer (global.get $heap))"), serve).answer, 1024 + 4 + 5);
});

/** Asks for an engram with a room of $i bytes at 2048, length at 2000. */
const get = `(i32.store (i32.const 2000) (local.get $i))
  (local.set $j (call $get (i32.const 8) (i32.const 1) (i32.const 2048) (i32.const 2000)))`;
const twice = `(local.set $i (i32.const 3)) ${get} (local.set $i (i32.const 64)) ${get}`;
const again =
  "(call $answer (i32.add (i32.mul (local.get $j) (i32.const 1000)) (i32.load (i32.const 2000))))";

Deno.test("JSON that fits is written with its length, and the status is 0", () => {
  using bench = new Bench({
    m: guestText({
      imports: imports.get,
      execute: `(local.set $i (i32.const 64)) ${get}
        (i32.store (i32.const 2044) (i32.load (i32.const 2000))) (i32.const 2044)`,
    }),
  });
  bench.serve = () => ({ json: '{"id":"é"}' });
  const result = bench.step("a");
  assert.equal(result.kind === "completed" && new TextDecoder().decode(result.result), '{"id":"é"}');
});

Deno.test("JSON with too little room is -5, the length is told and nothing else is written", () => {
  const execute = `(i32.store (i32.const 2048) (i32.const 77)) (local.set $i (i32.const 3)) ${get}
    (if (i32.ne (i32.load (i32.const 2048)) (i32.const 77)) (then unreachable)) ${again}`;
  const { answer } = ask({ imports: imports.get, execute }, () => ({ json: "0123456789" }));
  assert.equal(answer, -5 * 1000 + 10);
});

Deno.test("an identical call right after -5 is answered without asking the host again", () => {
  const { answer, calls } = ask(
    { imports: imports.get, execute: `${twice} ${again}` },
    () => ({ json: "[1,2]" }),
  );
  assert.deepEqual([answer, calls.length], [5, 1]);
});

Deno.test("a different call after -5 asks the host", () => {
  const other = get.replace("(i32.const 8) (i32.const 1)", "(i32.const 0) (i32.const 0)");
  const { calls } = ask({
    imports: imports.get,
    execute: `(local.set $i (i32.const 3)) ${get} (local.set $i (i32.const 64)) ${other} ${again}`,
  }, () => ({ json: "[1,2]" }));
  assert.equal(calls.length, 2);
});

Deno.test("an identical call after another host call asks the host again", () => {
  const { calls } = ask({
    imports: imports.get + imports.begin,
    execute: `(local.set $i (i32.const 3)) ${get} (drop (call $begin))
      (local.set $i (i32.const 64)) ${get} ${again}`,
  }, (call) => call.name === "engram_get" ? { json: "[1,2]" } : { status: 0 });
  assert.deepEqual(calls.map(({ name }) => name), ["engram_get", "transaction_begin", "engram_get"]);
});

Deno.test("an identical call after success asks the host again", () => {
  const { calls } = ask({
    imports: imports.get,
    execute: `(local.set $i (i32.const 64)) ${get} (local.set $i (i32.const 64)) ${get} ${again}`,
  }, () => ({ json: "[1,2]" }));
  assert.equal(calls.length, 2);
});

for (
  const [what, buffer] of [
    ["whose length lies out of memory", "(i32.const 2048) (i32.const 65533)"],
    ["whose room leads out of memory", "(i32.const 65530) (i32.const 2000)"],
  ] as const
) {
  // proves: mentat-testing3-memory_escape
  Deno.test(`a buffer ${what} is -2 and the host is not asked`, () => {
    const { answer, calls } = ask({
      imports: imports.get,
      execute: `(i32.store (i32.const 2000) (i32.const 100))
        (call $answer (call $get (i32.const 8) (i32.const 1) ${buffer}))`,
    });
    assert.deepEqual([answer, calls], [status.invalidArgument, []]);
  });
}

Deno.test("a room of 0 asks for the length, whatever the pointer", () => {
  const { answer } = ask({
    imports: imports.get,
    execute: `(drop (call $get (i32.const 8) (i32.const 1) (i32.const -1) (i32.const 2000)))
      (call $answer (i32.load (i32.const 2000)))`,
  }, () => ({ json: "[1,2]" }));
  assert.equal(answer, 5);
});

Deno.test("an import called inside the allocator is -7 and never reaches the host", () => {
  using bench = new Bench({
    m: guestText({
      imports: imports.begin,
      alloc: "(global.set $seen (call $begin)) (i32.const 4096)",
      more: "(global $seen (mut i32) (i32.const 0))",
      execute: "(call $answer (global.get $seen))",
    }),
  });
  const result = bench.step("a", { args: [bytes("do"), new Uint8Array(0)] });
  assert.deepEqual([answerOf(result), bench.calls.length], [status.wrongState, 0]);
});

Deno.test("a host call costs its base, its bytes in and its bytes out", () => {
  const fuel = (text: string, json: string): number => {
    using bench = new Bench({
      m: guestText({
        imports: imports.get,
        execute: `(i32.store (i32.const 2000) (i32.const 4096))
          (drop (call $get (i32.const 8) (i32.const ${text.length}) (i32.const 2048) (i32.const 2000)))
          (i32.const 0)`,
      }),
    });
    bench.serve = () => ({ json });
    const result = bench.step("a");
    assert.equal(result.kind, "completed");
    return result.kind === "completed" ? result.fuel : 0;
  };
  const plain = fuel("", "");
  assert.equal(plain >= 300 && plain < 330, true);
  assert.equal(fuel("x".repeat(80), "") - plain, 10);
  assert.equal(fuel("", "1".repeat(807)) - plain, 100);
});

Deno.test("a call that costs more than the fuel left never reaches the host", () => {
  using bench = new Bench({
    m: guestText({ imports: imports.get, execute: `(local.set $i (i32.const 9)) ${get} ${again}` }),
  });
  assert.equal(bench.step("a", { fuel: 250 }).kind, "out_of_fuel");
  assert.equal(bench.calls.length, 0);
});

Deno.test("a step that used N fuel completes with N and is out of fuel with N - 1", () => {
  using bench = new Bench({ m: guestText({ imports: imports.get, execute: `${twice} ${again}` }) });
  bench.serve = () => ({ json: "[1,2]" });
  const args = [bytes("act"), bytes("{}")];
  const result = bench.step("a", { args });
  const fuel = result.kind === "completed" ? result.fuel : 0;
  assert.equal(fuel > 0, true);
  assert.equal(bench.step("b", { args, fuel }).kind, "completed");
  assert.equal(bench.step("c", { args, fuel: fuel - 1 }).kind, "out_of_fuel");
});

Deno.test("the host ends a step: nothing of the guest runs after the call, not even a catch_all", () => {
  using bench = new Bench({
    m: guestText({
      imports: imports.begin,
      execute: `(block $caught (try_table (catch_all $caught) (drop (call $begin)))) (i32.const 0)`,
    }),
  });
  bench.serve = () => ({ end: "denied by policy" });
  const result = bench.step("a");
  assert.equal(result.kind === "ended" && result.reason, "denied by policy");
});

Deno.test("host calls and those on the graph are counted", () => {
  using bench = new Bench({
    m: guestText({
      imports: imports.get + imports.begin,
      execute: `(drop (call $begin)) ${twice} ${again}`,
    }),
  });
  bench.serve = (call) => call.name === "engram_get" ? { json: "[1,2]" } : { status: 0 };
  const { hostCalls, memoryOperations } = bench.step("a");
  assert.deepEqual([hostCalls, memoryOperations], [3, 2]);
});
