import assert from "node:assert/strict";
import { hasWork, Payload, plan } from "../../../src/kernel/mod.ts";
import { ask, command, end, told, World } from "./worlds.ts";

const planned = (world: World, ...asks: Parameters<typeof command>[0][]) =>
  plan(world.state, asks.map((one) => command(one)), null);

/** Every agent in `from` sends one message to `to`. */
function mail(world: World, from: string, ...to: string[]): void {
  world.tick(
    [command(ask.execute(from))],
    () => end({ messages: to.map((one) => ({ to: one, body: Payload.text("hi") })) }),
  );
}

// proves: readme-2-deterministic_scheduling, readme-4-scheduler, rfc-3.1-fifo, rfc-6-scheduler
Deno.test("plan() puts commands in order of arrival, then workflow steps, then mail in order of loading", () => {
  const waiting = new World({}, ["zeta", "alpha", "sender", "flow"]);
  mail(waiting, "sender", "alpha", "zeta");
  waiting.tick(
    [command(ask.workflow([["one", "flow"]]))],
    (step) => step.mail === null ? end() : end({ kind: "lost" }),
  );
  const steps = plan(waiting.state, [command(ask.write()), command(ask.execute("sender"))], null).steps;
  assert.deepEqual(told(steps), [
    "zeta:receive@6.1",
    "alpha:receive@6.2",
    ":write@7.0",
    "sender:execute@7.1",
    "flow:execute@7.2",
  ]);
});

Deno.test("plan() delivers mail in order of loading, not of sending or of names", () => {
  const world = new World({}, ["zeta", "alpha", "sender"]);
  mail(world, "sender", "alpha", "zeta");
  assert.deepEqual(told(planned(world).steps), ["zeta:receive@5.0", "alpha:receive@5.1"]);
});

Deno.test("plan() gives a step carried over its old place, seat and tick", () => {
  const world = new World({}, ["a", "b"]);
  world.tick(
    [command(ask.execute("a")), command(ask.execute("b"))],
    (step) => end(step.agent === "b" ? { kind: "lost" } : {}),
  );
  assert.deepEqual(told(planned(world, ask.write()).steps), ["b:execute@3.1", ":write@4.0"]);
});

Deno.test("plan() gives an agent one step a tick; the later command waits", () => {
  const world = new World({}, ["a"]);
  const { steps, deferred, seated } = planned(world, ask.execute("a"), ask.query("a"), ask.write());
  assert.deepEqual([told(steps), deferred, seated.map((one) => one.seat)], [
    ["a:execute@2.0", ":write@2.2"],
    [1],
    [0, 2],
  ]);
});

Deno.test("plan() lets an agent's mail and workflow step wait behind its command", () => {
  const world = new World({}, ["a", "sender"]);
  mail(world, "sender", "a");
  world.tick([command(ask.workflow([["one", "a"]])), command(ask.execute("a"))]);
  const { steps } = planned(world, ask.execute("a"));
  assert.deepEqual(told(steps), ["a:execute@5.0"]);
});

Deno.test("plan() refuses what the kernel alone can see, and defers nothing for it", () => {
  const world = new World({}, ["a"]);
  const { refused, steps } = planned(
    world,
    ask.execute("nobody"),
    ask.query("nobody"),
    ask.unload("nobody"),
    ask.configure({ nothing: 1 }),
    ask.workflow([["one", "nobody"]]),
    ask.load("a", { module: "bb" }),
    ask.load("a", { grants: [{ capability: "read", scope: ["x"] }] }),
    ask.write(),
  );
  assert.deepEqual(refused.map(({ index, error }) => [index, error.code]), [
    [0, "agent_not_found"],
    [1, "agent_not_found"],
    [2, "agent_not_found"],
    [3, "invalid_argument"],
    [4, "workflow_unknown_agent"],
    [5, "agent_exists"],
    [6, "agent_exists"],
  ]);
  assert.deepEqual(told(steps), [":write@2.7"]);
});

