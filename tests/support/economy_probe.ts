/**
 * What agents cost, in a process with nothing else in it: `compile` runs agents of one module under V8's own account of
 * what it compiles; `footprint` prints KiB of this process for an agent and for a V8 isolate.
 */
import { Bench, guestText, stepOf } from "../unit/sandbox/guest.ts";

/** Bytes of a function's body that no other module has here: one that runs hot, and one that is never called. */
export const hotBytes = 7000, neverBytes = 9000;

function compile(): void {
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

if (import.meta.main) await (Deno.args[0] === "compile" ? compile() : footprint());
