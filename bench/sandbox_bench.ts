/**
 * What a host call, a step, an image and a start cost.
 *
 * A group of host calls is told as one call; its baseline is the channel alone, there and back.
 */
import Libsql from "libsql";
import { defaultProfileLimits, defaultStackDepthMax, prepare } from "../src/wasm/mod.ts";
import { openGraph } from "../src/graph/mod.ts";
import { formatId, Payload, type Write } from "../src/kernel/mod.ts";
import {
  abiImports,
  type HostAnswer,
  openSandbox,
  type Sandbox,
  type SandboxStep,
} from "../src/sandbox/mod.ts";
import { Doorbell, EngineEnd } from "../src/sandbox/channel.ts";
import { Reader, Writer } from "../src/sandbox/frame.ts";
import { wat } from "../tests/support/wat.ts";
import { bench as add, runBenches, smoke, temporary } from "./measure.ts";

const text = (callsPerStep: number, pages: number) =>
  `(module
  (import "engram" "engram_get" (func $get (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") ${pages})
  (global $heap (mut i32) (i32.const 8192))
  (data (i32.const 64) "m0123456789abcdefghijkl")
  (func (export "engram_alloc") (param i32) (result i32)
    (global.get $heap) (global.set $heap (i32.add (global.get $heap) (local.get 0))))
  (func (export "engram_free") (param i32 i32)
    (global.set $heap (i32.sub (global.get $heap) (local.get 1))))
  (func (export "initialize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "execute") (param i32 i32 i32 i32) (result i32) (local $i i32)
    (local.set $i (i32.const ${callsPerStep}))
    (block $end (loop $l
      (br_if $end (i32.eqz (local.get $i)))
      (i32.store (i32.const 2000) (i32.const 4096))
      (drop (call $get (i32.const 64) (i32.const 23) (i32.const 2048) (i32.const 2000)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br $l)))
    (i32.const 0))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0))
  (func (export "release")))`;

const answer = { json: JSON.stringify({ id: "m0123456789abcdefghijkl", content: "x".repeat(100) }) };
const noBytes = new Uint8Array(0);

function open(workers: number, callsPerStep: number, pages = 1): Sandbox {
  const sandbox = openSandbox({ workers });
  const prepared = prepare(wat(text(callsPerStep, pages)), {
    limits: defaultProfileLimits,
    linearMemoryPagesMax: 256,
    stackDepthMax: defaultStackDepthMax,
    imports: abiImports(),
  });
  sandbox.define({ key: "m", prepared, stackDepthMax: defaultStackDepthMax });
  return sandbox;
}

/** Runs one step of each of `agents` agents, again and again, keeping each. */
function rounds(
  workers: number,
  agents: number,
  callsPerStep: number,
  pages = 1,
  serve: () => HostAnswer = () => answer,
): () => number {
  const sandbox = open(workers, callsPerStep, pages);
  addEventListener("unload", () => sandbox.close());
  let completedSteps = 0;
  const names = Array.from({ length: agents }, (_, i) => `agent${i}`);
  return () => {
    const steps = names.map((agent): SandboxStep => ({
      agent,
      moduleKey: "m",
      entry: "execute",
      args: [noBytes, noBytes],
      fuel: 10_000_000,
      completedSteps,
      image: null,
    }));
    const results = sandbox.run(steps, serve);
    sandbox.settle(names.map((agent) => ({ agent, keep: true })));
    completedSteps++;
    const completed = results.filter(({ kind }) => kind === "completed").length;
    if (completed !== agents) throw new Error(`${agents - completed} steps did not complete`);
    return completed;
  };
}

function bench(group: string, name: string, run: () => unknown, baseline = false, operations = 1): void {
  add({ group, name, baseline, operations, fn: () => void run() });
}

const many = smoke ? 4 : 50;
const calls = smoke ? 8 : 1000;

bench("steps without host calls", "1 agent", rounds(1, 1, 0), true);
bench("steps without host calls", `${many} agents, 1 worker`, rounds(1, many, 0));
bench("steps without host calls", `${many} agents, 2 workers`, rounds(2, many, 0));

/** Answers with an engram of a file; and the bare statement that finds its text. */
function fromGraph(
  cacheEngramsMax?: number,
): { readonly answer: () => HostAnswer; readonly bare: () => unknown } {
  const engrams = 1000, path = `${temporary()}/graph.db`;
  const graph = openGraph(cacheEngramsMax === undefined ? { path } : { path, cacheEngramsMax });
  const author = { agent: "bench", client: null, tick: 0, seat: 0 };
  const content = "Heron launches on 12 May. ".repeat(4);
  const texts = { content, title: null, source: "bench", ref: null, thread: null, metadata: {} };
  const writes = Array.from({ length: engrams }, (_, n): Write => ({
    op: "engram_put",
    id: formatId("engram", 0, 0, n),
    kind: "note",
    confidence: 1,
    position: null,
    observedAt: null,
    timeSource: "none",
    validFrom: null,
    validTo: null,
    texts: Payload.text(JSON.stringify(texts)),
  }));
  graph.commit({ index: 0, hash: new Uint8Array(32), tick: 0, steps: [{ author, writes }], rows: [] });
  const statement = new Libsql(path).prepare(`select version.rid, version.texts, version.to_tick from engram
    join engram_version version on version.engram = engram.key where engram.id = ?
    order by version.from_tick desc limit 1`).raw(true);
  let next = 0;
  const id = () => formatId("engram", 0, 0, next = (next + 797) % engrams);
  return {
    answer: () => ({ json: JSON.stringify(graph.engram(id())) }),
    bare: () => statement.get([id()]),
  };
}

