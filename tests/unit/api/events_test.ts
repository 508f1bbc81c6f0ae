import assert from "node:assert/strict";
import { readEvents } from "../../../src/api/http/events.ts";

async function read(parts: readonly string[]): Promise<unknown[]> {
  const events: unknown[] = [];
  const body = ReadableStream.from(parts.map((part) => new TextEncoder().encode(part)));
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

Deno.test("readEvents() reads events cut anywhere between chunks", async () => {
  const text = ': ticks\n\nid: 1\nevent: tick\ndata: {"a":1}\n\nid: 2\nevent: tick\ndata: {"a":2}\n\n';
  const whole = await read([text]);
  assert.deepEqual(whole, [{ event: "tick", data: '{"a":1}' }, { event: "tick", data: '{"a":2}' }]);
  for (let at = 1; at < text.length; at++) {
    assert.deepEqual(await read([text.slice(0, at), text.slice(at)]), whole);
  }
});

Deno.test("readEvents() drops an event that broke off", async () => {
  assert.deepEqual(await read(["event: tick\ndata: {}\n"]), []);
});
