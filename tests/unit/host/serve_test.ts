import assert from "node:assert/strict";
import { defaultConfig, Payload } from "../../../src/kernel/mod.ts";
import { Desk, home, open, readOpen, writeOpen } from "./desk.ts";

const big = (bytes: number) => "x".repeat(bytes);

Deno.test("a created engram reads as it was given, in the step's context, at once", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: writeOpen, context: open });
  const metadata = {
    kind: "fact",
    title: "T",
    ref: "r",
    thread: "t",
    position: 3,
    observedAt: "2026-01-02",
    other: 1,
  };
  const id = hand.call("engram_create", "content", "source", 0.5, JSON.stringify(metadata));
  const { by, createdTick: _, updatedTick: __, ...engram } = hand.get(id);
  assert.deepEqual(engram, {
    id,
    kind: "fact",
    content: "content",
    title: "T",
    source: "source",
    ref: "r",
    confidence: 0.5,
    metadata: { other: 1 },
    contexts: [open],
    thread: "t",
    position: 3,
    observedAt: "2026-01-02T00:00:00.000Z",
    timeSource: "given",
    validFrom: null,
    validTo: null,
    supersededBy: null,
  });
  assert.equal(by.agent, "scout");
});

Deno.test("an engram created without a context of the step's joins the agent's own", () => {
  using desk = new Desk();
  const hand = desk.scout();
  assert.deepEqual(hand.get(hand.create("mine")).contexts, [home]);
});

for (
  const [key, wrong] of [
    ["kind", "story"],
    ["kind", 1],
    ["kind", null],
    ["title", 1],
    ["ref", {}],
    ["thread", false],
    ["position", 1.5],
    ["position", "1"],
    ["observedAt", "yesterday"],
    ["observedAt", 5],
    ["validFrom", "2026-02-30"],
    ["validTo", true],
  ] as const
) {
  Deno.test(`the reserved key ${key} with ${JSON.stringify(wrong)} is −2 and writes nothing`, () => {
    using desk = new Desk();
    const hand = desk.scout();
    const id = hand.create("a", { kind: "fact" });
    const size = hand.session.writes.size;
    assert.deepEqual([hand.create("b", { [key]: wrong }), hand.update(id, null, { [key]: wrong })], [-2, -2]);
    assert.equal(hand.session.writes.size, size);
  });
}

Deno.test("engram_update leaves what is absent as it is, and null of a reserved key clears it", () => {
  using desk = new Desk();
  const hand = desk.scout();
  const id = hand.create("a", { title: "T", position: 4, observedAt: "2026-01-02", other: 1 });
  hand.update(id, "b");
  assert.deepEqual([hand.get(id).content, hand.get(id).title, hand.get(id).metadata], ["b", "T", {
    other: 1,
  }]);
  hand.update(id, null, { title: null, observedAt: null });
  const { content, title, position, observedAt, timeSource, metadata } = hand.get(id);
  assert.deepEqual([content, title, position, observedAt, timeSource, metadata], [
    "b",
    null,
    4,
    null,
    "none",
    {},
  ]);
});

Deno.test("an update that changes nothing writes nothing", () => {
  using desk = new Desk();
  const id = desk.add(open, "a", { by: "scout" });
  const hand = desk.scout({ grants: writeOpen });
  assert.deepEqual([hand.update(id, "a"), hand.session.writes.size], [0, 0]);
});

