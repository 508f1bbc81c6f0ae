/** One host, many clients: real processes, sockets and locks. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { findHost, hostPort, serveHost } from "../../src/api/mod.ts";
import { dataPaths, exists, lockFolder, writePrivate } from "../../src/runtime/data_folder.ts";
import type { Request } from "../../src/runtime/requests.ts";
import { openRuntime } from "../../src/runtime/runtime.ts";
import { startHost, withHost } from "../support/ports.ts";
import { codeOf, temporaryFolder } from "../support/runtimes.ts";

const add = (content: string): Request => ({ kind: "write", ops: [{ op: "add", content }] });

Deno.test("findHost() finds none where there is no folder, and makes none", async () => {
  using folder = temporaryFolder();
  assert.equal(await findHost(folder.path), null);
  assert.equal(exists(folder.path), false);
});

Deno.test("findHost() finds none where nobody holds the lock, whatever host.json says", async () => {
  using folder = temporaryFolder();
  await (await openRuntime({ data: folder.path })).close();
  await withHost(({ data }) => {
    Deno.copyFileSync(`${data}/host.json`, `${folder.path}/host.json`);
    return Promise.resolve();
  });
  assert.equal(await findHost(folder.path), null);
});

Deno.test("findHost() does not believe a host that cannot prove the nonce, and sends it no token", async () => {
  using folder = temporaryFolder();
  const paths = dataPaths(folder.path);
  const seen: (string | null)[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    seen.push(request.headers.get("authorization"));
    return Response.json({ ok: true, proof: "0".repeat(64) });
  });
  using _lock = lockFolder(paths);
  const address = `http://127.0.0.1:${server.addr.port}`;
  writePrivate(paths.token, "a".repeat(64));
  writePrivate(paths.host, JSON.stringify({ address, nonce: "n", version: "0" }));
  assert.equal(await codeOf(findHost(folder.path, { lockWaitMsMax: 200 })), "data_folder_in_use");
  assert(seen.length > 0 && seen.every((authorization) => authorization === null));
});

Deno.test("findHost() finds none when the lock comes free while it waits", async () => {
  using folder = temporaryFolder();
  const lock = lockFolder(dataPaths(folder.path));
  const found = findHost(folder.path);
  lock?.close();
  assert.equal(await found, null);
});

Deno.test("ten findHost() at once all find the host", () =>
  withHost(async ({ data }) => {
    const ports = await Promise.all(Array.from({ length: 10 }, () => findHost(data)));
    const ticks = await Promise.all(ports.map(async (port) => (await port?.view({ view: "status" }))?.tick));
    assert.deepEqual(ticks, Array(10).fill(0));
  }));

Deno.test("a second host of a folder is refused as data_folder_in_use", () =>
  withHost(async ({ data }) => {
    const second = serveHost({ data, lockWaitMsMax: 100, signal: new AbortController().signal });
    assert.equal(await codeOf(second), "data_folder_in_use");
  }));

Deno.test("a host that stops removes host.json, keeps its token, and lets the folder go", async () => {
  using folder = temporaryFolder();
  let token = "";
  await withHost(async (host) => {
    token = host.token;
    await host.port.submit(add("kept"));
  }, { folder: folder.path });
  assert.equal(exists(`${folder.path}/host.json`), false);
  await withHost(async (host) => {
    assert.equal((await host.port.view({ view: "status" })).engrams, 1);
    assert.equal(host.token, token);
  }, { folder: folder.path });
});

Deno.test("a token that others could read is replaced", { ignore: Deno.build.os === "windows" }, async () => {
  using folder = temporaryFolder();
  let first = "";
  await withHost((host) => {
    first = host.token;
    return Promise.resolve();
  }, { folder: folder.path });
  Deno.chmodSync(`${folder.path}/token`, 0o644);
  await withHost((host) => {
    assert.notEqual(host.token, first);
    return Promise.resolve();
  }, { folder: folder.path });
});

Deno.test("POST /v1/stop ends the host, and with it the streams of its events", () =>
  withHost(async ({ address, token, port, ended }) => {
    const events = port.events(0, new AbortController().signal)[Symbol.asyncIterator]();
    await events.next();
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${address}/v1/stop`, { method: "POST", headers });
    assert.deepEqual(await response.json(), { ok: true });
    assert.equal((await events.next()).done, true);
    await ended;
    assert.equal(await codeOf(port.submit(add("late"))), "host_unreachable");
  }));

Deno.test("what was asked before a stop is answered", () =>
  withHost(async ({ port, stop, ended }) => {
    const asked = Array.from({ length: 20 }, (_, index) => port.submit(add(`memory ${index}`)));
    await asked[0];
    stop();
    const answers = await Promise.allSettled(asked);
    await ended;
    const codes = answers.map((one) => one.status === "fulfilled" ? "done" : one.reason.code);
    assert(codes.every((code) => ["done", "host_stopping", "host_unreachable"].includes(code)), codes.join());
  }));

Deno.test("a command whose answer was lost is asked again and done once", () =>
  withHost(async ({ address, token, port }) => {
    let asked = 0;
    await using proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const { pathname } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.delete("host");
      const answer = await fetch(address + pathname, { method: "POST", headers, body: await request.text() });
      if (++asked > 1) return answer;
      await answer.body?.cancel();
      return new Response('{"tick"', { headers: { "content-type": "application/json" } });
    });
    const client = hostPort(`http://127.0.0.1:${proxy.addr.port}`, token);
    const receipt = await client.submit(add("once"));
    const { tick, engrams } = await port.view({ view: "status" });
    assert.deepEqual([asked, receipt.tick, tick, engrams], [2, 1, 1, 1]);
  }));

Deno.test("a host whose folder vanished ends as data_folder_missing", async () => {
  using folder = temporaryFolder();
  const { ended } = await startHost(folder.path);
  Deno.removeSync(folder.path, { recursive: true });
  assert.equal(await codeOf(ended), "data_folder_missing");
});

Deno.test("a host killed with SIGKILL leaves a folder that the next opens at once, with all that was acknowledged", async () => {
  using folder = temporaryFolder();
  const script = fileURLToPath(new URL("../support/host_process.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const host = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", `--config=${config}`, script, folder.path],
    stdout: "piped",
  }).spawn();
  const said = host.stdout.getReader();
  await said.read();
  const port = await findHost(folder.path);
  assert(port !== null);
  for (let index = 0; index < 5; index++) await port.submit(add(`memory ${index}`));
  host.kill("SIGKILL");
  await said.cancel();
  await host.status;
  assert.equal(exists(`${folder.path}/host.json`), true);
  assert.equal(await findHost(folder.path), null);
  const runtime = await openRuntime({ data: folder.path, lockWaitMsMax: 0 });
  assert.equal((await runtime.view({ view: "status" })).engrams, 5);
  await runtime.close();
});
