/**
 * A step inside a worker: one entry into a guest, from its arguments to its result.
 *
 * Owns: fuel and its charging, arguments and results in the guest's memory, telling apart how a step ended.
 * Does not own: host calls (calls.ts), the stack the guest runs on (drivers.ts), what becomes of the instance (seats.ts).
 *
 * Invariants:
 * 1. A host call never throws into the guest: the step is ended by `stop`, at which the guest's own code traps.
 * 2. Fuel below zero is out of fuel, wherever it is noticed.
 * 3. What the engine could not do (memory, its own stack) is `lost`, never an outcome of the guest.
 */
import { resultBytesMax } from "./abi.ts";
import { driverName, type Job, type JobKind } from "./drivers.ts";
import type { Bytes } from "./frame.ts";
import type { Instance } from "./instance.ts";
import type { Entry, Finished, Frame, Outcome } from "./messages.ts";

/** A range of the guest's memory. */
export interface Block {
  readonly pointer: number;
  readonly size: number;
}

/** What the host knows of how a step must end, before the guest has. */
interface Ending {
  readonly kind: Exclude<Outcome, "completed" | "failed">;
  readonly message: string;
  readonly backtrace: readonly Frame[];
}

const noBytes: Bytes = new Uint8Array(0);
const backtraceMax = 24;

/** How many parameters each entry's function has. */
const kinds: Readonly<Record<Entry, JobKind>> = {
  initialize: 2,
  execute: 4,
  query: 2,
  receive: 2,
  release: 0,
};

/** The frames of the guest in an error, innermost first. V8's function index is not to be had here, its offset is. */
function backtraceOf(error: unknown): Frame[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  const frames: Frame[] = [];
  for (const line of error.stack.split("\n")) {
    const found = /^\s*at (?:(.*) \()?wasm:\/\/.*:0x([0-9a-f]+)\)?$/.exec(line);
    if (found === null) continue;
    const [, name = "", offset = "0"] = found;
    if (name.endsWith(driverName)) break;
    frames.push({ name: name === "<anonymous>" ? "" : name, offset: Number.parseInt(offset, 16) });
    if (frames.length === backtraceMax) break;
  }
  return frames;
}

/** One step under way. */
export class Step {
  readonly instance: Instance;
  readonly entry: Entry;
  readonly budget: number;
  hostCalls = 0;
  memoryOperations = 0;
  executionMs = 0;
  /** Fuel left as of the last look at it, and when time was last given to this step. */
  #left: number;
  #leftAccounted: number;
  readonly #args: readonly Bytes[];
  readonly #blocks: Block[] = [];
  #ending: Ending | null = null;
  readonly #submit: (job: Job) => void;
  readonly #finished: (step: Omit<Finished, "executionMs" | "memoryBytes" | "restorable">) => void;

  constructor(
    instance: Instance,
    order: { readonly entry: Entry; readonly fuel: number; readonly args: readonly Bytes[] },
    submit: (job: Job) => void,
    finished: (step: Omit<Finished, "executionMs" | "memoryBytes" | "restorable">) => void,
  ) {
    this.instance = instance;
    this.entry = order.entry;
    this.budget = order.fuel;
    this.#left = order.fuel;
    this.#leftAccounted = order.fuel;
    this.#args = order.args;
    this.#submit = submit;
    this.#finished = finished;
  }

  /** Begins; `start` says whether the module's start function runs first. */
  begin(start: boolean): void {
    const { instance } = this;
    instance.fuel.value = BigInt(this.budget);
    instance.stop.value = 0;
    const function_ = start ? instance.module.manifest.start : null;
    if (function_ === null) return this.#enter();
    this.#prepareEntry();
    this.#call(function_, 0, [], () => this.#enter());
  }

