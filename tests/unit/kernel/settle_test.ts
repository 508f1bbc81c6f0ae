import assert from "node:assert/strict";
import {
  EngramError,
  Payload,
  plan,
  refusalIn,
  settle,
  type StepEnd,
  type Write,
} from "../../../src/kernel/mod.ts";
import { ask, command, end, put, World } from "./worlds.ts";

/** The outcomes of one tick in which the agents a, b, c … run, in that order, and end so. */
function outcomes(ends: readonly Partial<StepEnd>[], config = {}): string[] {
  const agents = ends.map((_, at) => String.fromCharCode(97 + at));
  const world = new World(config, agents);
  const settled = world.tick(
    agents.map((agent) => command(ask.execute(agent))),
    (step) => end(ends[agents.indexOf(step.agent ?? "")]),
  );
  return settled.map(({ record }) => record?.outcome ?? "struck");
}

for (
  const [what, key] of [
    ["an engram", "e:e1000"],
    ["a connection, by what it joins", "c:e1|e2|mentions"],
    ["a membership", "m:x1|e1"],
    ["a context", "x:x1"],
    ["an agent's place in a context", "a:x1|scout"],
  ] as const
) {
  Deno.test(`a step that wrote ${what} that an earlier one wrote is carried over`, () => {
    assert.deepEqual(outcomes([{ written: [key] }, { written: [key] }]), ["completed", "carried"]);
  });

  Deno.test(`a step that read ${what} that an earlier one wrote is carried over`, () => {
    assert.deepEqual(outcomes([{ written: [key] }, { reads: [key] }]), ["completed", "carried"]);
  });

  Deno.test(`a step that wrote ${what} that an earlier one only read is completed`, () => {
    assert.deepEqual(outcomes([{ reads: [key] }, { written: [key] }]), ["completed", "completed"]);
  });
}

Deno.test("two steps that read the same are both completed", () => {
  assert.deepEqual(outcomes([{ reads: ["e:1"] }, { reads: ["e:1"] }]), ["completed", "completed"]);
});

Deno.test("keys of other things do not conflict", () => {
  assert.deepEqual(
    outcomes([{ written: ["e:1", "c:1|2|t"] }, { written: ["e:2", "c:1|2|u"], reads: ["c:2|1|t"] }]),
    [
      "completed",
      "completed",
    ],
  );
});

Deno.test("what a step that is carried over wrote conflicts with nobody", () => {
  assert.deepEqual(
    outcomes([{ written: ["e:1"] }, { reads: ["e:1"], written: ["e:2"] }, { reads: ["e:2"] }]),
    ["completed", "carried", "completed"],
  );
});

for (const kind of ["failed", "trapped", "out_of_fuel", "lost"] as const) {
  Deno.test(`what a step that ended ${kind} wrote conflicts with nobody`, () => {
    assert.equal(outcomes([{ kind, written: ["e:1"] }, { reads: ["e:1"] }])[1], "completed");
  });

  Deno.test(`a step that ended ${kind} keeps no write, message, log line or memory`, () => {
    const world = new World({}, ["a"]);
    const staged = {
      kind,
      writes: [put("e1000")],
      messages: [{ to: "a", body: Payload.text("hi") }],
      logs: [{ level: 1, text: Payload.text("line") }],
      pages: 9,
    };
    const [only] = world.tick([command(ask.execute("a"))], () => end(staged));
    const { writes, messages, logs, pages } = only?.record ?? {};
    assert.deepEqual([writes, messages, logs, pages], [[], [], [], 0]);
  });

  Deno.test(`a step that ended ${kind} is charged its whole budget`, () => {
    const world = new World({}, ["a"]);
    const [only] = world.tick([command(ask.execute("a", null, 500))], () => end({ kind, fuel: 3 }));
    assert.equal(only?.record?.fuel, 500);
  });
}

Deno.test("a completed step is charged what it used", () => {
  const world = new World({}, ["a"]);
  const [only] = world.tick([command(ask.execute("a", null, 500))], () => end({ fuel: 3 }));
  assert.equal(only?.record?.fuel, 3);
});

Deno.test("a step that was denied, and a direct write, are charged nothing", () => {
  const world = new World({}, ["a"]);
  const settled = world.tick(
    [command(ask.execute("a")), command(ask.write())],
    (step) => end(step.agent === null ? { kind: "lost" } : { kind: "denied" }),
  );
  assert.deepEqual(settled.map(({ record }) => record?.fuel), [0, 0]);
});

