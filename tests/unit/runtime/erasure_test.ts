import assert from "node:assert/strict";
import { openRuntime, type Receipt, replay, type Request, type Runtime } from "../../../src/mod.ts";
import { Graph } from "../../../src/graph/graph.ts";
import { Sqlite } from "../../../src/graph/file/sqlite.ts";
import { MemoryDisk } from "../../../src/log/mod.ts";
import { echoAgentBase64, testAgentBase64 } from "../../support/agents.ts";
import { filesHolding } from "../../support/folder_bytes.ts";
import { codeOf, run, temporaryFolder, withRuntime } from "../../support/runtimes.ts";
import { serveTexts } from "../../../src/runtime/models/embedding.ts";
import { listCheckpoints } from "../../../src/runtime/checkpoint/checkpoint.ts";
import { verifyCheckpoint } from "../../../src/runtime/checkpoint/use.ts";
import { dataPaths, exists } from "../../../src/runtime/data_folder.ts";
import { inputHash } from "../../../src/model/texts.ts";
import { callsOf, loadCaller } from "../../conformance/every_call.ts";
import { wordEmbedder } from "../../support/word_embedder.ts";

const phrase = "purple-otter-seventeen";
const content = `The vault opens with ${phrase}, said twice. It is checked in May.`;

const grantedEverything = (agent: string): Request => {
  const all = (name: string) => ({ name, scope: "*", reason: "to be tested" });
  const capabilities = ["read", "write", "send"].map(all);
  const manifest = { manifest: 1, id: agent, version: "1.0.0", abi: "engram@1", capabilities };
  return { kind: "agent_load", agent, wasm: testAgentBase64, manifest };
};

async function add(runtime: Runtime, text: string): Promise<string> {
  const receipt = await runtime.submit({ kind: "write", ops: [{ op: "add", content: text }] });
  const [result] = receipt.results as { id: string }[];
  return result?.id ?? "";
}

/** A memory that was read, copied, searched for and echoed by an agent, then changed. */
async function spread(runtime: Runtime): Promise<{ id: string; copy: string; other: string }> {
  await runtime.submit(grantedEverything("tester"));
  await run(runtime, "count", "{}");
  const id = await add(runtime, content);
  const other = await add(runtime, "The boiler was serviced on 3 May.");
  await run(runtime, "Get", JSON.stringify(id));
  await run(runtime, "Look", JSON.stringify("vault otter"));
  const copy = String(await run(runtime, "Write", JSON.stringify(content)));
  await run(runtime, "echo", JSON.stringify({ text: content }));
  await runtime.submit(
    { kind: "execute", agent: "tester", action: "echo", params: JSON.stringify(content) },
    {
      commandId: "with-a-receipt",
    },
  );
  await runtime.submit({ kind: "write", ops: [{ op: "update", id, title: "Vault" }] });
  return { id, copy, other };
}

Deno.test("erase() leaves no byte of a memory in the folder, and the log still verifies", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const { id, copy, other } = await spread(runtime);
  assert.notDeepEqual(filesHolding(folder.path, phrase), []);
  const receipt = await runtime.submit({ kind: "erase", ids: [id] });
  assert.deepEqual(receipt.erased, [id]);
  assert.deepEqual(receipt.derived, [copy]);
  assert.deepEqual(receipt.agents, ["tester"]);
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  assert.equal(await codeOf(runtime.view({ view: "engram", id })), "engram_not_found");
  assert.equal(
    (await runtime.view({ view: "engram", id: other })).content,
    "The boiler was serviced on 3 May.",
  );
  assert.deepEqual((await runtime.view({ view: "search", text: "vault otter" })).hits, []);
  assert.equal((await runtime.view({ view: "search", text: "boiler" })).hits.length, 1);
  assert.equal(await codeOf(runtime.view({ view: "why", id: copy, check: true })), "cannot_verify");
  assert.equal((await runtime.view({ view: "why", id: copy })).chain.length > 0, true);
  assert.equal(await run(runtime, "count", "{}"), 2);
  const { stateHash } = runtime.status();
  await runtime.close();
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  for (const workers of [1, 2]) {
    const report = await replay({ data: folder.path, workers });
    assert.equal(report.ok, true, JSON.stringify(report.first));
    assert.equal(report.stateHash, stateHash);
    assert.ok(report.redacted > 0 && report.redacted < report.ticks);
  }
  const again = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  assert.equal(await run(again, "count", "{}"), 3);
  assert.deepEqual((await again.view({ view: "verify_log" })).ok, true);
  await again.close();
});

