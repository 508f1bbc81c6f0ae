/** The agents of a worker, in the test's own thread: what is made for them, kept, used again and let go. */
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Reader, Writer } from "../../../src/sandbox/frame.ts";
import { manifestOf } from "../../../src/sandbox/exports.ts";
import {
  answerKind,
  type Finished,
  order,
  origin,
  readFinished,
  report,
  writeStep,
} from "../../../src/sandbox/messages.ts";
import { Seats } from "../../../src/sandbox/seats.ts";
import { defaultStackDepthMax } from "../../../src/wasm/mod.ts";
import { guestText, imports, prepareText, stepOf } from "./guest.ts";

const pageBytes = 65_536;
/** Each step fills half a page and counts; it is heard of nowhere else. */
const prepared = prepareText(guestText({
  execute: `(memory.fill (i32.const 32768) (i32.const 171) (i32.const 32768))
    (call $answer (i32.add (i32.load (i32.const 516)) (i32.const 1)))`,
}));

/** Seats with the module above, and a way to give them orders. */
function seatsOf() {
  const seats = new Seats({ shadowBytesMax: 64 * pageBytes, clock: () => 0, beat: () => {} });
  const to = new Writer(), from = new Reader();
  const give = async (write: (to: Writer) => void) => {
    to.reset();
    from.reset();
    write(to);
    from.append(to.bytes.subarray(0, to.length));
    seats.out.reset();
    seats.handle(from);
    await seats.drivers.quiet();
  };
  const step = (seat: number, source: typeof origin[keyof typeof origin]) =>
    give((to) => writeStep(to, { ...stepOf("a"), seat, module: 0, origin: source, image: null }));
  const settle = (seat: number, keep: boolean) =>
    give((to) => {
      to.u8(order.settle);
      to.u32(seat);
      to.u8(keep ? 1 : 0);
    });
  const drop = (seat: number) =>
    give((to) => {
      to.u8(order.drop);
      to.u32(seat);
    });
  const define = () =>
    give((to) => {
      to.u8(order.define);
      to.u32(0);
      to.text(JSON.stringify(manifestOf(prepared, defaultStackDepthMax)));
      to.blob(prepared.bytes);
    });
  return { define, step, settle, drop };
}

/** Runs `work` while every instance and every copy of a page that is made is told to it. */
async function watching(
  work: (made: { readonly instances: WebAssembly.Instance[]; pages: number }) => Promise<void>,
): Promise<void> {
  const made: { readonly instances: WebAssembly.Instance[]; pages: number } = { instances: [], pages: 0 };
  const { Instance } = WebAssembly, { Uint8Array: Plain } = globalThis;
  WebAssembly.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports);
      made.instances.push(this);
    }
  };
  globalThis.Uint8Array = new Proxy(Plain, {
    construct(target, args, by) {
      if (args[0] === pageBytes && args.length === 1) made.pages++;
      return Reflect.construct(target, args, by);
    },
  });
  try {
    await work(made);
  } finally {
    WebAssembly.Instance = Instance;
    globalThis.Uint8Array = Plain;
  }
}

/** Collects what nothing holds any more. */
const collect = (): unknown => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc()");
};

const memoryOf = ({ exports }: WebAssembly.Instance): WebAssembly.Memory => {
  const { memory } = exports;
  assert.ok(memory instanceof WebAssembly.Memory);
  return memory;
};

// proves: mentat-tuning2-warm, mentat-step6-reuse, mentat-practices3-pooling, engram-10.1-pooling
Deno.test("an agent's steps run on one warm instance, and the copy taken before each is made once", async () => {
  const seats = seatsOf();
  await seats.define();
  await watching(async (made) => {
    for (let nth = 0; nth < 50; nth++) {
      await seats.step(0, nth === 0 ? origin.fresh : origin.live);
      await seats.settle(0, nth !== 30);
    }
    const [instance, ...others] = made.instances;
    assert.ok(instance !== undefined);
    assert.equal(others.length, 0);
    assert.equal(new DataView(memoryOf(instance).buffer).getInt32(516, true), 49); // one was put back
    assert.equal(made.pages, 1);
  });
});

