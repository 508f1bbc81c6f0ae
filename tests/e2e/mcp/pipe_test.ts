/** `engramlt mcp` as a client starts it: a process, its pipes, and the host behind it. */
import assert from "node:assert/strict";
import { findHost } from "../../../src/api/mod.ts";
import { selfCommand } from "../../../src/runtime/assets.ts";
import { JsonLines } from "../../support/json_lines.ts";
import { callTool, clientOf, stdioTransport } from "../../support/mcp_clients.ts";
import { withHost } from "../../support/ports.ts";
import { temporaryFolder } from "../../support/runtimes.ts";

const { command, args: before } = selfCommand();
const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
};
const remember = (id: number, content: string) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "remember", arguments: { content } },
});

/** A process of `engramlt mcp`, spoken to line by line. */
class RawPipe {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: JsonLines;

  constructor(data: string) {
    this.#child = new Deno.Command(command, {
      args: [...before, "mcp", "--data", data, "--context", "personal"],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = new JsonLines(this.#child.stdout);
  }

  async send(line: unknown): Promise<void> {
    const text = typeof line === "string" ? line : JSON.stringify(line);
    await this.#writer.write(new TextEncoder().encode(`${text}\n`));
  }

  /** The next message, or null at the end. */
  next(): Promise<Readonly<Record<string, unknown>> | null> {
    return this.#lines.next();
  }

  /** Ends its input; how many ms the process took to end, and its exit code. */
  async end(): Promise<{ readonly ms: number; readonly code: number }> {
    const started = performance.now();
    await this.#writer.close().catch(() => {/* it has ended already */});
    while (await this.next() !== null);
    const { code } = await this.#child.status;
    return { ms: performance.now() - started, code };
  }
}

Deno.test("engramlt mcp ends within a second of the end of its input, with 0, after the answers under way", () =>
  withHost(async ({ data }) => {
    const pipe = new RawPipe(data);
    await pipe.send(initialize);
    assert.notEqual(await pipe.next(), null);
    const { ms, code } = await pipe.end();
    assert.equal(code, 0);
    assert(ms < 1000, `${ms} ms`);
  }));

Deno.test("engramlt mcp writes nothing but the protocol, whatever it is sent", () =>
  withHost(async ({ data, port }) => {
    const pipe = new RawPipe(data);
    for (const line of ["", "not json", "{}", '{"jsonrpc":"2.0"}', "[1,2]", "null", "\u0000"]) {
      await pipe.send(line);
    }
    await pipe.send(initialize);
    const answer = await pipe.next();
    assert.equal(answer?.["jsonrpc"], "2.0");
    await pipe.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    const texts = ["\ud800 alone", "a\u0000b", "", "שלום עולם", "👩‍👩‍👧", "x".repeat(3_000_000)];
    for (const [at, text] of texts.entries()) {
      await pipe.send(JSON.stringify(remember(100 + at, text)));
      let told = await pipe.next();
      while (told !== null && told["id"] !== 100 + at) told = await pipe.next();
      assert.notEqual(told, null, `no answer to ${JSON.stringify(text.slice(0, 20))}`);
    }
    const { engrams } = await port.view({ view: "status" });
    assert(engrams >= 3, `${engrams} of the texts were stored`);
    await pipe.end();
  }));

Deno.test("a message larger than the limit is refused by its id, and the connection goes on", () =>
  withHost(async ({ data }) => {
    const pipe = new RawPipe(data);
    await pipe.send(initialize);
    assert.equal((await pipe.next())?.["id"], 1);
    const large = "x".repeat(11 * 1024 * 1024);
    const { jsonrpc, id: _, ...rest } = remember(0, large);
    const writings = [
      [2, remember(2, large)],
      [3, { ...rest, jsonrpc, id: 3 }],
      ["four", { ...rest, id: "four", jsonrpc }],
      [null, { method: "notifications/x", jsonrpc, params: { large } }],
    ] as const;
    for (const [id, message] of writings) {
      await pipe.send(message);
      const answer = await pipe.next();
      assert.deepEqual(answer?.["id"], id);
      assert.match(JSON.stringify(answer?.["error"]), /messageBytesMax \(10485760 bytes\)/);
    }
    await pipe.send(remember(5, "kept all the same"));
    const kept = await pipe.next();
    assert.equal(kept?.["id"], 5);
    assert.match(JSON.stringify(kept), /Remembered as/);
    assert.equal((await pipe.end()).code, 0);
  }));

Deno.test("a request sent twice is one command", () =>
  withHost(async ({ data, port }) => {
    const pipe = new RawPipe(data);
    await pipe.send(initialize);
    await pipe.next();
    await pipe.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    await pipe.send(remember(7, "once"));
    const first = await pipe.next();
    await pipe.send(remember(7, "once"));
    const second = await pipe.next();
    assert.deepEqual(second?.["result"], first?.["result"]);
    assert.equal((await port.view({ view: "status" })).engrams, 1);
    await pipe.end();
  }));

Deno.test("engramlt mcp starts a host where none runs, and ten at once make one", async () => {
  using folder = temporaryFolder();
  const pipes = Array.from({ length: 10 }, () => new RawPipe(folder.path));
  try {
    await Promise.all(pipes.map(async (pipe, at) => {
      await pipe.send(initialize);
      assert.notEqual(await pipe.next(), null);
      await pipe.send({ jsonrpc: "2.0", method: "notifications/initialized" });
      await pipe.send(remember(2, `from pipe ${at}`));
      assert.notEqual(await pipe.next(), null);
    }));
    const host = await findHost(folder.path);
    assert.equal((await host?.view({ view: "status" }))?.engrams, 10);
    await host?.close();
  } finally {
    await Promise.all(pipes.map((pipe) => pipe.end()));
    await new Deno.Command(command, { args: [...before, "down", "--data", folder.path] }).output();
  }
});

Deno.test("two projects do not see each other's memories, and a subfolder is its project", () =>
  withHost(async ({ data }) => {
    const root = Deno.makeTempDirSync({ prefix: "engramlt-test-" });
    try {
      for (const path of ["heron/src", "otter"]) Deno.mkdirSync(`${root}/${path}`, { recursive: true });
      for (const name of ["heron", "otter"]) Deno.writeTextFileSync(`${root}/${name}/package.json`, "{}");
      const open = async (folder: string) => {
        const client = clientOf("2026-07-28");
        await client.connect(stdioTransport(data, [], `${root}/${folder}`));
        return client;
      };
      const clients = [await open("heron/src"), await open("heron"), await open("otter")] as const;
      const [inner, heron, otter] = clients;
      await callTool(inner, "remember", { content: "The launch code name is saffron" });
      const seen = async (client: typeof heron, more = {}) =>
        (await callTool(client, "recall", { question: "launch code name", ...more }))
          .structured["hits"] as unknown[];
      assert.equal((await seen(heron)).length, 1);
      assert.equal((await seen(otter)).length, 0);
      assert.equal((await seen(otter, { context: "*" })).length, 1);
      await Promise.all(clients.map((client) => client.close()));
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  }));
