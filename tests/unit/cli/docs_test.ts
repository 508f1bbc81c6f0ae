import assert from "node:assert/strict";
import { isGroup } from "../../../src/cli/command.ts";
import { completionScript } from "../../../src/cli/help/completions.ts";
import { cliPage, errorsPage } from "../../../src/cli/docs.ts";
import { helpFor } from "../../../src/cli/help/text.ts";
import { tree } from "../../../src/cli/tree.ts";
import { exitCodes, refusals } from "../../../src/kernel/errors.ts";
import { runCli } from "../../support/terminal.ts";

Deno.test("no word of the inside stands on a screen for people", async () => {
  const { out } = await runCli(["help", "words"]);
  const pages = cliPage().replaceAll(/`--seed[^`]*`|seeded/g, "") + out;
  assert.deepEqual(pages.match(/\b(?:seats?|settles?|settled|slices?)\b/gi), null);
});

Deno.test("a help page has no line, examples aside, that 100 columns do not hold", () => {
  for (const node of tree) {
    const paths = [[node.name], ...(isGroup(node) ? node.commands.map(({ name }) => [node.name, name]) : [])];
    for (const path of paths) {
      const lines = (helpFor(tree, path) ?? "").split("\n").filter((line) => !line.startsWith("  engramlt"));
      assert.ok(lines.length > 3, path.join(" "));
      assert.deepEqual(lines.filter((line) => line.length > 100), []);
    }
  }
});

Deno.test("docs/errors.md has every code and every exit code", () => {
  const page = errorsPage();
  for (const code of Object.keys(refusals)) assert.ok(page.includes(`\`${code}\``), code);
  for (const code of Object.values(exitCodes)) assert.match(page, new RegExp(`^\\| ${code} +\\|`, "m"));
});

Deno.test(
  "the bash completion of a group offers its commands",
  { ignore: Deno.build.os === "windows" },
  async () => {
    const script = `${completionScript("bash", tree)}
COMP_WORDS=(engramlt --data x memory ad); COMP_CWORD=4; _engramlt; echo "\${COMPREPLY[@]}"`;
    const { stdout } = await new Deno.Command("bash", { args: ["--norc", "-c", script] }).output();
    assert.equal(new TextDecoder().decode(stdout).trim(), "add");
  },
);

Deno.test("completions offer what stands where a word is chosen from a few", () => {
  for (const shell of ["bash", "zsh"] as const) {
    const script = completionScript(shell, tree);
    assert.match(script, /"completions"\) echo "bash zsh fish /);
    assert.match(script, /"help"\) echo "words remember /);
  }
});

Deno.test("completions exist for three shells and name every command but those that only programs run", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(shell, tree);
    const shown = tree.filter((node) => isGroup(node) || node.hidden !== true);
    for (const { name } of shown) assert.match(script, new RegExp(`\\b${name}\\b`), `${shell}: ${name}`);
  }
});
