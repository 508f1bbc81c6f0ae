/**
 * Laws of full mailboxes: no step brings one above its bounds, what a worker answers by itself the host would say too, and
 * what the state counts is what waits.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { mailIsFull, Payload } from "../../src/kernel/mod.ts";
import { firstPermit } from "../../src/host/permit.ts";
import { Desk } from "../unit/host/desk.ts";
import { ask, command, end, World } from "../unit/kernel/worlds.ts";

const grants = [{ capability: "send" as const, scope: ["*"] }];
const sizes = fc.array(fc.nat(12), { maxLength: 8 });
const bounds = fc.record({ mailboxMessagesMax: fc.integer({ min: 1, max: 6 }), mailboxBytesMax: fc.nat(40) });
const waiting = fc.record({ waiting: fc.nat(7), waitingBytes: fc.nat(50) });

Deno.test("no step brings a mailbox above mailboxMessagesMax or mailboxBytesMax", () => {
  using desk = new Desk();
  fc.assert(fc.property(bounds, waiting, sizes, (config, before, bodies) => {
    const hand = desk.scout({ config, grants, peers: { bob: { receives: true, ...before } } });
    for (const size of bodies) hand.call("send_message", "bob", "x".repeat(size));
    const { messages, messageBytes } = hand.session.writes;
    const more = messages.length === 0 ? 0 : 1;
    assert.ok(
      before.waiting + messages.length <= Math.max(config.mailboxMessagesMax, before.waiting * (1 - more)),
    );
    assert.ok(messageBytes === 0 || before.waitingBytes + messageBytes <= config.mailboxBytesMax);
  }));
});

Deno.test("what a permit covers is never refused for a full mailbox", () => {
  using desk = new Desk();
  fc.assert(fc.property(bounds, waiting, sizes, (config, before, bodies) => {
    const hand = desk.scout({ config, grants, peers: { bob: { receives: true, ...before } } });
    const permit = firstPermit(hand.session, { to: "bob", engram: null });
    let { calls, bytes } = permit ?? { calls: 0, bytes: 0 };
    for (const size of bodies) {
      if (calls-- <= 0 || size > Math.min(bytes, permit?.send?.bytesMax ?? 0)) return;
      bytes -= size;
      assert.equal(hand.call("send_message", "bob", "x".repeat(size)), 0);
    }
  }));
});

const names = ["a", "b", "c"];
const tick = fc.array(
  fc.record({
    agent: fc.constantFrom(...names),
    what: fc.constantFrom(
      "execute" as const,
      "execute" as const,
      "execute" as const,
      "unload" as const,
      "load" as const,
    ),
    kind: fc.constantFrom("completed" as const, "completed" as const, "trapped" as const, "lost" as const),
    sends: fc.array(fc.record({ to: fc.constantFrom(...names), size: fc.nat(9) }), { maxLength: 4 }),
  }),
  { maxLength: 3 },
);

Deno.test("the state counts exactly the messages that wait, and is full exactly when they reach a bound", () => {
  fc.assert(
    fc.property(fc.array(tick, { maxLength: 8 }), fc.nat(30), fc.nat(8), (ticks, bytesMax, messagesMax) => {
      const world = new World(
        { mailBytesMax: bytesMax, mailMessagesMax: messagesMax, messagesPerStepMax: 2 },
        names,
      );
      for (const asked of ticks) {
        const ends = new Map(asked.map((one) => [one.agent, one]));
        world.tick(asked.map(({ agent, what }) => command(ask[what](agent))), ({ agent }) => {
          const { kind = "completed", sends = [] } = ends.get(agent ?? "") ?? {};
          const loaded = sends.filter(({ to }) => world.state.agents.has(to));
          return end({
            kind,
            messages: kind === "completed"
              ? loaded.map(({ to, size }) => ({ to, body: Payload.text("x".repeat(size)) }))
              : [],
          });
        });
        const { mail, mailBytes, carried } = world.state;
        const sizeOf = (list: readonly { body: Payload }[]) =>
          list.reduce((sum, { body }) => sum + body.text().length, 0);
        assert.deepEqual(new Map([...mail].map(([id, box]) => [id, sizeOf(box)])), mailBytes);
        const all = [...mail.values(), ...carried.map((step) => step.mail ?? [])].flat();
        assert.equal(mailIsFull(world.state), sizeOf(all) >= bytesMax || all.length >= messagesMax);
      }
    }),
  );
});