Deno.test("plan() refuses an action the manifest does not list", () => {
  const world = new World({}, []);
  world.tick([command(ask.load("a", { actions: ["other"] }))]);
  assert.deepEqual(planned(world, ask.execute("a")).refused.map(({ error }) => error.code), [
    "action_unknown",
  ]);
});

Deno.test("plan() finds a second load of the same bytes unchanged", () => {
  const world = new World({}, ["a"]);
  assert.deepEqual(planned(world, ask.load("a")).unchanged, [0]);
});

Deno.test("plan() refuses loads beyond agentsMax and workflows beyond workflowRunsMax", () => {
  const world = new World({ agentsMax: 1, workflowRunsMax: 1 }, ["a"]);
  world.tick([command(ask.workflow([["one", "a"], ["two", "a", "one"]]))]);
  const { refused } = planned(world, ask.load("b"), ask.workflow([["one", "a"]]));
  assert.deepEqual(refused.map(({ error }) => error.code), ["limit_reached", "limit_reached"]);
});

Deno.test("plan() never takes more than stepsPerTickMax; the rest waits", () => {
  const world = new World({ stepsPerTickMax: 2 }, ["a", "b", "c"]);
  const { steps, deferred } = planned(world, ask.execute("a"), ask.execute("b"), ask.execute("c"));
  assert.deepEqual([steps.length, deferred], [2, [2]]);
});

Deno.test("plan() never starts more workflow steps than stepsPerTickMax", () => {
  const world = new World({ stepsPerTickMax: 2 }, ["a", "b", "c"]);
  world.tick([command(ask.workflow([["one", "a"], ["two", "b"], ["three", "c"]]))]);
  assert.equal(planned(world).steps.length, 2);
});

// proves: engram-6.3-execute_workflow, engram-11.3-dependencies, rfc-11-dag
Deno.test("a workflow's independent steps run together, dependent ones after, as declared", () => {
  const world = new World({}, ["a", "b", "c"]);
  world.tick([command(ask.workflow([["last", "a", "x", "y"], ["y", "c"], ["x", "b"]]))]);
  const first = told(planned(world).steps);
  world.tick([]);
  const second = told(planned(world).steps);
  world.tick([]);
  assert.deepEqual([first, second, hasWork(world.state)], [
    ["c:execute@5.0", "b:execute@5.1"],
    ["a:execute@6.0"],
    false,
  ]);
});

Deno.test("a workflow step whose agent is gone fails, and the workflow with it", () => {
  const world = new World({}, ["a", "b"]);
  world.tick([command(ask.workflow([["one", "a"], ["two", "b", "one"]])), command(ask.unload("b"))]);
  world.tick([]);
  const [step] = planned(world).steps;
  assert.match(step?.problem ?? "", /"b" is not loaded/);
});

Deno.test("a mailbox is delivered in parts of messagesPerStepMax, in order of arrival", () => {
  const world = new World({ messagesPerStepMax: 2 }, ["a", "sender"]);
  mail(world, "sender", "a", "a", "a");
  const parts = [1, 2].map(() => {
    const [step] = planned(world).steps;
    world.tick([]);
    return step?.mail?.map((message) => message.index);
  });
  assert.deepEqual(parts, [[0, 1], [2]]);
});

Deno.test("seats given by an entry are taken, with their gaps", () => {
  const world = new World({}, ["a", "b"]);
  const replayed = { seats: [3, 8], seatBase: 12, starts: new Set<string>() };
  const { steps } = plan(world.state, [command(ask.write()), command(ask.execute("a"))], replayed);
  assert.deepEqual(told(steps), [":write@3.3", "a:execute@3.8"]);
});

Deno.test("in replay only the agents of the entry get their mail: a refused command may have kept one busy", () => {
  const world = new World({}, ["a", "b", "sender"]);
  mail(world, "sender", "a", "b");
  const replayed = { seats: [], seatBase: 1, starts: new Set(["b"]) };
  assert.deepEqual(told(plan(world.state, [], replayed).steps), ["b:receive@5.1"]);
});

