/**
 * The agents of one worker: modules, live instances by seat, and what an instance looked like before its step.
 *
 * Owns: carrying out the engine's orders; shadows; putting instances back.
 * Does not own: the worker's thread and its loop (worker.ts).
 *
 * Invariants:
 * 1. A seat between two steps holds its agent's state exactly: an unkept step is put back before the next order.
 * 2. After a trap an instance is thrown away and built again from its shadow, never gone on with.
 * 3. A fresh instance has no shadow: putting it back is dropping it.
 * 4. What held an agent's memory is overwritten when the agent goes: the memory, its copy, and copies kept for others.
 */
import { Buffer } from "node:buffer";
import { pieceOf } from "../kernel/blocks.ts";
import { answered, type CallDesk, type CallSite, guestImports } from "./calls.ts";
import { Drivers } from "./drivers.ts";
import { type Bytes, type Reader, Writer } from "./frame.ts";
import { decodeImage, encodeImage, pageBytes } from "./image.ts";
import { type GuestModule, guestModule, Instance, type Shadow } from "./instance.ts";
import {
  type Finished,
  order,
  origin,
  readManifest,
  readStep,
  report,
  type StepOrder,
  writeFinished,
} from "./messages.ts";
import { Step } from "./step.ts";

interface Seat extends CallSite {
  readonly module: GuestModule;
  instance: Instance | null;
  /** The state before the step under way or not yet settled. */
  before: Shadow | null;
  /** Whether the step left the instance whole: it returned. */
  whole: boolean;
  /** Of a memory above one page: its copy as of the last settled step. */
  large: Bytes | null;
}

/** What the loop around it needs to know. */
export interface SeatsOptions {
  /** Memories above this many bytes have no shadow. */
  readonly shadowBytesMax: number;
  /** A clock for durations, in ms. */
  readonly clock: () => number;
  /** Called whenever a guest begins, suspends or ends. */
  readonly beat: () => void;
}

/** The most one-page buffers kept for later shadows. */
const sparePagesMax = 512;

/** Copies what differs, page by page. */
function copyChanged(from: Bytes, to: Bytes): void {
  for (let at = 0; at < from.length; at += pageBytes) {
    const page = from.subarray(at, at + pageBytes);
    if (Buffer.compare(page, to.subarray(at, at + pageBytes)) !== 0) to.set(page, at);
  }
}

/** All agents of a worker. */
export class Seats implements CallDesk {
  readonly out = new Writer();
  readonly drivers = new Drivers();
  readonly #options: SeatsOptions;
  readonly #modules = new Map<number, GuestModule>();
  readonly #seats: (Seat | undefined)[] = [];
  /** One-page buffers for shadows, reused. */
  readonly #pages: Bytes[] = [];
  /** How many of them, from the first, hold nothing of anybody. */
  #cleanPages = 0;
  #mark = 0;
  /** Steps that paused since the clock was read, once each. */
  readonly #unaccounted: Step[] = [];

  constructor(options: SeatsOptions) {
    this.#options = options;
  }

  /** Carries out a frame of orders. */
  handle(frame: Reader): void {
    this.#mark = this.#options.clock();
    while (!frame.done) this.#order(frame);
  }

  #order(frame: Reader): void {
    const kind = frame.u8();
    switch (kind) {
      case order.define:
        this.#modules.set(frame.u32(), guestModule(readManifest(frame.text()), frame.blob().slice()));
        return;
      case order.step:
        return this.#step(readStep(frame));
      case order.answer:
        return answered(frame, this.#seat(frame.u32()), this.drivers);
      case order.settle: {
        const seat = this.#seat(frame.u32());
        return frame.u8() === 1 ? this.#keep(seat) : this.#putBack(seat);
      }
      case order.image: {
        const seat = frame.u32();
        return this.#tellImage(seat, this.#seats[seat]?.instance ?? null);
      }
      case order.forget:
        this.#modules.delete(frame.u32());
        return;
      case order.drop:
        return this.#drop(frame.u32());
      default:
        throw new Error(`Fault: order ${kind} is not known`);
    }
  }

  #drop(number: number): void {
    const seat = this.#seats[number];
    this.#seats[number] = undefined;
    if (seat === undefined) return;
    seat.instance?.bytes().fill(0);
    seat.before?.memory.fill(0);
    seat.large?.fill(0);
    for (; this.#cleanPages < this.#pages.length; this.#cleanPages++) this.#pages[this.#cleanPages]?.fill(0);
  }

