/** The HTTP API by its contract: routes, statuses, bodies, over a real socket. */
import assert from "node:assert/strict";
import { testAgentBase64 } from "../support/agents.ts";
import { client } from "../support/http_client.ts";
import { withHost } from "../support/ports.ts";

Deno.test("engrams are stored, read, changed and forgotten under /v1/engrams", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    const made = await send("POST", "/v1/engrams", { content: "Heron launches on 12 May", source: "a.md" });
    assert.equal(made.status, 201);
    assert.deepEqual([typeof made.body.id, typeof made.body.tick], ["string", "number"]);
    const path = `/v1/engrams/${made.body.id}`;
    assert.equal((await send("GET", path)).body.source, "a.md");
    const changed = await send("PATCH", path, { content: "Heron launches on 19 May" });
    assert.deepEqual([changed.status, changed.body.id], [200, made.body.id]);
    assert.equal((await send("GET", path)).body.content, "Heron launches on 19 May");
    assert.equal(
      (await send("GET", `${path}?at=${made.body.tick}`)).body.content,
      "Heron launches on 12 May",
    );
    const { hits } = (await send("GET", "/v1/search?q=heron&limit=5")).body;
    assert.deepEqual(hits.map((hit: { id: string }) => hit.id), [made.body.id]);
    assert.equal((await send("DELETE", path)).status, 200);
    const gone = await send("GET", path);
    assert.deepEqual([gone.status, gone.body.code], [404, "engram_not_found"]);
  }));

Deno.test("POST /v1/recall answers with hits, their parts, and the model that took part", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    const { id } = (await send("POST", "/v1/engrams", { content: "Heron launches on 12 May" })).body;
    await send("POST", "/v1/engrams", { content: "Lunch is at noon" });
    const { status, body } = await send("POST", "/v1/recall", { question: "When does Heron launch?", k: 1 });
    assert.deepEqual([status, body.model, body.hits.length], [200, null, 1]);
    const [hit] = body.hits;
    assert.deepEqual([hit.id, Object.keys(hit.parts).sort()], [id, ["graph", "lexical", "vector"]]);
    assert.equal((await send("POST", "/v1/recall", { question: "x", k: 101 })).status, 422);
  }));

Deno.test("lists come in pages whose cursors meet every engram once", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    for (let at = 0; at < 7; at++) await send("POST", "/v1/engrams", { content: `memory ${at}` });
    const seen: string[] = [];
    for (let cursor = ""; cursor !== null;) {
      const page = (await send("GET", `/v1/engrams?limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`)).body;
      seen.push(...page.engrams.map((one: { content: string }) => one.content));
      cursor = page.cursor;
    }
    assert.deepEqual(seen.sort(), Array.from({ length: 7 }, (_, at) => `memory ${at}`));
  }));

Deno.test("connections are made, listed and removed under /v1/connections", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    const ids: string[] = [];
    for (const content of ["one", "two"]) ids.push((await send("POST", "/v1/engrams", { content })).body.id);
    const [source, target] = ids;
    const made = await send("POST", "/v1/connections", { source, target, type: "leads_to", weight: 0.5 });
    assert.equal(made.status, 201);
    const { connections } = (await send("GET", "/v1/connections")).body;
    assert.deepEqual(connections.map((one: { id: string }) => one.id), [made.body.id]);
    assert.equal((await send("GET", `/v1/paths?source=${source}&target=${target}`)).body.paths.length, 1);
    assert.equal((await send("DELETE", `/v1/connections/${made.body.id}`)).status, 200);
    const again = await send("DELETE", `/v1/connections/${made.body.id}`);
    assert.deepEqual([again.status, again.body.code], [404, "connection_not_found"]);
  }));

