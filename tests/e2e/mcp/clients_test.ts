/** The official client, in both eras, over HTTP and through `engramlt mcp`, against a real host. */
import type { Client } from "@modelcontextprotocol/client";
import assert from "node:assert/strict";
import { findHost } from "../../../src/api/mod.ts";
import { testAgentBase64 } from "../../support/agents.ts";
import { tokensOf } from "../../../src/api/mcp/reply.ts";
import { withHost } from "../../support/ports.ts";
import {
  callTool,
  clientOf,
  type Era,
  eras,
  httpTransport,
  stdioTransport,
} from "../../support/mcp_clients.ts";

type Work = (client: Client, data: string) => Promise<void>;

const ways: Readonly<Record<string, (era: Era, work: Work) => Promise<void>>> = {
  "/mcp": (era, work) =>
    withHost(async ({ address, token, data }) => {
      const client = clientOf(era);
      await client.connect(httpTransport(address, token));
      try {
        await work(client, data);
      } finally {
        await client.close();
      }
    }),
  "engramlt mcp": (era, work) =>
    withHost(async ({ data }) => {
      const client = clientOf(era);
      await client.connect(stdioTransport(data, ["--context", "personal"]));
      try {
        await work(client, data);
      } finally {
        await client.close();
      }
    }),
};

function test(name: string, work: Work): void {
  for (const [way, open] of Object.entries(ways)) {
    for (const era of eras) Deno.test(`${way} ${name} (${era})`, () => open(era, work));
  }
}

test("negotiates the version, names itself and says how to use it", (client) => {
  assert.equal(client.getServerVersion()?.name, "engramlt");
  assert.match(client.getInstructions() ?? "", /Recall before you answer/);
  return Promise.resolve();
});

test("lists nine tools, with annotations and schemas, in less than 4 KB", async (client) => {
  const listed = await client.listTools();
  const names = listed.tools.map(({ name }) => name).sort();
  const all = ["ask", "forget", "recall", "relate", "remember", "run", "supersede", "timeline", "why"];
  assert.deepEqual(names, all);
  assert(JSON.stringify(listed).length < 4096, `${JSON.stringify(listed).length} bytes`);
  for (const { annotations, outputSchema, description } of listed.tools) {
    assert.notEqual(annotations, undefined);
    assert.notEqual(outputSchema, undefined);
    assert.notEqual(description ?? "", "");
  }
});

test("remembers, recalls, supersedes, answers with what holds now, tells why, and forgets", async (client) => {
  const made = await callTool(client, "remember", {
    content: "Heron launches on 12 May",
    source: "standup",
    time: "2026-03-01",
  });
  const { id, tick } = made.structured;
  assert(typeof id === "string" && typeof tick === "number");
  const found = await callTool(client, "recall", { question: "When does Heron launch?", k: 3 });
  const [hit] = found.structured["hits"] as { id: string; content: string; score: number }[];
  assert.equal(hit?.id, id);
  assert.equal(hit.content, "Heron launches on 12 May");

  const later = await callTool(client, "supersede", {
    id,
    content: "Heron launches on 14 May",
    time: "2026-03-14",
  });
  const answer = await callTool(client, "ask", { question: "When does Heron launch?" });
  assert.match(answer.text, /Heron launches on 14 May/);
  const events = (await callTool(client, "timeline", { about: id })).structured["events"] as { id: string }[];
  assert.deepEqual(events.map((event) => event.id), [id, later.structured["id"]]);
  const since = await callTool(client, "timeline", { about: "heron", since: "2026-03-02", budget: 400 });
  assert.match(since.text, /^2026-03-14 e\w+: Heron launches on 14 May$/);
  assert.match((await callTool(client, "why", { id })).text, /mcp:tester asked/);

  const other = await callTool(client, "remember", { content: "The launch needs the harbour" });
  const linked = await callTool(client, "relate", {
    source: other.structured["id"],
    target: later.structured["id"],
    type: "supports",
  });
  assert.equal(linked.isError, false);
  assert.equal((await callTool(client, "forget", { id: other.structured["id"] })).isError, false);
  const gone = await callTool(client, "recall", { question: "harbour" });
  assert.deepEqual(gone.structured["hits"], []);
});

