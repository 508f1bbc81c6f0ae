import assert from "node:assert/strict";
import type { Runtime } from "../../../src/mod.ts";
import type { View } from "../../../src/runtime/port.ts";
import { supersedeOps } from "../../../src/runtime/supersede.ts";
import { codeOf, withRuntime } from "../../support/runtimes.ts";

type Asked = Omit<Extract<View, { view: "timeline" }>, "view">;

const timeline = (runtime: Runtime, asked: Asked) => runtime.view({ view: "timeline", ...asked });
const contents = async (runtime: Runtime, asked: Asked) =>
  (await timeline(runtime, asked)).events.map(({ content }) => content);

async function add(runtime: Runtime, content: string, time: string, context?: string): Promise<string> {
  const more = context === undefined ? {} : { context };
  const receipt = await runtime.submit({ kind: "write", ops: [{ op: "add", content, time, ...more }] });
  return (receipt.results as { id: string }[])[0]?.id ?? assert.fail("no id");
}

async function supersede(runtime: Runtime, id: string, content: string, time: string): Promise<string> {
  const ops = supersedeOps(await runtime.view({ view: "engram", id }), { content, time });
  const receipt = await runtime.submit({ kind: "write", ops });
  return (receipt.results as { id: string }[])[0]?.id ?? assert.fail("no id");
}

Deno.test("a timeline of words is what recall finds, by when it was so and not by when it was written", () =>
  withRuntime(async (runtime) => {
    await add(runtime, "Heron launches on 14 May", "2026-03-14");
    await add(runtime, "Heron launches on 12 May", "2026-03-01");
    await add(runtime, "Lunch is at noon", "2026-03-05");
    const found = await contents(runtime, { about: "heron" });
    assert.deepEqual(found, ["Heron launches on 12 May", "Heron launches on 14 May"]);
  }));

Deno.test("a timeline of words leaves out what is merely linked with the same thing", () =>
  withRuntime(async (runtime) => {
    const thing = await runtime.submit({
      kind: "write",
      ops: [{ op: "add", kind: "thing", content: "Heron" }],
    });
    const target = (thing.results as { id: string }[])[0]?.id ?? assert.fail("no id");
    for (const content of ["The workshop moved", "Priya rang", "Jonas slept", "Coffee was good"]) {
      const source = await add(runtime, content, "2026-03-01");
      await runtime.submit({
        kind: "write",
        ops: [{ op: "connect", source, target, type: "mentions" }],
      });
    }
    assert.deepEqual(await contents(runtime, { about: "workshop" }), ["The workshop moved"]);
    const { hits } = await runtime.view({ view: "recall", question: "workshop", k: 10 });
    assert.ok(hits.some(({ content }) => content === "Priya rang"));
  }));

Deno.test("a timeline of words leaves out pages that quote others", () =>
  withRuntime(async (runtime) => {
    await add(runtime, "Heron launches on 12 May", "2026-03-01");
    const op = {
      op: "add",
      kind: "digest",
      content: 'New: "Heron launches on 12 May"',
      time: "2026-03-02",
    } as const;
    await runtime.submit({ kind: "write", ops: [op] });
    assert.deepEqual(await contents(runtime, { about: "heron" }), ["Heron launches on 12 May"]);
  }));

Deno.test("a timeline of a memory has its versions, those of its chain, and what superseded which", () =>
  withRuntime(async (runtime) => {
    const first = await add(runtime, "Heron launches on 12 May", "2026-03-01");
    await runtime.submit({
      kind: "write",
      ops: [{ op: "update", id: first, content: "Heron launches on 13 May", time: "2026-03-02" }],
    });
    const second = await supersede(runtime, first, "Heron launches on 14 May", "2026-03-14");
    for (const about of [first, second, second.slice(0, -1), "@last"]) {
      const { events } = await timeline(runtime, { about });
      assert.deepEqual(
        events.map(({ id, content, supersededBy }) => [id, content.slice(-6), supersededBy]),
        [[first, "12 May", null], [first, "13 May", second], [second, "14 May", null]],
        about,
      );
    }
  }));

Deno.test("a timeline keeps what lies in a span, both ends included, and of a day its end", () =>
  withRuntime(async (runtime) => {
    for (const day of ["01", "02", "03", "04"]) {
      await add(runtime, `heron ${day}`, `2026-03-${day}T18:00:00Z`);
    }
    const span = { about: "heron", since: "2026-03-02", until: "2026-03-03" };
    assert.deepEqual(await contents(runtime, span), ["heron 02", "heron 03"]);
    assert.deepEqual(await contents(runtime, { about: "heron", until: "2026-03-01T17:59:59Z" }), []);
    assert.equal(await codeOf(timeline(runtime, { about: "heron", since: "soon" })), "invalid_time");
  }));

Deno.test("cursors of a timeline meet every event once, also where others write meanwhile", () =>
  withRuntime(async (runtime) => {
    const id = await add(runtime, "heron 0", "2026-03-01");
    for (let at = 1; at < 7; at++) {
      await runtime.submit({ kind: "write", ops: [{ op: "update", id, content: `heron ${at}` }] });
    }
    const seen: string[] = [];
    let cursor: string | undefined, pages = 0;
    do {
      const page = await timeline(runtime, {
        about: id,
        limit: 3,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.events.map(({ content }) => content));
      if (pages++ === 0) {
        await runtime.submit({
          kind: "write",
          ops: [{ op: "update", id, content: "earlier", time: "2026-01-01" }],
        });
      }
      cursor = page.cursor;
    } while (cursor !== undefined && pages < 9);
    assert.deepEqual(seen, Array.from({ length: 7 }, (_, at) => `heron ${at}`));
  }));

Deno.test("a timeline refuses a cursor of another one, a limit out of range, nothing, and an id that is none", () =>
  withRuntime(async (runtime) => {
    for (const day of ["01", "02"]) await add(runtime, `heron stork ${day}`, `2026-03-${day}`);
    const { cursor = "" } = await timeline(runtime, { about: "heron", limit: 1 });
    assert.notEqual(cursor, "");
    const refused: readonly (readonly [Asked, string])[] = [
      [{ about: "stork", cursor }, "invalid_argument"],
      [{ about: "heron", cursor: "x" }, "invalid_argument"],
      [{ about: "heron", limit: 1001 }, "invalid_argument"],
      [{ about: "  " }, "invalid_argument"],
      [{ about: "e1900" }, "engram_not_found"],
      [{ about: "heron", context: "nowhere" }, "context_not_found"],
    ];
    for (const [asked, code] of refused) {
      assert.equal(await codeOf(timeline(runtime, asked)), code, JSON.stringify(asked));
    }
  }));

Deno.test("a word that looks like an id is looked for as a word, and @last is the last of what is read", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "context_create", name: "work" });
    await add(runtime, "The engine is oiled every year", "2026-03-01", "work");
    await add(runtime, "Tea at four", "2026-03-02");
    assert.deepEqual(await contents(runtime, { about: "engine" }), ["The engine is oiled every year"]);
    assert.deepEqual(await contents(runtime, { about: "@last" }), ["Tea at four"]);
    assert.deepEqual(await contents(runtime, { about: "@last", contexts: ["work"] }), [
      "The engine is oiled every year",
    ]);
    assert.deepEqual(await contents(runtime, { about: "tea", context: "work" }), []);
  }));
