/** A token of scope read can change nothing: at every route, by every tool, whichever way it comes in. */
import type { Client } from "@modelcontextprotocol/client";
import assert from "node:assert/strict";
import fc from "fast-check";
import { createToken, revokeToken } from "../../src/api/tokens/tokens.ts";
import { dataPaths, exists } from "../../src/runtime/data_folder.ts";
import { drawnRequests, requestOf } from "../support/drawn_requests.ts";
import { clientOf, type Era, eras, httpTransport, stdioTransport } from "../support/mcp_clients.ts";
import { type TestHost, withHost } from "../support/ports.ts";

/** A pull that is drawn asks nobody: nothing listens there. */
Deno.env.set("HF_ENDPOINT", "http://127.0.0.1:9");

/** The stream that never ends, and the page, which holds nothing of the host. */
const leftOut = new Set(["/v1/events", "/docs"]);
/** Requests drawn of each route. */
const drawsEach = 8;

const readToken = (data: string) =>
  createToken(dataPaths(data), { name: "reader", scope: "read", expires: null }).token;

/** All that a request could have changed: the state, its tick, the log, and what the host keeps beside it. */
async function whatIs({ port, address, token, data }: TestHost): Promise<unknown> {
  const { stateHash, tick } = await port.view({ view: "status" });
  const get = async (path: string) =>
    await (await fetch(address + path, { headers: { authorization: `Bearer ${token}` } })).json();
  const files = [...Deno.readDirSync(data)].map(({ name }) => name).sort();
  const tokens = dataPaths(data).tokens;
  return {
    stateHash,
    tick,
    models: await get("/v1/models"),
    jobs: await get("/v1/jobs"),
    tokens: exists(tokens) ? Deno.readTextFileSync(tokens) : "",
    files,
  };
}

async function note(host: TestHost): Promise<string> {
  const { results } = await host.port.submit({
    kind: "write",
    ops: [{ op: "add", content: "Heron launches on 12 May" }],
  });
  return JSON.stringify(results).match(/"id":"(\w+)"/)?.[1] ?? assert.fail("no id");
}

Deno.test("a read token changes nothing at any route of the description", () =>
  withHost(async (host) => {
    await note(host);
    const token = readToken(host.data);
    const before = await whatIs(host);
    const statuses = new Map<string, Set<number>>();
    for (const [route, requests] of drawnRequests(leftOut)) {
      for (const drawn of fc.sample(requests, { numRuns: drawsEach, seed: 4100 })) {
        const response = await fetch(requestOf(host.address, token, drawn));
        await response.body?.cancel();
        statuses.set(route, (statuses.get(route) ?? new Set()).add(response.status));
        const acts = ["operate", "admin"].includes(String(drawn.operation["x-scope"]));
        if (acts) assert.equal(response.status, 403, route);
      }
    }
    assert.deepEqual(await whatIs(host), before);
    // Routes that only ever refuse would show nothing.
    assert([...statuses.values()].filter((seen) => seen.has(200)).length >= 12);
  }));

