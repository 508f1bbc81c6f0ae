/** A full and a read-only disk, for real: a small tmpfs. */
import assert from "node:assert/strict";
import { EngramError, openRuntime, replay } from "../../src/mod.ts";
import { Sqlite } from "../../src/graph/file/sqlite.ts";
import { exists } from "../../src/runtime/data_folder.ts";
import { withHost } from "../support/ports.ts";
import { codeOf, loadTestAgent, run, temporaryFolder } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";

async function mount(folder: string, options: string): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    const { success } = await new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", options, "tmpfs", folder],
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const unmount = (folder: string) => new Deno.Command("umount", { args: ["-l", folder] }).output();

const probe = Deno.makeTempDirSync();
const canMount = await mount(probe, "size=1m");
if (canMount) await unmount(probe);
Deno.removeSync(probe);
const needs = canMount ? "" : " (skipped: needs root and tmpfs on Linux)";

async function onDisk(options: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  assert.ok(await mount(folder, options));
  try {
    await work(folder);
  } finally {
    await unmount(folder);
    Deno.removeSync(folder);
  }
}

Deno.test({
  name: `a full disk refuses with disk_full and loses nothing that was acknowledged${needs}`,
  ignore: !canMount,
  fn: () =>
    onDisk("size=3m", async (folder) => {
      const data = `${folder}/data`;
      const runtime = await openRuntime({ data });
      const add = (content: string) => runtime.submit({ kind: "write", ops: [{ op: "add", content }] });
      let acknowledged = 0;
      const full = await (async () => {
        for (;;) {
          try {
            await add("x".repeat(100_000));
            acknowledged++;
          } catch (error) {
            return error;
          }
        }
      })();
      assert.ok(full instanceof EngramError);
      assert.equal(full.code, "disk_full");
      await runtime.close();
      await new Deno.Command("mount", { args: ["-o", "remount,size=8m", folder] }).output();
      const again = await openRuntime({ data });
      assert.equal(again.status().engrams, acknowledged);
      await again.submit({ kind: "write", ops: [{ op: "add", content: "room again" }] });
      await again.close();
      assert.equal((await replay({ data })).first, undefined);
    }),
});

Deno.test({
  name: `a checkpoint that finds no room is refused with disk_full, and leaves nothing${needs}`,
  ignore: !canMount,
  fn: () =>
    onDisk("size=8m", async (folder) => {
      const data = `${folder}/data`;
      const runtime = await openRuntime({ data });
      await runtime.submit({ kind: "write", ops: [{ op: "add", content: "Heron launches on 12 May." }] });
      assert.throws(
        () => runtime.checkpoint(),
        (error) =>
          error instanceof EngramError && error.code === "disk_full" && /are to stay/.test(error.message),
      );
      assert.deepEqual([...Deno.readDirSync(`${data}/checkpoints`)].map(({ name }) => name), ["lock"]);
      await runtime.submit({ kind: "write", ops: [{ op: "add", content: "Heron launches on 19 May." }] });
      await runtime.close();
    }),
});

Deno.test({
  name: `a folder that may not be written is refused with data_folder_read_only${needs}`,
  ignore: !canMount,
  fn: () =>
    onDisk(
      "ro",
      async (folder) =>
        assert.equal(await codeOf(openRuntime({ data: `${folder}/data` })), "data_folder_read_only"),
    ),
});

/** Fills what is free to the last byte. */
function fill(folder: string): void {
  for (const bytes of [65_536, 1]) {
    using file = Deno.openSync(`${folder}/fill${bytes}`, { write: true, create: true });
    try {
      for (;;) file.writeSync(new Uint8Array(bytes));
    } catch (error) {
      assert.match(String(error), /No space/);
    }
  }
}

/** What the command line reads of a folder, whatever its disk is like. */
async function reads(data: string): Promise<unknown> {
  const run = async (...args: string[]) => {
    const { code, out, err } = await runCli(["--data", data, ...args, "--json"]);
    assert.equal(code, 0, `${args.join(" ")}: ${err}`);
    return JSON.parse(out);
  };
  const { tick, stateHash, engrams } = await run("status");
  const { hits } = await run("memory", "search", "boiler");
  const { answer } = await run("ask", "When was the boiler serviced?");
  const [first] = hits;
  const seen = {
    status: { tick, stateHash, engrams },
    found: hits.map((hit: { content: string }) => hit.content),
    answer: answer.text,
    recalled: (await run("recall", "boiler")).hits.length,
    got: (await run("memory", "get", first.id)).content,
    past: (await run("memory", "get", first.id, "--at", "2")).content,
    why: (await run("why", first.id, "--check")).check.identical,
    log: (await run("log", "verify")).ok,
    contexts: (await run("context", "list")).contexts.length,
    agents: (await run("agent", "list")).agents.length,
  };
  return seen;
}

/** The code by which a command is refused for which there is no room. */
async function refusal(data: string): Promise<string> {
  const { err } = await runCli(["--data", data, "memory", "add", "x".repeat(1_000_000), "--json"]);
  return JSON.parse(err).error.code;
}

/** Without the journals of the graph: a folder whose host ended so cleanly that they are gone. */
function withoutJournals(data: string): void {
  const graph = new Sqlite(`${data}/graph.db`);
  graph.value("pragma wal_checkpoint(truncate)");
  graph.value("pragma journal_mode = delete");
  graph.value("pragma journal_mode = wal");
  graph.close();
  for (const name of ["graph.db-wal", "graph.db-shm"]) {
    if (exists(`${data}/${name}`)) Deno.removeSync(`${data}/${name}`);
  }
}

