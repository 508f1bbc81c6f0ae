/** The limits of the HTTP door as a person sets them, and a host that may open few files. */
import assert from "node:assert/strict";
import { apiLimits } from "../../src/api/limits.ts";
import { dataPaths, exists, readHostFile } from "../../src/runtime/data_folder.ts";
import { lives, type Program, startProgram, thisProgram, until } from "../support/life.ts";
import { temporaryFolder } from "../support/runtimes.ts";

/** Runs `engramlt host` on a folder until the test is over. */
async function withProgram(
  data: string,
  args: readonly string[],
  test: (port: number, pid: number) => Promise<void>,
  program: Program = thisProgram,
): Promise<void> {
  const child = startProgram(["host", "--data", data, "--no-agents", ...args], {}, program);
  const ended = child.output();
  try {
    const paths = dataPaths(data);
    const { address, pid } = await until("a host", () => exists(paths.host) ? readHostFile(paths) : null);
    assert.ok(pid !== null);
    await test(Number(new URL(address).port), pid);
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

/** Opens connections that say nothing. */
async function openLines(port: number, count: number): Promise<Deno.Conn[]> {
  return await Promise.all(Array.from({ length: count }, () => Deno.connect({ port })));
}

/** The status of an answer to a request, or to the connection itself: that may come before anything is asked. */
async function statusOf(port: number): Promise<number> {
  using line = await Deno.connect({ port });
  const asked = new TextEncoder().encode(
    `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
  );
  await line.write(asked).catch(() => {/* it is answered already */});
  const bytes = new Uint8Array(1024);
  const count = await line.read(bytes) ?? 0;
  const head = new TextDecoder().decode(bytes.subarray(0, count));
  return Number(/^HTTP\/1\.1 (\d+) /.exec(head)?.[1]);
}

// proves: adr-023-settings
Deno.test("config.toml and a flag limit the connections of a host", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(folder.path, { recursive: true });
  Deno.writeTextFileSync(dataPaths(folder.path).config, "connections-max = 3\nheaders-wait-ms-max = 400\n");
  await withProgram(folder.path, [], async (port) => {
    const lines = await openLines(port, 3);
    assert.equal(await statusOf(port), 503);
    // The head that never comes is waited for as long as the file says.
    await until("a connection that is ended", async () => await statusOf(port) === 200, 5000);
    for (const line of lines) line.close();
  });
  await withProgram(folder.path, ["--connections-max", "6"], async (port) => {
    const lines = await openLines(port, 3);
    assert.equal(await statusOf(port), 200);
    for (const line of lines) line.close();
  });
});

// proves: adr-023-files
Deno.test({
  name: "a host that may open few files takes fewer connections, and lives on under more",
  ignore: Deno.build.os === "windows",
  async fn() {
    using folder = temporaryFolder();
    const shell: Program = {
      command: "/bin/sh",
      args: ["-c", `ulimit -n 256; exec "$0" "$@"`, thisProgram.command, ...thisProgram.args],
    };
    assert.ok(apiLimits.connectionsMax > 256);
    await withProgram(folder.path, [], async (port, pid) => {
      const lines = await openLines(port, 300);
      await new Promise((resolve) => setTimeout(resolve, 1500)); // it looks for its folder meanwhile
      assert.equal(await statusOf(port), 503);
      for (const line of lines) line.close();
      await until("a connection that is taken", async () => await statusOf(port) === 200, 5000);
      assert.ok(lives(pid));
      assert.match(Deno.readTextFileSync(dataPaths(folder.path).hostLog), /connectionsMax is 64, not 2048/);
    }, shell);
  },
});
