import assert from "node:assert/strict";
import { holding } from "../../../../src/api/mcp/http.ts";

/** A stream of events of the body given, and what happens to its hold. */
function held(body: ReadableStream<Uint8Array>) {
  const end = new AbortController(), seen = { held: 0, released: 0 };
  const take = () => {
    seen.held++;
    return { ended: end.signal, release: () => seen.released++ };
  };
  const response = holding(new Response(body, { headers: { "content-type": "text/event-stream" } }), take);
  return { response, end, seen };
}

const endless = () => new ReadableStream<Uint8Array>({ pull: (to) => to.enqueue(new Uint8Array([10])) });

Deno.test("a stream lets its hold go when it has ended", async () => {
  const { response, seen } = held(new Blob(["data: 1\n\n"]).stream());
  assert.equal(await response.text(), "data: 1\n\n");
  assert.deepEqual(seen, { held: 1, released: 1 });
});

Deno.test("a stream that breaks lets its hold go, and breaks for its reader too", async () => {
  const body = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error("lost")) });
  const { response, seen } = held(body);
  await assert.rejects(response.text(), /lost/);
  assert.deepEqual(seen, { held: 1, released: 1 });
});

Deno.test("a stream whose reader goes lets its hold go", async () => {
  const { response, seen } = held(endless());
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  assert.deepEqual(seen, { held: 1, released: 1 });
});

Deno.test("a stream ends cleanly with the right to it", async () => {
  const { response, end, seen } = held(endless());
  const reader = response.body?.getReader();
  await reader?.read();
  end.abort();
  let last = await reader?.read();
  while (last?.done === false) last = await reader?.read();
  assert.deepEqual(seen, { held: 1, released: 1 });
});

Deno.test("an answer that is no stream is left as it is", () => {
  const answer = Response.json({});
  assert.equal(holding(answer, () => assert.fail("held")), answer);
});
