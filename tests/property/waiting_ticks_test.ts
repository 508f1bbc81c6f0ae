/**
 * Law: ticks that nobody waits for may be lost by a power loss until they are synced, and then happen again; no reader
 * sees one that is not durable, and the graph never holds one that the log may lose.
 */
import assert from "node:assert/strict";
import { ringAgent } from "../../bench/agents.ts";
import { joinRing, loadAgents, runRing } from "../../bench/rings.ts";
import { Random } from "../simulation/random.ts";
import { MemoryDisk, openLog } from "../../src/log/mod.ts";
import { openRuntime, replay, type Runtime } from "../../src/mod.ts";
import { temporaryFolder } from "../support/runtimes.ts";

const rounds = 30;

async function open(
  data: string,
  disk: MemoryDisk,
  resume: "now" | "with_any" = "with_any",
): Promise<Runtime> {
  return await openRuntime({ data, seed: 1, workers: 2, resume, simulated: { disk } });
}

async function startRing(runtime: Runtime): Promise<string[]> {
  const names = await loadAgents(runtime, ringAgent, 4);
  await joinRing(runtime, names);
  await runRing(runtime, names, 2); // engrams are made and cached
  return names;
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function copyGraph(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) {
    if (name.startsWith("graph.db")) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

const facts = ({ tick, stateHash, engrams }: ReturnType<Runtime["status"]>) => ({ tick, stateHash, engrams });

Deno.test("a power loss between synced ticks loses only ticks nobody heard of, and they happen again alike", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  const whole = await open(`${folder.path}/whole`, disk);
  const names = await startRing(whole);
  const syncs = disk.syncs, before = whole.status().tick;
  const found: { readonly data: string; readonly disk: MemoryDisk; readonly next: number }[] = [];
  const running = runRing(whole, names, rounds);
  const random = new Random(7);
  for (let cut = 0; cut < 4; cut++) {
    await turns(random.between(2, 6));
    const data = `${folder.path}/cut${cut}`, log = openLog(disk, { readOnly: true });
    copyGraph(`${folder.path}/whole`, data);
    found.push({ data, disk: disk.crash({ keepBytes: random.pick([0, 100, 2000, 1e9]) }), next: log.next });
    log.close();
  }
  await running;
  const end = facts(whole.status());
  assert.ok(
    disk.syncs - syncs < (end.tick - before) / 2,
    `${disk.syncs - syncs} syncs of ${end.tick - before} ticks`,
  );
  await whole.close();
  let lost = 0;
  for (const { data, disk, next } of found) {
    const again = await open(data, disk, "now");
    lost += Math.max(0, next - 1 - again.status().tick);
    await again.idle();
    assert.deepEqual(facts(again.status()), end);
    await again.close();
    assert.equal((await replay({ data, disk })).ok, true);
  }
  assert.ok(lost > 0, "no tick was lost: nothing was tried");
});

Deno.test("whoever looks at a ring that runs finds only what a power loss leaves", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  const runtime = await open(folder.path, disk);
  const names = await startRing(runtime);
  const running = runRing(runtime, names, rounds);
  const looks: (() => Promise<number> | number)[] = [
    () => runtime.status().tick,
    async () => (await runtime.view({ view: "status" })).tick,
    async () => {
      const stop = new AbortController();
      for await (const { entry } of runtime.events(runtime.status().tick, stop.signal)) {
        stop.abort();
        return entry.tick;
      }
      return -1;
    },
  ];
  for (const look of [...looks, ...looks]) {
    await turns(4);
    const tick = await look(), log = openLog(disk.crash(), { readOnly: true });
    assert.ok(log.next > tick, `tick ${tick} was seen, a power loss leaves ${log.next}`);
    log.close();
  }
  await running;
  await runtime.close();
});
