/**
 * One workload, two numbers and a hash, to compare two builds or two machines by.
 *
 *   deno run -A bench/canonical.ts [--seed N] [--ticks N] [--agents N]
 *
 * A ring of agents under a seed (1): each tick every agent receives, reads, writes and sends. Prints ticks a second and
 * steps a second of wall-clock time, and the state hash, which is the same on every machine for the same arguments.
 */
import { openRuntime } from "../src/mod.ts";
import { ringAgent } from "./agents.ts";
import { temporary } from "./measure.ts";
import { joinRing, loadAgents, runRing } from "./rings.ts";

function option(name: string, otherwise: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(Deno.args[at + 1]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name} takes a whole number above 0`);
  Deno.exit(2);
}

const seed = option("seed", 1), ticks = option("ticks", 1000), agents = option("agents", 50);
const runtime = await openRuntime({ data: `${temporary()}/data`, seed, workers: 2 });
const names = await loadAgents(runtime, ringAgent, agents);
await joinRing(runtime, names);
const before = runtime.status().tick, started = performance.now();
await runRing(runtime, names, ticks);
const seconds = (performance.now() - started) / 1000;
const { tick, stateHash } = runtime.status();
await runtime.close();
const say = (count: number) => Math.round(count / seconds).toLocaleString("en-US");
console.log(`${say(tick - before)} ticks/s  ${say((tick - before) * agents)} steps/s  ${stateHash}`);