Deno.test("arguments that are none are −2", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: writeOpen });
  const id = hand.create("a");
  const answers = [
    hand.call("engram_create", null, null, 1, null),
    hand.call("engram_create", "", null, 1, null),
    hand.call("engram_create", "a", null, NaN, null),
    hand.call("engram_create", "a", null, 1.1, null),
    hand.call("engram_create", "a", null, 1, "[1]"),
    hand.call("engram_create", "a", null, 1, "{"),
    hand.call("engram_update", id, "", null, NaN, null),
    hand.call("engram_update", id, "b", null, -0.1, null),
    hand.call("engram_update", null, "b", null, NaN, null),
    hand.call("engram_get", null),
    hand.call("engram_delete", null),
    hand.connect(id, id, ""),
    hand.connect(id, id, "t", Infinity),
    hand.connect(id, id, "t", 1, "7"),
    hand.call("search_by_text", null, 0, 1),
    hand.call("search_by_text", "a", 0, -1),
    hand.call("search_by_metadata", "", "v", 1),
    hand.call("search_combined", `{"nothing": 1}`),
    hand.call("search_combined", `{"limit": "9"}`),
    hand.call("search_combined", `{"cursor": "from nowhere"}`),
    hand.call("find_paths", id, id, 0),
    hand.call("find_connected_engrams", id, 0, null),
    hand.call("context_create", "", null, null),
    hand.call("context_add_agent", open, ""),
    hand.call("changes", -1n, 10),
    hand.call("changes", 0n, 0),
    hand.call("log", 5, "x"),
    hand.call("send_message", "", "x"),
  ];
  assert.deepEqual(answers, answers.map(() => -2));
});

Deno.test("what is above a limit is −6", () => {
  using desk = new Desk();
  const config = {
    contentBytesMax: 10,
    metadataBytesMax: 20,
    nameBytesMax: 4,
    messageBytesMax: 5,
    logLineBytesMax: 5,
  };
  const grants = [...writeOpen, { capability: "send" as const, scope: ["*"] }];
  const hand = desk.scout({ grants, config, peers: { bob: { receives: true } } });
  const id = hand.create("a");
  const answers = [
    hand.create(big(11)),
    hand.create("é".repeat(6)),
    hand.create("a", { k: big(30) }),
    hand.create("a", { title: big(17) }),
    hand.update(id, big(11)),
    hand.connect(id, id, big(5)),
    hand.call("send_message", "bob", big(6)),
    hand.call("log", 1, big(6)),
  ];
  assert.deepEqual(answers, answers.map(() => -6));
});

Deno.test("counts above a limit are −6, and what is below stays", () => {
  using desk = new Desk();
  const config = {
    writesPerStepMax: 4,
    sendsPerStepMax: 1,
    logLinesPerStepMax: 1,
    savepointDepthMax: 1,
    mailboxMessagesMax: 2,
  };
  const peers = { bob: { receives: true }, full: { receives: true, waiting: 2 } };
  const grants = [{ capability: "send" as const, scope: ["*"] }];
  const hand = desk.scout({ config, grants, peers });
  assert.deepEqual(["a", "b", "c"].map((text) => typeof hand.create(text)), ["string", "string", "number"]);
  assert.equal(hand.call("context_create", "new", null, null), -6);
  assert.deepEqual(["full", "bob", "bob"].map((to) => hand.call("send_message", to, "x")), [-6, 0, -6]);
  assert.deepEqual([hand.call("log", 1, "x"), hand.call("log", 1, "x")], [0, -6]);
  assert.deepEqual([hand.call("transaction_begin"), hand.call("transaction_begin")], [0, -6]);
});

Deno.test("a message that a mailbox has no bytes left for is −6, whoever sent before; a folder without the limit has none", () => {
  using desk = new Desk();
  const grants = [{ capability: "send" as const, scope: ["*"] }];
  const peers = { bob: { receives: true, waitingBytes: 4 } };
  const hand = desk.scout({ config: { mailboxBytesMax: 10 }, grants, peers });
  const send = (size: number) => hand.call("send_message", "bob", "x".repeat(size));
  assert.deepEqual([send(7), send(4), send(3), hand.call("transaction_begin"), send(2)], [-6, 0, -6, 0, 0]);
  assert.deepEqual([send(1), hand.call("transaction_rollback"), send(2)], [-6, 0, 0]);
  const { mailboxBytesMax: _, ...older } = defaultConfig;
  const peer = { bob: { receives: true, waitingBytes: 2 ** 40 } };
  assert.equal(desk.scout({ older, grants, peers: peer }).call("send_message", "bob", "x"), 0);
});