Deno.test("a graph made again from the log after an erasure holds nothing of it", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const { id } = await spread(runtime);
  await runtime.submit({ kind: "erase", ids: [id] });
  await runtime.close();
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      Deno.removeSync(`${folder.path}/graph.db${suffix}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const again = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  assert.equal(await run(again, "count", "{}"), 2);
  assert.equal((await again.view({ view: "search", text: "boiler" })).hits.length, 1);
  await again.close();
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

/** Makes a method of every graph throw, as if the process were killed when it calls it; gives the way back. */
function breakAt(method: "commit" | "erase"): () => void {
  const real = Object.getOwnPropertyDescriptor(Graph.prototype, method) ?? {};
  const value = () => {
    throw new Error("The process is killed here");
  };
  Object.defineProperty(Graph.prototype, method, { ...real, value });
  return () => Object.defineProperty(Graph.prototype, method, real);
}

for (const method of ["commit", "erase"] as const) {
  Deno.test(`an erasure that a crash stopped before ${method}() is carried out at the next start`, async () => {
    using folder = temporaryFolder();
    const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
    const { id } = await spread(runtime);
    const restore = breakAt(method);
    // Its entry is durable, so the command may be answered; the engine stops either way.
    await runtime.submit({ kind: "erase", ids: [id] }).catch(() => null);
    restore();
    assert.equal(await codeOf(run(runtime, "count", "{}")), "outcome_unknown");
    await runtime.close();
    assert.notDeepEqual(filesHolding(folder.path, phrase), []);
    const again = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
    assert.deepEqual(filesHolding(folder.path, phrase), []);
    assert.equal(await run(again, "count", "{}"), 2);
    await again.close();
    assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
  });
}

Deno.test("erase() leaves a person's other memory that says the same, and names it", () =>
  withRuntime(async (runtime) => {
    const first = await add(runtime, content);
    const second = await add(runtime, `Reminder. ${content}`);
    const receipt = await runtime.submit({ kind: "erase", ids: [first] });
    assert.deepEqual(receipt.alsoIn, [second]);
    assert.equal((await runtime.view({ view: "engram", id: second })).content, `Reminder. ${content}`);
  }));

Deno.test("erase() removes titles, places, metadata and what links say, from the log and from agents' memories", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  await runtime.submit(grantedEverything("tester"));
  const shared = "notes/shared-otter-file.md";
  const wrote = await runtime.submit({
    kind: "write",
    ops: [
      {
        op: "add",
        content,
        title: `Title ${phrase}`,
        source: shared,
        ref: `${shared}#${phrase}`,
        thread: `thread of ${phrase}`,
        metadata: { deep: [{ name: `metadata ${phrase}` }] },
      },
      { op: "add", content: "The boiler was serviced on 3 May.", source: shared },
    ],
  });
  const [id = "", other = ""] = (wrote.results as { id: string }[]).map((one) => one.id);
  await run(runtime, "Get", JSON.stringify(id));
  await runtime.submit({ kind: "write", ops: [{ op: "update", id, title: "short-otter" }] });
  await runtime.submit({
    kind: "write",
    ops: [{ op: "connect", source: other, target: id, type: "beside", metadata: { why: "linked-otter" } }],
  });
  await run(runtime, "Get", JSON.stringify(id));
  for (const text of [phrase, "short-otter", "linked-otter"]) {
    assert.notDeepEqual(filesHolding(folder.path, text), [], text);
  }
  await runtime.submit({ kind: "erase", ids: [id] });
  for (const text of [phrase, "linked-otter"]) assert.deepEqual(filesHolding(folder.path, text), [], text);
  assert.equal((await runtime.view({ view: "engram", id: other })).source, shared);
  await runtime.close();
  for (const text of [phrase, "linked-otter"]) assert.deepEqual(filesHolding(folder.path, text), [], text);
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

