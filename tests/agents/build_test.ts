import assert from "node:assert/strict";
import { agents, build, hasCompiler, isCurrent } from "../../scripts/build_agents.ts";
import { file, source } from "../../scripts/english.ts";
import { readManifest } from "../../src/input/mod.ts";
import { hostFunctions, type Param } from "../../src/sandbox/abi.ts";

const sdk = new URL("../../agents/sdk/assemblyscript/", import.meta.url);
/** `ENGRAMLT_OFFLINE=1` says that nothing may be fetched. */
const offline = Deno.env.get("ENGRAMLT_OFFLINE") === "1";
const compiler = !offline && await hasCompiler();

for (const agent of agents()) {
  const skipped = !compiler && !agent.source.endsWith(".wat");
  // proves: mentat-prerequisites-assemblyscript, engram-3.2-languages, engram-11.1-compile
  // proves: engram-11.1-write, rfc-10-reproducible
  Deno.test({
    name: `${agent.module} is what its source gives${skipped ? " (skipped: needs assemblyscript)" : ""}`,
    ignore: skipped,
    fn: async () =>
      assert.ok(await isCurrent(await build(agent)), "run: deno run -A scripts/build_agents.ts"),
  });
}

function signature(params: readonly Param[]): string[] {
  return params.flatMap((param) => {
    if (param.type === "text") return ["usize", "i32"];
    return param.type === "out" ? ["usize", "usize"] : [param.type];
  });
}

// proves: rfc-13-sdk
Deno.test("the AssemblyScript SDK declares every host function as the table has it", async () => {
  const source = await Deno.readTextFile(new URL("assembly/host.ts", sdk));
  const declared = [...source.matchAll(/@external\("engram", "(\w+)"\).*?function (\w+)\((.*?)\): i32;/g)]
    .map(([, name, called, params]) => {
      assert.equal(name, called);
      return [name, params === "" ? [] : params!.split(", ").map((param) => param.split(": ")[1])];
    });
  const wanted = Object.entries(hostFunctions).map(([name, { params }]) => [name, signature(params)]);
  assert.deepEqual(declared, wanted);
});

Deno.test("template.json lists every file of the template and of the SDK", async () => {
  const { files } = JSON.parse(await Deno.readTextFile(new URL("template.json", sdk)));
  const listed = files.map((file: { from: string }) => file.from).sort();
  const there = ["template/", "template/assembly/", "assembly/"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, sdk))].filter((entry) => entry.isFile).map((entry) =>
      folder + entry.name
    )
  );
  assert.deepEqual(listed, there.sort());
});

Deno.test("every manifest of a bundled agent is one, and names a module that is there", async () => {
  const folder = new URL("../../agents/", import.meta.url);
  const manifests = [
    "hello/manifest.json",
    "hello/pong.json",
    "linker/manifest.json",
    "demo/hostile.manifest.json",
  ];
  for (const path of manifests) {
    const manifest = readManifest(await Deno.readFile(new URL(path, folder)), path);
    assert.ok((await Deno.stat(new URL(manifest.wasm ?? "", new URL(path, folder)))).isFile);
  }
});

Deno.test("the linker's English words are those that scripts/english.ts makes", async () => {
  assert.equal(await Deno.readTextFile(file), source());
});
