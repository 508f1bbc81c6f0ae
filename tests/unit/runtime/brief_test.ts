import assert from "node:assert/strict";
import type { Graph } from "../../../src/graph/mod.ts";
import { estimateTokens } from "../../../src/input/mod.ts";
import type { Write } from "../../../src/kernel/mod.ts";
import { brief } from "../../../src/runtime/views/brief.ts";
import { isDecision, ticked } from "../../../src/runtime/views/brief_rules.ts";
import { withRuntime } from "../../support/runtimes.ts";
import { c, context, e, graphOf, join, link, put, x } from "../graph/support.ts";

const heron = { id: x(0), name: "heron" };

function pageOf(graph: Graph, tokensMax = 800, sinceTick: number | null = null) {
  try {
    const since = sinceTick === null ? null : { tick: sinceTick, time: "2026-03-01T00:00:00.000Z" };
    return brief(graph, { context: heron, since, tokensMax });
  } finally {
    graph.close();
  }
}

const day = (text: string) => ({ observedAt: Date.parse(text), timeSource: "given" as const });
const note = (n: number, text: string, time: string, metadata = {}): Write[] => [
  put(e(n), text, { metadata }, day(time)),
  join(x(0), e(n)),
];
const fact = (n: number, text: string, time: string, metadata = {}): Write[] => [
  put(e(n), text, { metadata }, { kind: "fact", ...day(time) }),
  join(x(0), e(n)),
];
const project = context(x(0), "heron");