Deno.test("erase() removes what an agent was told before it became a memory, from the log and from its memory", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  await runtime.submit(grantedEverything("tester"));
  await run(runtime, "count", "{}");
  const before = runtime.status().tick;
  await run(runtime, "echo", JSON.stringify({ text: content }));
  await run(runtime, "count", "{}");
  const id = await add(runtime, content);
  assert.notDeepEqual(filesHolding(folder.path, phrase), []);
  const receipt = await runtime.submit({ kind: "erase", ids: [id] });
  assert.deepEqual(receipt.agents, ["tester"]);
  assert.equal(await run(runtime, "count", "{}"), 3);
  await runtime.close();
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  const report = await replay({ data: folder.path, workers: 1 });
  assert.equal(report.ok, true);
  assert.ok((report.redacted ?? 0) > 0 && report.ticks > before);
});

Deno.test("erase() overwrites words in agents' memories that no other memory has, however an agent wrote them", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  await runtime.submit(grantedEverything("tester"));
  const id = await add(runtime, "The word is Zanzibar-Tulip-9, kept by the harbour master.");
  await add(runtime, "The harbour opens at six.");
  await run(runtime, "Get", JSON.stringify(id));
  await run(runtime, "echo", JSON.stringify({ own: "it said zanzibar-tulip-9 at the harbour" }));
  assert.notDeepEqual(filesHolding(folder.path, "zanzibar-tulip-9"), []);
  await runtime.submit({ kind: "erase", ids: [id] });
  await runtime.close();
  const images = filesHolding(`${folder.path}/blobs`, "arbour");
  assert.notDeepEqual(images, []);
  for (const word of ["Zanzibar-Tulip-9", "zanzibar-tulip-9"]) {
    assert.deepEqual(filesHolding(`${folder.path}/blobs`, word), [], word);
  }
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

Deno.test("erase() removes what was imported again of a memory after it was forgotten, also where it says something else", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const upsert = (text: string) =>
    runtime.submit({ kind: "write", ops: [{ op: "upsert", content: text, source: "a.md", ref: "a" }] });
  const [{ id }] = (await upsert(content)).results as [{ id: string }];
  await runtime.submit({ kind: "write", ops: [{ op: "delete", id }] });
  const { results } = await upsert("An otter of another kind.");
  assert.deepEqual(results, [{ id, status: "forgotten" }]);
  assert.equal((await runtime.view({ view: "status" })).engrams, 0);
  await runtime.submit({ kind: "erase", ids: [id] });
  for (const text of [phrase, "another kind"]) assert.deepEqual(filesHolding(folder.path, text), [], text);
  await runtime.close();
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

Deno.test("erase() removes a memory that was deleted before", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, workers: 1 });
  const id = await add(runtime, content);
  await runtime.submit({ kind: "write", ops: [{ op: "delete", id }] });
  assert.notDeepEqual(filesHolding(folder.path, phrase), []);
  await runtime.submit({ kind: "erase", ids: [id] });
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  await runtime.close();
});

Deno.test("erase() refuses an id that never was, and changes nothing", () =>
  withRuntime(async (runtime) => {
    const id = await add(runtime, content);
    const before = runtime.status().stateHash;
    assert.equal(await codeOf(runtime.submit({ kind: "erase", ids: [id, "e0990"] })), "engram_not_found");
    assert.equal(await codeOf(runtime.submit({ kind: "erase", ids: [] })), "invalid_argument");
    assert.equal(runtime.status().stateHash, before);
    assert.equal((await runtime.view({ view: "engram", id })).content, content);
  }));

