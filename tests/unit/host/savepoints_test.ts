import assert from "node:assert/strict";
import { Desk, open, writeOpen } from "./desk.ts";

const peers = { bob: { receives: true } };
const grants = [...writeOpen, { capability: "send" as const, scope: ["*"] }];

Deno.test("a savepoint rolled back leaves no write, no message and no key", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants, peers, context: open });
  hand.create("kept");
  const before = [hand.session.writes.writes(), hand.session.writtenKeys()];
  hand.call("transaction_begin");
  const gone = hand.create("gone");
  hand.call("send_message", "bob", "hi");
  hand.call("context_create", "gone too", null, null);
  assert.equal(hand.call("transaction_rollback"), 0);
  assert.deepEqual([hand.session.writes.writes(), hand.session.writtenKeys()], before);
  assert.deepEqual([hand.session.writes.messages, hand.get(gone), hand.session.context("gone too")], [
    [],
    -1,
    null,
  ]);
});

// proves: engram-4.4-operations, engram-4.4-rollback
Deno.test("what was before a savepoint reads as before after its rollback", () => {
  using desk = new Desk();
  const stored = desk.add(open, "stored", { kind: "fact" }),
    other = desk.add(open, "other", { kind: "fact" });
  const hand = desk.scout({ grants, context: open });
  hand.update(stored, "changed");
  hand.connect(stored, other, "mentions", 1);
  const seen =
    () => [hand.get(stored), hand.get(other), hand.call("find_connected_engrams", stored, 2, null)];
  const before = seen();
  hand.call("transaction_begin");
  hand.update(stored, "changed again");
  hand.connect(stored, other, "mentions", 5);
  hand.connect(other, stored, "supersedes");
  hand.call("engram_delete", other);
  hand.call("transaction_rollback");
  assert.deepEqual(seen(), before);
});

Deno.test("ids of a savepoint rolled back are never used again", () => {
  using desk = new Desk();
  const hand = desk.scout();
  hand.call("transaction_begin");
  const gone = [hand.create("a"), hand.call("context_create", "c", null, null)];
  hand.call("transaction_rollback");
  const kept = [hand.create("b"), hand.call("context_create", "c", null, null)];
  assert.deepEqual(kept.filter((id) => gone.includes(id)), []);
});

Deno.test("an inner commit keeps its work within the outer savepoint only", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants, peers });
  hand.call("transaction_begin");
  hand.call("transaction_begin");
  hand.create("inner");
  hand.call("send_message", "bob", "inner");
  assert.equal(hand.call("transaction_commit"), 0);
  assert.equal(hand.session.writes.messages.length, 1);
  hand.call("transaction_rollback");
  assert.deepEqual([hand.session.writes.size, hand.session.writes.messages.length], [0, 0]);
});

Deno.test("an inner rollback keeps what the outer savepoint did", () => {
  using desk = new Desk();
  const hand = desk.scout();
  hand.call("transaction_begin");
  const kept = hand.create("outer");
  hand.call("transaction_begin");
  const gone = hand.create("inner");
  hand.call("transaction_rollback");
  hand.call("transaction_commit");
  assert.deepEqual([hand.get(kept).content, hand.get(gone)], ["outer", -1]);
});

Deno.test("commit and rollback without a savepoint are −7", () => {
  using desk = new Desk();
  const hand = desk.scout();
  assert.deepEqual([hand.call("transaction_commit"), hand.call("transaction_rollback")], [-7, -7]);
});

Deno.test("what was read inside a savepoint rolled back still counts as read", () => {
  using desk = new Desk();
  const id = desk.add(open, "a");
  const hand = desk.scout({ grants });
  hand.call("transaction_begin");
  hand.get(id);
  hand.call("transaction_rollback");
  assert.deepEqual([...hand.session.reads], [`e:${id}`]);
});
