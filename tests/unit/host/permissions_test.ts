import assert from "node:assert/strict";
import { closed, Desk, home, open, readOpen, writeOpen } from "./desk.ts";

/** Everything a reader could hear of an id: each list, walk and search there is. */
function heard(desk: Desk, options: Parameters<Desk["scout"]>[0], near: string): string {
  const hand = desk.scout(options);
  return JSON.stringify([
    hand.get(near),
    hand.call("search_by_text", "heron", 0, 100),
    hand.call("search_by_text", "heron", 1, 100),
    hand.call("search_by_metadata", "k", "v", 100),
    hand.call("search_combined", JSON.stringify({ includeSuperseded: true, limit: 100 })),
    hand.call("find_connected_engrams", near, 8, null),
    hand.call("changes", 0n, 1000),
    hand.call("context_get_engrams", open),
  ]);
}

// proves: engram-9.2-capabilities, mentat-overview-capability_security, rfc-3.1-declarations
// proves: deploy-1-boundaries
Deno.test("without grants an agent has its own context and nothing else", () => {
  using desk = new Desk();
  const id = desk.add(open, "a heron");
  const hand = desk.scout();
  assert.deepEqual(
    [hand.get(id), hand.update(id, "x"), hand.call("engram_delete", id), hand.connect(id, id)],
    [
      -1,
      -1,
      -1,
      -1,
    ],
  );
  assert.deepEqual(hand.call("search_by_text", "heron", 0, 10), { hits: [] });
  assert.deepEqual(hand.call("context_current"), { id: home, name: "scout" });
  assert.equal(typeof hand.create("mine"), "string");
});

// proves: engram-9.2-contexts, engram-3.2-controlled_sharing
Deno.test("what may not be read is in no list, walk, search or change", () => {
  using desk = new Desk();
  const visible = desk.add(open, "a heron"), hidden = desk.add(closed, "a heron unseen");
  const far = desk.add(open, "a heron far away");
  desk.link(visible, hidden);
  desk.link(hidden, far);
  desk.link(hidden, visible, "supersedes");
  assert.doesNotMatch(heard(desk, { grants: readOpen }, visible), new RegExp(`${hidden}|unseen|${closed}`));
});

Deno.test("a path or walk never passes through what may not be read", () => {
  using desk = new Desk();
  const a = desk.add(open, "a"), hidden = desk.add(closed, "b"), c = desk.add(open, "c");
  desk.link(a, hidden);
  desk.link(hidden, c);
  const hand = desk.scout({ grants: readOpen });
  assert.deepEqual([hand.call("find_paths", a, c, 5), hand.call("find_connected_engrams", a, 5, null)], [
    { paths: [] },
    { connected: [] },
  ]);
  assert.equal(hand.call("find_paths", a, hidden, 5), -1);
});

Deno.test("a hidden engram that supersedes a visible one is not named", () => {
  using desk = new Desk();
  const old = desk.add(open, "tea", { kind: "fact" });
  desk.link(desk.add(closed, "coffee", { kind: "fact" }), old, "supersedes");
  const hand = desk.scout({ grants: readOpen });
  assert.equal(hand.get(old).supersededBy, null);
  const newer = desk.add(open, "mate", { kind: "fact" });
  desk.link(newer, old, "supersedes");
  assert.equal(desk.scout({ grants: readOpen }).get(old).supersededBy, newer);
});

Deno.test("contexts that may not be read are not named on an engram that may", () => {
  using desk = new Desk();
  const id = desk.add(open, "a");
  desk.commit([{ op: "member_add", context: closed, engram: id }], null);
  assert.deepEqual(desk.scout({ grants: readOpen }).get(id).contexts, [open]);
});

Deno.test("a context that may not be read does not exist", () => {
  using desk = new Desk();
  const id = desk.add(open, "a");
  const hand = desk.scout({ grants: writeOpen, peers: { other: { receives: true } } });
  assert.deepEqual(
    [
      hand.call("context_get_engrams", closed),
      hand.call("context_get_engrams", "closed"),
      hand.call("context_add_engram", closed, id),
      hand.call("context_add_agent", closed, "other"),
      hand.call("search_combined", JSON.stringify({ context: "closed" })),
    ],
    [-1, -1, -1, -1, -1],
  );
});

