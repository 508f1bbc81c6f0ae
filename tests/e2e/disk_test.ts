/** A full and a read-only disk, for real: a small tmpfs. */
import assert from "node:assert/strict";
import { EngramError, openRuntime, replay } from "../../src/mod.ts";
import { codeOf } from "../support/runtimes.ts";

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