Deno.test("brief() shows a decision that notes alone tell, verbatim, with its date and id", () => {
  const page = pageOf(
    graphOf([project, ...note(0, "Lunch was late. We decided to use libSQL.", "2026-02-02")]),
  );
  assert.deepEqual(page.decisions, [
    { id: e(0), text: "We decided to use libSQL.", observedAt: "2026-02-02T00:00:00.000Z", source: null },
  ]);
  assert.match(page.text, /## Decisions\n- 2026-02-02 We decided to use libSQL\. \[e/);
});

Deno.test("brief() lets the curator's fact stand for the sentence it was taken from", () => {
  const text = "We decided to use libSQL.";
  const page = pageOf(graphOf([
    project,
    ...note(0, `Lunch was late. ${text}`, "2026-02-02"),
    ...fact(1, text, "2026-02-02", { decision: true }),
  ]));
  assert.deepEqual(page.decisions.map(({ id }) => id), [e(1)]);
});

Deno.test("brief() shows what was superseded as replaced only", () => {
  const page = pageOf(graphOf([
    project,
    ...fact(0, "Decision: Gull launches on 28 April.", "2026-02-02", { decision: true }),
    ...fact(1, "Gull launches on 12 May.", "2026-03-14", { decision: true }),
    link(c(0), e(1), e(0), "supersedes"),
  ]));
  assert.deepEqual(page.reversals.map(({ id, replaces }) => [id, replaces?.id]), [[e(1), e(0)]]);
  assert.deepEqual([page.decisions, page.newest], [[], []]);
  assert.match(page.text, /12 May\. \(replaces, 2026-02-02: Decision: Gull launches on 28 April\. \[/);
});

Deno.test("brief() shows open tasks, and none that a later note ticked", () => {
  const page = pageOf(graphOf([
    project,
    ...note(0, "- [ ] Write the migration\n- [ ] Call Ana\nTODO: book a room", "2026-02-02"),
    ...note(1, "- [x] write the migration.", "2026-02-03"),
  ]));
  assert.deepEqual(page.tasks.map(({ text }) => text).sort(), ["Call Ana", "TODO: book a room"]);
});

Deno.test("brief() takes no decision and no task from what an assistant said", () => {
  const said = "We decided to use MySQL.\n- [ ] Install MySQL";
  const page = pageOf(graphOf([project, ...note(0, said, "2026-02-02", { speaker: "assistant" })]));
  assert.deepEqual([page.decisions, page.tasks], [[], []]);
});

Deno.test("brief() shows what changed after the tick of the last session, and nothing from before it", () => {
  const graph = graphOf(
    [project, ...note(0, "Herons nest in April.", "2026-02-02")],
    note(1, "Gulls nest in May.", "2026-02-03"),
  );
  const page = pageOf(graph, 800, 0);
  assert.deepEqual([page.changed.map(({ id }) => id), page.newest.map(({ id }) => id)], [[e(1)], [e(0)]]);
});

Deno.test("brief() shows a conversation as one line that counts its turns", () => {
  const turn = (n: number, text: string): Write[] => [
    put(e(n), text, { source: "chat", ref: `m${n}`, thread: "t1" }, { position: n, ...day("2026-02-02") }),
    join(x(0), e(n)),
  ];
  const page = pageOf(
    graphOf([project, ...turn(0, "Where do herons nest?"), ...turn(1, "In trees."), ...turn(2, "OK.")]),
  );
  assert.deepEqual(page.newest.map(({ id, more }) => [id, more]), [[e(0), 2]]);
});

Deno.test("brief() shows nothing of another context", () => {
  const page = pageOf(graphOf([
    project,
    context(x(1), "gull"),
    put(e(0), "We decided to use libSQL.", {}, day("2026-02-02")),
    join(x(1), e(0)),
  ]));
  assert.match(page.text, /Nothing is remembered here yet\. To begin:/);
  assert.doesNotMatch(page.text, /libSQL/);
});

Deno.test("brief() says how to begin where there is no context yet", () => {
  const graph = graphOf([project]);
  const page = brief(graph, { context: null, since: null, tokensMax: 800 });
  graph.close();
  assert.match(page.text, /engramlt remember/);
});

Deno.test("brief() keeps to the tokens asked for and counts what it left out", () => {
  const decisions = Array.from(
    { length: 60 },
    (_, n) =>
      note(
        n,
        `We decided to give room ${n} to the herons, 日本, because it has the widest window.`,
        "2026-02-02",
      ),
  );
  for (const tokensMax of [100, 300, 800]) {
    const page = pageOf(graphOf([project, ...decisions.flat()]), tokensMax);
    assert.ok(page.tokens <= tokensMax, `${page.tokens} of ${tokensMax}`);
    assert.equal(page.tokens, estimateTokens(page.text));
    assert.equal(page.omitted, 60 - page.decisions.length);
    assert.match(page.text, new RegExp(`${page.omitted} more left out`));
  }
});

Deno.test("brief() puts a memory of several lines and control characters on one line", () => {
  const page = pageOf(
    graphOf([project, ...note(0, "Decision: use\x1b[31m libSQL,\tas agreed before by all", "2026-02-02")]),
  );
  assert.equal(page.decisions[0]?.text, "Decision: use [31m libSQL, as agreed before by all");
});

const decided = [
  "We decided to use libSQL.",
  "Decision: ship on Friday",
  "It was agreed that Ana owns the API.",
  "Let's go with Hono.",
  "We've finally settled on Deno.",
];
const undecided = [
  "Have we decided to use libSQL?",
  "We might go with Hono.",
  "If we decided to ship, Ana would know.",
  "We haven't decided yet.",
  "Herons nest in April.",
];
Deno.test("isDecision() knows what was decided from questions, conditions and wishes", () => {
  assert.deepEqual(decided.filter((text) => !isDecision({ text, lead: "" })), []);
  assert.deepEqual(undecided.filter((text) => isDecision({ text, lead: "" })), []);
});

Deno.test("ticked() gives the tasks that are done", () => {
  assert.deepEqual(ticked("- [x] one\n* [X] two\n- [ ] three\n1. [x] four"), ["one", "two", "four"]);
});

Deno.test("view brief gives a client what changed since its own last session, whoever wrote it", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "context_create", name: "heron" });
    const ask = (client: string, session?: string) =>
      runtime.view({
        view: "brief",
        context: "heron",
        client,
        ...(session === undefined ? {} : { session }),
      });
    const add = (content: string) =>
      runtime.submit({ kind: "write", ops: [{ op: "add", content, context: "heron" }] }, { client: "other" });
    await add("Herons nest in April.");
    const first = await ask("cursor");
    await add("Gulls nest in May.");
    const second = await ask("cursor", "s2");
    const again = await ask("cursor", "s2");
    const third = await ask("cursor", "s3");
    const texts = (page: typeof first) => page.changed.map(({ text }) => text);
    assert.equal(first.since, null);
    assert.deepEqual(
      [texts(first), texts(second), texts(again), texts(third)],
      [[], ["Gulls nest in May."], ["Gulls nest in May."], []],
    );
    assert.match(third.text, /Nothing changed since your last session/);
    assert.equal((await ask("codex")).since, null);
  }));

Deno.test("view brief marks a session without a tick", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "write", ops: [{ op: "add", content: "Herons nest in April." }] });
    const before = runtime.status();
    await runtime.view({ view: "brief", client: "cursor" });
    const after = runtime.status();
    assert.deepEqual([after.tick, after.stateHash], [before.tick, before.stateHash]);
  }));

Deno.test("view brief refuses tokens out of bounds and a context that is not there", () =>
  withRuntime(async (runtime) => {
    await assert.rejects(runtime.view({ view: "brief", tokens: 10 }), /tokens 10 is not from 100 to/);
    await assert.rejects(runtime.view({ view: "brief", context: "nowhere" }), /Cannot find context/);
  }));