  #tellImage(seat: number, instance: Instance | null): void {
    this.out.u8(report.image);
    this.out.u32(seat);
    this.out.blob(
      instance === null ? new Uint8Array(0) : encodeImage(instance.module.manifest, instance.state()),
    );
  }

  #seat(number: number): Seat {
    const seat = this.#seats[number];
    if (seat === undefined) throw new Error(`Fault: nobody is in seat ${number}`);
    return seat;
  }

  paused(step: Step): void {
    this.#unaccounted.push(step);
    this.#options.beat();
  }

  /**
   * Gives the time since the last reading of the clock to the steps that ran in it, by what fuel each took: reading it
   * at every pause costs as much as a tenth of a host call.
   */
  account(): void {
    const now = this.#options.clock(), ran = this.#unaccounted;
    const took = now - this.#mark;
    this.#mark = now;
    let fuel = 0;
    for (const step of ran) fuel += step.fuelUnaccounted;
    for (const step of ran) step.took(took * step.fuelUnaccounted / fuel);
    ran.length = 0;
  }

  #step(wanted: StepOrder): void {
    try {
      const seat = this.#prepare(wanted);
      if (seat.instance === null) throw new Error("the agent's instance is gone");
      this.#run(seat, seat.instance, wanted);
    } catch (error) {
      const trapped = error instanceof WebAssembly.RuntimeError;
      writeFinished(this.out, wanted.seat, {
        ...notBegun,
        kind: trapped ? "trapped" : "lost",
        fuel: wanted.fuel,
        message: trapped ? error.message : String(error),
      });
    }
  }

  /** The seat with the instance the step begins on, and its shadow. */
  #prepare(wanted: StepOrder): Seat {
    if (wanted.origin === origin.live) {
      const seat = this.#seat(wanted.seat);
      if (seat.instance !== null) seat.before = this.#shadow(seat, seat.instance);
      return seat;
    }
    const module = this.#modules.get(wanted.module);
    if (module === undefined) throw new Error(`module ${wanted.module} was not defined`);
    const seat: Seat = {
      seat: wanted.seat,
      module,
      step: null,
      waiting: null,
      kept: null,
      permit: null,
      instance: null,
      before: null,
      whole: true,
      large: null,
    };
    this.#seats[wanted.seat] = seat;
    const instance = this.#instantiate(seat);
    if (wanted.origin === origin.image) {
      instance.setImage(decodeImage(module.manifest, wanted.image));
      seat.before = this.#shadow(seat, instance);
    }
    seat.instance = instance;
    return seat;
  }

  #instantiate(seat: Seat): Instance {
    return new Instance(seat.module, guestImports(seat.module.manifest.imports, seat, this));
  }

  #run(seat: Seat, instance: Instance, wanted: StepOrder): void {
    const step = new Step(instance, { ...wanted, args: wanted.args.map((arg) => pieceOf(arg)) }, (job) => {
      this.drivers.submit(job);
    }, (finished) => {
      this.paused(step);
      this.account();
      seat.step = null;
      seat.kept = null;
      seat.permit = null;
      seat.whole = finished.kind === "completed" || finished.kind === "failed";
      writeFinished(this.out, seat.seat, {
        ...finished,
        executionMs: step.executionMs,
        memoryBytes: instance.memory.buffer.byteLength,
        restorable: seat.before !== null,
      });
      if (wanted.tellsImage && finished.kind === "completed") this.#tellImage(seat.seat, instance);
    });
    seat.step = step;
    seat.permit = wanted.permit;
    step.begin(wanted.origin === origin.fresh);
  }

  #shadow(seat: Seat, instance: Instance): Shadow | null {
    const memory = instance.bytes();
    if (memory.length > this.#options.shadowBytesMax) {
      seat.large = null;
      return null;
    }
    if (memory.length > pageBytes) {
      if (seat.large?.length !== memory.length) {
        seat.large = new Uint8Array(memory.length);
        seat.large.set(memory);
      }
      return { memory: seat.large, ...instance.small() };
    }
    if (memory.length === 0) return { memory: new Uint8Array(0), ...instance.small() };
    const page = this.#pages.pop() ?? new Uint8Array(pageBytes);
    this.#cleanPages = Math.min(this.#cleanPages, this.#pages.length);
    page.set(memory);
    return { memory: page, ...instance.small() };
  }

  #release(seat: Seat): void {
    if (seat.before?.memory.length === pageBytes && this.#pages.length < sparePagesMax) {
      this.#pages.push(seat.before.memory);
    }
    seat.before = null;
  }

  #keep(seat: Seat): void {
    const { instance, large } = seat;
    this.#release(seat);
    if (instance === null || large === null) return;
    const memory = instance.bytes();
    if (large.length === memory.length) copyChanged(memory, large);
    else seat.large = null;
  }

  #putBack(seat: Seat): void {
    const { before, instance } = seat;
    if (before === null || instance === null) {
      this.#drop(seat.seat);
      return;
    }
    const setMemory = (memory: Bytes, shadow: Bytes) => {
      if (shadow.length > pageBytes) copyChanged(shadow, memory);
      else memory.set(shadow);
    };
    if (!seat.whole || !instance.putBack(before, setMemory)) {
      seat.instance = this.#rebuild(seat, before);
      instance.bytes().fill(0);
    }
    this.#release(seat);
  }

  /** A new instance in the state of a shadow, or null where the engine has no memory for it. */
  #rebuild(seat: Seat, before: Shadow): Instance | null {
    try {
      const next = this.#instantiate(seat);
      next.setShadow(before);
      return next;
    } catch (error) {
      // The seat stays empty: its agent's next step is `lost` and begins again from its image.
      if (error instanceof RangeError) return null;
      throw error;
    }
  }
}

const notBegun: Omit<Finished, "kind" | "fuel" | "message"> = {
  code: 0,
  backtrace: [],
  result: new Uint8Array(0),
  executionMs: 0,
  memoryBytes: 0,
  hostCalls: 0,
  memoryOperations: 0,
  restorable: false,
};