// proves: engram-9.2-capabilities, mentat-overview-capability_security
Deno.test("reading is no writing", () => {
  using desk = new Desk();
  const fact = desk.add(open, "a fact", { kind: "fact" }), other = desk.add(open, "b", { kind: "fact" });
  const hand = desk.scout({ grants: readOpen, context: open, peers: { other: { receives: true } } });
  assert.deepEqual(
    [
      hand.create("new"),
      hand.update(fact, "changed"),
      hand.call("engram_delete", fact),
      hand.connect(fact, other),
      hand.call("context_add_engram", open, fact),
      hand.call("context_add_agent", open, "other"),
    ],
    [-3, -3, -3, -3, -3, -3],
  );
  assert.equal(hand.session.writes.size, 0);
});

Deno.test("a grant to write does not let an agent read", () => {
  using desk = new Desk();
  const id = desk.add(open, "a");
  assert.equal(desk.scout({ grants: [{ capability: "write", scope: ["open"] }] }).get(id), -1);
});

Deno.test("a user's text is never changed, deleted or superseded by an agent", () => {
  using desk = new Desk();
  const note = desk.add(open, "the user's own words");
  const hand = desk.scout({ grants: writeOpen, context: open });
  const fact = hand.create("a fact", { kind: "fact" });
  assert.deepEqual(
    [hand.update(note, "changed"), hand.call("engram_delete", note), hand.connect(fact, note, "supersedes")],
    [-3, -3, -3],
  );
  assert.equal(typeof hand.connect(fact, note, "from"), "string");
});

Deno.test("supersedes needs write on the target's context, other types on either end's", () => {
  using desk = new Desk();
  const there = desk.add(open, "theirs", { kind: "fact" });
  const hand = desk.scout({ grants: readOpen });
  const mine = hand.create("mine", { kind: "fact" });
  assert.deepEqual(
    [hand.connect(mine, there, "supersedes"), typeof hand.connect(mine, there, "contradicts")],
    [
      -3,
      "string",
    ],
  );
  assert.equal(typeof desk.scout({ grants: writeOpen }).connect(there, there, "supersedes"), "string");
});

// proves: engram-3.2-participation, engram-9.2-contexts
Deno.test("an agent that takes part in a context reads and writes it as it was let in", () => {
  using desk = new Desk();
  const id = desk.add(closed, "a", { kind: "fact" });
  desk.commit([{ op: "context_agent_put", context: closed, agent: "scout", access: "read" }], null);
  assert.deepEqual([desk.scout().get(id).content, desk.scout().update(id, "b")], ["a", -3]);
  desk.commit([{ op: "context_agent_put", context: closed, agent: "scout", access: "write" }], null);
  assert.equal(desk.scout().update(id, "b"), 0);
});

// proves: engram-9.2-capabilities, readme-2-brokered, rfc-3.1-declarations
// proves: mentat-overview-capability_security
Deno.test("send needs a grant for that agent, an agent that is there, and one that receives", () => {
  using desk = new Desk();
  const peers = { bob: { receives: true }, deaf: { receives: false }, eve: { receives: true } };
  const grants = [{ capability: "send" as const, scope: ["bob", "deaf", "gone"] }];
  const hand = desk.scout({ grants, peers });
  assert.deepEqual(["bob", "eve", "gone", "deaf"].map((to) => hand.call("send_message", to, "hi")), [
    0,
    -3,
    -1,
    -8,
  ]);
  assert.deepEqual(hand.session.writes.messages.map((message) => message.to), ["bob"]);
});

// proves: engram-4.3-query
Deno.test("a query may read and log, and may not write or send", () => {
  using desk = new Desk();
  const id = desk.add(open, "a", { kind: "fact" });
  const peers = { bob: { receives: true } };
  const grants = [...writeOpen, { capability: "send" as const, scope: ["*"] }];
  const hand = desk.scout({ grants, peers, query: true, context: open });
  assert.deepEqual(
    [
      hand.create("x"),
      hand.update(id, "x"),
      hand.call("engram_delete", id),
      hand.connect(id, id),
      hand.call("context_create", "new", null, null),
      hand.call("context_add_engram", open, id),
      hand.call("context_add_agent", open, "bob"),
      hand.call("send_message", "bob", "hi"),
    ],
    Array(8).fill(-3),
  );
  assert.deepEqual([hand.get(id).content, hand.call("log", 2, "line"), hand.call("transaction_begin")], [
    "a",
    0,
    0,
  ]);
});
