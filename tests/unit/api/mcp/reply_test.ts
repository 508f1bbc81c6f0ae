import assert from "node:assert/strict";
import { SessionEvents } from "../../../../src/api/mcp/event_store.ts";
import { cursorAt, cutText, cutTokens, offsetOf, page, tokensOf } from "../../../../src/api/mcp/reply.ts";
import { EngramError } from "../../../../src/kernel/mod.ts";

const item = (at: number) => ({ structured: { at, content: "word ".repeat(40) }, line: `item ${at}` });

Deno.test("page() takes what fits the budget, at least one item, and says where to go on", () => {
  const items = Array.from({ length: 20 }, (_, at) => item(at));
  const first = page(items, 0, 400);
  assert(first.taken.length > 1 && first.taken.length < 20);
  assert.equal(first.next, first.taken.length);
  assert(tokensOf(JSON.stringify(first.taken)) <= 400);
  assert.equal(page(items, 0, 1).taken.length, 1);
  assert.equal(page(items, 19, 400).next, null);
});

Deno.test("offsetOf() takes a cursor back for the same arguments only", () => {
  const asked = { question: "a" };
  assert.equal(offsetOf(cursorAt(12, asked), asked), 12);
  assert.equal(offsetOf(undefined, asked), 0);
  for (const cursor of [cursorAt(12, { question: "b" }), "x", "MTI", "a".repeat(10_000)]) {
    assert.throws(() => offsetOf(cursor, asked), EngramError);
  }
});

Deno.test("cutText() never ends inside a character", () => {
  for (let length = 1; length < 12; length++) assert(cutText("a👩b👩c👩d", length).isWellFormed());
  assert.equal(cutText("short", 5), "short");
});

Deno.test("cutText() and cutTokens() bound the tokens of any writing", () => {
  for (const text of ["漢字の文、", "1234567890", '{}[]"\\', "\n\u0001", "👩", "plain words "]) {
    const cut = cutText(text.repeat(500), 240);
    assert(cut.length > 20 && tokensOf(JSON.stringify(cut)) <= 82, `${text}: ${cut.length}`);
    assert(tokensOf(JSON.stringify(cutTokens(text.repeat(500), 33))) <= 35);
  }
  assert.equal(cutTokens("a few words", 10), "a few words");
});

Deno.test("tokensOf() counts no text cheaper than four characters a token", () => {
  for (const text of ["a a a a a a", "word ".repeat(100), "日本語", "{}[]", ""]) {
    assert(tokensOf(text) >= text.length / 4);
  }
});

Deno.test("SessionEvents keeps the newest messages of a stream, and refuses to resume where one is gone", async () => {
  const events = new SessionEvents({ storedEventsMax: 3, storedEventsBytesMax: 10_000 });
  const message = (id: number) => ({ jsonrpc: "2.0" as const, id, method: "ping" });
  const ids: string[] = [];
  for (let at = 0; at < 5; at++) ids.push(await events.storeEvent(at === 3 ? "other" : "one", message(at)));
  assert.deepEqual(ids, ["1", "2", "3", "4", "5"]);
  const sent: string[] = [];
  const send = (id: string) => {
    sent.push(id);
    return Promise.resolve();
  };
  assert.equal(await events.replayEventsAfter("3", { send }), "one");
  assert.deepEqual(sent, ["5"]);
  await assert.rejects(events.replayEventsAfter("1", { send }), /no longer kept/);
});
