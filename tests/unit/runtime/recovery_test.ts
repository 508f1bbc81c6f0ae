import assert from "node:assert/strict";
import { openGraph } from "../../../src/graph/mod.ts";
import { openRuntime, replay } from "../../../src/mod.ts";
import { testAgentBase64 } from "../../support/agents.ts";
import { codeOf, loadTestAgent, run, temporaryFolder } from "../../support/runtimes.ts";

/** A folder with some history: writes, an agent, messages, an update, a deletion. Returns its state hash. */
async function history(data: string): Promise<string> {
  const runtime = await openRuntime({ data, seed: 7, workers: 1 });
  await loadTestAgent(runtime);
  const { results } = await runtime.submit({
    kind: "write",
    ops: [{ op: "add", content: "one" }, { op: "add", content: "two" }],
  });
  const [one, two] = (results as { id: string }[]).map(({ id }) => id);
  await runtime.submit({
    kind: "write",
    ops: [{ op: "connect", source: one ?? "", target: two ?? "", type: "mentions" }],
  });
  await runtime.submit({ kind: "write", ops: [{ op: "update", id: one ?? "", content: "one, changed" }] });
  await runtime.submit({ kind: "write", ops: [{ op: "delete", id: two ?? "" }] });
  for (let i = 0; i < 5; i++) await run(runtime, "count", "{}");
  const { stateHash } = runtime.status();
  await runtime.close();
  return stateHash;
}

function rowsHash(data: string): string {
  const graph = openGraph({ path: `${data}/graph.db`, readOnly: true });
  try {
    return graph.rowsHash().toHex();
  } finally {
    graph.close();
  }
}

function removeGraph(data: string): void {
  for (const entry of [...Deno.readDirSync(data)]) {
    if (entry.name.startsWith("graph.db")) Deno.removeSync(`${data}/${entry.name}`);
  }
}

function segmentOf(data: string): string {
  const name = [...Deno.readDirSync(`${data}/log`)].map((entry) => entry.name).filter((one) =>
    !one.endsWith(".marks")
  ).sort().at(-1);
  return `${data}/log/${name}`;
}

Deno.test("a graph rebuilt from the log has the same rows", async () => {
  using folder = temporaryFolder();
  const stateHash = await history(folder.path);
  const before = rowsHash(folder.path);
  removeGraph(folder.path);
  const runtime = await openRuntime({ data: folder.path, workers: 1 });
  assert.equal(runtime.status().stateHash, stateHash);
  await runtime.close();
  assert.equal(rowsHash(folder.path), before);
});

Deno.test("replay says which bit of the log was flipped", async () => {
  using folder = temporaryFolder();
  await history(folder.path);
  const path = segmentOf(folder.path);
  const bytes = Deno.readFileSync(path);
  bytes[1000] = (bytes[1000] ?? 0) ^ 4;
  Deno.writeFileSync(path, bytes);
  assert.equal(await codeOf(replay({ data: folder.path })), "log_corrupt");
  removeGraph(folder.path);
  assert.equal(await codeOf(openRuntime({ data: folder.path })), "log_corrupt");
});

Deno.test("a log that lost entries the graph has is refused", async () => {
  using folder = temporaryFolder();
  await history(folder.path);
  Deno.removeSync(`${folder.path}/log`, { recursive: true });
  assert.equal(await codeOf(openRuntime({ data: folder.path })), "log_missing");
});

Deno.test("a folder in use is refused after the wait", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path });
  assert.equal(await codeOf(openRuntime({ data: folder.path, lockWaitMsMax: 50 })), "data_folder_in_use");
  await runtime.close();
  await (await openRuntime({ data: folder.path, lockWaitMsMax: 0 })).close();
});

Deno.test("messages waiting at a close are delivered after the next opening", async () => {
  using folder = temporaryFolder();
  const first = await openRuntime({ data: folder.path, workers: 1 });
  await loadTestAgent(first);
  const wasm = testAgentBase64;
  const manifest = {
    manifest: 1,
    id: "sender",
    version: "1.0.0",
    abi: "engram@1",
    capabilities: [{ name: "send", scope: "tester", reason: "to greet" }],
  };
  await first.submit({ kind: "agent_load", agent: "sender", wasm, manifest });
  await first.submit({ kind: "execute", agent: "sender", action: "echo", params: "1" });
  await first.close();
  assert.equal((await replay({ data: folder.path })).ok, true);
});