const mailAgent = (agent: string, wasm: string): Request => {
  const capabilities = ["read", "write", "send"].map((name) => ({
    name,
    scope: "*",
    reason: "to be tested",
  }));
  const manifest = { manifest: 1, id: agent, version: "1.0.0", abi: "engram@1", capabilities };
  return { kind: "agent_load", agent, wasm, manifest };
};

/** How many messages an agent got, from a tick on. */
async function delivered(runtime: Runtime, to: string, from = 0): Promise<number> {
  const { messages } = await runtime.view({ view: "messages", from, limit: 100 });
  return messages.filter((one) => one.to === to).length;
}

Deno.test("erase() is done while agents answer each other without end, and they go on", () =>
  withRuntime(async (runtime, path) => {
    for (const agent of ["a", "b"]) await runtime.submit(mailAgent(agent, echoAgentBase64));
    await runtime.submit({ kind: "configure", changes: { imageStepsMax: 2 } });
    const ids = [await add(runtime, content), await add(runtime, `Twice: ${content}`)];
    await runtime.submit({ kind: "execute", agent: "a", action: "b", params: "{}" });
    for (const id of ids) {
      const receipt = await runtime.submit({ kind: "erase", ids: [id] });
      assert.deepEqual([receipt.erased, receipt.messages], [[id], 0]);
    }
    assert.deepEqual(filesHolding(path, phrase), []);
    const { tick } = runtime.status();
    while (await delivered(runtime, "a", tick) < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    await runtime.submit({ kind: "agent_unload", agent: "b" });
    await runtime.idle();
  }));

/**
 * Four messages for "ada" and, before she gets them, the erasure of a memory: one message holds a sentence of it, one a
 * word that no other memory has, in small letters, and two nothing of it.
 */
async function eraseUnderMail(runtime: Runtime): Promise<{ id: string; erasing: Promise<Receipt> }> {
  for (const agent of ["ada", "bob", "cyd", "dot", "eve"]) {
    await runtime.submit(mailAgent(agent, testAgentBase64));
  }
  await runtime.submit({ kind: "configure", changes: { messagesPerStepMax: 1 } });
  const id = await add(runtime, content);
  await add(runtime, "The boiler was serviced on 3 May.");
  const bodies = {
    bob: `It said: ${content.split(". ")[1]}`,
    cyd: "the boiler",
    dot: "an OTTER again",
    eve: "changed by memory and initialize", // words that its module has too
  };
  const posts = Object.entries(bodies).map(([agent, body]) =>
    run(runtime, "Post", JSON.stringify(`ada ${body}`), agent)
  );
  const erasing = runtime.submit({ kind: "erase", ids: [id] });
  erasing.catch(() => {/* told by who awaits it */});
  await Promise.all(posts);
  return { id, erasing };
}

/** Nothing of the memory is left, and of its words nothing but what the log keeps of what was asked. */
function assertGone(path: string): void {
  for (const text of [phrase, "checked in May"]) assert.deepEqual(filesHolding(path, text), [], text);
  const elsewhere = filesHolding(path, "OTTER").filter((file) => !file.includes("/log/"));
  assert.deepEqual(elsewhere, []);
}

Deno.test("erase() takes messages that wait and tell of it out of the mailboxes, and the log, and no other", async () => {
  using folder = temporaryFolder();
  const options = { data: folder.path, seed: 1, workers: 1 };
  const runtime = await openRuntime(options);
  const { id, erasing } = await eraseUnderMail(runtime);
  const receipt = await erasing;
  assert.deepEqual([receipt.erased, receipt.messages], [[id], 2]);
  await runtime.idle();
  assert.equal(await delivered(runtime, "ada"), 2);
  assert.equal(await run(runtime, "count", "{}", "ada"), 3);
  await runtime.close();
  assertGone(folder.path);
  for (const workers of [1, 2]) {
    const report = await replay({ data: folder.path, workers });
    assert.equal(report.ok, true, JSON.stringify(report.first));
  }
  for (const suffix of ["", "-wal", "-shm"]) {
    if (exists(`${folder.path}/graph.db${suffix}`)) Deno.removeSync(`${folder.path}/graph.db${suffix}`);
  }
  const again = await openRuntime(options);
  assert.equal(await run(again, "count", "{}", "ada"), 4);
  await again.close();
});

for (const method of ["commit", "erase"] as const) {
  Deno.test(`an erasure under mail that a crash stopped before ${method}() is carried out at the next start`, async () => {
    using folder = temporaryFolder();
    const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
    const { erasing } = await eraseUnderMail(runtime);
    const restore = breakAt(method);
    await erasing.catch(() => null);
    restore();
    await runtime.close();
    const again = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
    assertGone(folder.path);
    await again.idle();
    assert.equal(await run(again, "count", "{}", "ada"), 3);
    await again.close();
    assertGone(folder.path);
    const report = await replay({ data: folder.path, workers: 1 });
    assert.equal(report.ok, true, JSON.stringify(report.first));
  });
}

Deno.test("an erasure that can't be finished is finished later, and agents go on meanwhile without what is erased", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const reader = new Sqlite(`${folder.path}/graph.db`);
  reader.exec("begin");
  reader.value("select count(*) from engram_version");
  const { erasing } = await eraseUnderMail(runtime);
  assert.equal(await codeOf(erasing), "outcome_unknown");
  // A second one, while the first is not finished: its readers too go on from the images it stored.
  const second = await add(runtime, "A marten sleeps under the harbour bridge.");
  await run(runtime, "Get", JSON.stringify(second), "bob");
  assert.equal(await codeOf(runtime.submit({ kind: "erase", ids: [second] })), "outcome_unknown");
  assert.equal(await run(runtime, "count", "{}", "bob"), 1);
  reader.exec("commit");
  reader.close();
  await runtime.idle();
  while (runtime.maintain()) await runtime.idle();
  assert.equal(await run(runtime, "count", "{}", "ada"), 3);
  await runtime.close();
  assertGone(folder.path);
  assert.deepEqual(filesHolding(folder.path, "marten"), []);
  const report = await replay({ data: folder.path, workers: 1 });
  assert.equal(report.ok, true, JSON.stringify(report.first));
});

