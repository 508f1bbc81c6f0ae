import assert from "node:assert/strict";
import { decide, type ReviewState } from "../../src/runtime/views/review.ts";
import type { Runtime } from "../../src/mod.ts";
import { loadAgent } from "../support/agent_host.ts";
import { actIn, addFiles, prepare } from "../support/curator_notes_heldback/read.ts";
import { withRuntime } from "../support/runtimes.ts";

const listed = async (runtime: Runtime, state: ReviewState, type: string) =>
  (await runtime.view({ view: "review", state })).items.filter((item) => item.type === type);

const curate = (runtime: Runtime) => actIn(runtime, "curator", "curate");

/** A curator with no memory of what it did. */
async function reload(runtime: Runtime): Promise<void> {
  await runtime.submit({ kind: "agent_unload", agent: "curator" });
  await loadAgent(runtime, "curator");
}

async function curated(runtime: Runtime, older: string, newer: string): Promise<void> {
  await prepare(runtime);
  await addFiles(runtime, [
    { path: "2026-01-10-a.md", text: older },
    { path: "2026-03-10-b.md", text: newer },
  ]);
  await curate(runtime);
}

Deno.test("curator: what a person undoes is not done again, by it or by one freshly loaded", () =>
  withRuntime(async (runtime) => {
    await curated(runtime, "The rent is €900.", "The rent is now €950.");
    const [done] = await listed(runtime, "automatic", "supersedes");
    assert.ok(done !== undefined && (done.certainty ?? 0) >= 0.9);
    await decide(runtime, "undo", done.id);
    for (const again of [curate, reload, curate]) {
      await again(runtime);
      assert.deepEqual(await listed(runtime, "automatic", "supersedes"), []);
      assert.equal((await listed(runtime, "rejected", "supersedes")).length, 1);
    }
  }));

Deno.test("curator: what it is not certain of is proposed, and once rejected not proposed again", () =>
  withRuntime(async (runtime) => {
    await curated(runtime, "The hall is free and open.", "The hall is now booked and closed.");
    assert.deepEqual(await listed(runtime, "automatic", "supersedes"), []);
    const [open] = await listed(runtime, "open", "supersedes");
    assert.ok(open !== undefined && (open.certainty ?? 1) < 0.9);
    assert.equal((await runtime.view({ view: "engram", id: open.target.id })).supersededBy, null);
    await decide(runtime, "reject", open.id);
    for (const again of [curate, reload, curate]) {
      await again(runtime);
      assert.deepEqual(await listed(runtime, "open", "supersedes"), []);
      assert.equal((await listed(runtime, "rejected", "supersedes")).length, 1);
    }
  }));

Deno.test("curator: what a person accepted stays, and is not proposed again", () =>
  withRuntime(async (runtime) => {
    await curated(runtime, "The hall is free and open.", "The hall is now booked and closed.");
    const [open] = await listed(runtime, "open", "supersedes");
    await decide(runtime, "accept", open?.id ?? "");
    for (const again of [curate, reload, curate]) {
      await again(runtime);
      assert.deepEqual(await listed(runtime, "open", "supersedes"), []);
      assert.equal((await listed(runtime, "accepted", "supersedes")).length, 1);
    }
  }));

Deno.test("curator: a sentence that moves in its note keeps what was said to its proposals", () =>
  withRuntime(async (runtime) => {
    await curated(runtime, "The hall is free and open.", "The hall is now booked and closed.");
    const [open] = await listed(runtime, "open", "supersedes");
    await decide(runtime, "reject", open?.id ?? "");
    await addFiles(runtime, [
      { path: "2026-03-10-b.md", text: "It rained.\n\nThe hall is now booked and closed." },
    ]);
    await curate(runtime);
    assert.deepEqual(await listed(runtime, "open", "supersedes"), []);
  }));
