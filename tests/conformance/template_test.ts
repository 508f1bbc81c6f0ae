/** The way of an agent's author: from the template to a loaded agent. Needs the compiler that the bundled agents need. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";

/** Where scripts/build_agents.ts keeps the compiler. */
const compiler = new URL("../../dist/assemblyscript/", import.meta.url);

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const isBuildable = exists(new URL("node_modules/installed.json", compiler));

// proves: engram-2-workflow_of_development, engram-8.1-compile_and_load, engram-11.1-compile, engram-11.1-test
// proves: engram-13.1-memory_utilities, rfc-13-sdk
Deno.test({
  name: `an agent is written from the template, built, loaded and tried${
    isBuildable ? "" : " (skipped: needs assemblyscript)"
  }`,
  ignore: !isBuildable,
  fn: async () => {
    using folder = temporaryFolder();
    const place = folder.path.slice(0, -"/data".length);
    const json = async (...args: string[]) => {
      const all = ["--data", folder.path, "--workers", "1", ...args, "--json"];
      const { code, out, err } = await runCli(all, { folder: place });
      assert.equal(code, 0, `${args.join(" ")}: ${err}`);
      return JSON.parse(out);
    };
    const { folder: project } = await json("agent", "new", "scout");
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-config", "--no-lock", "--node-modules-dir=manual"],
        ...["node_modules/assemblyscript/bin/asc.js", "assembly/index.ts", "--target", "release"],
        ...["--baseDir", project, "--config", "asconfig.json"],
      ],
      cwd: fileURLToPath(compiler),
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    await json("agent", "load", "scout");
    const { result } = await json("agent", "execute", "scout", "remember", '{"text": "Heron launches"}');
    assert.equal((await json("memory", "get", result.id)).content, "Heron launches");
    assert.deepEqual((await json("agent", "query", "scout", "heron")).result, { found: ["Heron launches"] });
  },
});