// proves: mentat-troubleshooting3-cleanup
Deno.test("an instance that is dropped leaves nothing behind that holds it", async () => {
  const seats = seatsOf();
  await seats.define();
  const memories: WeakRef<WebAssembly.Memory>[] = [];
  const gone: string[] = [];
  const registry = new FinalizationRegistry((of: string) => gone.push(of));
  await watching(async ({ instances }) => {
    for (let seat = 0; seat < 3; seat++) {
      await seats.step(seat, origin.fresh);
      await seats.settle(seat, true);
      await seats.step(seat, origin.live);
      await seats.settle(seat, seat === 2);
    }
    for (const [seat, instance] of instances.splice(0).entries()) {
      registry.register(instance, `instance ${seat}`);
      memories.push(new WeakRef(memoryOf(instance)));
    }
  });
  await seats.drop(0);
  await seats.drop(2);
  for (let nth = 0; nth < 3; nth++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(gone.sort(), ["instance 0", "instance 2"]);
  assert.deepEqual(memories.map((memory) => memory.deref() === undefined), [true, false, true]);
  await seats.step(1, origin.live);
});

/** Loops as often as its first argument has bytes times a thousand, then asks the host. */
const looping = prepareText(guestText({
  imports: imports.get,
  execute: `(local.set $i (i32.mul (local.get 1) (i32.const 1000)))
    (block $end (loop $next
      (br_if $end (i32.eqz (local.get $i)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br $next)))
    (drop (call $get (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 600)))
    (i32.const 0)`,
}));

Deno.test("the time of guests that run between two readings of the clock is theirs by their fuel", async () => {
  let now = 0, readings = 0;
  const clock = () => (readings++, now += 10);
  const seats = new Seats({ shadowBytesMax: 64 * pageBytes, clock, beat: () => {} });
  const to = new Writer(), from = new Reader();
  const give = async () => {
    from.reset();
    from.append(to.bytes.subarray(0, to.length));
    to.reset();
    seats.out.reset();
    seats.handle(from);
    await seats.drivers.quiet();
    seats.account();
  };
  to.u8(order.define);
  to.u32(0);
  to.text(JSON.stringify(manifestOf(looping, defaultStackDepthMax)));
  to.blob(looping.bytes);
  for (const [seat, bytes] of [99, 0, 0].entries()) {
    const args = [new Uint8Array(bytes), new Uint8Array(0)];
    writeStep(to, {
      ...stepOf("a"),
      args,
      fuel: 10_000_000,
      seat,
      module: 0,
      origin: origin.fresh,
      image: null,
    });
  }
  await give();
  assert.equal(readings, 2, "three pauses, one reading of the clock after the frame's first");
  for (const seat of [0, 1, 2]) {
    to.u8(order.answer);
    to.u32(seat);
    to.u8(answerKind.status);
    to.i32(0);
  }
  await give();
  const ended = new Reader(), steps: Finished[] = [];
  ended.append(seats.out.bytes.subarray(0, seats.out.length));
  while (!ended.done) {
    assert.equal(ended.u8(), report.finished);
    ended.u32();
    steps.push(readFinished(ended));
  }
  const [long, one, other] = steps.map(({ executionMs }) => executionMs);
  assert.deepEqual(steps.map(({ kind }) => kind), ["completed", "completed", "completed"]);
  // 10 ms until all wait, of which the long one takes nearly all; then 10 ms each until they end.
  assert.ok(long !== undefined && long > 19.9 && long < 20, `the long one took ${long} ms`);
  assert.ok(
    one !== undefined && one > 10 && one < 10.05 && one === other,
    `short ones took ${one}, ${other}`,
  );
  assert.ok(Math.abs(long + one + one - 40) < 1e-9, "no time is lost or told twice");
});
