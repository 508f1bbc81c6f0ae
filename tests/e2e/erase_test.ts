/** Forget and erase at the command line: each both ways, the folder opened here and through a host. */
import assert from "node:assert/strict";
import { echoAgentBase64 } from "../support/agents.ts";
import { filesHolding } from "../support/folder_bytes.ts";
import { withHost } from "../support/ports.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";

const phrase = "purple-otter-seventeen";

async function eraseOne(data: string): Promise<void> {
  const run = async (...args: string[]) => {
    const { code, out, err } = await runCli(["--data", data, ...args, "--json"]);
    return { code, told: JSON.parse(code === 0 ? out : err) };
  };
  const { told: { id } } = await run("memory", "add", "--content", `The vault opens with ${phrase}.`);
  assert.equal((await run("log", "show")).code, 0);
  const refused = await run("erase", id);
  assert.equal(refused.told.error.code, "usage");
  assert.equal((await run("forget", id)).code, 0);
  assert.equal((await run("memory", "search", "vault")).told.hits.length, 0);
  assert.notDeepEqual(filesHolding(data, phrase), []);
  const { told } = await run("erase", id, "--yes");
  assert.deepEqual(told.erased, [id]);
  assert.ok(told.notReached.length > 0);
  assert.deepEqual(filesHolding(data, phrase), []);
  assert.equal((await run("log", "verify")).told.ok, true);
  assert.equal((await run("log", "show")).code, 0);
}

Deno.test("forget hides a memory and erase removes it, in a folder that no host runs on", async () => {
  using folder = temporaryFolder();
  await eraseOne(folder.path);
  const { out } = await runCli(["--data", folder.path, "replay", "--verify", "--json"]);
  assert.equal(JSON.parse(out).ok, true);
});

/** Two agents that answer each other for ever, and a memory that is erased meanwhile. */
async function eraseInRing(data: string): Promise<{ receipt: Record<string, unknown>; tick: number }> {
  const run = async (...args: string[]) => {
    const { code, out, err } = await runCli(["--data", data, ...args, "--json"]);
    assert.equal(code, 0, err);
    return JSON.parse(out);
  };
  const wasm = `${Deno.makeTempDirSync({ dir: data })}/echo.wasm`;
  Deno.writeFileSync(wasm, Uint8Array.fromBase64(echoAgentBase64));
  for (const agent of ["a", "b"]) {
    const manifest = `${wasm}.${agent}.json`;
    const capabilities = [{ name: "send", scope: "*", reason: "to be tested" }];
    const asked = { manifest: 1, id: agent, version: "1.0.0", abi: "engram@1", capabilities };
    Deno.writeTextFileSync(manifest, JSON.stringify(asked));
    await run("agent", "load", "--id", agent, "--wasm-path", wasm, "--manifest", manifest, "--yes");
  }
  const { id } = await run("remember", `The vault opens with ${phrase}.`);
  await run("agent", "execute", "a", "b");
  const receipt = await run("erase", id, "--yes");
  assert.deepEqual(filesHolding(data, phrase), []);
  // The next tick comes when the host's threads have a core.
  let { tick } = await run("status");
  for (const end = Date.now() + 10_000; tick <= receipt.tick && Date.now() < end;) {
    ({ tick } = await run("status"));
  }
  return { receipt, tick };
}

Deno.test("erase removes a memory while agents answer each other without end, through a running host", async () => {
  using folder = temporaryFolder();
  await withHost(async () => {
    const { receipt, tick } = await eraseInRing(folder.path);
    assert.equal(receipt.messages, 0);
    assert.ok(tick > Number(receipt.tick), "the agents do not go on");
  }, { folder: folder.path });
  const { out } = await runCli(["--data", folder.path, "replay", "--verify", "--json"]);
  assert.equal(JSON.parse(out).ok, true);
});

Deno.test("forget hides a memory and erase removes it, through a running host", async () => {
  using folder = temporaryFolder();
  await withHost(() => eraseOne(folder.path), { folder: folder.path });
});
