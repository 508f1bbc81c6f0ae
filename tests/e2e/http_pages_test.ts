/** Lists that may grow come in pages whose cursors meet each thing once. */
import assert from "node:assert/strict";
import { testAgentBase64 } from "../support/agents.ts";
import { client } from "../support/http_client.ts";
import { withHost } from "../support/ports.ts";

type Send = ReturnType<typeof client>;

/** All things of a list, three a page. */
async function pages(send: Send, path: string, list: string, key: (one: never) => string): Promise<string[]> {
  const seen: string[] = [];
  const first = `${path}${path.includes("?") ? "&" : "?"}limit=3`;
  for (let cursor: string | null = ""; cursor !== null;) {
    const { status, body } = await send("GET", `${first}${cursor === "" ? "" : `&cursor=${cursor}`}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert(body[list].length <= 3);
    if (body[list].length === 0) assert.equal(body.cursor, null, "an empty page leads on");
    seen.push(...body[list].map(key));
    cursor = body.cursor;
  }
  return seen;
}

const idOf = (one: { readonly id: string }) => one.id;

Deno.test("agents, contexts, memories, links, versions, entries, models, tokens come in pages", () =>
  withHost(async ({ address, token, port }) => {
    const send = client(address, token);
    const loaded: string[] = [];
    for (const id of ["d", "b", "e", "a", "c", "g", "f"]) {
      await send("POST", "/v1/agents", { id, wasm: testAgentBase64 });
      loaded.push(id);
    }
    assert.deepEqual(await pages(send, "/v1/agents", "agents", idOf), loaded);

    const context = (await send("POST", "/v1/contexts", { name: "heron" })).body.id;
    for (let at = 0; at < 6; at++) await send("POST", "/v1/contexts", { name: `context ${at}` });
    const { contexts } = await port.view({ view: "contexts" });
    assert.deepEqual(await pages(send, "/v1/contexts", "contexts", idOf), contexts.map(idOf));

    const made: string[] = [];
    for (let at = 0; at < 6; at++) {
      made.push((await send("POST", "/v1/engrams", { content: `memory ${at}`, context })).body.id);
    }
    assert.deepEqual(await pages(send, `/v1/contexts/${context}`, "engrams", idOf), made);
    assert.deepEqual(
      (await pages(send, "/v1/engrams", "engrams", idOf)).filter((id) => made.includes(id)),
      made,
    );

    const [one = "", ...others] = made;
    const links: string[] = [];
    for (const target of others) {
      links.push(
        (await send("POST", "/v1/connections", { source: target, target: one, type: "leads_to" })).body.id,
      );
    }
    assert.deepEqual(await pages(send, "/v1/connections", "connections", idOf), links);

    const ticks: string[] = [];
    for (let at = 0; at < 6; at++) {
      ticks.push(String((await send("PATCH", `/v1/engrams/${one}`, { content: `version ${at}` })).body.tick));
    }
    const versions = await pages(
      send,
      `/v1/engrams/${one}/versions`,
      "versions",
      (version: { fromTick: number }) => String(version.fromTick),
    );
    assert.deepEqual(versions.slice(1), ticks);

    const { tick } = (await send("GET", "/v1/status")).body;
    const entries = await pages(
      send,
      "/v1/log?from=0",
      "entries",
      (entry: { tick: number }) => String(entry.tick),
    );
    assert.deepEqual(entries, Array.from({ length: tick + 1 }, (_, at) => String(at)));

    for (let at = 0; at < 7; at++) await send("POST", "/v1/tokens", { name: `t${at}`, scope: "read" });
    const tokens = await pages(send, "/v1/tokens", "tokens", (one: { name: string }) => one.name);
    assert.deepEqual(tokens.sort(), Array.from({ length: 7 }, (_, at) => `t${at}`));
    assert.deepEqual(await pages(send, "/v1/models", "models", idOf), []);
    assert.deepEqual(await pages(send, "/v1/review", "items", idOf), []);
  }));

Deno.test("a page goes on rightly after the thing of its cursor is gone", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    for (const id of ["a", "b", "c", "d"]) await send("POST", "/v1/agents", { id, wasm: testAgentBase64 });
    const first = (await send("GET", "/v1/agents?limit=2")).body;
    await send("DELETE", "/v1/agents/b");
    const next = (await send("GET", `/v1/agents?limit=2&cursor=${first.cursor}`)).body;
    assert.deepEqual(next.agents.map(idOf), ["c", "d"]);
  }));

Deno.test("changes since a tick come in pages until nothing is left", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    const made: string[] = [];
    for (let at = 0; at < 5; at++) {
      made.push((await send("POST", "/v1/engrams", { content: `memory ${at}` })).body.id);
    }
    const seen: string[] = [];
    for (let path = "/v1/changes?since=0&limit=2";;) {
      const { changes, cursor } = (await send("GET", path)).body;
      if (changes.length === 0) break;
      seen.push(
        ...changes.flatMap((one: { op: string; id: string }) => one.op === "engram_put" ? [one.id] : []),
      );
      path = `/v1/changes?cursor=${cursor}&limit=2`;
    }
    assert.deepEqual(seen, made);
  }));

for (
  const path of [
    "/v1/agents?cursor=nonsense",
    "/v1/engrams?limit=0",
    "/v1/contexts?limit=1001",
    "/v1/log?cursor=-1",
    "/v1/jobs?cursor=nonsense",
    "/v1/tokens?limit=x",
    "/v1/changes",
  ]
) {
  Deno.test(`GET ${path} is refused by name`, () =>
    withHost(async ({ address, token }) => {
      const { status, body } = await client(address, token)("GET", path);
      assert.deepEqual([status, body.code], [422, "invalid_argument"]);
    }));
}
