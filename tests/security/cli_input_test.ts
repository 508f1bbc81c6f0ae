/** What a person or a script types by mistake is told as such: nothing hangs, nothing is taken in unasked. */
import assert from "node:assert/strict";
import { findFiles } from "../../src/cli/memory_import.ts";
import { runCli } from "../support/terminal.ts";
import { temporaryFolder } from "../support/runtimes.ts";

const onWindows = Deno.build.os === "windows";

async function told(args: readonly string[]): Promise<{ readonly code: number; readonly error: string }> {
  using folder = temporaryFolder();
  const { code, out, err } = await runCli(["--json", "--data", folder.path, ...args]);
  assert.equal(out, "");
  const { error }: { error: { code: string } } = JSON.parse(err);
  return { code, error: error.code };
}

Deno.test("an empty path is a usage error, not the current folder", async () => {
  assert.deepEqual(await told(["memory", "import", ""]), { code: 2, error: "usage" });
});

Deno.test("a wrong --color is told in JSON where JSON is asked for", async () => {
  assert.deepEqual(await told(["--color", "nope", "status"]), { code: 2, error: "usage" });
});

Deno.test("more worker threads than any machine has are a usage error", async () => {
  assert.deepEqual(await told(["replay", "--workers", "1000000000"]), { code: 2, error: "usage" });
});

Deno.test({
  name: "a device is neither a file nor a folder to import (skipped: needs /dev/zero)",
  ignore: onWindows,
  fn: async () =>
    assert.deepEqual(await told(["memory", "import", "/dev/zero"]), { code: 8, error: "io_failed" }),
});

Deno.test({
  name:
    "a link that leads to itself is one file that cannot be read, the others are found (skipped: needs links)",
  ignore: onWindows,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    Deno.writeTextFileSync(`${folder}/a.md`, "a");
    Deno.symlinkSync("b.md", `${folder}/b.md`);
    Deno.symlinkSync(".", `${folder}/again`);
    const found = await findFiles([folder]);
    assert.deepEqual(found.map(({ shown }) => shown), ["a.md", "b.md"]);
    Deno.removeSync(folder, { recursive: true });
  },
});