Deno.test("a damaged parked image is not believed: it is rebuilt", async () => {
  using folder = temporaryFolder();
  await history(folder.path);
  const graph = openGraph({ path: `${folder.path}/graph.db` });
  const image = graph.image("tester");
  assert.ok(image !== null);
  const bytes = image.bytes.slice();
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  graph.putImage("tester", { ...image, bytes });
  graph.close();
  const runtime = await openRuntime({ data: folder.path, workers: 1 });
  assert.equal(await run(runtime, "count", "{}"), 6);
  await runtime.close();
});

Deno.test("an agent's config reaches initialize in one key order, live, rebuilt and in replay", async () => {
  using folder = temporaryFolder();
  const config = { zebra: { b: 1, a: 2 }, apple: [{ d: 1, c: 2 }] };
  const first = await openRuntime({ data: folder.path, workers: 1 });
  await first.submit({ kind: "agent_load", agent: "tester", wasm: testAgentBase64, config });
  const live = JSON.stringify(await run(first, "initial", "{}"));
  await first.close();
  removeGraph(folder.path);
  const second = await openRuntime({ data: folder.path, workers: 1 });
  assert.equal(JSON.stringify(await run(second, "initial", "{}")), live);
  await second.close();
  assert.equal((await replay({ data: folder.path })).first, undefined);
});

Deno.test("an agent whose module is gone is refused by name, and the rest goes on", async () => {
  using folder = temporaryFolder();
  await history(folder.path);
  for (const { name } of [...Deno.readDirSync(`${folder.path}/blobs`)]) {
    Deno.removeSync(`${folder.path}/blobs/${name}`);
  }
  const runtime = await openRuntime({ data: folder.path, workers: 1 });
  assert.equal(await codeOf(run(runtime, "count", "{}")), "blob_missing");
  await runtime.submit({ kind: "write", ops: [{ op: "add", content: "still here" }] });
  await runtime.close();
});

for (
  const [what, spoil] of [
    ["missing", (path: string) => Deno.removeSync(path)],
    ["empty", (path: string) => Deno.writeFileSync(path, new Uint8Array(0))],
  ] as const
) {
  Deno.test(`an image that is ${what} is made again from the log`, async () => {
    using folder = temporaryFolder();
    const first = await openRuntime({ data: folder.path, workers: 1 });
    await loadTestAgent(first);
    await first.submit({ kind: "configure", changes: { imageStepsMax: 2 } });
    for (let i = 0; i < 6; i++) await run(first, "count", "{}");
    await first.close();
    const isImage = (path: string) =>
      new TextDecoder().decode(Deno.readFileSync(path).slice(0, 4)) === "ELIM";
    const images = [...Deno.readDirSync(`${folder.path}/blobs`)].map(({ name }) =>
      `${folder.path}/blobs/${name}`
    )
      .filter(isImage);
    assert(images.length > 1);
    for (const path of images) spoil(path);
    removeGraph(folder.path);
    const second = await openRuntime({ data: folder.path, workers: 1 });
    const result = await run(second, "count", "{}");
    await second.close();
    assert.deepEqual([result, (await replay({ data: folder.path })).ok], [7, true]);
  });
}

Deno.test("a damaged or missing module is named by log verify, by a replay and by its agent's commands; a load mends it", async () => {
  using folder = temporaryFolder();
  await history(folder.path);
  const [name = ""] = [...Deno.readDirSync(`${folder.path}/blobs`)].map((file) => file.name);
  const path = `${folder.path}/blobs/${name}`, whole = Deno.readFileSync(path);
  const open = () => openRuntime({ data: folder.path, seed: 7, workers: 1 });
  for (
    const [code, what, harm] of [
      ["log_corrupt", "is damaged", () =>
        Deno.writeFileSync(
          path,
          whole.map((byte, at) => at === 500 ? byte ^ 1 : byte),
        )],
      ["blob_missing", "is missing", () => Deno.removeSync(path)],
    ] as const
  ) {
    harm();
    await assert.rejects(replay({ data: folder.path, workers: 1 }), { code });
    const runtime = await open();
    const { ok, entries, first } = await runtime.view({ view: "verify_log" });
    assert.deepEqual([ok, entries, first?.segment], [false, 1, `blobs/${name}`]);
    assert.match(first?.what ?? "", new RegExp(`^the module of agent "tester" ${what}`));
    assert.equal(await codeOf(run(runtime, "count", "{}")), code);
    await loadTestAgent(runtime);
    assert.equal((await runtime.view({ view: "verify_log" })).ok, true);
    await runtime.close();
  }
  const runtime = await open();
  assert.equal(await run(runtime, "count", "{}"), 6);
  await runtime.close();
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});
