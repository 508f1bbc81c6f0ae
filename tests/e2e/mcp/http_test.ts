/** /mcp as hostile and as older clients meet it. */
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InMemoryTransport } from "@modelcontextprotocol/client";
import assert from "node:assert/strict";
import { mcpHttp, mcpServer } from "../../../src/api/mcp/mod.ts";
import { clientOf } from "../../support/mcp_clients.ts";
import { withHost } from "../../support/ports.ts";
import { sendRaw } from "../../support/raw_http.ts";
import { withRuntime } from "../../support/runtimes.ts";

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
});

function headersOf(token: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    ...more,
  };
}

Deno.test("/mcp serves the official client of the first generation", () =>
  withHost(async ({ address, token }) => {
    const client = new OldClient({ name: "old", version: "1" });
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    await client.connect(new OldTransport(new URL("/mcp", address), { requestInit }));
    const made = await client.callTool({ name: "remember", arguments: { content: "from long ago" } });
    assert.equal(made.isError ?? false, false);
    assert.equal((await client.listTools()).tools.length, 9);
    await client.close();
  }));

Deno.test("/mcp answers nobody without the token", () =>
  withHost(async ({ address, token }) => {
    for (const headers of [{}, headersOf("0".repeat(64)), headersOf(`${token}0`)]) {
      const response = await fetch(`${address}/mcp`, { method: "POST", headers, body: initialize });
      assert.equal(response.status, 401);
      await response.body?.cancel();
    }
  }));

Deno.test("/mcp refuses a foreign Host and a foreign Origin", () =>
  withHost(async ({ address, token }) => {
    const foreign = await fetch(`${address}/mcp`, {
      method: "POST",
      headers: headersOf(token, { origin: "http://evil.example" }),
      body: initialize,
    });
    assert.equal(foreign.status, 403);
    await foreign.body?.cancel();
    const { port } = new URL(address);
    const head = [
      "POST /mcp HTTP/1.1",
      "Host: evil.example",
      `Authorization: Bearer ${token}`,
      "Content-Type: application/json",
      `Content-Length: ${initialize.length}`,
      "Connection: close",
    ].join("\r\n");
    assert.equal((await sendRaw(Number(port), `${head}\r\n\r\n${initialize}`)).status, 403);
  }));

Deno.test("/mcp tells what is wrong with a request, and no internals", () =>
  withHost(async ({ address, token }) => {
    const post = async (body: string, headers: Readonly<Record<string, string>> = {}) => {
      const response = await fetch(`${address}/mcp`, {
        method: "POST",
        headers: headersOf(token, headers),
        body,
      });
      return { status: response.status, text: await response.text() };
    };
    const wrong: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
      ["{", {}, 400],
      ["null", {}, 400],
      ["[]", {}, 400],
      ['"text"', {}, 400],
      [initialize, { "content-type": "text/plain" }, 415],
      [initialize, { accept: "text/html" }, 406],
      [initialize, { "mcp-session-id": "nobody's" }, 404],
      ["x".repeat(11 * 1024 * 1024), {}, 413],
      ['{"jsonrpc":"2.0","id":1,"method":"tools/list"}', {}, 400],
    ];
    for (const [body, headers, status] of wrong) {
      const answer = await post(body, headers);
      assert.equal(answer.status, status, `${body.slice(0, 40)}: ${answer.text.slice(0, 200)}`);
      assert.doesNotMatch(answer.text, /\n\s+at |\.ts:\d|node_modules/);
    }
  }));

Deno.test("mcpHttp() ends the session unused for longest when another needs its place, and keeps them apart", async () => {
  const stopping = new AbortController();
  await withRuntime(async (port) => {
    const { answer } = mcpHttp<string>({
      build: () =>
        mcpServer(
          { port, submit: null, folder: null, context: null, connection: null },
          (error) => assert.fail(String(error)),
        ),
      isSame: (a, b) => a === b,
      stopping: stopping.signal,
      onFault: (error) => assert.fail(String(error)),
      limits: { sessionsMax: 2 },
    });
    const open = async (who: string) => {
      const request = new Request("http://127.0.0.1/mcp", {
        method: "POST",
        headers: headersOf(""),
        body: initialize,
      });
      const response = await answer(request, who);
      await response.text();
      return response.headers.get("mcp-session-id") ?? "";
    };
    const ping = async (session: string, who: string) => {
      const body = '{"jsonrpc":"2.0","id":2,"method":"ping"}';
      const headers = headersOf("", { "mcp-session-id": session });
      const response = await answer(
        new Request("http://127.0.0.1/mcp", { method: "POST", headers, body }),
        who,
      );
      await response.text();
      return response.status;
    };
    const first = await open("a"), second = await open("b");
    assert.equal(await ping(first, "a"), 200);
    assert.equal(await ping(first, "b"), 404);
    const third = await open("c");
    assert.equal(await ping(second, "b"), 404);
    assert.deepEqual([await ping(first, "a"), await ping(third, "c")], [200, 200]);
    stopping.abort();
    assert.equal(await ping(first, "a"), 404);
  });
});

Deno.test("mcpServer() offers one that may only read nothing that writes", () =>
  withRuntime(async (port) => {
    const [near, far] = InMemoryTransport.createLinkedPair();
    const caller = { port, submit: null, folder: null, context: null, connection: null };
    const server = mcpServer(caller, (error) => assert.fail(String(error)));
    await server.connect(far);
    const client = clientOf("2025-11-25");
    await client.connect(near);
    const names = (await client.listTools()).tools.map(({ name }) => name).sort();
    assert.deepEqual(names, ["ask", "recall", "timeline", "why"]);
    await assert.rejects(client.callTool({ name: "remember", arguments: { content: "no" } }));
    await client.close();
  }));