Deno.test("erase() waits for a workflow's end, and holds up neither it nor what is written meanwhile", () =>
  withRuntime(async (runtime) => {
    for (const agent of ["a", "b"]) await runtime.submit(mailAgent(agent, testAgentBase64));
    const id = await add(runtime, content);
    const step = (name: string, agent: string, ...dependencies: string[]) => ({
      id: name,
      agent,
      action: "Get",
      params: JSON.stringify(id),
      dependencies,
    });
    const steps = [step("one", "a"), step("two", "b", "one"), step("three", "a", "two")];
    const order: string[] = [];
    const note = (what: string) => (receipt: Receipt) => {
      order.push(what);
      return receipt;
    };
    const workflow = { id: "flow", name: "Flow", steps };
    const done = await Promise.all([
      runtime.submit({ kind: "workflow", context: "personal", workflow }).then(note("workflow")),
      runtime.submit({ kind: "erase", ids: [id] }).then(note("erase")),
      runtime.submit({ kind: "execute", agent: "a", action: "count", params: "{}" }).then(note("execute")),
      add(runtime, "The boiler was serviced on 3 May.").then(() => order.push("write")),
    ]);
    assert.deepEqual(order.filter((what) => what !== "execute"), ["write", "workflow", "erase"]);
    assert.match(JSON.stringify(done[0]), /said twice/);
    assert.equal(await codeOf(runtime.view({ view: "engram", id })), "engram_not_found");
  }));

