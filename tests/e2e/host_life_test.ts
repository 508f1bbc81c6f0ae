/** A host's life as clients see it: started once by many, ended when nobody uses it, killed in the middle. */
import assert from "node:assert/strict";
import { findHost } from "../../src/api/mod.ts";
import { dataPaths, exists, readHostFile, writePrivate } from "../../src/runtime/data_folder.ts";
import { hostPid, hostProcesses, lives, runProgram, Shim, startProgram, until } from "../support/life.ts";
import { startHost, withHost } from "../support/ports.ts";
import { codeOf, temporaryFolder } from "../support/runtimes.ts";

const onLinux = Deno.build.os === "linux";

async function stopHost(data: string): Promise<void> {
  if (hostPid(data) !== null) await runProgram(["down", "--data", data, "--quiet"]);
}

Deno.test("ten shims at once make one host, kept by none of them, which logs to host.log", {
  ignore: !onLinux,
}, async () => {
  using folder = temporaryFolder();
  const shims = Array.from({ length: 10 }, () => new Shim(folder.path));
  try {
    const kept = await Promise.all(shims.map(async (shim, at) => {
      await shim.begin();
      return await shim.remember(`from ${at}`);
    }));
    assert.deepEqual(kept, Array(10).fill(true));
    await until("one process is left", () => hostProcesses(folder.path).length === 1 || null);
    assert.deepEqual(hostProcesses(folder.path), [hostPid(folder.path)]);
    for (const shim of shims) assert.equal((await shim.end()).code, 0);
    assert(lives(hostPid(folder.path) ?? 0));
    assert.equal(readHostFile(dataPaths(folder.path))?.startedBy, "client");
    // The folder that its first client worked in may go.
    assert.notEqual(Deno.readLinkSync(`/proc/${hostPid(folder.path)}/cwd`), Deno.cwd());
    const { lines } = JSON.parse((await runProgram(["logs", "--data", folder.path, "--json"])).out);
    const has = lines.map(({ text }: { text: string }) => text).join("\n");
    assert.match(has, /has the folder, process \d+, for client[\s\S]*listening at http[\s\S]*connected: 10/);
    assert.doesNotMatch(has, /from \d/);
  } finally {
    await Promise.all(shims.map((shim) => shim.end()));
    await stopHost(folder.path);
  }
});

Deno.test("a starter killed with SIGKILL leaves one host or none, and the next shim is served", {
  ignore: !onLinux,
}, async () => {
  for (const waitMs of [50, 250, 600]) {
    using folder = temporaryFolder();
    const first = new Shim(folder.path);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    first.child.kill("SIGKILL");
    const second = new Shim(folder.path);
    try {
      assert(await second.begin(), `killed after ${waitMs} ms`);
      assert(await second.remember("after the kill"));
      await until("one process is left", () => hostProcesses(folder.path).length === 1 || null);
    } finally {
      await Promise.all([first.end(), second.end()]);
      await stopHost(folder.path);
    }
  }
});

Deno.test(
  "a host killed with SIGKILL, while it begins or later, is followed by another with all acknowledged",
  {
    ignore: !onLinux,
  },
  async () => {
    using folder = temporaryFolder();
    const first = new Shim(folder.path);
    const second = await (async () => {
      try {
        // While it begins: the shim starts another.
        const [pid = 0] = await until("a host begins", () => {
          const pids = hostProcesses(folder.path);
          return pids.length > 0 ? pids : null;
        });
        Deno.kill(pid, "SIGKILL");
        assert(await first.begin());
        assert(await first.remember("kept"));
        // Later: its shim ends with a word, and the next finds everything.
        Deno.kill(hostPid(folder.path) ?? 0, "SIGKILL");
        await first.child.status; // before its input ends
        const { code, err } = await first.end();
        assert.equal(code, 8);
        assert.match(err, /connection to the host ended/);
        assert(exists(dataPaths(folder.path).host) && exists(dataPaths(folder.path).socket));
        return new Shim(folder.path);
      } finally {
        await first.end();
      }
    })();
    try {
      assert(await second.begin());
      const host = await findHost(folder.path);
      assert.equal((await host?.view({ view: "status" }))?.engrams, 1);
    } finally {
      await second.end();
      await stopHost(folder.path);
    }
  },
);

Deno.test("engramlt mcp starts a host where host.json names one that is not there", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(folder.path, { recursive: true });
  const stale = {
    address: "http://127.0.0.1:9",
    nonce: "n",
    version: "0.1.0",
    mcp: `unix:${folder.path}/host.sock`,
  };
  writePrivate(dataPaths(folder.path).host, JSON.stringify(stale));
  Deno.writeTextFileSync(dataPaths(folder.path).socket, "no socket");
  const shim = new Shim(folder.path);
  try {
    assert(await shim.begin());
  } finally {
    await shim.end();
    await stopHost(folder.path);
  }
});

