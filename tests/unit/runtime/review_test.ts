import assert from "node:assert/strict";
import type { WriteOp } from "../../../src/mod.ts";
import type { Runtime } from "../../../src/mod.ts";
import { decide, type ReviewState } from "../../../src/runtime/views/review.ts";
import { codeOf, withRuntime } from "../../support/runtimes.ts";

const proposal = (source: string, target: string, certainty = 0.6): WriteOp => ({
  op: "connect",
  source,
  target,
  type: "proposed",
  metadata: { type: "supersedes", why: "a later value", certainty, state: "open" },
});

async function add(runtime: Runtime, content: string): Promise<string> {
  await runtime.submit({ kind: "write", ops: [{ op: "add", content }] });
  return (await runtime.view({ view: "resolve", what: "engram", text: "@last" })).id;
}

/** Two memories and a proposal between them. */
async function proposed(runtime: Runtime): Promise<{ newer: string; older: string; id: string }> {
  const older = await add(runtime, "The rent is €900."), newer = await add(runtime, "The rent is €950.");
  await runtime.submit({ kind: "write", ops: [proposal(newer, older)] });
  const [item] = await listed(runtime, "open");
  return { newer, older, id: item?.id ?? "" };
}

const listed = async (runtime: Runtime, state: ReviewState) =>
  (await runtime.view({ view: "review", state })).items;

const superseder = async (runtime: Runtime, id: string) =>
  (await runtime.view({ view: "engram", id })).supersededBy;

Deno.test("review lists a proposal with both texts, type, why and certainty", () =>
  withRuntime(async (runtime) => {
    const { id } = await proposed(runtime);
    const { items: [item], next } = await runtime.view({ view: "review" });
    assert.equal(next, null);
    assert.deepEqual([item?.id, item?.state, item?.type, item?.why, item?.certainty], [
      id,
      "open",
      "supersedes",
      "a later value",
      0.6,
    ]);
    assert.deepEqual([item?.source.content, item?.target.content], [
      "The rent is €950.",
      "The rent is €900.",
    ]);
  }));

Deno.test("decide() accepts a proposal by one write that makes the connection and ends the proposal", () =>
  withRuntime(async (runtime) => {
    const { id, newer, older } = await proposed(runtime);
    assert.equal(await superseder(runtime, older), null, "a proposal supersedes nothing");
    const { tick } = await runtime.view({ view: "status" });
    assert.equal((await decide(runtime, "accept", id)).receipt.tick, tick + 1);
    assert.equal(await superseder(runtime, older), newer);
    assert.deepEqual(await listed(runtime, "open"), []);
    assert.deepEqual((await listed(runtime, "accepted")).map(({ type }) => type), ["supersedes"]);
  }));

Deno.test("decide() undoes what was accepted: the connection goes, and the proposal stays rejected", () =>
  withRuntime(async (runtime) => {
    const { id, older } = await proposed(runtime);
    await decide(runtime, "accept", id);
    const [accepted] = await listed(runtime, "accepted");
    await decide(runtime, "undo", accepted?.id ?? "");
    assert.equal(await superseder(runtime, older), null);
    assert.equal((await listed(runtime, "rejected")).length, 1);
    assert.deepEqual(await listed(runtime, "accepted"), []);
  }));

Deno.test("decide() rejects a proposal, and undo opens it again", () =>
  withRuntime(async (runtime) => {
    const { id } = await proposed(runtime);
    await decide(runtime, "reject", id);
    assert.deepEqual((await listed(runtime, "rejected")).map((one) => one.id), [id]);
    assert.equal(await codeOf(decide(runtime, "reject", id)), "wrong_state");
    await decide(runtime, "undo", id);
    assert.deepEqual((await listed(runtime, "open")).map((one) => one.id), [id]);
    assert.equal(await codeOf(decide(runtime, "undo", id)), "wrong_state");
  }));

Deno.test("decide() refuses what is no decision of an agent", () =>
  withRuntime(async (runtime) => {
    const { newer, older } = await proposed(runtime);
    await runtime.submit({
      kind: "write",
      ops: [{ op: "connect", source: newer, target: older, type: "supersedes" }],
    });
    const { connections } = await runtime.view({ view: "export" });
    const own = connections.find(({ type }) => type === "supersedes")?.id ?? "";
    assert.equal(await codeOf(decide(runtime, "undo", own)), "connection_not_found");
    assert.equal(await codeOf(decide(runtime, "accept", "c219130")), "connection_not_found");
  }));

Deno.test("review gives pages by falling id, each decision once", () =>
  withRuntime(async (runtime) => {
    const { newer, older } = await proposed(runtime);
    for (let at = 0; at < 7; at++) {
      const id = await add(runtime, `Note ${at}`);
      await runtime.submit({ kind: "write", ops: [proposal(id, at % 2 === 0 ? newer : older)] });
    }
    const seen: string[] = [];
    for (let after: string | null = null;;) {
      const page: { items: readonly { id: string }[]; next: string | null } = await runtime.view({
        view: "review",
        limit: 3,
        ...(after === null ? {} : { after }),
      });
      seen.push(...page.items.map(({ id }) => id));
      if (page.next === null) break;
      after = page.next;
    }
    assert.equal(new Set(seen).size, 8);
    assert.deepEqual(seen, seen.toSorted().toReversed());
  }));
