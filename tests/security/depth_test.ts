/** Stack depth decides, never V8: no recursive module reaches V8's own overflow, in either compiler. */
import assert from "node:assert/strict";

const compilers: readonly [string, string][] = [
  ["as it comes", ""],
  ["the baseline compiler", "--liftoff-only"],
  ["the optimising compiler", "--no-liftoff"],
  ["the optimising compiler without inlining", "--no-liftoff,--no-wasm-inlining"],
];

for (const [what, flags] of compilers) {
  Deno.test(`a recursive module ends by its depth before V8's stack does: ${what}`, async () => {
    const probe = new URL("depth_probe.ts", import.meta.url).pathname;
    const given = flags === "" ? [] : [`--v8-flags=${flags}`];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", ...given, probe],
      stdout: "piped",
      stderr: "inherit",
    });
    const { stdout } = await command.output();
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), []);
  });
}