/** Runs agent b in conflict until it is not carried any more; its outcomes. */
function untilDone(world: World, ends: Partial<StepEnd>): string[] {
  world.tick([command(ask.execute("b"))], (step) => end(step.agent === "b" ? ends : { written: ["e:1"] }));
  const seen: string[] = [];
  for (let at = 0; at < 20; at++) {
    const record = world.entries.at(-1)?.steps.find((step) => step.agent === "b");
    seen.push(`${record?.outcome} ${record?.tick}.${record?.seat}`);
    if (record?.outcome !== "carried") break;
    world.tick([], (step) => end(step.agent === "b" ? ends : { written: ["e:1"] }));
  }
  return seen;
}

Deno.test("a step whose worker is lost again and again is killed after workerLossMax", () => {
  assert.deepEqual(untilDone(new World({ workerLossMax: 2 }, ["b"]), { kind: "lost" }), [
    "carried 2.0",
    "carried 2.0",
    "killed 2.0",
  ]);
});

// proves: rfc-7-retry
Deno.test("a step in conflict again and again is conflicted after conflictRetriesMax", () => {
  const world = new World({ conflictRetriesMax: 2 }, ["a", "b"]);
  const settle = () =>
    world.tick(
      [command(ask.execute("a")), ...(world.state.carried.length === 0 ? [command(ask.execute("b"))] : [])],
      (step) => end(step.agent === "a" ? { written: ["e:1"] } : { reads: ["e:1"] }),
    ).find(({ step }) => step.agent === "b")?.record?.outcome;
  // Carried over it comes first, so it meets no earlier step: it completes.
  assert.deepEqual([settle(), settle()], ["carried", "completed"]);
  // Two carried over in one tick: the later one meets the earlier one again.
  const both = new World({ conflictRetriesMax: 2 }, ["a", "b", "c", "d"]);
  const seen: (string | undefined)[][] = [];
  both.tick(
    ["a", "b", "c", "d"].map((agent) => command(ask.execute(agent))),
    () => end({ reads: ["e:1"], written: ["e:1"] }),
  );
  for (let at = 0; at < 3; at++) {
    seen.push(both.entries.at(-1)?.steps.map((step) => `${step.agent} ${step.outcome}`) ?? []);
    both.tick([], () => end({ reads: ["e:1"], written: ["e:1"] }));
  }
  assert.deepEqual(seen, [
    ["a completed", "b carried", "c carried", "d carried"],
    ["b completed", "c carried", "d carried"],
    ["c completed", "d conflicted"],
  ]);
});

Deno.test("a refused command is struck out: no record, and its seat stays unused", () => {
  const world = new World({}, ["a"]);
  const refused = new EngramError("engram_not_found", "no such memory");
  const settled = world.tick(
    [command(ask.write()), command(ask.execute("a"))],
    (step) => end(step.agent === null ? { refused } : {}),
  );
  assert.deepEqual(settled.map((one) => [one.refused?.code ?? null, one.record?.seat ?? null]), [
    ["engram_not_found", null],
    [null, 1],
  ]);
});

Deno.test("a refused command conflicts with nobody", () => {
  const world = new World({}, ["a"]);
  const refused = new EngramError("engram_not_found", "no such memory");
  world.tick(
    [command(ask.write()), command(ask.execute("a"))],
    (step) => end(step.agent === null ? { refused, written: ["e:1"] } : { reads: ["e:1"] }),
  );
  assert.deepEqual(world.entries.at(-1)?.steps.map((step) => step.outcome), ["completed"]);
});

for (const kind of ["failed", "trapped", "out_of_fuel", "denied"] as const) {
  Deno.test(`a load whose initialize ended ${kind} is refused and leaves nothing`, () => {
    const world = new World();
    const tick = world.state.tick;
    const [only] = world.tick([command(ask.load("a"))], () => end({ kind }));
    assert.deepEqual([only?.refused?.code, only?.record, world.state.tick], [
      "agent_initialize_failed",
      null,
      tick,
    ]);
  });
}

Deno.test("a load whose worker was lost is tried again; refused later, it is over", () => {
  const world = new World({ workerLossMax: 1 });
  const first = world.tick([command(ask.load("a"))], () => end({ kind: "lost" }));
  const second = world.tick([], () => end({ kind: "lost" }));
  assert.deepEqual([first[0]?.record?.outcome, second[0]?.record?.outcome], ["carried", "killed"]);
  assert.deepEqual([world.state.carried.length, world.state.agents.size], [0, 0]);
});

