import assert from "node:assert/strict";
import { type HostAnswer, status } from "../../../src/sandbox/mod.ts";
import { answerOf, Bench, guestText, imports } from "./guest.ts";

const send = `(import "engram" "send_message" (func $send (param i32 i32 i32 i32) (result i32)))`;
const sendTo = (to: number, body: number, size = 3) =>
  `(call $send (i32.const ${to}) (i32.const 3) (i32.const ${body}) (i32.const ${size}))`;
/** Texts of three bytes: agents "ann" and "bob", a body, and one that is not UTF-8. */
const texts = `(data (i32.const 16) "ann") (data (i32.const 32) "bob")
  (data (i32.const 64) "abc") (data (i32.const 80) "a\\ffc")`;
const permitted = (calls: number, bytesMax = 100): HostAnswer => ({
  status: status.done,
  permit: { to: "ann", calls, bytesMax },
});

function ask(execute: string, serve: (nth: number) => HostAnswer) {
  using bench = new Bench({ m: guestText({ imports: send + imports.log, more: texts, execute }) });
  let nth = 0;
  bench.serve = () => serve(nth++);
  const result = bench.step("a");
  return { result, calls: bench.calls.map(({ name, args }) => [name, ...args]), faults: bench.faults };
}

const six = `(local.set $i (i32.const 5))
  (loop $more (drop ${sendTo(16, 64)}) (br_if $more (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
  (drop (call $log (i32.const 2) (i32.const 32) (i32.const 3)))
  (call $answer ${sendTo(16, 64)})`;

Deno.test("a send under a permit reaches the host in its place among the calls", () => {
  const sent = ["send_message", "ann", "abc"];
  const { calls } = ask(six, () => permitted(100));
  assert.deepEqual(calls, [sent, sent, sent, sent, sent, ["log", 2, "bob"], sent]);
});

Deno.test("a step costs and ends alike with a permit and without", () => {
  const { result: { executionMs: _a, ...with_ } } = ask(six, () => permitted(100));
  const { result: { executionMs: _b, ...without } } = ask(six, () => ({ status: status.done }));
  assert.deepEqual(with_, without);
});

Deno.test("a permit ends with its calls, whatever they are", () => {
  // The first send gives leave for five more calls; the log is the fifth, so the last send asks again.
  const { result } = ask(
    six,
    (nth) => nth === 0 ? permitted(5) : nth === 6 ? { status: status.limitReached } : { status: status.done },
  );
  assert.equal(answerOf(result), status.limitReached);
});

Deno.test("a permit is for one agent", () => {
  const { result } = ask(
    `(drop ${sendTo(16, 64)}) (call $answer ${sendTo(32, 64)})`,
    (nth) => nth === 0 ? permitted(100) : { status: status.denied },
  );
  assert.equal(answerOf(result), status.denied);
});

Deno.test("a permit is for bodies up to its size", () => {
  const { result } = ask(
    `(drop ${sendTo(16, 64)}) (call $answer ${sendTo(16, 64)})`,
    (nth) => nth === 0 ? permitted(100, 2) : { status: status.limitReached },
  );
  assert.equal(answerOf(result), status.limitReached);
});

Deno.test("a body that is not UTF-8 is -2 under a permit too", () => {
  const { result } = ask(`(drop ${sendTo(16, 64)}) (call $answer ${sendTo(16, 80)})`, () => permitted(100));
  assert.equal(answerOf(result), status.invalidArgument);
});

Deno.test("a permit ends with its step", () => {
  using bench = new Bench({
    m: guestText({ imports: send, more: texts, execute: `(call $answer ${sendTo(16, 64)})` }),
  });
  bench.serve = () => permitted(100);
  bench.step("a");
  bench.serve = () => ({ status: status.limitReached });
  assert.equal(answerOf(bench.step("a", { completedSteps: 1 })), status.limitReached);
});

Deno.test("a worker that answered a send which the host refuses is fenced", () => {
  const { result, faults } = ask(six, (nth) => nth === 0 ? permitted(100) : { status: status.denied });
  assert.deepEqual([result.kind, faults], ["lost", ["it answered a send_message that the host refuses"]]);
});
