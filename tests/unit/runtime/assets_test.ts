import assert from "node:assert/strict";
import config from "../../../deno.json" with { type: "json" };
import {
  assetRoot,
  assetUrl,
  buildInfo,
  executablePath,
  selfCommand,
  workerUrl,
} from "../../../src/runtime/assets.ts";

Deno.test("assetUrl() finds a file from the root of the program", async () => {
  assert.equal(JSON.parse(await Deno.readTextFile(assetUrl("deno.json"))).version, config.version);
});

Deno.test("assetRoot() cannot be moved by who got it", () => {
  assetRoot().pathname = "/elsewhere";
  assert.notEqual(assetRoot().pathname, "/elsewhere");
});

Deno.test("workerUrl() names the TypeScript source when run from source", () => {
  assert.equal(workerUrl("sandbox").href, assetUrl("src/sandbox/worker.ts").href);
});

Deno.test("buildInfo() says source, with the version of deno.json", () => {
  const { version, build, platform } = buildInfo();
  assert.deepEqual([version, build, platform], [config.version, "source", Deno.build.target]);
});

Deno.test("selfCommand() runs main.ts by this runtime, under its own configuration", () => {
  const { command, args } = selfCommand();
  assert.deepEqual([command, args[0], args.at(-1)], [Deno.execPath(), "run", executablePath()]);
});