Deno.test("a command that is refused after it was carried over is over, with its refusal on record", () => {
  const world = new World({}, ["a"]);
  const both = [command(ask.execute("a")), command(ask.write())];
  world.tick(both, (step) => end(step.agent === null ? { reads: ["e:1"] } : { written: ["e:1"] }));
  const refused = new EngramError("engram_not_found", "no such memory");
  const [only] = world.tick([], () => end({ refused }));
  const told = only?.record === null || only === undefined ? null : refusalIn(only.record);
  assert.deepEqual([told?.code, told?.message, world.state.carried.length], [
    "engram_not_found",
    "no such memory",
    0,
  ]);
});

// proves: readme-2-deterministic_scheduling, readme-4-scheduler, rfc-4.1-through_orchestrator
Deno.test("settle() gives the same whatever the order in which ends came", () => {
  const world = new World({}, ["a", "b"]);
  const planned = plan(world.state, [command(ask.execute("a")), command(ask.execute("b"))], null);
  const ends: StepEnd[] = [];
  ends[1] = end({ written: ["e:1"] });
  ends[0] = end({ written: ["e:1"] });
  const outcomes = settle(world.state, planned, ends).map(({ record }) => record?.outcome);
  assert.deepEqual(outcomes, ["completed", "carried"]);
});

Deno.test("settle() changes nothing in the state it is given", () => {
  const world = new World({}, ["a"]);
  const planned = plan(world.state, [command(ask.execute("a"))], null);
  const before = structuredClone(world.state.agents.get("a"));
  settle(world.state, planned, [end({ kind: "lost" })]);
  assert.deepEqual([structuredClone(world.state.agents.get("a")), world.state.carried], [before, []]);
});

Deno.test("a step that writes beyond its agent's quota fails, and what it wrote counts by its entry", () => {
  const world = new World({ agentWrittenBytesMax: 10 }, ["a", "b"]);
  const write = (id: string, text: string) => ({ ...put(id), texts: Payload.text(text) }) as Write;
  const tick = (agent: string, ...texts: string[]) =>
    world.tick(
      [command(ask.execute(agent))],
      () => end({ writes: texts.map((text, at) => write(`e${at}`, text)), written: [`e:${agent}`] }),
    )[0]?.record;
  assert.equal(tick("a", "1234", "567")?.writtenBytes, 7);
  const over = tick("a", "1234");
  assert.deepEqual([over?.outcome, over?.reason, over?.writes, over?.writtenBytes], [
    "failed",
    "it wrote 4 bytes, and 7 before, agentWrittenBytesMax is 10",
    [],
    undefined,
  ]);
  assert.equal(tick("a")?.outcome, "completed"); // it may go on, and write nothing
  assert.equal(tick("b", "1234567890")?.outcome, "completed");
  assert.equal(tick("a", "890")?.writtenBytes, 3);
  assert.deepEqual(world.folded(), world.state);
  world.tick([command(ask.unload("a")), command(ask.load("b"))]);
  world.tick([command(ask.load("a"))]);
  assert.equal(tick("a", "1234567890")?.outcome, "completed"); // loaded anew
  assert.equal(tick("b", "1")?.outcome, "failed");
});

Deno.test("without a quota no entry counts what is written", () => {
  const world = new World({}, ["a"]);
  const [done] = world.tick(
    [command(ask.execute("a"))],
    () => end({ writes: [put("e1")], written: ["e:e1"] }),
  );
  assert.equal("writtenBytes" in (done?.record ?? {}), false);
});

Deno.test("a step that grows beyond the memory of all agents together fails, in the order of the steps", () => {
  const world = new World({ linearMemoryPagesAllMax: 10 }, ["a", "b", "c"]); // a page each
  const grown: Record<string, number> = { a: 5, b: 5, c: 3 };
  const settled = world.tick(
    ["a", "b", "c"].map((agent) => command(ask.execute(agent))),
    ({ agent }) => end({ pages: grown[agent ?? ""] ?? 0, written: [`e:${agent}`] }),
  );
  assert.deepEqual(
    settled.map(({ record }) => [record?.outcome, record?.pages, record?.reason, record?.result !== null]),
    [
      ["completed", 5, "", true],
      ["failed", 0, "it grew by 4 pages, all agents have 7, linearMemoryPagesAllMax is 10", false],
      ["completed", 3, "", true],
    ],
  );
  assert.deepEqual([...world.state.agents.values()].map(({ pages }) => pages), [5, 1, 3]);
  const [load] = world.tick([command(ask.load("d"))], () => end({ pages: 2 }));
  assert.equal(load?.refused?.code, "agent_initialize_failed");
  world.tick([command(ask.unload("a"))]);
  const [again] = world.tick([command(ask.load("d"))], () => end({ pages: 2 }));
  assert.equal(again?.record?.outcome, "completed");
  assert.deepEqual(world.folded(), world.state);
});
