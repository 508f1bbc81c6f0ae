/**
 * Drivers: the coroutines guests run on. A driver takes a job, calls the guest, hands the result over, takes the next.
 *
 * Owns: the pool of suspended stacks inside a worker.
 * Does not own: what a job is for (step.ts).
 *
 * Invariants:
 * 1. A guest may suspend in a host call because no JavaScript frame lies between it and its driver's promise.
 * 2. A trap ends only the driver it happened in; another takes its place.
 * 3. A stack costs the kernel 3 mappings and 984 KiB of addresses: there are at most {@link driversMax} a worker.
 * Source: JavaScript Promise Integration; a new stack for every call costs 20 times more than a driver.
 */
import type { GuestFunction } from "./instance.ts";

/** The most guests that are under way in a worker at once; the others wait for a driver. */
export const driversMax = 64;

/** The name of the driver's function in stack traces. */
export const driverName = "engramlt:driver";

/** The shapes of functions drivers can call: by number of parameters; 0 returns nothing, 2 and 4 return i32. */
export type JobKind = 0 | 2 | 4;

/** A call of a guest. */
export interface Job {
  readonly kind: JobKind;
  readonly target: GuestFunction;
  readonly args: readonly number[];
  /** The function returned. Runs on top of the driver; must not throw. */
  done(result: number): void;
  /** The function did not return. */
  failed(error: unknown): void;
}

type Promising = (target: GuestFunction) => (...args: number[]) => Promise<unknown>;
type SuspendingConstructor = new (target: (...args: (number | bigint)[]) => unknown) => GuestFunction;

const { promising, Suspending } = WebAssembly as unknown as {
  promising: Promising;
  Suspending: SuspendingConstructor;
};

/** Makes an import that may suspend the guest calling it: `target` returns a number, or a promise of one. */
export function suspending(
  target: (...args: (number | bigint)[]) => number | Promise<number>,
): WebAssembly.ImportValue {
  return new Suspending(target);
}

const section = (id: number, ...bytes: number[]) => [id, bytes.length, ...bytes];
const name = (text: string) => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))];

/** `loop { kind = next(i); done(i, table[i](memory[16 i …])) }`, assembled by hand. */
function driverModule(): Uint8Array<ArrayBuffer> {
  const i32 = 0x7f;
  const self = [0x20, 0];
  const argument = (index: number) => [...self, 0x41, 4, 0x74, 0x28, 2, index * 4];
  const invoke = (type: number) => [...self, 0x11, type, 0];
  const done = [0x10, 1];
  const body = [
    ...[1, 1, i32],
    ...[0x03, 0x40],
    ...[...self, 0x10, 0, 0x22, 1, 0x45, 0x04, 0x40],
    ...[...invoke(0), ...self, 0x41, 0, ...done],
    ...[0x05, 0x20, 1, 0x41, 2, 0x46, 0x04, 0x40],
    ...[...self, ...argument(0), ...argument(1), ...invoke(1), ...done],
    0x05,
    ...[...self, ...argument(0), ...argument(1), ...argument(2), ...argument(3), ...invoke(2), ...done],
    ...[0x0b, 0x0b, 0x0c, 0, 0x0b, 0x0b],
  ];
  const types = [
    [[], []],
    [[i32, i32], [i32]],
    [[i32, i32, i32, i32], [i32]],
    [[i32], [i32]],
    [[i32, i32], []],
    [[i32], []],
  ].flatMap(([params = [], results = []]) => [0x60, params.length, ...params, results.length, ...results]);
  const host = name("h");
  const functionNames = [1, 2, ...name(driverName)];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 6, ...types),
    ...section(
      2,
      4,
      ...[...host, ...name("next"), 0, 3],
      ...[...host, ...name("done"), 0, 4],
      ...[...host, ...name("table"), 1, 0x70, 0, driversMax],
      ...[...host, ...name("memory"), 2, 0, 1],
    ),
    ...section(3, 1, 5),
    ...section(7, 1, ...name("drive"), 0, 2),
    ...section(10, 1, body.length, ...body),
    ...section(0, ...name("name"), 1, functionNames.length, ...functionNames),
  ]);
}

/** The pool of one worker. */
export class Drivers {
  /** Guests running right now: neither suspended nor done. */
  #active = 0;
  #wake: (() => void) | null = null;
  /** Set while a job's `done` runs: its driver takes the next job itself. */
  #inside = false;
  readonly #queue: Job[] = [];
  readonly #jobs: (Job | null)[] = Array.from({ length: driversMax }, () => null);
  readonly #idle: { readonly driver: number; readonly resume: (kind: number) => void }[] = [];
  readonly #unused = Array.from({ length: driversMax }, (_, i) => driversMax - 1 - i);
  readonly #table = new WebAssembly.Table({ element: "anyfunc", initial: driversMax });
  readonly #args: Int32Array;
  readonly #drive: (...args: number[]) => Promise<unknown>;

  constructor() {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    this.#args = new Int32Array(memory.buffer);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(driverModule()), {
      h: {
        next: suspending((driver) => this.#next(Number(driver))),
        done: (driver: number, result: number) => this.#done(driver, result),
        table: this.#table,
        memory,
      },
    });
    this.#drive = promising(exports["drive"] as GuestFunction);
  }

  /** Runs a job as soon as a driver is free. */
  submit(job: Job): void {
    const waiting = this.#idle.pop();
    if (waiting !== undefined) return waiting.resume(this.#load(waiting.driver, job));
    this.#queue.push(job);
    if (!this.#inside) this.#start();
  }

  /** A guest that was suspended goes on. */
  resumed(): void {
    this.#active++;
  }

  /** A guest is about to suspend in a host call. */
  suspended(): void {
    if (--this.#active === 0) this.#wake?.();
  }

  /** Waits until no guest runs: each is suspended, done, or waiting for a driver that is suspended. */
  async quiet(): Promise<void> {
    while (this.#active > 0) await new Promise<void>((resolve) => this.#wake = resolve);
    this.#wake = null;
  }

  /** Starts drivers for the jobs that wait, as long as there may be more. */
  #start(): void {
    while (this.#queue.length > 0) {
      const driver = this.#unused.pop();
      if (driver === undefined) return;
      this.#drive(driver).then(
        () => this.#ended(driver, new Error("Fault: a driver returned")),
        (error: unknown) => this.#ended(driver, error),
      );
    }
  }

  #load(driver: number, job: Job): JobKind {
    this.#active++;
    this.#jobs[driver] = job;
    this.#table.set(driver, job.target);
    job.args.forEach((value, i) => this.#args[driver * 4 + i] = value);
    return job.kind;
  }

  #next(driver: number): number | Promise<number> {
    const job = this.#queue.shift();
    if (job !== undefined) return this.#load(driver, job);
    return new Promise((resume) => this.#idle.push({ driver, resume }));
  }

  #finish(driver: number): Job | null {
    const job = this.#jobs[driver] ?? null;
    this.#jobs[driver] = null;
    this.#table.set(driver, null);
    return job;
  }

  #done(driver: number, result: number): void {
    const job = this.#finish(driver);
    this.#inside = true;
    try {
      job?.done(result);
    } finally {
      this.#inside = false;
    }
    this.suspended();
  }

  #ended(driver: number, error: unknown): void {
    const job = this.#finish(driver);
    this.#unused.push(driver);
    job?.failed(error);
    this.#start();
    this.suspended();
  }
}