Deno.test("erase() removes a memory from the params of workflows, and the log still verifies", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  for (const agent of ["ada", "bob"]) await runtime.submit(mailAgent(agent, testAgentBase64));
  const id = await add(runtime, content);
  const steps = [
    { id: "read", agent: "ada", action: "Get", params: JSON.stringify(id), dependencies: [] },
    {
      id: "told",
      agent: "bob",
      action: "Post",
      params: JSON.stringify(`ada ${content}`),
      dependencies: ["read"],
    },
    { id: "value", agent: "ada", action: "echo", params: { text: content }, dependencies: ["told"] },
    { id: "last", agent: "bob", action: "count", params: "{}", dependencies: ["value"] },
  ];
  const asked: Request = {
    kind: "workflow",
    context: "personal",
    workflow: { id: "flow", name: "Flow", steps },
  };
  const options = { commandId: "flow-once" };
  const ended = await runtime.submit(asked, options);
  assert.match(JSON.stringify(ended.steps), /said twice/);
  assert.notDeepEqual(filesHolding(folder.path, phrase), []);
  await runtime.submit({ kind: "erase", ids: [id] });
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  assert.equal((await runtime.submit(asked, options)).tick, ended.tick); // not run again
  await runtime.close();
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  for (const workers of [1, 2]) {
    const report = await replay({ data: folder.path, workers });
    assert.equal(report.ok, true, JSON.stringify(report.first));
  }
});

Deno.test("a command that was carried over, refused and then erased is replayed as it stands", () =>
  withRuntime(async (runtime) => {
    const id = await add(runtime, "The vault is shut.");
    const gone = await add(runtime, "The boiler was serviced on 3 May.");
    const ops = [{ op: "update" as const, id, content }, { op: "delete" as const, id: gone }];
    const codes = await Promise.all([
      codeOf(runtime.submit({ kind: "write", ops: ops.slice(1) })),
      codeOf(runtime.submit({ kind: "write", ops })),
    ]);
    assert.deepEqual(codes, [null, "engram_not_found"]);
    await runtime.submit({ kind: "erase", ids: [id] });
  }));

Deno.test("an erasure leaves the image that an earlier one stored, also where a later step came to the same bytes", () =>
  withRuntime(async (runtime) => {
    const first = await add(runtime, content);
    await runtime.submit(mailAgent("tester", testAgentBase64));
    await runtime.submit({ kind: "erase", ids: [first] });
    assert.equal(await run(runtime, "count", "{}"), 1); // replay begins it from the image that was stored
    await runtime.submit({ kind: "agent_unload", agent: "tester" });
    await runtime.submit({ kind: "configure", changes: { imageStepsMax: 1 } });
    const second = await add(runtime, "A marten sleeps under the harbour bridge.");
    await runtime.submit(mailAgent("tester", testAgentBase64)); // the same image again
    assert.equal(await run(runtime, "count", "{}"), 1);
    await runtime.submit({ kind: "erase", ids: [second] });
  }));

