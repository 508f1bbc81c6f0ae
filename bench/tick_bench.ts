/**
 * Ticks of the whole engine: 50 active agents, each a message received, a read, a write and a message sent; the log
 * synced, the rows in the graph. Baselines: the bare write and sync of as many bytes as such an entry has, and the bare
 * rows in libSQL. Also: the same with 10,000 agents loaded, one command's way, and messages.
 *
 * A tick is timed from one turn of the event loop to the next, while ticks follow each other; a turn that is over at
 * once had none.
 */
import Libsql from "libsql";
import { openRuntime, replay, type Runtime } from "../src/mod.ts";
import { relayAgent, ringAgent } from "./agents.ts";
import { bench, type Figure, figureOf, report, reportHash, runBenches, smoke, temporary } from "./measure.ts";
import { joinRing, loadAgents, runRing } from "./rings.ts";

const active = smoke ? 5 : 50, rounds = smoke ? 10 : 1000, loaded = smoke ? 20 : 10_000;
const folder = temporary();
const open = (name: string, seed: number | null = null): Promise<Runtime> =>
  openRuntime({ data: `${folder}/${name}`, seed, workers: 2 });

/** A turn of the event loop without a tick is over by then. */
const emptyMsMax = 0.5;

/** The durations of ticks, in µs, while `work` goes on: the time between turns of the event loop. */
async function ticksOf(work: () => Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  let last = performance.now(), done = false;
  const turn = () => {
    const now = performance.now();
    if (now - last > emptyMsMax) {
      samples.push((now - last) * 1000);
      last = now;
    }
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  done = true;
  // The first turns are those in which commands start the ring.
  return samples.slice(3, -1);
}

/** What one tick's bytes and rows cost without an engine. */
function baselines(): void {
  const entryBytes = active * 700;
  const file = Deno.openSync(`${folder}/raw`, { create: true, write: true });
  file.writeSync(new Uint8Array(16 * 1024 * 1024));
  file.syncSync();
  const frame = new Uint8Array(entryBytes).fill(1);
  let at = 0;
  const db = new Libsql(`${folder}/raw.db`);
  db.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 20000");
  db.exec("create table t (id integer primary key, thing integer, at integer, body text)");
  db.exec("create index i on t (thing, at)");
  const insert = db.prepare("insert into t values (?, ?, ?, ?)");
  const update = db.prepare("update t set body = body where id = ?");
  let row = 0;
  const body = "x".repeat(200);
  bench({
    group: "a tick's parts alone",
    name: `write and sync of ${entryBytes} bytes`,
    baseline: true,
    fn: () => {
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(frame);
      file.syncDataSync();
      at = (at + entryBytes) % (8 * 1024 * 1024);
    },
  });
  bench({
    group: "a tick's parts alone",
    name: `${active} rows updated, ${active} inserted, committed`,
    fn: () => {
      db.exec("begin");
      for (let n = 0; n < active; n++) {
        update.run([row - active + n]);
        insert.run([row + n, n, row, body]);
      }
      db.exec("commit");
      row += active;
    },
  });
}

async function ring(runtime: Runtime, prefix: string): Promise<string[]> {
  const names = await loadAgents(runtime, ringAgent, active, prefix);
  await joinRing(runtime, names);
  await runRing(runtime, names, smoke ? 2 : 300);
  return names;
}

async function ticksBench(group: string): Promise<void> {
  const few = await open("few"), many = await open("many");
  const fewNames = await ring(few, "agent"), manyNames = await ring(many, "agent");
  await loadAgents(many, ringAgent, loaded - active, "idle");
  const samples: [number[], number[]] = [[], []];
  for (let turn = 0; turn < (smoke ? 1 : 4); turn++) {
    samples[0].push(...await ticksOf(() => runRing(few, fewNames, rounds / 4)));
    samples[1].push(...await ticksOf(() => runRing(many, manyNames, rounds / 4)));
  }
  const base = figureOf(group, `${active} agents loaded`, samples[0]);
  const other = figureOf(group, `${loaded.toLocaleString("en-US")} agents loaded`, samples[1]);
  report(group, [base, { ...other, ratio: other.p50 / base.p50 }]);
  await few.close();
  await many.close();
}

async function commands(): Promise<void> {
  const runtime = await open("commands");
  const [agent = ""] = await loadAgents(runtime, ringAgent, 1);
  const params = "1";
  const group = "one command, from asking to its receipt";
  bench({
    group,
    name: "a memory added",
    baseline: true,
    fn: () => runtime.submit({ kind: "write", ops: [{ op: "add", content: "Heron launches on 12 May." }] }),
  });
  // proves: rfc-8-agent_step
  bench({
    group,
    name: "an agent's empty step",
    fn: () => runtime.submit({ kind: "execute", agent, action: "n", params }),
  });
  await runBenches();
  await runtime.close();
}

async function messagesBench(group: string): Promise<void> {
  const agents = smoke ? 2 : 20, perStep = 256;
  const figures: Figure[] = [];
  for (const bytes of [64, 512]) {
    const runtime = await open(`messages${bytes}`);
    const names = await loadAgents(runtime, relayAgent(bytes, perStep), agents);
    await joinRing(runtime, names);
    await runRing(runtime, names, smoke ? 1 : 20);
    const samples = await ticksOf(() => runRing(runtime, names, smoke ? 12 : 200));
    figures.push(
      figureOf(group, `${bytes} bytes, a message`, samples.map((us) => us / agents / perStep)),
    );
    await runtime.close();
  }
  report(group, figures);
}

/** Live against replay, on a seeded folder: the hash is the same on every machine. */
async function replayed(): Promise<void> {
  const data = `${folder}/seeded`, count = smoke ? 5 : 200;
  const live: number[] = [], again: number[] = [];
  const runtime = await open("seeded", 1);
  const names = await ring(runtime, "agent");
  const before = runtime.status().tick;
  const started = performance.now();
  await runRing(runtime, names, count);
  const { tick, stateHash } = runtime.status();
  live.push((performance.now() - started) * 1000 / (tick - before));
  await runtime.close();
  for (let turn = 0; turn < (smoke ? 1 : 3); turn++) {
    const began = performance.now();
    const verdict = await replay({ data, workers: 2 });
    if (!verdict.ok || verdict.stateHash !== stateHash) throw new Error("the replay differs");
    again.push((performance.now() - began) * 1000 / verdict.ticks);
  }
  const group = `a tick of ${active} agents, live and replayed`;
  const base = figureOf(group, "live", live), other = figureOf(group, "replayed", again);
  report(group, [base, { ...other, ratio: other.p50 / base.p50 }]);
  reportHash(`state after ${tick} ticks under --seed 1`, stateHash);
}

/** A replay from the first entry against one from a checkpoint at nine tenths of the ticks; and making it. */
async function fromCheckpoint(): Promise<void> {
  const data = `${folder}/checkpoint`, count = smoke ? 10 : 200;
  const runtime = await open("checkpoint", 1);
  const names = await ring(runtime, "agent");
  await runRing(runtime, names, count * 0.9);
  const began = performance.now();
  runtime.checkpoint();
  const making = (performance.now() - began) * 1000;
  await runRing(runtime, names, count * 0.1);
  const { stateHash } = runtime.status();
  await runtime.close();
  const whole: number[] = [], rest: number[] = [];
  for (let turn = 0; turn < (smoke ? 1 : 3); turn++) {
    for (const [from, samples] of [[undefined, whole], ["latest", rest]] as const) {
      const began = performance.now();
      const verdict = await replay({ data, workers: 2, ...(from === undefined ? {} : { from }) });
      if (!verdict.ok || verdict.stateHash !== stateHash) throw new Error("the replay differs");
      samples.push((performance.now() - began) * 1000);
    }
  }
  const group = `a replay of ${count} ticks of ${active} agents, whole and of the last tenth`;
  const base = figureOf(group, "from the first entry", whole);
  const other = figureOf(group, "from a checkpoint", rest);
  report(group, [
    base,
    { ...other, ratio: other.p50 / base.p50 },
    figureOf(group, "making the checkpoint", [making]),
  ]);
}

baselines();
await runBenches();
// proves: rfc-8-tick_overhead
await ticksBench(`ticks of ${active} active agents`);
await commands();
// proves: rfc-8-message_throughput
await messagesBench("messages, each logged, in steps of 256");
await replayed();
await fromCheckpoint();
