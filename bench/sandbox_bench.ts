/**
 * What a host call, a step, an image and a start cost.
 *
 * `deno bench -A bench/sandbox_bench.ts`; `-- --smoke` runs each once on small sizes, to keep this from rotting. Each group has a baseline of the same run: figures move with the machine, ratios less.
 */
import { defaultProfileLimits, defaultStackDepthMax, prepare } from "../src/wasm/mod.ts";
import { abiImports, openSandbox, type Sandbox, type SandboxStep } from "../src/sandbox/mod.ts";
import { Doorbell, EngineEnd } from "../src/sandbox/channel.ts";
import { Reader, Writer } from "../src/sandbox/frame.ts";
import { wat } from "../tests/support/wat.ts";

const small = Deno.args.includes("--smoke");
const options = small ? { n: 1, warmup: 0 } : {};

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
function rounds(workers: number, agents: number, callsPerStep: number, pages = 1): () => number {
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
    const results = sandbox.run(steps, () => answer);
    sandbox.settle(names.map((agent) => ({ agent, keep: true })));
    completedSteps++;
    const completed = results.filter(({ kind }) => kind === "completed").length;
    if (completed !== agents) throw new Error(`${agents - completed} steps did not complete`);
    return completed;
  };
}

function bench(group: string, name: string, run: () => unknown, baseline = false): void {
  Deno.bench({ group, name, baseline, ...options, fn: () => void run() });
}

const many = small ? 4 : 50;
const calls = small ? 8 : 1000;

bench("steps without host calls", "1 agent", rounds(1, 1, 0), true);
bench("steps without host calls", `${many} agents, 1 worker`, rounds(1, many, 0));
bench("steps without host calls", `${many} agents, 2 workers`, rounds(2, many, 0));

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

bench(`${calls} host calls`, "the channel alone, one frame each", pingPong(calls), true);
bench(`${calls} host calls`, "by 1 agent", rounds(1, 1, calls));
bench(`${calls} host calls`, `by ${many} agents, 1 worker`, rounds(1, many, calls / many));
bench(`${calls} host calls`, `by ${many} agents, 2 workers`, rounds(2, many, calls / many));

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
