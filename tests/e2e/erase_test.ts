/** Forget and erase at the command line: each both ways, the folder opened here and through a host. */
import assert from "node:assert/strict";
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

Deno.test("forget hides a memory and erase removes it, through a running host", async () => {
  using folder = temporaryFolder();
  await withHost(() => eraseOne(folder.path), { folder: folder.path });
});
