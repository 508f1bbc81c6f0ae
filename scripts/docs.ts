/**
 * Writes every generated page of docs; `--check` only compares. Each scripts/docs_NAME.ts makes its own pages.
 *
 * Exit code: 0 if all are up to date or were written, 1 if one is not.
 */

const folder = new URL("./", import.meta.url);
const names = Array.from(Deno.readDirSync(folder)).map(({ name }) => name)
  .filter((name) => /^docs_\w+\.ts$/.test(name)).sort();

let failed = false;
for (const name of names) {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `scripts/${name}`, ...Deno.args],
    cwd: new URL("../", folder),
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  failed ||= !success;
}
if (failed) Deno.exit(1);