Deno.test("nothing can be sent in a tick that began with as much mail as may wait in all", () => {
  using desk = new Desk();
  const grants = [{ capability: "send" as const, scope: ["*"] }];
  const hand = desk.scout({ grants, peers: { bob: { receives: true } }, mailIsFull: true });
  assert.equal(hand.call("send_message", "bob", ""), -6);
});

Deno.test("a list above answerBytesMax is −6", () => {
  using desk = new Desk();
  const first = desk.add(open, big(600)), second = desk.add(open, big(600));
  desk.link(first, second);
  const hand = desk.scout({ grants: readOpen, config: { answerBytesMax: 1300 } });
  assert.deepEqual(
    [
      hand.call("context_get_engrams", open),
      hand.call("search_combined", "{}"),
      typeof hand.call("find_connected_engrams", first, 1, null),
    ],
    [-6, -6, "object"],
  );
});

Deno.test("context_get_engrams beyond contextEngramsMax is −6", () => {
  using desk = new Desk();
  for (let n = 0; n < 3; n++) desk.add(open, `${n}`);
  const at = (contextEngramsMax: number) =>
    desk.scout({ grants: readOpen, config: { contextEngramsMax } }).call("context_get_engrams", open);
  assert.deepEqual([at(2), at(3).engrams.length], [-6, 3]);
});

Deno.test("connection_create on what is connected keeps the id and writes only what changes", () => {
  using desk = new Desk();
  const a = desk.add(open, "a"), b = desk.add(open, "b"), id = desk.link(a, b, "mentions", 1);
  const hand = desk.scout({ grants: writeOpen });
  assert.deepEqual([hand.connect(a, b), hand.session.writes.size], [id, 0]);
  assert.deepEqual([hand.connect(a, b, "mentions", 2), hand.session.writes.size], [id, 1]);
  assert.notEqual(hand.connect(b, a), id);
  assert.notEqual(hand.connect(a, b, "from"), id);
});

Deno.test("a connection made twice in one step has one id and one write", () => {
  using desk = new Desk();
  const hand = desk.scout();
  const a = hand.create("a"), b = hand.create("b");
  assert.equal(hand.connect(a, b, "mentions", 1), hand.connect(a, b, "mentions", 2));
  const puts = hand.session.writes.writes().filter((write) => write.op === "connection_put");
  assert.deepEqual(puts.map((write) => write.weight), [2]);
});

Deno.test("the ends of a connection count as read; searches, walks and lists do not", () => {
  using desk = new Desk();
  const a = desk.add(open, "a"), b = desk.add(open, "b"), c = desk.add(open, "c");
  desk.link(a, c);
  const hand = desk.scout({ grants: writeOpen });
  hand.call("search_by_text", "b", 0, 10);
  hand.call("context_get_engrams", open);
  hand.call("changes", 0n, 100);
  assert.deepEqual([...hand.session.reads], []);
  hand.call("find_connected_engrams", a, 3, null);
  assert.deepEqual([...hand.session.reads], [`e:${a}`]);
  hand.connect(a, b);
  assert.deepEqual([...hand.session.reads], [`e:${a}`, `e:${b}`]);
  assert.deepEqual(hand.session.writtenKeys(), [`c:${a}|${b}|mentions`]);
});

Deno.test("reads see what the step itself staged", () => {
  using desk = new Desk();
  const stored = desk.add(open, "stored heron", { kind: "fact" }),
    gone = desk.add(open, "gone heron", { kind: "fact" });
  const hand = desk.scout({ grants: writeOpen, context: open });
  const made = hand.create("made heron", { kind: "fact" });
  hand.update(stored, "stored crane");
  hand.call("engram_delete", gone);
  hand.connect(made, stored);
  const ids = (hits: { id: string }[]) => hits.map((hit) => hit.id).sort();
  assert.deepEqual([hand.get(stored).content, hand.get(gone)], ["stored crane", -1]);
  assert.deepEqual(ids(hand.call("search_by_text", "heron", 0, 10).hits), [made]);
  assert.deepEqual(ids(hand.call("search_by_text", "crane", 0, 10).hits), [stored]);
  assert.deepEqual(
    ids(hand.call("search_combined", JSON.stringify({ context: "open" })).hits),
    [stored, made].sort(),
  );
  assert.deepEqual(hand.call("search_by_text", "heron", 0, 10).hits[0].contexts, [open]);
  assert.deepEqual(ids(hand.call("context_get_engrams", open).engrams), [stored, made].sort());
  assert.deepEqual(
    hand.call("find_connected_engrams", stored, 1, null).connected.map((one: { engram: { id: string } }) =>
      one.engram.id
    ),
    [made],
  );
  assert.deepEqual(hand.call("find_paths", made, stored, 2).paths[0].engrams, [made, stored]);
});

