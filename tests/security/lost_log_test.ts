/** A log that lost entries is never called verified, and limits of modules never change under an agent. */
import assert from "node:assert/strict";
import { openRuntime, replay } from "../../src/mod.ts";
import { codeOf, loadTestAgent, run, temporaryFolder, withRuntime } from "../support/runtimes.ts";

async function written(path: string): Promise<string> {
  const runtime = await openRuntime({ data: path, seed: 1, workers: 1 });
  await loadTestAgent(runtime);
  await run(runtime, "count", "{}");
  await runtime.close();
  const [segment] = [...Deno.readDirSync(`${path}/log`)].filter(({ name }) => name.endsWith(".log"));
  return `${path}/log/${segment?.name}`;
}

Deno.test("replay of a log whose file is gone is log_missing", async () => {
  using folder = temporaryFolder();
  Deno.removeSync(await written(folder.path));
  assert.equal(await codeOf(replay({ data: folder.path })), "log_missing");
});

Deno.test("replay of a log that ends inside an entry the graph holds is log_corrupt", async () => {
  using folder = temporaryFolder();
  Deno.truncateSync(await written(folder.path), 3000);
  assert.equal(await codeOf(replay({ data: folder.path })), "log_corrupt");
});

for (const key of ["linearMemoryPagesMax", "stackDepthMax", "profile.functionsMax"]) {
  Deno.test(`configure of ${key} is wrong_state while an agent is loaded, and it runs on`, () =>
    withRuntime(async (runtime) => {
      await loadTestAgent(runtime);
      const changed = runtime.submit({ kind: "configure", changes: { [key]: 1 } });
      assert.equal(await codeOf(changed), "wrong_state");
      assert.equal(await run(runtime, "count", "{}"), 1);
    }));
}

Deno.test("a load in one tick with a change of module limits waits for it", () =>
  withRuntime(async (runtime) => {
    const changed = runtime.submit({ kind: "configure", changes: { linearMemoryPagesMax: 100 } });
    const [, loaded] = await Promise.all([changed, loadTestAgent(runtime)]);
    assert.equal(loaded.tick, 2);
    assert.equal(await run(runtime, "big", "{}"), 100);
  }));
