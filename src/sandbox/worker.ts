/**
 * The only script inside an agent worker: it waits for orders, lets guests run, and hands over what they ask.
 *
 * Invariants:
 * 1. Started with no permissions; what the rest needs is taken first, then every other global is removed.
 * 2. Guests are WebAssembly only: they reach what their imports give them and nothing here.
 * 3. The thread sleeps in Atomics.wait while it is not its turn. It is told to stop through shared memory: it takes
 *    no message but the first.
 */
import { type ChannelParts, WorkerEnd } from "./channel.ts";
import { Reader } from "./frame.ts";
import { report } from "./messages.ts";
import { Seats } from "./seats.ts";

/** What the engine sends to start a worker. */
export interface WorkerStart extends ChannelParts {
  readonly shadowBytesMax: number;
}

/** The globals that stay: what the language and this script stand on. */
const kept = new Set([
  ...["Object", "Function", "Array", "Number", "Boolean", "String", "Symbol", "BigInt", "Promise", "RegExp"],
  ...["Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError"],
  ...["URIError", "DOMException", "ErrorEvent", "JSON", "Math", "Reflect", "Proxy", "Map", "Set", "WeakMap"],
  ...["WeakSet", "WeakRef", "FinalizationRegistry", "Iterator", "ArrayBuffer", "DataView", "Atomics"],
  ...["Uint8Array", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array", "BigUint64Array"],
  ...["BigInt64Array", "Uint8ClampedArray", "Float16Array", "Float32Array", "Float64Array", "TextDecoder"],
  ...["TextEncoder", "WebAssembly", "globalThis", "undefined", "NaN", "Infinity", "isNaN", "isFinite"],
  ...["parseInt", "parseFloat", "onmessage", "onerror", "close", "postMessage", "self", "Event"],
]);

/** Takes away what a worker has beyond its work. */
function lockDown(): void {
  Error.stackTraceLimit = 32;
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!kept.has(name)) Reflect.deleteProperty(globalThis, name);
  }
}

async function serve(start: WorkerStart, clock: () => number): Promise<void> {
  const channel = new WorkerEnd(start);
  const seats = new Seats({
    shadowBytesMax: start.shadowBytesMax,
    clock,
    beat: () => channel.beat(),
  });
  const frame = new Reader();
  while (channel.receive(frame)) {
    seats.out.reset();
    try {
      seats.handle(frame);
      await seats.drivers.quiet();
      seats.account();
    } catch (error) {
      seats.out.reset();
      seats.out.u8(report.fault);
      seats.out.text(error instanceof Error ? error.stack ?? error.message : String(error));
    }
    if (!channel.send(seats.out)) return;
  }
}

function isStart(value: unknown): value is WorkerStart {
  return typeof value === "object" && value !== null && "shared" in value && "doorbell" in value;
}

const { performance } = globalThis;
const clock = performance.now.bind(performance);
const close = globalThis.close.bind(globalThis);
globalThis.addEventListener("message", (event) => {
  const data: unknown = Reflect.get(event, "data");
  if (isStart(data)) serve(data, clock).finally(close);
}, { once: true });
lockDown();