Deno.test("an agent is loaded by upload, run, asked, shown and unloaded under /v1/agents", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    const loaded = await send("POST", "/v1/agents", { id: "counter", wasm: testAgentBase64 });
    assert.deepEqual([loaded.status, loaded.body.agent], [201, "counter"]);
    const ran = await send("POST", "/v1/agents/counter/execute", { action: "count", params: {} });
    assert.deepEqual([ran.status, ran.body.result, typeof ran.body.tick, typeof ran.body.fuel], [
      200,
      1,
      "number",
      "number",
    ]);
    assert.equal((await send("GET", "/v1/agents/counter")).body.steps, 2);
    assert.equal((await send("GET", "/v1/agents/counter/metrics")).status, 200);
    const trapped = await send("POST", "/v1/agents/counter/execute", { action: "trap", params: "x" });
    assert.deepEqual([trapped.status, trapped.body.code, typeof trapped.body.fuel], [
      422,
      "agent_trapped",
      "number",
    ]);
    assert.equal((await send("DELETE", "/v1/agents/counter")).status, 200);
    const none = await send("POST", "/v1/agents/counter/execute", { action: "count" });
    assert.deepEqual([none.status, none.body.code], [404, "agent_not_found"]);
  }));

for (
  const [what, method, path, body, status, code] of [
    [
      "a confidence out of range",
      "POST",
      "/v1/engrams",
      { content: "x", confidence: 2 },
      422,
      "invalid_confidence",
    ],
    ["a wrong type", "POST", "/v1/engrams", { content: 7 }, 422, "invalid_argument"],
    ["an unknown field", "POST", "/v1/engrams", { content: "x", admin: true }, 422, "invalid_argument"],
    ["a time that is none", "POST", "/v1/engrams", { content: "x", time: "soon" }, 422, "invalid_time"],
    ["no content", "POST", "/v1/engrams", {}, 422, "invalid_argument"],
    [
      "an unknown context",
      "POST",
      "/v1/engrams",
      { content: "x", context: "nowhere" },
      404,
      "context_not_found",
    ],
    ["an unknown engram", "PATCH", "/v1/engrams/e9zzz", { content: "x" }, 404, "engram_not_found"],
    ["a module that is none", "POST", "/v1/agents", { id: "a", wasm: "AAAA" }, 422, "module_invalid"],
    ["base64 that is none", "POST", "/v1/agents", { id: "a", wasm: "***" }, 422, null],
    [
      "an unknown limit of the configuration",
      "PATCH",
      "/v1/config",
      { nonsense: 1 },
      422,
      "invalid_argument",
    ],
    ["a context that is there", "POST", "/v1/contexts", { name: "personal" }, 409, "context_exists"],
    ["a limit that is no number", "GET", "/v1/search?q=x&limit=many", undefined, 422, "invalid_argument"],
    ["a tick that never was", "GET", "/v1/log/999999", undefined, 404, "tick_not_found"],
    ["an unknown id", "GET", "/v1/engrams/e9zzz", undefined, 404, "engram_not_found"],
  ] as const
) {
  Deno.test(`${method} ${path.split("?")[0]} refuses ${what} with ${status} and changes nothing`, () =>
    withHost(async ({ address, token }) => {
      const send = client(address, token);
      const before = (await send("GET", "/v1/status")).body.stateHash;
      const answer = await send(method, path, body);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      if (code !== null) assert.equal(answer.body.code, code);
      assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
      assert.equal((await send("GET", "/v1/status")).body.stateHash, before);
    }));
}

Deno.test("an Idempotency-Key again is the same command; with another body it is refused", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    const key = { "idempotency-key": "standup-1" };
    const first = await send("POST", "/v1/engrams", { content: "once" }, key);
    const second = await send("POST", "/v1/engrams", { content: "once" }, key);
    assert.deepEqual([second.status, second.body], [201, first.body]);
    const other = await send("POST", "/v1/engrams", { content: "something else" }, key);
    assert.deepEqual([other.status, other.body.code], [409, "command_id_reused"]);
    assert.equal((await send("GET", "/v1/engrams")).body.engrams.length, 1);
  }));