test("tells a refusal as a result the model can read, and changes nothing", async (client) => {
  const unknown = await callTool(client, "forget", { id: "e9zzzz" });
  assert.equal(unknown.isError, true);
  assert.match(unknown.text, /Cannot find memory "e9zzzz".*\[engram_not_found\]/s);
  const wrong = await callTool(client, "remember", { content: 7 });
  assert.equal(wrong.isError, true);
  const empty = await callTool(client, "remember", { content: "" });
  assert.equal(empty.isError, true);
  assert.deepEqual((await callTool(client, "recall", { question: "anything" })).structured["hits"], []);
});

test("keeps replies within their budget whatever is written: other scripts, digits, signs, line ends", async (client) => {
  const texts = { script: "漢字の文、", digits: "1234567890,", signs: '{}[]<>"\\', lines: "a\n\n\n\n" };
  for (const [word, text] of Object.entries(texts)) {
    const made = await callTool(client, "remember", {
      content: `The ${word} crane. ${text.repeat(1000)}`,
      title: text.repeat(20).replaceAll("\n", " "),
      source: text.repeat(20).replaceAll("\n", " "),
    });
    assert.equal(made.isError, false, made.text);
    const { id } = made.structured;
    for (const budget of [500, 1000, undefined, 5000]) {
      const about = { ...(budget === undefined ? {} : { budget }) };
      for (
        const [tool, args] of [
          ["recall", { question: `the ${word} crane` }],
          ["ask", { question: `What is the ${word} crane?` }],
          ["timeline", { about: id }],
          ["why", { id }],
        ] as const
      ) {
        const { structured, text: told } = await callTool(client, tool, { ...args, ...about });
        const tokens = tokensOf(told) + tokensOf(JSON.stringify(structured));
        assert(tokens <= (budget ?? 1500), `${tool} of ${word}: ${tokens} tokens of ${budget ?? 1500}`);
      }
    }
  }
});

test("keeps replies within their budget and continues them by a cursor", async (client) => {
  for (let at = 0; at < 30; at++) {
    const content = `Sparrow note ${at}: ${"the sparrow came to the feeder again and ate seeds. ".repeat(8)}`;
    await callTool(client, "remember", { content });
  }
  const seen = new Set<string>();
  let cursor: unknown, pages = 0;
  do {
    const more = cursor === undefined ? {} : { cursor };
    const found = await callTool(client, "recall", { question: "sparrow feeder", k: 30, ...more });
    assert(found.bytes <= 1500 * 4, `${found.bytes} bytes are more than 1,500 tokens`);
    for (const { id } of found.structured["hits"] as { id: string }[]) seen.add(id);
    cursor = found.structured["cursor"];
    if (cursor !== undefined) {
      assert.match(found.text, new RegExp(`call again with the cursor ${cursor}\\.$`));
    }
    pages++;
  } while (cursor !== undefined && pages < 40);
  assert.equal(seen.size, 30);
  const whole = await callTool(client, "recall", { question: "sparrow feeder", k: 30, budget: 20_000 });
  assert.equal((whole.structured["hits"] as unknown[]).length, 30);
  const foreign = await callTool(client, "recall", { question: "other words", cursor: "bm90IGEgY3Vyc29y" });
  assert.equal(foreign.isError, true);
});

test("shows memories, projects and the brief as resources, and completes their names", async (client) => {
  const { structured } = await callTool(client, "remember", {
    content: "Decided: ship on Friday. 100% sure",
  });
  const { resources } = await client.listResources();
  const uris = resources.map(({ uri }) => uri);
  assert(uris.includes("memory://brief") && uris.includes("memory://context/personal"), uris.join(" "));
  assert(uris.includes(`memory://engram/${structured["id"]}`));
  const textOf = async (uri: string) => {
    const [content] = (await client.readResource({ uri })).contents;
    return content !== undefined && "text" in content ? content.text : "";
  };
  assert.match(await textOf(`memory://engram/${structured["id"]}`), /ship on Friday/);
  assert.match(await textOf("memory://context/personal"), /ship on Friday/);
  assert.match(await textOf("memory://brief"), /ship on Friday/);
  await assert.rejects(client.readResource({ uri: "memory://engram/e9zzzz" }), /Cannot find memory/);
  await assert.rejects(client.readResource({ uri: "memory://context/%ff" }));
  const { completion } = await client.complete({
    ref: { type: "ref/resource", uri: "memory://context/{name}" },
    argument: { name: "name", value: "per" },
  });
  assert.deepEqual(completion.values, ["personal"]);
});