Deno.test("erase() is not called done while somebody reads the old pages, and goes on when they end", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const { id } = await spread(runtime);
  const reader = new Sqlite(`${folder.path}/graph.db`);
  reader.exec("begin");
  reader.value("select count(*) from engram_version");
  assert.equal(await codeOf(runtime.submit({ kind: "erase", ids: [id] })), "outcome_unknown");
  assert.notDeepEqual(filesHolding(folder.path, phrase), []);
  assert.equal(await run(runtime, "count", "{}"), 2);
  assert.equal(runtime.maintain(), true, "it is not tried again");
  reader.exec("commit");
  reader.close();
  runtime.maintain();
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  await runtime.close();
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

Deno.test("an erasure that finds no room says so, stops nothing, and is done when there is room", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  const options = { data: folder.path, seed: 1, workers: 1, simulated: { disk } };
  const runtime = await openRuntime(options);
  const first = await add(runtime, content);
  const second = await add(runtime, `Again: ${content}`);
  const used = () => disk.list("log").reduce((sum, name) => sum + disk.bytes(`log/${name}`).length, 0);
  const holds = () =>
    disk.list("log").some((name) => new TextDecoder().decode(disk.bytes(`log/${name}`)).includes(phrase));
  // The entry fits into what the log has room for; a segment written anew does not.
  disk.faults.spaceBytes = used() + 100;
  for (const id of [first, second]) {
    assert.equal(await codeOf(runtime.submit({ kind: "erase", ids: [id] })), "outcome_unknown");
  }
  assert.equal(await codeOf(runtime.view({ view: "engram", id: first })), "engram_not_found");
  assert.deepEqual(disk.list("log").filter((name) => name.endsWith(".new")), []);
  await add(runtime, "The boiler was serviced on 3 May.");
  assert.equal(holds(), true);
  await runtime.close();
  const again = await openRuntime(options);
  assert.equal(again.maintain(), true, "it is not tried again");
  delete disk.faults.spaceBytes;
  again.maintain();
  assert.equal(holds(), false);
  assert.equal(again.status().engrams, 1);
  await again.close();
  assert.equal((await replay({ data: folder.path, disk, workers: 1 })).ok, true);
});

