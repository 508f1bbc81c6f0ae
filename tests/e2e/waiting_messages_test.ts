/** What commands without a host do with messages that wait for agents. */
import assert from "node:assert/strict";
import { echoAgentBase64 } from "../support/agents.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";

Deno.test("a write leaves waiting messages to whoever asks for them, and says so", async () => {
  using folder = temporaryFolder();
  const wasm = `${folder.path.slice(0, -"/data".length)}/echo.wasm`;
  Deno.writeFileSync(wasm, Uint8Array.fromBase64(echoAgentBase64));
  const run = async (...args: string[]) => {
    const { code, out, err } = await runCli(["--data", folder.path, ...args]);
    assert.equal(code, 0, err);
    return { out, err };
  };
  const status = async () => JSON.parse((await run("status", "--json")).out);
  for (const agent of ["a", "b"]) {
    const manifest = wasm.replace("echo.wasm", `${agent}.json`);
    const capabilities = [{ name: "send", scope: "*", reason: "to be tested" }];
    const asked = { manifest: 1, id: agent, version: "1.0.0", abi: "engram@1", capabilities };
    Deno.writeTextFileSync(manifest, JSON.stringify(asked));
    await run("agent", "load", "--id", agent, "--wasm-path", wasm, "--manifest", manifest, "--yes");
  }
  const told = /Still waiting for agents: 1 message\. A host goes on, or engramlt agent wait --data \S+\n/;
  // They answer each other for ever: the command is done, and waits for them a bounded time.
  assert.match((await run("agent", "execute", "a", "b")).err, told);
  const before = await status();
  assert.ok(before.functionCalls > 100 && before.waitingMessages === 1);
  assert.match((await run("remember", "The boiler was serviced on 3 May.")).err, told);
  const after = await status();
  assert.ok(after.functionCalls === before.functionCalls && after.tick > before.tick);
  const waited = JSON.parse((await run("agent", "wait", "--seconds", "0.2", "--json")).out);
  assert.ok(waited.waitingMessages === 1 && waited.tick > after.tick);
  await run("agent", "unload", "b");
  assert.deepEqual(JSON.parse((await run("agent", "wait", "--json")).out).waitingMessages, 0);
  assert.doesNotMatch((await run("remember", "The boiler is quiet.")).err, /Still waiting/);
  assert.equal(JSON.parse((await run("replay", "--verify", "--json")).out).ok, true);
});

Deno.test("a command that runs an agent waits for what agents say to each other after it", async () => {
  using folder = temporaryFolder();
  const run = async (...args: string[]) => {
    const { code, out, err } = await runCli(["--data", folder.path, "--seed", "1", ...args, "--json"]);
    assert.equal(code, 0, err);
    return JSON.parse(out);
  };
  for (const name of ["manifest", "pong"]) {
    const path = new URL(`../../agents/hello/${name}.json`, import.meta.url).pathname;
    await run("agent", "load", path, "--yes");
  }
  await run("agent", "execute", "ping", "start");
  const { waitingMessages, functionCalls } = await run("status");
  assert.ok(waitingMessages === 0 && functionCalls > 100);
});
