/**
 * The records of a frame: what the engine tells an agent worker, and what it hears.
 *
 * Owns: the number of every record, entry and answer; how a host call is laid out.
 * Does not own: bytes (frame.ts), turns (channel.ts).
 *
 * Invariants:
 * 1. A frame is records one after the other; both ends run the same build, so there is no version here.
 * 2. A seat is a worker's number for an agent's instance; a seat has at most one step at a time, so it names the step.
 * 3. Records are handled in the order written.
 */
import type { Bytes, Reader, Writer } from "./frame.ts";
import {
  type Answer,
  type EngramPermit,
  type HostAnswer,
  type HostCall,
  type HostFunction,
  type HostFunctionName,
  hostFunctions,
  type StepPermit,
} from "./abi.ts";

/** What the engine sends. */
export const order = { define: 1, step: 2, answer: 3, settle: 4, image: 5, drop: 6, forget: 7 } as const;
/** What a worker sends. `answered` is a call that it answered under a permit. */
export const report = { call: 1, finished: 2, image: 3, fault: 4, answered: 5 } as const;
/** How a step comes by its instance. */
export const origin = { live: 0, fresh: 1, image: 2 } as const;
/** How the host answered. */
export const answerKind = { status: 0, id: 1, json: 2, end: 3, permit: 4 } as const;

/** The exports a step enters by; the index is their number on the channel. */
export const entries = ["initialize", "execute", "query", "receive", "release"] as const;
/** One of {@link entries}. */
export type Entry = typeof entries[number];

/** How a step ended; the index is its number on the channel. */
export const outcomes = ["completed", "failed", "trapped", "out_of_fuel", "ended", "lost"] as const;
/** One of {@link outcomes}. */
export type Outcome = typeof outcomes[number];

/** The names of all host functions; the index is their number on the channel. */
export const functionNames = Object.keys(hostFunctions) as HostFunctionName[];

/** What a worker must know of a module besides its bytes. Travels as JSON, once a worker. */
export interface GuestManifest {
  /** The host functions imported. */
  readonly imports: readonly HostFunctionName[];
  readonly memory: string;
  readonly alloc: string;
  readonly free: string;
  readonly start: string | null;
  readonly fuel: string;
  readonly depth: string;
  readonly reason: string;
  readonly stop: string;
  readonly noYield: string;
  /** What `reason` can hold. */
  readonly reasons: {
    readonly trap: number;
    readonly outOfFuel: number;
    readonly stackDepth: number;
    readonly growthRefused: number;
  };
  /** What `depth` holds before an entry. */
  readonly depthStart: number;
  /** Own mutable globals in order. */
  readonly globals: readonly { readonly name: string; readonly type: string }[];
  /** Own tables in order. */
  readonly tables: readonly { readonly name: string; readonly type: string }[];
  /** Functions that can stand in a table or a global. */
  readonly functions: readonly { readonly name: string; readonly index: number }[];
  /** Segments that can be dropped: a flag, and the function that drops again. */
  readonly segments: readonly { readonly dropped: string; readonly drop: string }[];
}

/** One step as a worker gets it. */
export interface StepOrder {
  readonly seat: number;
  readonly module: number;
  readonly entry: Entry;
  readonly fuel: number;
  readonly args: readonly Bytes[];
  readonly origin: typeof origin[keyof typeof origin];
  /** Empty unless `origin` is image. */
  readonly image: Bytes;
  readonly permit: GivenPermit | null;
  /** Whether the agent's image is to be told after the step, if it completes. */
  readonly tellsImage: boolean;
}

/** A permit as a worker keeps it: texts as bytes, and what is used up counted down. */
export interface GivenPermit {
  calls: number;
  bytes: number;
  readonly send: { readonly to: Bytes; readonly bytesMax: number } | null;
  readonly engram: {
    readonly id: Bytes;
    /** Null once the step changed it. */
    json: Bytes | null;
    readonly update: EngramPermit["update"];
  } | null;
}

function writePermit(to: Writer, { calls, bytes, send, engram }: StepPermit): void {
  to.u32(calls);
  to.f64(bytes);
  to.u8(send === null ? 0 : 1);
  if (send !== null) {
    to.text(send.to);
    to.u32(send.bytesMax);
  }
  to.u8(engram === null ? 0 : engram.update === null ? 1 : 2);
  if (engram === null) return;
  to.text(engram.id);
  to.text(engram.json);
  if (engram.update === null) return;
  to.u32(engram.update.bytesMax);
  to.f64(engram.update.bytesMore);
}

/** Reads a permit; its bytes are copies. */
export function readPermit(from: Reader): GivenPermit {
  const calls = from.u32(), bytes = from.f64();
  const send = from.u8() === 0 ? null : { to: from.blob().slice(), bytesMax: from.u32() };
  const about = from.u8();
  const engram = about === 0 ? null : {
    id: from.blob().slice(),
    json: from.blob().slice(),
    update: about === 1 ? null : { bytesMax: from.u32(), bytesMore: from.f64() },
  };
  return { calls, bytes, send, engram };
}

const noBytes = new Uint8Array(0);

export function writeStep(
  to: Writer,
  step: Omit<StepOrder, "args" | "image" | "permit" | "tellsImage"> & {
    readonly args: readonly Uint8Array[];
    readonly image: Uint8Array | null;
    readonly permit?: StepPermit | null;
    readonly tellsImage?: boolean;
  },
): void {
  to.u8(order.step);
  to.u32(step.seat);
  to.u32(step.module);
  to.u8(entries.indexOf(step.entry));
  to.f64(step.fuel);
  to.u8(step.origin);
  to.u8(step.args.length);
  for (const arg of step.args) to.blob(arg);
  to.blob(step.image ?? noBytes);
  const permit = step.permit ?? null;
  to.u8(permit === null ? 0 : 1);
  if (permit !== null) writePermit(to, permit);
  to.u8(step.tellsImage === true ? 1 : 0);
}