Deno.test("engramlt mcp says in the host's words why no host can run", async () => {
  using folder = temporaryFolder();
  Deno.writeTextFileSync(folder.path, "a file where the folder should be");
  const shim = new Shim(folder.path);
  const { code, err } = await shim.end();
  assert.equal(code, 8);
  assert.match(err, /^engramlt mcp: Cannot open data folder .*\nhint: ./);
});

/** Serves a folder that ends when idle, and gives how long that took after `work`. */
async function idleEnd(work: (data: string) => Promise<void>, idleStopMs = 1000): Promise<number> {
  using folder = temporaryFolder();
  const { ended } = await startHost(folder.path, { idleStopMs, startedBy: "client" });
  await work(folder.path);
  const since = performance.now();
  await ended;
  return performance.now() - since;
}

Deno.test("a host that a client started ends after the idle time, and not before the last request is that old", async () => {
  const ms = await idleEnd(async (data) => {
    const port = await findHost(data);
    for (let at = 0; at < 10; at++) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await port?.view({ view: "status" });
    }
  });
  assert(ms >= 900, `${ms} ms after the last request`);
});

Deno.test("a connection of engramlt mcp keeps a host from ending, and its end begins the idle time", async () => {
  const ms = await idleEnd(async (data) => {
    const held = new AbortController(); // however long the shim takes to start
    const events = (await findHost(data))?.events(0, held.signal)[Symbol.asyncIterator]();
    const next = events?.next();
    const shim = new Shim(data);
    assert(await shim.begin());
    held.abort();
    await next;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert(await shim.remember("still there"));
    await shim.end();
  });
  assert(ms >= 900, `${ms} ms after the end`);
});

Deno.test("a stream of events keeps a host from ending", async () => {
  const ms = await idleEnd(async (data) => {
    const stop = new AbortController();
    const port = await findHost(data);
    assert(port !== null);
    const events = port.events(0, stop.signal)[Symbol.asyncIterator]();
    const next = events.next();
    await port.submit({ kind: "write", ops: [{ op: "add", content: "one" }] });
    await next;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal((await port.view({ view: "status" })).engrams, 1);
    stop.abort();
  });
  assert(ms >= 900, `${ms} ms after the end`);
});

Deno.test("a host that up started does not end when nothing is asked of it", () =>
  withHost(async ({ port }) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal((await port.view({ view: "status" })).tick, 0);
  }));

Deno.test("engramlt host ends by itself after --idle-stop-minutes, cleanly", async () => {
  using folder = temporaryFolder();
  const { code, err } = await runProgram(["host", "--data", folder.path, "--idle-stop-minutes", "0.01"]);
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(exists(dataPaths(folder.path).host), false);
  const { out } = await runProgram(["logs", "--data", folder.path]);
  assert.match(out, /nothing was asked for 1 s[\s\S]*stopped\n$/);
});

Deno.test("a host whose folder vanished ends within 10 s, also with work under way", async () => {
  using folder = temporaryFolder();
  const { ended } = await startHost(folder.path, { onLine: () => {} });
  const port = await findHost(folder.path);
  assert(port !== null);
  const asked = Promise.allSettled(
    Array.from(
      { length: 50 },
      (_, at) => port.submit({ kind: "write", ops: [{ op: "add", content: `memory ${at}` }] }),
    ),
  );
  Deno.removeSync(folder.path, { recursive: true });
  const since = performance.now();
  assert.equal(await codeOf(ended), "data_folder_missing");
  const ms = performance.now() - since;
  await asked;
  assert(ms < 10_000, `${ms} ms`);
});

Deno.test("engramlt logs -f shows lines as they come, through a change of the file, until it is stopped", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(folder.path, { recursive: true });
  const path = dataPaths(folder.path).hostLog;
  const line = (text: string) => `2026-01-01T00:00:00.000Z info  ${text}\n`;
  Deno.writeTextFileSync(path, line("old 1") + line("old 2") + line("old 3"));
  const child = startProgram(["logs", "-f", "--lines", "2", "--data", folder.path]);
  let seen = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) seen += text;
  })();
  try {
    await until("the last lines", () => seen.includes("old 3") || null);
    assert(!seen.includes("old 1"));
    Deno.writeTextFileSync(path, line("new 1"), { append: true });
    await until("a new line", () => seen.includes("new 1") || null);
    Deno.writeTextFileSync(path, line("last of its file"), { append: true });
    Deno.renameSync(path, `${path}.1`);
    Deno.writeTextFileSync(path, line("first of the next"));
    await until("the next file", () => seen.includes("first of the next") || null);
    assert(seen.includes("last of its file"));
  } finally {
    child.kill("SIGINT");
    await child.stderr.cancel();
    await reading;
    assert.equal((await child.status).code, 0);
  }
});
