/** The runtime on a disk that is full. */
import assert from "node:assert/strict";
import { ringAgent } from "../../../bench/agents.ts";
import { joinRing, loadAgents, runRing } from "../../../bench/rings.ts";
import { MemoryDisk } from "../../../src/log/mod.ts";
import { openRuntime, replay, type Runtime } from "../../../src/mod.ts";
import { codeOf, loadTestAgent, run, temporaryFolder } from "../../support/runtimes.ts";

const open = (data: string, disk: MemoryDisk): Promise<Runtime> =>
  openRuntime({ data, seed: 1, workers: 1, simulated: { disk } });

Deno.test("a new folder on a full disk is refused, and can be opened when there is room", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  disk.faults.spaceBytes = 10;
  assert.equal(await codeOf(open(folder.path, disk)), "disk_full");
  delete disk.faults.spaceBytes;
  const runtime = await open(folder.path, disk);
  await runtime.submit({ kind: "write", ops: [{ op: "add", content: "one" }] });
  await runtime.close();
  assert.equal((await replay({ data: folder.path, disk })).ok, true);
});

Deno.test("a step whose image finds no room on the disk is refused, and counts for nothing", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  const runtime = await open(folder.path, disk);
  await loadTestAgent(runtime);
  for (let count = 1; count < 63; count++) await run(runtime, "count", "{}");
  disk.faults.spaceBytes = 0;
  assert.equal(await codeOf(run(runtime, "count", "{}")), "disk_full");
  delete disk.faults.spaceBytes;
  assert.equal(await run(runtime, "count", "{}"), 63);
  await runtime.close();
});

Deno.test("a workflow that a full disk stops half way says so at once, and goes on when there is room", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  const runtime = await open(folder.path, disk);
  await loadTestAgent(runtime);
  await runtime.submit({ kind: "context_create", name: "work", agents: ["tester"] });
  // The second step of the workflow is the one whose image finds no room.
  for (let count = 1; count < 62; count++) await run(runtime, "count", "{}");
  const step = (id: string, dependencies: string[]) => ({
    id,
    agent: "tester",
    action: "count",
    params: "{}",
    dependencies,
  });
  const workflow = { id: "w", name: "W", steps: [step("first", []), step("then", ["first"])] };
  const ask = () => runtime.submit({ kind: "workflow", context: "work", workflow }, { commandId: "once" });
  // The log has room in its file, a new blob has none.
  const used = (folder: string) =>
    disk.list(folder).reduce((sum, name) => sum + disk.bytes(`${folder}/${name}`).length, 0);
  disk.faults.spaceBytes = used("log") + used("blobs");
  assert.equal(await codeOf(ask()), "outcome_unknown");
  const { tick } = runtime.status();
  assert.equal(runtime.maintain(), true, "nothing is tried again");
  await runtime.idle();
  assert.equal(runtime.status().tick, tick, "a full disk took it");
  delete disk.faults.spaceBytes;
  assert.equal(runtime.maintain(), true, "nothing is tried again");
  await runtime.idle();
  assert.ok(runtime.status().tick > tick, "nothing went on");
  const { steps } = await ask();
  assert.deepEqual(Object.values(steps as Record<string, { result: unknown }>).map(({ result }) => result), [
    62,
    63,
  ]);
  assert.equal(await run(runtime, "count", "{}"), 64);
  await runtime.close();
  assert.equal((await replay({ data: folder.path, disk })).ok, true);
});

Deno.test("ticks nobody waits for that a full disk refuses go on alike when there is room", async () => {
  using folder = temporaryFolder();
  const rounds = 60, path = (name: string) => `${folder.path}/${name}`;
  const start = async (name: string) => {
    const disk = new MemoryDisk(), runtime = await open(path(name), disk);
    const names = await loadAgents(runtime, ringAgent, 20);
    await joinRing(runtime, names);
    await runRing(runtime, names, 2); // engrams are made and cached
    return { disk, runtime, names };
  };
  const whole = await start("whole"), cut = await start("cut");
  await runRing(whole.runtime, whole.names, rounds);
  const { disk, runtime, names } = cut, before = runtime.status().tick;
  const params = String(rounds);
  await Promise.all(names.map((agent) => runtime.submit({ kind: "execute", agent, action: "r", params })));
  disk.faults.spaceBytes = 0;
  for (let looks = 0; looks < 3; looks++) {
    await runtime.idle();
    assert.equal(await codeOf(run(runtime, "n", "1", names[0])), "disk_full");
    assert.equal(runtime.maintain(), true, "nothing is left to be done");
  }
  delete disk.faults.spaceBytes;
  runtime.maintain();
  await runtime.idle();
  const facts = ({ tick, stateHash }: ReturnType<Runtime["status"]>) => ({ tick, stateHash });
  assert.ok(runtime.status().tick > before + rounds / 2);
  assert.deepEqual(facts(runtime.status()), facts(whole.runtime.status()));
  await runtime.close();
  await whole.runtime.close();
  assert.equal((await replay({ data: path("cut"), disk })).ok, true);
});