/** Two agents, mail for one of them, a step that is carried over, or a workflow of two steps. */
function atWork(what: "mail" | "carried" | "workflow"): World {
  const world = new World({}, ["a", "b"]);
  if (what === "mail") mail(world, "b", "a", "a");
  if (what === "carried") world.tick([command(ask.execute("a"))], () => end({ kind: "lost" }));
  if (what === "workflow") world.tick([command(ask.workflow([["one", "a"], ["two", "b", "one"]]))]);
  return world;
}

Deno.test("plan() gives an erasure a tick of its own while mail waits", () => {
  const { steps, deferred } = planned(atWork("mail"), ask.erase("e1"), ask.write());
  assert.deepEqual([told(steps), deferred], [[":erase@4.0"], [1]]);
});

Deno.test("plan() lets carried steps end before an erasure, and begins nothing behind it", () => {
  const world = atWork("carried");
  world.state.mail.set("b", [{ from: "a", to: "b", tick: 3, step: 0, index: 0, body: Payload.text("hi") }]);
  const { steps, deferred } = planned(world, ask.erase("e1"), ask.write(), ask.execute("b"));
  assert.deepEqual([told(steps), deferred], [["a:execute@3.0"], [0, 1, 2]]);
});

Deno.test("plan() lets workflows end before an erasure, and begins no agent's command behind it", () => {
  const world = atWork("workflow");
  const { steps, deferred } = planned(
    world,
    ask.erase("e1"),
    ask.write(),
    ask.execute("b"),
    ask.workflow([["one", "b"]]),
    ask.erase("e2"),
  );
  assert.deepEqual([told(steps), deferred], [[":write@4.1", "a:execute@4.5"], [0, 2, 3, 4]]);
});

Deno.test("plan() leaves room for the workflows that an erasure waits for", () => {
  const world = atWork("workflow");
  world.state.config = { ...world.state.config, stepsPerTickMax: 2 };
  const { steps } = planned(world, ask.erase("e1"), ask.write(), ask.write());
  assert.deepEqual(told(steps), [":write@4.1", "a:execute@4.3"]);
});

Deno.test("an erasure has its turn after a bounded number of ticks, whatever comes behind it", () => {
  const world = atWork("workflow");
  mail(world, "b", "a", "b");
  const conflictsFor = new Map<string, number>();
  let waited = 0;
  for (let ticks = 0; ticks < 50; ticks++) {
    const more = [ask.execute("a"), ask.write(), ask.execute("b"), ask.workflow([["one", "a"]])];
    const commands = [ask.erase("e1"), ...more].map((one) => command(one));
    const { steps } = plan(world.state, commands, null);
    if (steps.some(({ entry }) => entry === "erase")) break;
    waited++;
    world.tick(commands, (step) => {
      const key = `${step.tick}.${step.seat}`, lost = conflictsFor.get(key) ?? 0;
      conflictsFor.set(key, lost + 1);
      return end(lost < 2 ? { kind: "lost", reason: "worker_lost" } : {});
    });
  }
  assert.ok(waited > 0 && waited < 20, `it waited ${waited} ticks`);
});

Deno.test("plan() changes nothing in the state it is given", () => {
  const world = new World({}, ["a", "sender"]);
  mail(world, "sender", "a");
  const before = structuredClone([...world.state.mail]);
  planned(world, ask.execute("sender"), ask.write());
  assert.deepEqual(structuredClone([...world.state.mail]), before);
});

// proves: engram-9.3-execution_limit
Deno.test("the fuel of a step is its command's, else its agent's, else the configuration's", () => {
  const world = new World({ stepFuelMax: 100 }, ["plain"]);
  world.tick([command(ask.load("own", { limits: { stepFuelMax: 50, linearMemoryPagesMax: null } }))]);
  const { steps } = planned(world, ask.execute("plain"), ask.execute("own"));
  const { steps: asked } = planned(world, ask.execute("own", null, 9));
  assert.deepEqual([...steps, ...asked].map((step) => step.fuelMax), [100, 50, 9]);
});
