import assert from "node:assert/strict";
import { formatId, hasWork, Payload, type Step, type StepEnd } from "../../../src/kernel/mod.ts";
import { ask, command, end, World } from "./worlds.ts";

const body = Payload.text("hi");
const sends = (...to: string[]) => end({ messages: to.map((one) => ({ to: one, body })) });

Deno.test("a loaded agent has its command's facts and its own context", () => {
  const world = new World();
  world.tick([command(ask.write()), command(ask.load("a", { version: "2.1.0", module: "cc" }))]);
  const { id, version, module, context, loadedTick, loadedSeat, completed } = world.agent("a");
  assert.deepEqual([id, version, module, context, loadedTick, loadedSeat, completed], [
    "a",
    "2.1.0",
    "cc",
    formatId("context", 1, 1, 0),
    1,
    1,
    1,
  ]);
});

Deno.test("an agent loaded again finds the context it had", () => {
  const world = new World({}, ["a"]);
  const { context } = world.agent("a");
  world.tick([command(ask.unload("a"))]);
  world.tick([command(ask.load("a"))]);
  assert.equal(world.agent("a").context, context);
});

Deno.test("an unload forgets mail, also what is sent in the same tick", () => {
  const world = new World({}, ["a", "sender"]);
  world.tick([command(ask.execute("sender"))], () => sends("a"));
  world.tick(
    [command(ask.unload("a")), command(ask.execute("sender"))],
    (step) => step.agent === "sender" ? sends("a") : end(),
  );
  assert.deepEqual([[...world.state.mail.keys()], [...world.state.agents.keys()], hasWork(world.state)], [
    [],
    ["sender"],
    false,
  ]);
});

Deno.test("an unload whose release did not complete unloads all the same", () => {
  const world = new World({}, ["a"]);
  world.tick([command(ask.unload("a"))], () => end({ kind: "trapped" }));
  assert.equal(world.state.agents.size, 0);
});

// proves: rfc-6-messages, rfc-3.1-ipc_hub
Deno.test("messages arrive in schedule order of their senders, then in order of sending", () => {
  const world = new World({}, ["a", "s1", "s2"]);
  world.tick(
    [command(ask.execute("s2")), command(ask.execute("s1"))],
    (step) => end({ messages: [1, 2].map((n) => ({ to: "a", body: Payload.text(`${step.agent} ${n}`) })) }),
  );
  assert.deepEqual(world.state.mail.get("a")?.map((message) => message.body.text()), [
    "s2 1",
    "s2 2",
    "s1 1",
    "s1 2",
  ]);
});

Deno.test("messages of a step that did not complete are never delivered", () => {
  const world = new World({}, ["a", "s"]);
  world.tick([command(ask.execute("s"))], () => ({ ...sends("a"), kind: "trapped" }));
  assert.equal(world.state.mail.size, 0);
});

Deno.test("mail is taken once, whatever the outcome, and kept while its step is carried over", () => {
  const world = new World({}, ["a", "s"]);
  world.tick([command(ask.execute("s"))], () => sends("a"));
  world.tick([], () => end({ kind: "lost" }));
  assert.deepEqual([world.state.mail.size, world.state.carried[0]?.mail?.length], [0, 1]);
  world.tick([], () => end({ kind: "trapped" }));
  assert.equal(hasWork(world.state), false);
});

Deno.test("a query counts as a call but not as a completed step", () => {
  const world = new World({}, ["a"]);
  world.tick([command(ask.query("a"))], () => end({ fuel: 5, memoryOperations: 2 }));
  const { completed, functionCalls, memoryOperations, fuel } = world.agent("a");
  assert.deepEqual([completed, functionCalls, memoryOperations, fuel], [1, 2, 2, 12]);
});

Deno.test("configure takes effect after its tick", () => {
  const world = new World({}, ["a"]);
  const [, step] = world.tick([command(ask.configure({ stepFuelMax: 5 })), command(ask.execute("a"))]);
  assert.deepEqual([step?.step.fuelMax === 5, world.state.config.stepFuelMax], [false, 5]);
});