Deno.test("a fact superseded in the same step says so, and searches hide it", () => {
  using desk = new Desk();
  const old = desk.add(open, "tea at four", { kind: "fact" });
  const hand = desk.scout({ grants: writeOpen, context: open });
  const newer = hand.create("tea at five", { kind: "fact" });
  hand.connect(newer, old, "supersedes");
  assert.equal(hand.get(old).supersededBy, newer);
  assert.deepEqual(hand.call("search_by_text", "tea", 0, 10).hits.map((hit: { id: string }) => hit.id), [
    newer,
  ]);
});

Deno.test("a created context is the agent's to use, and its name is taken", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: writeOpen });
  const id = desk.add(open, "a"), made = hand.call("context_create", "plans", "what is planned", `{"k": 1}`);
  assert.deepEqual([
    hand.call("context_create", "plans", null, null),
    hand.call("context_create", "open", null, null),
  ], [
    -4,
    -4,
  ]);
  assert.deepEqual([hand.call("context_add_engram", "plans", id), hand.get(id).contexts], [
    0,
    [open, made].sort(),
  ]);
  assert.deepEqual(hand.call("context_get_engrams", made).engrams.map((one: { id: string }) => one.id), [id]);
});

Deno.test("context_add_engram and context_add_agent twice write once", () => {
  using desk = new Desk();
  const id = desk.add(open, "a");
  const hand = desk.scout({ grants: writeOpen, peers: { bob: { receives: true } } });
  hand.call("context_add_agent", open, "bob");
  const size = hand.session.writes.size;
  assert.deepEqual([hand.call("context_add_engram", open, id), hand.session.writes.size], [0, size]);
  assert.equal(hand.call("context_add_agent", open, "nobody"), -1);
});

Deno.test("recorded answers come from the log in replay, refusals too", () => {
  using desk = new Desk();
  desk.add(open, "heron");
  const live = desk.scout({ grants: readOpen });
  const ask = (hand: typeof live) => [
    hand.call("search_by_text", "heron", 0, 1),
    hand.call("search_combined", `{"cursor": "from nowhere"}`),
    hand.call("search_by_text", "heron", 0, 1),
  ];
  const answers = ask(live);
  using other = new Desk();
  const again = other.scout({ grants: readOpen, recorded: live.session.recorded });
  assert.deepEqual([ask(again), answers[1], again.session.recordedLeft], [answers, -2, 0]);
  assert.deepEqual(again.call("search_by_text", "heron", 0, 1), { end: "recorded_missing" });
});

Deno.test("an erased recorded answer ends the step: it cannot be verified", () => {
  using desk = new Desk();
  const erased = new Payload(null, null, new Uint8Array(32));
  assert.deepEqual(desk.scout({ recorded: [erased] }).call("search_by_text", "a", 0, 1), {
    end: "recorded_missing",
  });
});

Deno.test("recorded results above recordedBytesPerStepMax are −6, in replay as live", () => {
  using desk = new Desk();
  desk.add(open, big(500));
  const config = { recordedBytesPerStepMax: 1500 };
  const ask = (hand: ReturnType<Desk["scout"]>) =>
    [1, 2, 3].map(() => typeof hand.call("search_combined", "{}"));
  const live = desk.scout({ grants: readOpen, config });
  const answers = ask(live);
  const again = desk.scout({ grants: readOpen, config, recorded: live.session.recorded });
  assert.deepEqual([answers.includes("number"), ask(again)], [true, answers]);
});
