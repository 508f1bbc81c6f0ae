/**
 * `deno run -A bench/tick_threads.ts [ROUNDS] [--image-steps=N]`: what each thread of the process does in a tick of 50 active agents, as
 * Linux counts it: CPU time, time it was ready and another had the core, and how often it was put on a core. Threads of
 * one name are told together: V8's, and those of the runtime that sync and write files.
 *
 * The ticks are those of tick_bench.ts, of one runtime in this thread with two agent workers. Default: 1,000 rounds, an
 * image every 64 steps of an agent (`imageStepsMax`).
 */
import { openRuntime } from "../src/mod.ts";
import { ringAgent } from "./agents.ts";
import { temporary } from "./measure.ts";
import { joinRing, loadAgents, runRing } from "./rings.ts";

/** CPU time and waiting time in ns, and turns on a core. */
type Counts = readonly [cpuNs: number, waitNs: number, turns: number];

const nothing: Counts = [0, 0, 0];

/** The counts of threads by their name; a thread that ends meanwhile is left out. */
function threads(): Map<string, Counts> {
  const all = new Map<string, Counts>();
  for (const { name: id } of Deno.readDirSync("/proc/self/task")) {
    try {
      const name = Deno.readTextFileSync(`/proc/self/task/${id}/comm`).trim();
      const [cpu = 0, wait = 0, turns = 0] = Deno.readTextFileSync(`/proc/self/task/${id}/schedstat`)
        .split(" ").map(Number);
      const [cpuSoFar, waitSoFar, turnsSoFar] = all.get(name) ?? nothing;
      all.set(name, [cpuSoFar + cpu, waitSoFar + wait, turnsSoFar + turns]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return all;
}

const rounds = Number(Deno.args.find((arg) => !arg.startsWith("-")) ?? 1000);
const imageSteps = Deno.args.find((arg) => arg.startsWith("--image-steps="))?.slice("--image-steps=".length);
const runtime = await openRuntime({ data: `${temporary()}/data`, workers: 2 });
if (imageSteps !== undefined) {
  await runtime.submit({ kind: "configure", changes: { imageStepsMax: Number(imageSteps) } });
}
const names = await loadAgents(runtime, ringAgent, 50);
await joinRing(runtime, names);
await runRing(runtime, names, 300);

const before = threads(), tickBefore = runtime.status().tick, began = performance.now();
await runRing(runtime, names, rounds);
const wallMs = performance.now() - began, ticks = runtime.status().tick - tickBefore;
const ms = (ns: number) => (ns / 1e6 / ticks).toFixed(3).padStart(8);
let cpuAll = 0;
console.log(`${"a tick, ms".padEnd(24)}      CPU  waiting  turns`);
for (const [name, now] of threads()) {
  const [cpuThen, waitThen, turnsThen] = before.get(name) ?? nothing;
  const cpu = now[0] - cpuThen, turns = (now[2] - turnsThen) / ticks;
  cpuAll += cpu;
  console.log(`${name.padEnd(24)} ${ms(cpu)} ${ms(now[1] - waitThen)} ${turns.toFixed(2).padStart(6)}`);
}
console.log(`${"all threads".padEnd(24)} ${ms(cpuAll)}, on the clock ${(wallMs / ticks).toFixed(3)}`);
await runtime.close();
Deno.exit(0);