/** Frames of one byte there and back, `count` times: what the channel costs without any agent. */
function pingPong(count: number): () => number {
  const doorbell = new Doorbell();
  const end = new EngineEnd();
  const from = (name: string) => JSON.stringify(new URL(`../src/sandbox/${name}.ts`, import.meta.url).href);
  const script = `import { WorkerEnd } from ${from("channel")}; import { Reader, Writer } from ${
    from("frame")
  };
    self.onmessage = ({ data }) => {
      const end = new WorkerEnd(data), reader = new Reader(), writer = new Writer();
      writer.u8(1);
      while (end.receive(reader)) end.send(writer);
      self.close();
    };`;
  const worker = new Worker(`data:application/javascript,${encodeURIComponent(script)}`, { type: "module" });
  worker.postMessage({ shared: end.shared, doorbell: doorbell.shared });
  addEventListener("unload", () => end.stop());
  const writer = new Writer();
  const reader = new Reader();
  writer.u8(1);
  return () => {
    for (let left = count; left > 0; left--) {
      end.send(writer);
      for (;;) {
        const seen = doorbell.rings;
        if (end.poll(reader)) break;
        doorbell.wait(seen, 1000);
      }
    }
    return count;
  };
}

const each = calls / many, stored = fromGraph(0), kept = fromGraph();
const repeat = (work: () => unknown) => () => {
  for (let left = calls; left > 0; left--) work();
};
bench("host calls", "the channel alone, one frame", pingPong(calls), true, calls);
// proves: rfc-8-shared_memory_latency
bench("host calls", "of 1 agent", rounds(1, 1, calls), false, calls);
bench("host calls", `of ${many} agents, 1 worker`, rounds(1, many, each), false, calls);
bench("host calls", `of ${many} agents, 2 workers`, rounds(2, many, each), false, calls);
bench(
  "host calls",
  `of ${many} agents, 1 worker, answered from libSQL`,
  rounds(1, many, each, 1, stored.answer),
  false,
  calls,
);
// A graph as an engine opens it keeps the engrams read or changed last.
bench(
  "host calls",
  `of ${many} agents, 1 worker, answered from the graph's cache`,
  rounds(1, many, each, 1, kept.answer),
  false,
  calls,
);
bench("an engram from libSQL, no agents", "a bare prepared statement", repeat(stored.bare), true, calls);
bench("an engram from libSQL, no agents", "as JSON for a guest", repeat(stored.answer), false, calls);
bench("an engram from libSQL, no agents", "the same from the cache", repeat(kept.answer), false, calls);

bench("memory kept after a step", "1 page", rounds(1, 1, 0, 1), true);
bench("memory kept after a step", "16 pages", rounds(1, 1, 0, 16));
bench("memory kept after a step", "256 pages", rounds(1, 1, 0, 256));

{
  const sandbox = open(1, 0);
  addEventListener("unload", () => sandbox.close());
  const step: SandboxStep = {
    agent: "a",
    moduleKey: "m",
    entry: "execute",
    args: [noBytes, noBytes],
    fuel: 1_000_000,
    completedSteps: 0,
    image: null,
  };
  const fresh = () => sandbox.run([step], () => answer);
  fresh();
  sandbox.settle([{ agent: "a", keep: true }]);
  const image = sandbox.image("a");
  bench("instances", "fresh, one step", fresh, true);
  bench("instances", "restored from an image, one step", () => {
    sandbox.drop("b");
    return sandbox.run([{ ...step, agent: "b", completedSteps: 1, image }], () => answer);
  });
  bench("instances", "image of a one-page agent", () => {
    if (!sandbox.holds("c", 1)) {
      sandbox.run([{ ...step, agent: "c" }], () => answer);
      sandbox.settle([{ agent: "c", keep: true }]);
    }
    return sandbox.image("c");
  });
}

bench("start", "a sandbox and its first step", () => {
  const sandbox = open(1, 0);
  sandbox.run(
    [{
      agent: "a",
      moduleKey: "m",
      entry: "query",
      args: [noBytes],
      fuel: 1000,
      completedSteps: 0,
      image: null,
    }],
    () => answer,
  );
  sandbox.close();
}, true);

await runBenches();
// Workers that wait would keep the process.
Deno.exit(0);
