/** What good practice asks of the bundled modules themselves: no import without a use, and built to be small. */
import assert from "node:assert/strict";
import wabt from "wabt";
import { agents, build, hasCompiler } from "../../scripts/build_agents.ts";

const root = new URL("../../", import.meta.url);
const toolkit = await wabt();
const compiler = Deno.env.get("ENGRAMLT_OFFLINE") !== "1" && await hasCompiler();

/** A module as text, with names for functions made up where it has none. */
function textOf(bytes: Uint8Array): string {
  const module = toolkit.readWasm(bytes, { readDebugNames: false });
  try {
    module.generateNames();
    module.applyNames();
    return module.toText({ foldExprs: false, inlineExport: false });
  } finally {
    module.destroy();
  }
}

// proves: mentat-practices1-imports
Deno.test("every import of a bundled module is called by it", async () => {
  const unused: string[] = [];
  for (const { module } of agents()) {
    const text = textOf(await Deno.readFile(new URL(module, root)));
    const imports = [...text.matchAll(/\(import "engram" "(\w+)" \(func (\S+)/g)];
    assert.equal(imports.length, [...text.matchAll(/\(import /g)].length, module);
    for (const [, name, local = ""] of imports) {
      const uses = text.split(/[\s()]+/).filter((word) => word === local).length;
      if (uses < 2) unused.push(`${module} ${name}`); // once where it is imported
    }
  }
  assert.deepEqual(unused, []);
});

// proves: mentat-practices1-optimized
Deno.test({
  name: `agents are built for size${compiler ? "" : " (skipped: needs assemblyscript)"}`,
  ignore: !compiler,
  fn: async () => {
    const hello = agents().find(({ name }) => name === "hello");
    assert.ok(hello !== undefined);
    const plain = await build(hello, ["--optimizeLevel", "0", "--shrinkLevel", "0"]);
    const fast = await build(hello, ["--optimizeLevel", "3", "--shrinkLevel", "0"]);
    const { size } = await Deno.stat(new URL(hello.module, root));
    assert.ok(size < plain.bytes.length * 0.75, `${size} bytes, ${plain.bytes.length} without optimization`);
    assert.ok(size < fast.bytes.length, `${size} bytes, ${fast.bytes.length} where only speed counts`);
    const config = new URL("agents/sdk/assemblyscript/template/asconfig.json", root);
    const { targets: { release } } = JSON.parse(await Deno.readTextFile(config));
    assert.deepEqual([release.optimizeLevel, release.shrinkLevel], [3, 1]);
  },
});
