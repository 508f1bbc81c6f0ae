import assert from "node:assert/strict";
import { steps } from "../../../scripts/ok.ts";

Deno.test("ok runs the cheap checks before the tests", () => {
  const names = steps().map((step) => step.name);
  assert.deepEqual(names.slice(0, 3), ["fmt", "lint", "check"]);
  assert.ok(names.indexOf("test") > names.indexOf("check"));
});

Deno.test("ok refuses a step it does not know with exit code 2", async () => {
  const script = new URL("../../../scripts/ok.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, "tset"],
    stderr: "piped",
    stdout: "null",
  });
  const { code, stderr } = await command.output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /Cannot run step "tset": the steps are fmt, lint/);
});