async function readOnly(folder: string): Promise<void> {
  const mount = new Deno.Command("mount", { args: ["-o", "remount,ro", folder] });
  assert.ok((await mount.output()).success);
}

const copyTree = (from: string, to: string) => new Deno.Command("cp", { args: ["-a", from, to] }).output();

Deno.test({
  name: `a folder on a full or read-only disk is read as before, and every command refused${needs}`,
  ignore: !canMount,
  async fn() {
    using folder = temporaryFolder();
    const runtime = await openRuntime({ data: folder.path });
    await loadTestAgent(runtime);
    for (const content of ["The boiler was serviced on 3 May.", "The vault opens at six."]) {
      await runtime.submit({ kind: "write", ops: [{ op: "add", content }] });
    }
    await run(runtime, "count", "{}");
    await runtime.close();
    const seen = await reads(folder.path);
    // With the journals of the graph, then without: on a full disk they can't be made, on a read-only one neither.
    for (const isClean of [false, true]) {
      if (isClean) withoutJournals(folder.path);
      for (
        const [spoil, code] of [[fill, "disk_full"], [
          readOnly,
          "data_folder_read_only",
        ]] as const
      ) {
        await onDisk("size=8m", async (disk) => {
          await copyTree(folder.path, disk);
          await spoil(disk);
          const data = `${disk}/data`;
          assert.deepEqual([await reads(data), await refusal(data)], [seen, code]);
          await spoil(disk); // closing a graph gives room back
          const { err } = await runCli(["token", "create", "--data", data, "--json"]);
          assert.equal(JSON.parse(err).error.code, code);
          if (code !== "disk_full") return;
          const left = await runCli(["memory", "export", `${disk}/out.jsonl`, "--data", data, "--json"]);
          assert.equal(JSON.parse(left.err).error.code, code);
        });
      }
    }
  },
});

Deno.test({
  name: `a runtime whose disk becomes full answers views with what was acknowledged${needs}`,
  ignore: !canMount,
  fn: () =>
    onDisk("size=6m", async (folder) => {
      const data = `${folder}/data`;
      const runtime = await openRuntime({ data });
      const add = (content: string) => runtime.submit({ kind: "write", ops: [{ op: "add", content }] });
      fill(folder);
      const acknowledged: string[] = [];
      for (let at = 0; at < 200; at++) {
        const content = `Memory ${at} tells of the boiler. ${"x".repeat(20_000)}`;
        if (await codeOf(add(content)) === null) acknowledged.push(content);
        const page = await runtime.view({ view: "export", limit: 1000 });
        assert.deepEqual(page.engrams.map((one) => one.content), acknowledged);
        if (at > acknowledged.length + 3) break;
      }
      assert.ok(acknowledged.length > 0);
      assert.equal((await runtime.view({ view: "status" })).engrams, acknowledged.length);
      const { hits } = await runtime.view({ view: "search", text: "boiler", limit: 100 });
      assert.equal(hits.length, Math.min(100, acknowledged.length));
      assert.equal(await codeOf(add("y".repeat(1_000_000))), "disk_full");
      for (const bytes of [65_536, 1]) Deno.removeSync(`${folder}/fill${bytes}`);
      await add("room again");
      assert.equal((await runtime.view({ view: "status" })).engrams, acknowledged.length + 1);
      await runtime.close();
      assert.equal((await replay({ data })).first, undefined);
    }),
});

Deno.test({
  name: `a host whose disk becomes full shows what it acknowledged, through every door${needs}`,
  ignore: !canMount,
  fn: () =>
    onDisk("size=8m", async (disk) => {
      const folder = `${disk}/data`;
      await withHost(async ({ port }) => {
        const add = (content: string) => port.submit({ kind: "write", ops: [{ op: "add", content }] });
        await add("The boiler was serviced on 3 May.");
        fill(disk);
        let acknowledged = 1;
        while (await codeOf(add(`The boiler ${acknowledged}. ${"x".repeat(30_000)}`)) === null) {
          acknowledged++;
          const { hits } = await port.view({ view: "search", text: "boiler", limit: 100 });
          assert.equal(hits.length, acknowledged);
          assert.equal((await port.view({ view: "status" })).engrams, acknowledged);
        }
        assert.ok(acknowledged > 1);
        const { hits } = await port.view({ view: "recall", question: "boiler", k: 100 });
        assert.equal(hits.length, acknowledged);
      }, { folder });
    }),
});

Deno.test({
  name: "a log that may grow no larger is disk_full, and is as before",
  ignore: Deno.build.os === "windows",
  async fn() {
    using folder = temporaryFolder();
    const data = `${folder.path}/data`;
    assert.equal((await runCli(["memory", "add", "first", "--data", data])).code, 0);
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const limited = `trap '' XFSZ; ulimit -f 600; exec "$0" "$@"`; // 300 KB, or 600 where a block is 1 KB
    const args = ["run", "-A", "--quiet", main, "memory", "add", "-", "--data", data, "--json"];
    const child = new Deno.Command("sh", {
      args: ["-c", limited, Deno.execPath(), ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("x".repeat(900_000)));
    await writer.close();
    const { code, stderr } = await child.output();
    assert.deepEqual([JSON.parse(new TextDecoder().decode(stderr)).error.code, code], ["disk_full", 8]);
    const { out } = await runCli(["status", "--data", data, "--json"]);
    assert.deepEqual([JSON.parse(out).tick, JSON.parse(out).cut], [1, null]);
    assert.equal((await replay({ data })).first, undefined);
  },
});