Deno.test("a request id that was sent comes back, in the header and in a problem", () =>
  withHost(async ({ address, token }) => {
    const { headers, body } = await client(address, token)("GET", "/v1/nothing", undefined, {
      "x-request-id": "mine-7",
    });
    assert.deepEqual([headers.get("x-request-id"), body.requestId], ["mine-7", "mine-7"]);
  }));

Deno.test("an answer of /mcp has a request id and forbids guessing its type, as every other", () =>
  withHost(async ({ address, token }) => {
    const { status, headers } = await client(address, token)("POST", "/mcp", {}, {
      "x-request-id": "mine-8",
    });
    assert.deepEqual([status, headers.get("x-request-id"), headers.get("x-content-type-options")], [
      400,
      "mine-8",
      "nosniff",
    ]);
  }));

Deno.test("a refusal of a host's own route says what could not be done", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    const detail = async (path: string) => (await send("POST", path, { x: 1 })).body.detail;
    assert.match(await detail("/v1/workflows/check"), /^Cannot say what is wrong with a workflow: /);
    assert.match(await detail("/v1/tokens"), /^Cannot make a token for another program: /);
  }));

Deno.test("/healthz and /openapi.json need no token; the description is OpenAPI 3.1", () =>
  withHost(async ({ address, token }) => {
    const health = await fetch(`${address}/healthz`);
    assert.deepEqual([health.status, await health.json()], [200, { ok: true }]);
    const bare = await (await fetch(`${address}/openapi.json`)).json();
    const { body } = await client(address, token)("GET", "/openapi.json");
    assert.match(body.openapi, /^3\.1\./);
    assert.deepEqual(bare, body);
  }));

Deno.test("the host is reached as localhost too", () =>
  withHost(async ({ address, token }) => {
    const { status } = await client(address.replace("127.0.0.1", "localhost"), token)("GET", "/v1/status");
    assert.equal(status, 200);
  }));

Deno.test("/docs is a page that loads nothing but from the host, and needs no token", () =>
  withHost(async ({ address }) => {
    const page = await fetch(`${address}/docs`);
    const text = await page.text();
    assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    const sources = [...text.matchAll(/(?:src|href|spec-url)="([^"]*)"/g)].map(([, source]) => source);
    assert.deepEqual(sources, ["/docs/explorer.js", "/openapi.json"]);
    const script = await fetch(`${address}/docs/explorer.js`);
    assert.match(script.headers.get("content-type") ?? "", /^text\/javascript/);
    assert.match(await script.text(), /customElements\.define/);
  }));

Deno.test("POST /v1/engrams/{id}/supersede and GET /v1/timeline say what the command line and MCP say", () =>
  withHost(async ({ address, token }) => {
    const send = client(address, token);
    const said = { content: "Heron launches on 12 May", time: "2026-03-01" };
    const { id } = (await send("POST", "/v1/engrams", said)).body;
    const made = await send("POST", `/v1/engrams/${id}/supersede`, {
      content: "Heron launches on 14 May",
      time: "2026-03-14",
    });
    assert.deepEqual([made.status, typeof made.body.id], [201, "string"]);
    assert.equal((await send("GET", `/v1/engrams/${id}`)).body.supersededBy, made.body.id);
    const page = await send("GET", `/v1/timeline?about=${id}&limit=1`);
    assert.deepEqual([page.status, page.body.events.map((event: { id: string }) => event.id)], [200, [id]]);
    const next = await send("GET", `/v1/timeline?about=${id}&cursor=${page.body.cursor}`);
    assert.deepEqual(next.body.events.map((event: { id: string }) => event.id), [made.body.id]);
    assert.equal((await send("GET", "/v1/timeline")).status, 422);
    assert.equal((await send("POST", `/v1/engrams/e9100/supersede`, { content: "x" })).status, 404);
  }));