Deno.test("erase() removes images that no entry names, and what a crash left unfinished of them", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const { id } = await spread(runtime);
  // Steps undone by a crash: their images lie in the blobs, and nothing says so.
  const image = new TextEncoder().encode(`ELIM...${content}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", image));
  const blobs = `${folder.path}/blobs`;
  Deno.writeFileSync(`${blobs}/${digest.toHex()}`, image);
  Deno.writeFileSync(`${blobs}/${"0".repeat(64)}`, image); // its hash is another: it was not written whole
  Deno.writeFileSync(`${blobs}/0.new`, image.subarray(0, -1));
  await runtime.submit({ kind: "erase", ids: [id] });
  assert.deepEqual(filesHolding(folder.path, phrase), []);
  assert.equal(await run(runtime, "count", "{}"), 2);
  await runtime.close();
});

Deno.test("erase() removes what a model made of a memory for an agent", () =>
  withRuntime(async (runtime, path) => {
    const recorded = wordEmbedder();
    const embedder = {
      ...recorded,
      embed: async (texts: readonly string[]) => ({
        ...await recorded.embed(texts),
        inputHash: inputHash(texts),
      }),
    };
    serveTexts(runtime, embedder, (error) => assert.fail(String(error)));
    await loadCaller(runtime, "a", [{ capability: "model", scope: ["*"] }, {
      capability: "read",
      scope: ["*"],
    }]);
    const long = await add(runtime, content), short = await add(runtime, "Tea at four.");
    const texts = [content, content.split(". ")[0] + ".", "Tea at four."];
    for (const text of texts) await callsOf(runtime, "a")(["embed", text]);
    const hashes = texts.map((text) => inputHash([text]));
    for (const hash of hashes) assert.notDeepEqual(filesHolding(path, hash), []);
    await runtime.submit({ kind: "erase", ids: [long, short] });
    for (const hash of hashes) assert.deepEqual(filesHolding(path, hash), []);
  }));

/** Checkpoints before a memory was written, while it is there, and after it was changed. */
async function withHeldCheckpoints(
  test: (
    runtime: Runtime,
    id: string,
    ticks: { before: number; held: number[] },
    path: string,
  ) => Promise<void>,
): Promise<void> {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  await add(runtime, "The boiler was serviced on 3 May.");
  const before = runtime.checkpoint().tick;
  const { id } = await spread(runtime);
  const held = [runtime.checkpoint().tick];
  await add(runtime, "Heron launches on 12 May.");
  held.push(runtime.checkpoint().tick);
  await test(runtime, id, { before, held }, folder.path);
}

const ticksKept = (path: string) => listCheckpoints(dataPaths(path)).map(({ tick }) => tick);

Deno.test("erase() removes the checkpoints that hold a memory, says so, and keeps those made before it", () =>
  withHeldCheckpoints(async (runtime, id, { before, held }, path) => {
    assert.ok(filesHolding(`${path}/checkpoints`, phrase).length >= 2);
    const receipt = await runtime.submit({ kind: "erase", ids: [id] });
    assert.deepEqual(receipt.checkpoints, held);
    assert.deepEqual(ticksKept(path), [before]);
    assert.deepEqual(filesHolding(path, phrase), []);
    const after = runtime.checkpoint().tick;
    const { stateHash } = runtime.status();
    await runtime.close();
    assert.deepEqual(filesHolding(path, phrase), []);
    for (const from of [undefined, before, after]) {
      const report = await replay({ data: path, workers: 1, ...(from === undefined ? {} : { from }) });
      assert.equal(report.ok, true, JSON.stringify(report.first));
      assert.equal(report.stateHash, stateHash);
      assert.deepEqual(report.checkpoints, [before, after].filter((tick) => tick > (from ?? -1)));
    }
    for (const which of [before, after]) {
      assert.equal(verifyCheckpoint({ paths: dataPaths(path), which }).graph, "equal");
    }
  }));

Deno.test("a graph begun from a checkpoint made before an erasure holds nothing of what was erased", () =>
  withHeldCheckpoints(async (runtime, id, { before }, path) => {
    await runtime.submit({ kind: "erase", ids: [id] });
    await runtime.close();
    for (const suffix of ["", "-wal", "-shm"]) {
      if (exists(`${path}/graph.db${suffix}`)) Deno.removeSync(`${path}/graph.db${suffix}`);
    }
    const again = await openRuntime({ data: path, seed: 1, workers: 1 });
    assert.equal(again.status().restored?.tick, before);
    assert.equal(await run(again, "count", "{}"), 2);
    await again.close();
    assert.deepEqual(filesHolding(path, phrase), []);
  }));

Deno.test("an erasure that a crash stopped before it removed checkpoints removes them at the next start", () =>
  withHeldCheckpoints(async (runtime, id, { before }, path) => {
    const real = Deno.renameSync;
    // The process is killed between two checkpoints: the first is gone, the second stands.
    let renames = 0;
    Object.assign(Deno, {
      renameSync(from: string, to: string) {
        if (String(from).includes("/checkpoints/") && ++renames === 2) {
          throw new Error("The process is killed here");
        }
        real(from, to);
      },
    });
    await runtime.submit({ kind: "erase", ids: [id] }).catch(() => null);
    Object.assign(Deno, { renameSync: real });
    await runtime.close();
    assert.equal(ticksKept(path).length, 2);
    const again = await openRuntime({ data: path, seed: 1, workers: 1 });
    assert.deepEqual(ticksKept(path), [before]);
    assert.deepEqual(filesHolding(path, phrase), []);
    await again.close();
  }));

Deno.test("an erasure waits for a checkpoint that is being made, and is finished by upkeep", () =>
  withHeldCheckpoints(async (runtime, id, { before }, path) => {
    const lock = Deno.openSync(`${path}/checkpoints/lock`, { read: true, write: true });
    assert.equal(lock.tryLockSync(true), true);
    Deno.mkdirSync(`${path}/checkpoints/new`);
    Deno.writeTextFileSync(`${path}/checkpoints/new/graph.db`, content);
    assert.equal(await codeOf(runtime.submit({ kind: "erase", ids: [id] })), "outcome_unknown");
    assert.throws(() => runtime.checkpoint(), /another one is being made/);
    lock.close();
    while (runtime.maintain()) { /* an idle host does so */ }
    assert.deepEqual(ticksKept(path), [before]);
    assert.deepEqual(filesHolding(path, phrase), []);
    await runtime.close();
  }));
