import assert from "node:assert/strict";
import { firstPermit, permitWithin } from "../../../src/host/mod.ts";
import type { Payload } from "../../../src/kernel/mod.ts";
import type { StepPermit } from "../../../src/sandbox/mod.ts";
import { Desk, type Hand, open, readOpen, writeOpen } from "./desk.ts";

/** Two engrams joined by `hubs` others, each to both. */
function joined(desk: Desk, hubs: number): readonly [string, string] {
  const from = desk.add(open, "from", { by: "scout" }), to = desk.add(open, "to", { by: "scout" });
  for (let nth = 0; nth < hubs; nth++) {
    const hub = desk.add(open, `hub ${nth}`, { by: "scout" });
    desk.link(from, hub);
    desk.link(hub, to);
  }
  return [from, to];
}

const workOf = (hand: Hand, call: (hand: Hand) => unknown): number => {
  const before = hand.session.work;
  call(hand);
  return hand.session.work - before;
};

const recordedCalls: Readonly<Record<string, (hand: Hand, ids: readonly [string, string]) => unknown>> = {
  search: (hand) => hand.call("search_by_text", "hub", 0, 10),
  "a search of metadata": (hand) => hand.call("search_by_metadata", "k", "v", 10),
  "a search that is refused": (hand) => hand.call("search_combined", '{"text":"hub","cursor":"none"}'),
  recall: (hand) => hand.call("recall", "Which hub?", "{}"),
  similarity: (hand, [from, to]) => hand.call("similarity", from, to),
};
for (const [what, call] of Object.entries(recordedCalls)) {
  Deno.test(`${what} takes the same work live and from the log, whatever was superseded`, () => {
    using desk = new Desk();
    const ids = joined(desk, 3);
    desk.link(ids[1], ids[0], "supersedes");
    const step = (recorded: readonly Payload[] | null) => {
      const hand = desk.scout({ grants: writeOpen, context: open, recorded });
      hand.create("a hub that is staged");
      const work = workOf(hand, () => call(hand, ids));
      return { work, recorded: hand.session.recorded };
    };
    const live = step(null);
    assert.ok(live.work > 0);
    assert.equal(live.recorded.length, 1);
    assert.equal(step(live.recorded).work, live.work);
  });
}

Deno.test("a search takes more over what is staged, and more where it says more", () => {
  using desk = new Desk();
  const search = (limit: number, staged: number) => {
    const hand = desk.scout({ grants: writeOpen, context: open });
    for (let nth = 0; nth < staged; nth++) hand.create(`hub ${"x".repeat(1000)}`);
    return workOf(hand, () => hand.call("search_by_text", "hub", 0, limit));
  };
  const bare = search(1, 0);
  assert.ok(search(1, 100) > bare + 2000);
  assert.ok(search(100, 100) > search(1, 100));
});

const walks: Readonly<Record<string, (hand: Hand, ids: readonly [string, string]) => unknown>> = {
  find_paths: (hand, [from, to]) => hand.call("find_paths", from, to, 2),
  find_connected_engrams: (hand, [from]) => hand.call("find_connected_engrams", from, 2, null),
  "find_connected_engrams of no type": (hand, [from]) => hand.call("find_connected_engrams", from, 2, "none"),
  changes: (hand) => hand.call("changes", 0n, 1000),
  context_get_engrams: (hand) => hand.call("context_get_engrams", open),
};
for (const [what, call] of Object.entries(walks)) {
  Deno.test(`${what} takes work by what it looks at`, () => {
    const of = (hubs: number) => {
      using desk = new Desk();
      const ids = joined(desk, hubs);
      return workOf(desk.scout({ grants: readOpen }), (hand) => call(hand, ids));
    };
    assert.ok(of(40) >= of(2) + 38 * 5);
  });
}

Deno.test("a walk over staged connections looks at those of the engrams on its way alone", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: writeOpen, context: open });
  const chain = (length: number): string[] => {
    const ids = Array.from({ length }, (_, nth) => hand.create(`engram ${nth}`));
    for (let nth = 1; nth < length; nth++) hand.connect(ids[nth - 1] ?? "", ids[nth] ?? "");
    return ids;
  };
  const ids = chain(5);
  const paths = (what: Hand) => what.call("find_paths", ids[0] ?? "", ids[4] ?? "", 4).paths.length;
  const before = workOf(hand, paths);
  chain(500);
  assert.equal(workOf(hand, paths), before);
  assert.equal(paths(hand), 1);
});

Deno.test("an engram superseded many times takes the work of reading by what", () => {
  using desk = new Desk();
  const [id] = joined(desk, 0);
  const get = () => workOf(desk.scout({ grants: readOpen }), (hand) => hand.get(id));
  const bare = get();
  for (let nth = 0; nth < 50; nth++) desk.link(desk.add(open, `newer ${nth}`), id, "supersedes");
  assert.ok(get() >= bare + 50 * 5);
});

Deno.test("a rollback takes work by what it undoes", () => {
  using desk = new Desk();
  const undo = (staged: number) => {
    const hand = desk.scout({ grants: writeOpen, context: open });
    hand.call("transaction_begin");
    for (let nth = 0; nth < staged; nth++) hand.create("x");
    return workOf(hand, () => hand.call("transaction_rollback"));
  };
  assert.ok(undo(100) > undo(0) + 500);
});

Deno.test("a guess of what a step will do takes no work", () => {
  using desk = new Desk();
  const [id, newer] = joined(desk, 0);
  desk.link(newer, id, "supersedes");
  const hand = desk.scout({ grants: writeOpen });
  assert.ok(firstPermit(hand.session, { engram: id, to: null })?.engram);
  assert.equal(hand.session.work, 0);
});

for (const workLeft of [300, 5000, 100_000]) {
  Deno.test(`what a permit within ${workLeft} units covers takes no more`, () => {
    using desk = new Desk();
    const peers = { ann: { receives: true } };
    const grants = [...writeOpen, { capability: "send" as const, scope: ["*"] }];
    const longest = desk.add(open, "x".repeat(7000), { by: "scout" });
    const guess = () =>
      firstPermit(desk.scout({ grants, peers }).session, { engram: longest, to: "ann" }) as StepPermit;
    const permit = permitWithin(guess(), workLeft);
    if (permit === null) return assert.ok(workLeft < 1000);
    const spend: readonly ((hand: Hand) => void)[] = [
      (hand) => Array.from({ length: permit.calls }).forEach(() => hand.get(longest)),
      (hand) => {
        let bytes = permit.bytes;
        for (let nth = 0; nth < permit.calls; nth++) {
          const size = Math.min(bytes, permit.send?.bytesMax ?? 0);
          bytes -= size;
          hand.call("send_message", "ann", "x".repeat(size));
        }
      },
    ];
    for (const all of spend) {
      const hand = desk.scout({ grants, peers });
      all(hand);
      assert.ok(hand.session.work > 0 && hand.session.work <= workLeft, `${hand.session.work}`);
    }
  });
}

Deno.test("a permit with work enough is not cut, and none is left without work", () => {
  const permit: StepPermit = { calls: 10, bytes: 100, send: null, engram: null };
  assert.equal(permitWithin(permit, Infinity), permit);
  assert.equal(permitWithin(permit, 1_000_000), permit);
  assert.equal(permitWithin(permit, 10), null);
});
