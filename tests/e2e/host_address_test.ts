/** A host that other machines reach: only with an agreement, and no page of another site gets in. */
import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { dataPaths, readHostFile } from "../../src/runtime/data_folder.ts";
import { runProgram } from "../support/life.ts";
import { withHost } from "../support/ports.ts";
import { sendRaw } from "../support/raw_http.ts";
import { temporaryFolder } from "../support/runtimes.ts";

/** An address of this machine that others reach, where it has one. */
const outer = Object.values(networkInterfaces()).flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address ?? null;

Deno.test("up --host of an address that others reach is refused without --allow-remote, and makes nothing", async () => {
  using folder = temporaryFolder();
  const { code, err } = await runProgram(["up", "--data", folder.path, "--host", "0.0.0.0"]);
  assert.equal(code, 2);
  assert.match(
    err,
    /Cannot listen on 0\.0\.0\.0: other machines could reach it, and --allow-remote was not given/,
  );
  assert.match(err, /hint: Every machine that reaches this one and has a token reads and changes/);
  assert.throws(() => Deno.statSync(folder.path), Deno.errors.NotFound);
});

// proves: engram-8.2-server
Deno.test("a host on every address answers by its addresses and allowed names alone, with a token", () =>
  withHost(async ({ data, address, token, port }) => {
    assert.match(address, /^http:\/\/127\.0\.0\.1:/); // where clients of this machine find it
    assert.equal(readHostFile(dataPaths(data))?.address, address);
    assert.equal((await port.view({ view: "status" })).engrams, 0);
    const tcpPort = Number(new URL(address).port);
    const ask = async (host: string, extra = "") =>
      (await sendRaw(
        tcpPort,
        `GET /v1/status HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n${extra}connection: close\r\n\r\n`,
      )).status;
    for (const host of ["127.0.0.1", "localhost", "192.0.2.1", "memory.example"]) {
      assert.equal(await ask(`${host}:${tcpPort}`), 200, host);
    }
    assert.equal(await ask("memory.example"), 200);
    for (const host of [`evil.example:${tcpPort}`, "192.0.2.1:1", "evil.example", `memory.example:1`]) {
      assert.equal(await ask(host), 403, host);
    }
    assert.equal(await ask("memory.example", "origin: https://memory.example\r\n"), 200);
    assert.equal(await ask("memory.example", "origin: https://evil.example\r\n"), 403);
    assert.equal(await ask(`192.0.2.1:${tcpPort}`, "origin: http://evil.example\r\n"), 403);
    assert.match(Deno.readTextFileSync(dataPaths(data).hostLog), /warn {2}other machines reach 0\.0\.0\.0:/);
    if (outer === null) return;
    const answer = await fetch(`http://${outer}:${tcpPort}/v1/status`);
    assert.equal(answer.status, 401); // reached, and asked for a token
    await answer.body?.cancel();
  }, { host: "0.0.0.0", allowRemote: true, allowedHosts: ["memory.example"], onLine: () => {} }));

Deno.test("config.toml decides the port of up, and a broken one is refused with its line before anything is made", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(folder.path, { recursive: true });
  Deno.writeTextFileSync(dataPaths(folder.path).config, "no-agents = true\nport = \n");
  const { code, err } = await runProgram(["up", "--data", folder.path]);
  assert.equal(code, 4);
  assert.match(err, /Cannot read .*config\.toml: line 2: .*\nhint: .*docs\/host\.md/);
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["config.toml"]);
});