/** Reads a step order; its bytes are views into the frame. */
export function readStep(from: Reader): StepOrder {
  const seat = from.u32();
  const module = from.u32();
  const entry = entries[from.u8()] ?? "release";
  const fuel = from.f64();
  const source = from.u8();
  const args: Bytes[] = [];
  for (let left = from.u8(); left > 0; left--) args.push(from.blob());
  return {
    seat,
    module,
    entry,
    fuel,
    args,
    origin: source === origin.live ? origin.live : source === origin.fresh ? origin.fresh : origin.image,
    image: from.blob(),
    permit: from.u8() === 0 ? null : readPermit(from),
    tellsImage: from.u8() === 1,
  };
}

/** What stands for an absent text in place of its length. */
export const absent = 0xffffffff;

/** Reads a host call after its seat. Null: a text in it is not UTF-8. Throws a RangeError on anything else. */
export function readCall(
  from: Reader,
  isAnswered: boolean,
): { name: HostFunctionName; call: HostCall | null } {
  const name = functionNames[from.u8()];
  if (name === undefined) {
    throw new RangeError("Cannot read a frame: it names a host function that is not there");
  }
  const args: HostCall["args"][number][] = [];
  let valid = true;
  for (const param of hostFunctions[name].params) {
    switch (param.type) {
      case "text": {
        const length = from.u32();
        const text = length === absent
          ? null
          : param.raw === true
          ? from.utf8Bytes(length)
          : from.utf8(length);
        if (text === null && length !== absent) valid = false;
        args.push(text);
        break;
      }
      case "i32":
        args.push(from.i32());
        break;
      case "i64":
        args.push(from.i64());
        break;
      case "f64":
        args.push(from.f64());
        break;
      case "out":
        break;
      default:
        param satisfies never;
    }
  }
  return { name, call: valid ? { name, args, isAnswered } : null };
}

/** Whether a function may be answered in this form. */
function answers(form: Answer, answer: HostAnswer): boolean {
  if ("status" in answer) return true;
  return "id" in answer ? form === "id" : form === "json";
}

/** Writes the host's answer to a call. Throws a fault when the form does not fit the function. */
export function writeAnswer(
  to: Writer,
  seat: number,
  name: HostFunctionName,
  answer: HostAnswer | { readonly end: string },
): void {
  to.u8(order.answer);
  to.u32(seat);
  if ("end" in answer) return to.u8(answerKind.end);
  const { answer: form }: HostFunction = hostFunctions[name];
  if (!answers(form, answer)) {
    throw new Error(`Fault: ${name} is answered with ${Object.keys(answer).join()}, its form is ${form}`);
  }
  if ("status" in answer) {
    const { permit } = answer;
    to.u8(permit === undefined ? answerKind.status : answerKind.permit);
    to.i32(answer.status);
    if (permit === undefined) return;
    writePermit(to, permit);
  } else if ("id" in answer) {
    to.u8(answerKind.id);
    to.text(answer.id);
  } else {
    to.u8(answerKind.json);
    to.text(answer.json);
  }
}

/** A frame of a guest's stack: the name V8 knows, or "", and the byte offset in the metered module. */
export interface Frame {
  readonly name: string;
  readonly offset: number;
}

/** What a worker says of a step that ended. */
export interface Finished {
  readonly kind: Outcome;
  readonly fuel: number;
  /** What the agent returned when it failed. */
  readonly code: number;
  /** Why it trapped or was lost. */
  readonly message: string;
  /** Innermost first. */
  readonly backtrace: readonly Frame[];
  readonly result: Uint8Array;
  readonly executionMs: number;
  readonly memoryBytes: number;
  readonly hostCalls: number;
  readonly memoryOperations: number;
  /** Whether the instance can be put back as it was before the step. */
  readonly restorable: boolean;
}

export function writeFinished(to: Writer, seat: number, step: Finished): void {
  to.u8(report.finished);
  to.u32(seat);
  to.u8(outcomes.indexOf(step.kind));
  to.f64(step.fuel);
  to.i32(step.code);
  to.text(step.message);
  to.u8(step.backtrace.length);
  for (const { name, offset } of step.backtrace) {
    to.text(name);
    to.u32(offset);
  }
  to.blob(step.result);
  to.f64(step.executionMs);
  to.f64(step.memoryBytes);
  to.u32(step.hostCalls);
  to.u32(step.memoryOperations);
  to.u8(step.restorable ? 1 : 0);
}

/** Reads what follows the seat. The result is a copy. */
export function readFinished(from: Reader): Finished {
  const kind = outcomes[from.u8()] ?? "lost";
  const fuel = from.f64();
  const code = from.i32();
  const message = from.text();
  const backtrace: Frame[] = [];
  for (let left = from.u8(); left > 0; left--) backtrace.push({ name: from.text(), offset: from.u32() });
  return {
    kind,
    fuel,
    code,
    message,
    backtrace,
    result: from.copy(),
    executionMs: from.f64(),
    memoryBytes: from.f64(),
    hostCalls: from.u32(),
    memoryOperations: from.u32(),
    restorable: from.u8() === 1,
  };
}

/** The manifest out of its JSON; written by the engine of the same build. */
export function readManifest(json: string): GuestManifest {
  const value: GuestManifest = JSON.parse(json);
  return value;
}
