/** What a person or a script types by mistake is told as such: nothing hangs, nothing is taken in unasked. */
import assert from "node:assert/strict";
import { findFiles } from "../../src/cli/memory/import.ts";
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

Deno.test({
  name: "memory import reads no link out of the folder unless asked to, and names it (skipped: needs links)",
  ignore: onWindows,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    Deno.mkdirSync(`${folder}/notes/in`, { recursive: true });
    Deno.mkdirSync(`${folder}/notes-beside`);
    Deno.writeTextFileSync(`${folder}/notes/in/a.md`, "a");
    Deno.writeTextFileSync(`${folder}/notes-beside/secret.md`, "secret");
    Deno.symlinkSync(`${folder}/notes/in/a.md`, `${folder}/notes/own.md`);
    Deno.symlinkSync("../notes-beside", `${folder}/notes/folder`);
    Deno.symlinkSync("../notes-beside/secret.md", `${folder}/notes/leak.md`);
    Deno.symlinkSync("..", `${folder}/notes/in/up`);
    const shownBy = async (followLinks: boolean) =>
      (await findFiles([`${folder}/notes`], { followLinks })).map((
        { shown, isOutside },
      ) => [shown, isOutside]);
    assert.deepEqual(await shownBy(false), [
      ["folder", true],
      ["in/a.md", undefined],
      ["leak.md", true],
      ["own.md", undefined],
    ]);
    assert.deepEqual((await shownBy(true)).map(([shown]) => shown), [
      "folder/secret.md",
      "in/a.md",
      "leak.md",
      "own.md",
    ]);
    using data = temporaryFolder();
    const { code, out } = await runCli([
      "--json",
      "--data",
      data.path,
      "memory",
      "import",
      `${folder}/notes`,
    ]);
    assert.equal(code, 11);
    const { created, failures }: { created: number; failures: { path: string; code: string }[] } = JSON.parse(
      out,
    );
    assert.equal(created, 2);
    assert.deepEqual(failures.map(({ path, code }) => [path, code]), [
      ["folder", "invalid_argument"],
      ["leak.md", "invalid_argument"],
    ]);
    Deno.removeSync(folder, { recursive: true });
  },
});
