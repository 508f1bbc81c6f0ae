/**
 * What agents cost, in a process with nothing else in it: `compile` runs agents of one module under V8's own account of
 * what it compiles; `footprint` prints KiB of this process for an agent and for a V8 isolate; `rest` prints MiB that
 * agents of 16 MiB each take, and what is left of that when they rest; `secrets` counts copies of what an agent made up
 * in this process's memory, while it is there and when it is gone (Linux).
 */
import { openRuntime } from "../../src/mod.ts";
import { temporaryFolder } from "./runtimes.ts";
import { wat } from "./wat.ts";
import { Bench, guestText, stepOf } from "../unit/sandbox/guest.ts";

/** Bytes of a function's body that no other module has here: one that runs hot, and one that is never called. */
export const hotBytes = 7000, neverBytes = 9000;

/** For V8 to end, in a thread of its own, what it compiles for speed; the process's end would cut it off. */
const compilerMs = 1000;

async function compile(): Promise<void> {
  using bench = new Bench({
    m: guestText({
      execute: `(call $hot)`,
      more: `(func $hot (result i32) (local $i i32) ${"(nop)".repeat(hotBytes)}
          (loop $on (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $on (i32.lt_u (local.get $i) (i32.const 2000000))))
          (call $answer (local.get $i)))
        (func $never (export "never") (result i32) ${"(nop)".repeat(neverBytes)} (i32.const 1))`,
    }),
  });
  for (const agent of ["a", "b", "c"]) {
    for (let completedSteps = 0; completedSteps < 3; completedSteps++) {
      const { kind } = bench.step(agent, { completedSteps, fuel: 1_000_000_000 });
      if (kind !== "completed") throw new Error(`a step ended ${kind}`);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, compilerMs));
}

const kib = () => Deno.memoryUsage().rss / 1024;

async function footprint(): Promise<void> {
  const agents = 4000, isolates = 8;
  using bench = new Bench({ m: guestText() }, { workers: 2 });
  bench.run([stepOf("first"), stepOf("second")]); // starts both threads; nothing of it is kept
  const before = kib();
  const steps = Array.from({ length: agents }, (_, nth) => stepOf(`agent ${nth}`));
  if (bench.run(steps).some(({ kind }) => kind !== "completed")) throw new Error("a step did not complete");
  bench.sandbox.settle(steps.map(({ agent }) => ({ agent, keep: true })));
  const { instances, workers } = bench.sandbox.stats();
  const agentKib = (kib() - before) / agents;
  const empty = URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" }));
  const began = kib();
  for (let nth = 0; nth < isolates; nth++) {
    const worker = new Worker(empty, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
  }
  const isolateKib = (kib() - began) / isolates;
  console.log(JSON.stringify({ agents: instances, workers, agentKib, isolateKib }));
  Deno.exit(0);
}

const mib = () => kib() / 1024;

async function rest(): Promise<void> {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, workers: 2, idleInstanceMs: 0 });
  const fill = wat(guestText({
    memory: `(memory (export "memory") 256 256)`,
    execute: `(memory.fill (i32.const 65536) (i32.const 1) (i32.const 16000000))
      (memory.fill (i32.const 65536) (i32.const 0) (i32.const 16000000))
      (call $answer (i32.const 875770417))`,
  }));
  const before = mib();
  for (let nth = 0; nth < 12; nth++) {
    const agent = `a${nth}`;
    await runtime.submit({ kind: "agent_load", agent, wasm: fill.toBase64() });
    await runtime.submit({ kind: "execute", agent, action: "fill", params: "{}" });
  }
  const held = mib() - before;
  while (runtime.rest() !== null) await new Promise((resolve) => setTimeout(resolve, 0));
  let left = Infinity;
  for (let nth = 0; nth < 100 && left > held / 4; nth++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    left = mib() - before;
  }
  await runtime.close();
  console.log(JSON.stringify({ held, left }));
}

/** What an agent makes up: word after word of x → 1664525 x + 1013904223, which stand nowhere else in a row. */
const secret = `(local.set $j (i32.const 20261129))
  (loop $on
    (i32.store (i32.add (i32.const 8192) (local.get $i)) (local.get $j))
    (local.set $j (i32.add (i32.mul (local.get $j) (i32.const 1664525)) (i32.const 1013904223)))
    (local.set $i (i32.add (local.get $i) (i32.const 4)))
    (br_if $on (i32.lt_u (local.get $i) (i32.const 8192))))
  (call $answer (local.get $i))`;
/** Words in a row that make a copy. */
const copyWords = 512;

/** How often the secret stands in the memory of this process. */
async function copies(): Promise<number> {
  let count = 0;
  using memory = await Deno.open("/proc/self/mem");
  const words = new Int32Array(256 * 1024), part = new Uint8Array(words.buffer);
  for (const line of (await Deno.readTextFile("/proc/self/maps")).split("\n")) {
    const [, from = "0", to = "0"] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    for (let at = Number(`0x${from}`), end = Number(`0x${to}`); at < end; at += part.length) {
      try {
        memory.seekSync(at, Deno.SeekMode.Start);
        const length = (memory.readSync(part.subarray(0, Math.min(part.length, end - at))) ?? 0) / 4;
        for (let nth = 1, row = 0; nth < length; nth++) {
          const follows = words[nth] === (Math.imul(words[nth - 1] ?? 0, 1664525) + 1013904223 | 0);
          row = follows ? row + 1 : 0;
          if (row === copyWords) count++;
        }
      } catch {
        break; // what cannot be read holds nothing of an agent's
      }
    }
  }
  part.fill(0);
  return count;
}

async function secrets(): Promise<void> {
  using bench = new Bench({
    small: guestText({ memory: `(memory (export "memory") 1 1)`, execute: secret }),
    large: guestText({ memory: `(memory (export "memory") 4 4)`, execute: secret }),
    other: guestText(),
  });
  const agents = ["small", "large"];
  for (const agent of agents) {
    for (let completedSteps = 0; completedSteps < 3; completedSteps++) {
      bench.step(agent, { moduleKey: agent, completedSteps });
    }
  }
  const there = await copies();
  for (const agent of agents) bench.sandbox.drop(agent);
  bench.step("other", { moduleKey: "other" }); // the worker has handled the drops before it
  console.log(JSON.stringify({ there, gone: await copies() }));
}

const probes: Readonly<Record<string, () => void | Promise<void>>> = { compile, footprint, rest, secrets };
if (import.meta.main) await probes[Deno.args[0] ?? ""]?.();
