/**
 * Laws of write sets: what a step reads of its staged writes is what everyone reads once they are committed, and the
 * writes that are logged make the graph that each staged write in its turn would have made.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Staged } from "../../src/host/write_set.ts";
import type { Write } from "../../src/kernel/mod.ts";
import { type Answered, Desk, type Hand, home, open, writeOpen } from "../unit/host/desk.ts";

const grants = [...writeOpen];
const number = fc.nat({ max: 6 });

/** One call a step may make; numbers choose among the ids there are. */
const call = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("create" as const), n: number }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("update" as const), n: number }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), n: number }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("connect" as const),
      n: number,
      to: number,
      type: fc.constantFrom("mentions", "supersedes"),
      weight: fc.nat({ max: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("join" as const), n: number }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("begin" as const, "rollback" as const, "keep" as const) }),
  },
);
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** A desk with some facts, joined in a row. */
function prepared(): { desk: Desk; ids: string[] } {
  const desk = new Desk();
  const ids = [0, 1, 2, 3].map((n) =>
    desk.add(n === 3 ? home : open, `stored ${n}`, { kind: "fact", by: "scout" })
  );
  for (let at = 1; at < ids.length; at++) desk.link(ids[at - 1] ?? "", ids[at] ?? "");
  return { desk, ids };
}

function perform(hand: Hand, ids: string[], calls: readonly Call[]): void {
  const id = (n: number) => ids[n % ids.length] ?? "";
  for (const one of calls) {
    switch (one.do) {
      case "create":
        ids.push(hand.create(`made ${one.n}`, { kind: "fact" }));
        break;
      case "update":
        hand.update(id(one.n), `changed ${one.n}`);
        break;
      case "delete":
        hand.call("engram_delete", id(one.n));
        break;
      case "connect":
        hand.connect(id(one.n), id(one.to), one.type, one.weight);
        break;
      case "join":
        hand.call("context_add_engram", open, id(one.n));
        break;
      case "begin":
        hand.call("transaction_begin");
        break;
      case "rollback":
        hand.call("transaction_rollback");
        break;
      case "keep":
        hand.call("transaction_commit");
        break;
      default:
        one satisfies never;
    }
  }
}

/** Everything a step can read by id or by walking, free of order where none is promised. */
function readings(hand: Hand, ids: readonly string[]): Answered {
  const sorted = (answer: Answered, name: string) =>
    typeof answer === "number" ? answer : [...answer[name]].map((one) => JSON.stringify(one)).sort();
  return [
    ids.map((id) => hand.get(id)),
    ids.map((id) => hand.call("find_connected_engrams", id, 3, null)),
    ids.map((id) => hand.call("find_connected_engrams", id, 2, "mentions")),
    ids.slice(0, 4).map((id) => hand.call("find_paths", ids[0] ?? "", id, 4)),
    sorted(hand.call("context_get_engrams", open), "engrams"),
    hand.call("search_combined", JSON.stringify({ limit: 100 })).hits.map((hit: { id: string }) => hit.id)
      .sort(),
  ];
}

Deno.test("a step reads its staged writes as everyone reads them once they are committed", () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 14 }), (calls) => {
      const { desk, ids } = prepared();
      using _ = desk;
      const hand = desk.scout({ grants, context: open });
      perform(hand, ids, calls);
      const staged = readings(hand, ids);
      desk.commit(hand.session.writes.writes(), "scout");
      assert.deepEqual(
        readings(desk.scout({ grants, context: open }), ids),
        staged,
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("the writes that are logged make the graph that each staged write in its turn makes", () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 20 }), (calls) => {
      const [logged, all] = [prepared(), prepared()];
      using _ = logged.desk;
      using __ = all.desk;
      const hand = logged.desk.scout({ grants, context: open });
      const each: Write[] = [];
      const saved: number[] = [];
      const { writes } = hand.session;
      // Every write as it is staged, with savepoints undone by hand.
      const stage = writes.stage.bind(writes), begin = writes.begin.bind(writes);
      const rollback = writes.rollback.bind(writes), commit = writes.commit.bind(writes);
      writes.stage = (staged: Staged) => void (each.push(staged.write), stage(staged));
      writes.begin = () => void (saved.push(each.length), begin());
      writes.commit = () => (saved.pop(), commit());
      writes.rollback = () => {
        each.length = saved.pop() ?? each.length;
        return rollback();
      };
      perform(hand, logged.ids, calls);
      logged.desk.commit(writes.writes(), "scout");
      all.desk.commit(each, "scout");
      const view = (desk: Desk) => readings(desk.scout({ grants, context: open }), logged.ids);
      assert.deepEqual(view(all.desk), view(logged.desk));
    }),
    { numRuns: 60 },
  );
});
