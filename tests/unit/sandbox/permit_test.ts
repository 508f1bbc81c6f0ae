import assert from "node:assert/strict";
import { type HostAnswer, type HostCall, status, type StepPermit } from "../../../src/sandbox/mod.ts";
import { answerOf, Bench, guestText, imports } from "./guest.ts";

const send = `(import "engram" "send_message" (func $send (param i32 i32 i32 i32) (result i32)))`;
const sendTo = (to: number, body: number, size = 3) =>
  `(call $send (i32.const ${to}) (i32.const 3) (i32.const ${body}) (i32.const ${size}))`;
/** Texts of three bytes: agents "ann" and "bob", a body, and one that is not UTF-8. */
const texts = `(data (i32.const 16) "ann") (data (i32.const 32) "bob")
  (data (i32.const 64) "abc") (data (i32.const 80) "a\\ffc")`;
const permitted = (calls: number, bytesMax = 100): HostAnswer => ({
  status: status.done,
  permit: { calls, bytes: 1000, send: { to: "ann", bytesMax }, engram: null },
});

/** A body comes as bytes. */
const shown = (arg: unknown) => arg instanceof Uint8Array ? new TextDecoder().decode(arg) : arg;

function ask(execute: string, serve: (nth: number) => HostAnswer) {
  using bench = new Bench({ m: guestText({ imports: send + imports.log, more: texts, execute }) });
  let nth = 0;
  bench.serve = () => serve(nth++);
  const result = bench.step("a");
  const calls = bench.calls.map(({ name, args }) => [name, ...args.map(shown)]);
  return { result, calls, faults: bench.faults };
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

const engramTexts = `(data (i32.const 16) "e1") (data (i32.const 32) "new text") (data (i32.const 48) "{}")`;
const engramImports = imports.get + imports.update + imports.remove;
const get = (room = 100) =>
  `(i32.store (i32.const 200) (i32.const ${room}))
  (local.set $i (call $get (i32.const 16) (i32.const 2) (i32.const 300) (i32.const 200)))`;
const update = (metadata = "(i32.const 0) (i32.const 0)") =>
  `(local.set $i (call $update (i32.const 16) (i32.const 2) (i32.const 32) (i32.const 8)
    (i32.const 0) (i32.const 0) (f64.const nan) ${metadata}))`;
const removed = `(drop (call $remove (i32.const 16) (i32.const 2)))`;
const json = '{"id":"e1","content":"old"}';
const engramPermit = (bytes = 1000): StepPermit => ({
  calls: 100,
  bytes,
  send: null,
  engram: { id: "e1", json, update: { bytesMax: 20, bytesMore: 10 } },
});

/** Runs a step, with the engine refusing whatever it is asked: what is answered so has been asked. */
function engramStep(execute: string, permit: StepPermit | null, serve: (call: HostCall) => HostAnswer) {
  using bench = new Bench({ m: guestText({ imports: engramImports, more: engramTexts, execute }) });
  bench.serve = serve;
  const result = bench.step("a", { permit });
  return { result, calls: bench.calls.map(({ name }) => name), faults: bench.faults };
}
const right = ({ name }: HostCall): HostAnswer => name === "engram_get" ? { json } : { status: status.done };

for (
  const [what, execute] of Object.entries({
    "a get": get(),
    "a get with too little room, and again": `${get(5)} ${get()}`,
    "the same get with too little room twice": `${get(5)} ${get(5)}`,
    "an update": update(),
    "a get, an update and a get": `${get()} ${update()} ${get()}`,
    "an update of metadata": update("(i32.const 48) (i32.const 2)"),
    "an update after a deletion": `${removed} ${update()}`,
  })
) {
  Deno.test(`${what} costs, answers and is told to the host alike with a permit and without`, () => {
    const body = `${execute} (call $answer (i32.add (local.get $i) (i32.load8_u (i32.const 305))))`;
    const [with_, without] = [engramPermit(), null].map((permit) => engramStep(body, permit, right));
    assert.deepEqual(
      [
        with_?.result.kind === "completed" && { ...with_.result, executionMs: 0 },
        with_?.calls,
        with_?.faults,
      ],
      [without?.result.kind === "completed" && { ...without.result, executionMs: 0 }, without?.calls, []],
    );
  });
}

const answerTo = (execute: string, permit: StepPermit | null, serve: (call: HostCall) => HostAnswer) => {
  const { result, faults } = engramStep(`${execute} (call $answer (local.get $i))`, permit, serve);
  return faults.length > 0 ? faults : answerOf(result);
};
const refusing = (): HostAnswer => ({ status: status.limitReached });

for (
  const [what, execute, permit] of [
    ["content above its size", update().replace("(i32.const 8)", "(i32.const 21)"), engramPermit()],
    ["more bytes than are left", `${update()} ${update()}`, engramPermit(100)],
    ["metadata", update("(i32.const 48) (i32.const 2)"), engramPermit()],
    [
      "no content",
      update().replace("(i32.const 32) (i32.const 8)", "(i32.const 0) (i32.const 0)"),
      engramPermit(),
    ],
    ["another engram", update().replace("(i32.const 2)", "(i32.const 1)"), engramPermit()],
  ] as const
) {
  Deno.test(`an update with ${what} is asked for although there is a permit`, () => {
    let nth = 0;
    const last = execute.split("call $update").length - 1;
    assert.equal(
      answerTo(execute, permit, () => ++nth === last ? refusing() : right({ name: "log", args: [] })),
      -6,
    );
  });
}

Deno.test("a get is asked for again after an update under a permit", () => {
  const serve = (call: HostCall) => call.name === "engram_get" ? refusing() : right(call);
  assert.equal(answerTo(`${update()} ${get()}`, engramPermit(), serve), status.limitReached);
});

Deno.test("a permit ends at a call that stages something and asks", () => {
  const serve = (call: HostCall) => call.name === "engram_delete" ? right(call) : refusing();
  assert.equal(answerTo(`${removed} ${get()}`, engramPermit(), serve), status.limitReached);
});

Deno.test("a worker that answered a get which the host refuses is fenced", () => {
  assert.deepEqual(answerTo(get(), engramPermit(), refusing), [
    "it answered a engram_get that the host refuses",
  ]);
});