Deno.test("a workflow ends at its first step that did not complete, and starts nothing after it", () => {
  const world = new World({}, ["a", "b"]);
  world.tick([command(ask.workflow([["one", "a"], ["two", "b"], ["three", "a", "one"]]))]);
  world.tick([], (step) => end(step.agent === "a" ? { kind: "failed" } : {}));
  assert.deepEqual([world.state.runs.size, hasWork(world.state)], [0, false]);
});

Deno.test("a workflow without steps ends in the tick it came in", () => {
  const world = new World();
  world.tick([command(ask.workflow([]))]);
  assert.equal(world.state.runs.size, 0);
});

Deno.test("a workflow waits for a step that is carried over before it ends", () => {
  const world = new World({}, ["a", "b"]);
  world.tick([command(ask.workflow([["one", "a"], ["two", "b"]]))]);
  world.tick([], (step) => end(step.agent === "a" ? { kind: "failed" } : { kind: "lost" }));
  assert.equal(world.state.runs.size, 1);
  world.tick([]);
  assert.equal(world.state.runs.size, 0);
});

/** A choice from a fixed sequence, so that the test is the same every time. */
function chooser(seed: number): (below: number) => number {
  let at = seed;
  return (below) => {
    at = Math.imul(at ^ (at >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return (at >>> 8) % below;
  };
}

// proves: rfc-3.1-state
Deno.test("live state is the state folded from the entries, after any history", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const choose = chooser(seed), names = ["a", "b", "c", "d"];
    const world = new World({ conflictRetriesMax: 1, workerLossMax: 1, messagesPerStepMax: 2 }, ["a", "b"]);
    const someone = () => names[choose(names.length)] ?? "a";
    const asks = [
      () => ask.write(),
      () => ask.execute(someone()),
      () => ask.query(someone()),
      () => ask.load(someone()),
      () => ask.unload(someone()),
      () => ask.configure({ stepFuelMax: 1 + choose(100) }),
      () => ask.workflow([["one", someone()], ["two", someone(), "one"]]),
    ];
    const kinds = ["completed", "completed", "completed", "failed", "lost", "denied"] as const;
    const ends = (step: Step): StepEnd =>
      end({
        kind: kinds[choose(step.entry === "release" ? 3 : kinds.length)] ?? "completed",
        messages: step.entry === "query"
          ? []
          : [{ to: someone(), body }].filter(({ to }) => world.state.agents.has(to)),
        reads: [`e:${choose(3)}`],
        written: [`e:${choose(3)}`],
      });
    for (let tick = 0; tick < 30; tick++) {
      const commands = Array.from(
        { length: choose(4) },
        () => command((asks[choose(asks.length)] ?? ask.write)()),
      );
      world.tick(commands, ends);
      assert.deepEqual(world.folded(), world.state, `seed ${seed}, tick ${tick}`);
    }
  }
});

/** The end of an erasure that took messages out of mailboxes. */
const erased = (messages: number[]) =>
  end({
    recorded: [
      Payload.text(
        JSON.stringify({ ids: [], since: 0, payloads: [], readers: [], images: {}, blobs: [], messages }),
      ),
    ],
  });

Deno.test("advance() takes the messages out of the mailboxes that an erasure names, and no other", () => {
  const world = new World({ messagesPerStepMax: 1 }, ["a", "b", "sender"]);
  const bodies = ["one", "three", "seventeen"].map((text) => ({ to: "a", body: Payload.text(text) }));
  world.tick(
    [command(ask.execute("sender"))],
    () => end({ messages: [...bodies, { to: "b", body: Payload.text("hi") }] }),
  );
  const tick = world.state.tick;
  world.tick([command(ask.erase("e1"))], () => erased([tick, 0, 1, tick, 0, 3]));
  const waiting = (state: typeof world.state) =>
    [...state.mail].map(([to, box]) => [to, box.map(({ body }) => body.text()), state.mailBytes.get(to)]);
  assert.deepEqual(waiting(world.state), [["a", ["one", "seventeen"], 12]]);
  assert.deepEqual(waiting(world.folded()), waiting(world.state));
});