/** A call of each tool there is, each of which would do something for a token that may. */
const callsOf = (id: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> => ({
  remember: { content: "no" },
  supersede: { id, content: "no" },
  relate: { source: id, target: id, type: "supports" },
  forget: { id },
  run: { agent: "tester", action: "echo", params: {} },
  recall: { question: "Heron" },
  ask: { question: "When does Heron launch?" },
  timeline: { about: id },
  why: { id },
});
const reads = ["ask", "recall", "timeline", "why"];

async function tryAll(client: Client, id: string): Promise<void> {
  assert.deepEqual((await client.listTools()).tools.map(({ name }) => name).sort(), reads);
  for (const [name, args] of Object.entries({ ...callsOf(id), erase: { ids: [id] } })) {
    const told = await client.callTool({ name, arguments: args }).then(
      (result) => result.isError === true ? "refused" : "done",
      () => "refused",
    );
    assert.equal(told, reads.includes(name) ? "done" : "refused", name);
  }
  const { resources } = await client.listResources();
  assert(resources.length >= 2);
  for (const { uri } of resources) await client.readResource({ uri });
  for (const { name } of (await client.listPrompts()).prompts) {
    await client.getPrompt({ name, arguments: { question: "Heron" } }).catch(
      () => {/* one needs no argument */},
    );
  }
}

const ways: Readonly<Record<string, (era: Era, host: TestHost, token: string) => Promise<Client>>> = {
  "/mcp": async (era, { address }, token) => {
    const client = clientOf(era);
    await client.connect(httpTransport(address, token));
    return client;
  },
  "engramlt mcp": async (era, { data }, token) => {
    const client = clientOf(era);
    await client.connect(stdioTransport(data, [], undefined, { ENGRAMLT_TOKEN: token }));
    return client;
  },
};

for (const [way, open] of Object.entries(ways)) {
  for (const era of eras) {
    Deno.test(`a read token changes nothing by any tool of ${way} (${era})`, () =>
      withHost(async (host) => {
        const id = await note(host);
        const token = readToken(host.data);
        const before = await whatIs(host);
        const client = await open(era, host, token);
        try {
          await tryAll(client, id);
        } finally {
          await client.close();
        }
        assert.deepEqual(await whatIs(host), before);
      }));
  }
}

Deno.test("engramlt mcp is refused with a token that is none of the host's", () =>
  withHost(async (host) => {
    const client = clientOf("2025-11-25");
    const transport = stdioTransport(host.data, [], undefined, { ENGRAMLT_TOKEN: "0".repeat(64) });
    await assert.rejects(client.connect(transport));
  }));

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
});

Deno.test("a token that is revoked ends its streams of events, its session's streams and its pipe within seconds", () =>
  withHost(async (host) => {
    const token = readToken(host.data),
      other = createToken(dataPaths(host.data), {
        name: "other",
        scope: "read",
        expires: null,
      }).token;
    const headers = (given: string) => ({
      authorization: `Bearer ${given}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    });
    /** Whatever a token keeps open; each resolves when it has ended. */
    const openAll = async (given: string) => {
      const events = await fetch(`${host.address}/v1/events`, { headers: headers(given) });
      const opened = await fetch(`${host.address}/mcp`, {
        method: "POST",
        headers: headers(given),
        body: initialize,
      });
      await opened.text();
      const session = opened.headers.get("mcp-session-id") ?? assert.fail("no session");
      const listening = await fetch(`${host.address}/mcp`, {
        headers: { ...headers(given), "mcp-session-id": session, accept: "text/event-stream" },
      });
      const listen = await fetch(`${host.address}/mcp`, {
        method: "POST",
        headers: {
          ...headers(given),
          "mcp-protocol-version": "2026-07-28",
          "mcp-method": "subscriptions/listen",
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "subscriptions/listen",
          params: {
            notifications: { toolsListChanged: true },
            _meta: {
              "io.modelcontextprotocol/protocolVersion": "2026-07-28",
              "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
              "io.modelcontextprotocol/clientCapabilities": {},
            },
          },
        }),
      });
      assert.deepEqual([events.status, listening.status, listen.status], [200, 200, 200]);
      const piped = clientOf("2025-11-25");
      const pipe = Promise.withResolvers<void>();
      piped.onclose = () => pipe.resolve();
      await piped.connect(stdioTransport(host.data, [], undefined, { ENGRAMLT_TOKEN: given }));
      return {
        ends: [events.text(), listening.text(), listen.text(), pipe.promise],
        close: () => piped.close(),
        ping: () => piped.ping(),
      };
    };
    const mine = await openAll(token);
    const theirs = await openAll(other);
    let anyOfTheirs = false;
    const watched = Promise.race(theirs.ends).then(() => anyOfTheirs = true);
    revokeToken(dataPaths(host.data), "reader");
    const [events] = await Promise.all(mine.ends);
    assert.match(String(events), /event: dropped\ndata: {"reason":"token"/);
    await theirs.ping();
    assert.equal(anyOfTheirs, false);
    revokeToken(dataPaths(host.data), "other");
    await Promise.all([watched, ...theirs.ends]);
    await Promise.all([mine.close(), theirs.close()]);
  }));