  #prepareEntry(): void {
    this.instance.reason.value = this.instance.module.manifest.reasons.trap;
    this.instance.depth.value = this.instance.module.manifest.depthStart;
  }

  #call(name: string, kind: JobKind, args: readonly number[], done: (result: number) => void): void {
    this.#submit({
      kind,
      args,
      target: this.instance.function(name),
      done: (result) => this.#guard(() => done(result)),
      failed: (error) => this.#fail(error),
    });
  }

  /** Runs what may enter the guest directly; what that throws ends the step. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #enter(): void {
    this.#guard(() => {
      const pointers = this.#args.flatMap((arg) => this.#argument(arg));
      if (this.#ending !== null) return this.#end();
      this.#prepareEntry();
      this.#call(this.entry, kinds[this.entry], pointers, (result) => this.#returned(result));
    });
  }

  #argument(bytes: Bytes): number[] {
    if (bytes.length === 0 || this.#ending !== null) return [0, 0];
    this.#prepareEntry();
    const pointer = this.allocate(bytes.length, this.#blocks);
    if (pointer === null) return [0, 0];
    this.#blocks.push({ pointer, size: bytes.length });
    this.instance.bytes().set(bytes, pointer);
    return [pointer, bytes.length];
  }

  /** A new block of the guest's, clear of `others`; null when the step is ended instead. */
  allocate(size: number, others: readonly Block[]): number | null {
    let pointer: number;
    try {
      this.instance.reason.value = this.instance.module.manifest.reasons.trap;
      pointer = this.instance.alloc(size);
    } catch (error) {
      this.#ending = this.#endingOf(error);
      this.instance.stop.value = 1;
      return null;
    }
    const { length } = this.instance.bytes();
    const overlaps = (block: Block) => pointer < block.pointer + block.size && block.pointer < pointer + size;
    if (pointer === 0 || pointer + size > length || others.some(overlaps)) {
      this.stop("trapped", `bad_alloc: the allocator returned ${pointer} for ${size} bytes`);
      return null;
    }
    return pointer;
  }

  /** Fuel taken since {@link took}, and one more so that no step has none. */
  get fuelUnaccounted(): number {
    return this.#leftAccounted - this.#left + 1;
  }

  /** Counts the time that went by while {@link fuelUnaccounted} was taken, in ms. */
  took(ms: number): void {
    this.executionMs += ms;
    this.#leftAccounted = this.#left;
  }

  /** Takes fuel for the host's work; false, and the step is ended, when there is not enough. */
  charge(fuel: number): boolean {
    this.#left = Number(this.instance.fuel.value);
    return this.chargeMore(fuel);
  }

  /** {@link charge} where the guest has not run since. */
  chargeMore(fuel: number): boolean {
    this.#left -= fuel;
    this.instance.fuel.value = BigInt(this.#left);
    if (this.#left >= 0) return true;
    this.stop("out_of_fuel", "");
    return false;
  }

  /** Ends the step as soon as the guest goes on. */
  stop(kind: Ending["kind"], message: string): void {
    this.#ending ??= { kind, message, backtrace: [] };
    this.instance.stop.value = 1;
  }

  #returned(result: number): void {
    if (BigInt(this.instance.fuel.value) < 0n) return this.#report("out_of_fuel", {});
    if (this.entry === "release") return this.#complete(noBytes);
    if (result < 0) return this.#report("failed", { code: result });
    if (this.entry !== "execute" && this.entry !== "query") {
      this.#freeArguments();
      return this.#complete(noBytes);
    }
    const bytes = this.#result(result);
    if (bytes === null) return this.#end();
    this.#freeArguments();
    if (bytes.length > 0) this.#free({ pointer: result, size: 4 + bytes.length });
    this.#complete(bytes);
  }

  /** The bytes behind a result pointer; null when the step is ended instead. */
  #result(pointer: number): Bytes | null {
    if (pointer === 0) return noBytes;
    const memory = this.instance.bytes();
    if (pointer + 4 <= memory.length) {
      const size = this.instance.view().getUint32(pointer, true);
      if (size > resultBytesMax) {
        this.stop("trapped", `result too large: ${size} bytes, the limit is ${resultBytesMax}`);
        return null;
      }
      if (pointer + 4 + size <= memory.length) return memory.slice(pointer + 4, pointer + 4 + size);
    }
    this.stop("trapped", `bad result: pointer ${pointer} leads out of memory`);
    return null;
  }

  #freeArguments(): void {
    for (const block of this.#blocks) this.#free(block);
  }

  #free(block: Block): void {
    this.#prepareEntry();
    this.instance.free(block.pointer, block.size);
  }

  #complete(result: Bytes): void {
    if (BigInt(this.instance.fuel.value) < 0n) return this.#report("out_of_fuel", {});
    this.#report("completed", { result });
  }

  #fail(error: unknown): void {
    this.#ending ??= this.#endingOf(error);
    this.#end();
  }

  #end(): void {
    const ending = this.#ending;
    if (ending === null) throw new Error("Fault: a step ends without a reason");
    this.#report(ending.kind, ending);
  }

  /** What an error that came out of the guest means. */
  #endingOf(error: unknown): Ending {
    const backtrace = backtraceOf(error);
    const { reasons } = this.instance.module.manifest;
    if (error instanceof WebAssembly.RuntimeError) {
      switch (this.instance.reason.value) {
        case reasons.outOfFuel:
          return { kind: "out_of_fuel", message: "", backtrace };
        case reasons.stackDepth:
          return { kind: "trapped", message: "stack depth", backtrace };
        case reasons.growthRefused:
          return { kind: "lost", message: "memory the grant allows could not be had", backtrace };
        default:
          return { kind: "trapped", message: error.message, backtrace };
      }
    }
    const exception: unknown = Reflect.get(WebAssembly, "Exception");
    if (typeof exception === "function" && error instanceof exception) {
      return { kind: "trapped", message: "uncaught exception", backtrace };
    }
    return { kind: "lost", message: String(error), backtrace };
  }

  #report(kind: Outcome, facts: Partial<Pick<Finished, "code" | "message" | "backtrace" | "result">>): void {
    this.#left = Number(this.instance.fuel.value);
    this.#finished({
      kind,
      fuel: kind === "completed" || kind === "failed" ? this.budget - this.#left : this.budget,
      code: facts.code ?? 0,
      message: facts.message ?? "",
      backtrace: facts.backtrace ?? [],
      result: facts.result ?? noBytes,
      hostCalls: this.hostCalls,
      memoryOperations: this.memoryOperations,
    });
  }
}