test("offers prompts that bring what is remembered", async (client) => {
  await callTool(client, "remember", { content: "The harbour opens at six" });
  const { prompts } = await client.listPrompts();
  assert.deepEqual(prompts.map(({ name }) => name).sort(), ["brief", "recall", "remember"]);
  const prompt = await client.getPrompt({ name: "recall", arguments: { question: "harbour hours" } });
  assert.match(JSON.stringify(prompt.messages), /The harbour opens at six/);
});

test("tells a client that asks how far a run has come", async (client, data) => {
  const port = await findHost(data);
  await port?.submit({ kind: "agent_load", agent: "tester", wasm: testAgentBase64 });
  const told: [number, number | undefined][] = [];
  const result = await client.callTool(
    { name: "run", arguments: { agent: "tester", action: "echo", params: { a: 1 } } },
    { onprogress: ({ progress, total }) => told.push([progress, total]) },
  );
  assert.equal(result.isError ?? false, false, JSON.stringify(result));
  assert.deepEqual(told[0], [0, 1]);
  await port?.close();
});

test("ends a call that was cancelled for its client, and serves the next", async (client) => {
  const stop = new AbortController();
  const call = client.callTool({ name: "recall", arguments: { question: "anything" } }, {
    signal: stop.signal,
  });
  stop.abort("no longer wanted");
  await assert.rejects(call, /no longer wanted/);
  const { structured } = await callTool(client, "remember", { content: "Served after it" });
  assert.equal(typeof structured["id"], "string");
});

test("erases only once the person said yes to their client", async (client) => {
  const { structured: { id } } = await callTool(client, "remember", { content: "A mistake of mine" });
  const asked: string[] = [];
  let says = false;
  client.setRequestHandler("elicitation/create", ({ params }) => {
    asked.push(params.message);
    return { action: "accept", content: { erase: says } };
  });
  const refused = await callTool(client, "forget", { id, erase: true });
  assert.equal(refused.isError, true);
  assert.match(asked[0] ?? "", /A mistake of mine/);
  assert.equal((await client.readResource({ uri: `memory://engram/${id}` })).contents.length, 1);
  says = true;
  const erased = await callTool(client, "forget", { id, erase: true });
  assert.equal(erased.isError, false, erased.text);
  assert.match(erased.text, /Erased for good/);
  await assert.rejects(client.readResource({ uri: `memory://engram/${id}` }));
});

/** Works with two clients of one host, each in a folder of its own. */
async function inTwoProjects(era: Era, work: (heron: Client, gull: Client) => Promise<void>): Promise<void> {
  await withHost(async ({ data }) => {
    const root = Deno.makeTempDirSync({ prefix: "engramlt-mcp-" });
    const clients = ["heron", "gull"].map((name) => {
      Deno.mkdirSync(`${root}/${name}`);
      return { client: clientOf(era, name), folder: `${root}/${name}` };
    });
    const [heron, gull] = clients;
    try {
      for (const { client, folder } of clients) await client.connect(stdioTransport(data, [], folder));
      await work(heron!.client, gull!.client);
    } finally {
      for (const { client } of clients) await client.close();
      Deno.removeSync(root, { recursive: true });
    }
  });
}

for (const era of eras) {
  Deno.test(`@last is the newest memory that the project reads (${era})`, () =>
    inTwoProjects(era, async (heron, gull) => {
      const none = await callTool(gull, "forget", { id: "@last" });
      assert.equal(none.isError, true);
      await callTool(heron, "remember", { content: "Herons wade." });
      await callTool(gull, "remember", { content: "Gulls soar." });
      for (const [client, own] of [[heron, /Herons wade/], [gull, /Gulls soar/]] as const) {
        assert.match((await callTool(client, "why", { id: "@last" })).text, own);
      }
      await callTool(heron, "forget", { id: "@last" });
      const { structured } = await callTool(gull, "recall", { question: "gulls" });
      assert.equal((structured["hits"] as unknown[]).length, 1);
    }));
}

test("says what of a link was not stored", async (client) => {
  const ids: unknown[] = [];
  for (const content of ["Herons wade", "Gulls soar"]) {
    ids.push((await callTool(client, "remember", { content })).structured["id"]);
  }
  const [source, target] = ids;
  const related = await callTool(client, "relate", {
    source,
    target,
    type: "beside",
    why: "<private>a secret</private>",
  });
  assert.match(related.text, /Not stored, it looked private: private/);
});
