import assert from "node:assert/strict";
import { firstPermit } from "../../../src/host/mod.ts";
import { Desk, open, readOpen, writeOpen } from "./desk.ts";

const habit = (engram: string | null, to: string | null = null) => ({ engram, to });
const send = [{ capability: "send" as const, scope: ["*"] }];
const peers = { ann: { receives: true }, deaf: { receives: false }, full: { receives: true, waiting: 2 } };

Deno.test("firstPermit() gives the JSON that engram_get will, and reads nothing yet", () => {
  using desk = new Desk();
  const id = desk.add(open, "Heron", { by: "scout" });
  const hand = desk.scout({ grants: readOpen });
  const permit = firstPermit(hand.session, habit(id));
  assert.equal(hand.session.reads.size, 0);
  assert.equal(permit?.engram?.json, JSON.stringify(hand.get(id)));
});

Deno.test("an update with the longest content that a permit covers is done", () => {
  using desk = new Desk();
  const id = desk.add(open, "Heron", { by: "scout" });
  const config = { stagedBytesPerStepMax: 10_000, contentBytesMax: 5000 };
  const hand = desk.scout({ grants: writeOpen, config });
  const permit = firstPermit(hand.session, habit(id)), update = permit?.engram?.update;
  assert(permit !== null && update !== null && update !== undefined);
  const length = Math.min(update.bytesMax, Math.floor((permit.bytes - update.bytesMore) / 6));
  assert.equal(hand.update(id, "\u0001".repeat(length)), 0);
});

Deno.test("firstPermit() covers no update of what the agent may not change", () => {
  using desk = new Desk();
  const id = desk.add(open, "Heron", { by: "scout" });
  const note = desk.add(open, "A user's text");
  const permits = [
    firstPermit(desk.scout({ grants: readOpen }).session, habit(id)),
    firstPermit(desk.scout({ grants: writeOpen, query: true }).session, habit(id)),
    firstPermit(desk.scout({ grants: writeOpen }).session, habit(note)),
  ];
  assert.deepEqual(permits.map((permit) => [permit?.engram?.id, permit?.engram?.update]), [
    [id, null],
    [id, null],
    [note, null],
  ]);
});

for (
  const [what, to, grants] of [
    ["without a grant", "ann", []],
    ["to nobody", "none", send],
    ["to one that does not receive", "deaf", send],
    ["to a full mailbox", "full", send],
  ] as const
) {
  Deno.test(`firstPermit() covers no send ${what}`, () => {
    using desk = new Desk();
    const hand = desk.scout({ grants, peers, config: { mailboxMessagesMax: 2 } });
    assert.equal(firstPermit(hand.session, habit(null, to)), null);
  });
}

Deno.test("as many sends as firstPermit() covers are done, and no more", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: send, peers, config: { mailboxMessagesMax: 100, sendsPerStepMax: 5 } });
  const calls = firstPermit(hand.session, habit(null, "ann"))?.calls ?? 0;
  const answers = Array.from({ length: calls + 1 }, () => hand.call("send_message", "ann", "x"));
  assert.deepEqual(answers, [0, 0, 0, 0, 0, -6]);
});
