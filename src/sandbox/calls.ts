/**
 * Host calls as the guest makes them: parameters checked and read, the call handed to the engine, its answer written
 * into the guest's memory.
 *
 * Owns: the rules of the ABI on strings, buffers and ids (docs/abi.md), and what a call costs.
 * Does not own: what a call does (src/host), how its record is read (messages.ts).
 *
 * Invariants:
 * 1. All of a call's inputs are read before anything is allocated or written.
 * 2. What needs no engine (an invalid argument, a repeated call after −5) is answered without one; what the host gave a
 *    permit for is answered at once and reported.
 * 3. Cost: the table's base and the bytes in before the engine is asked, the bytes out before they are written; a call
 *    refused for a pointer or a number costs the base alone.
 */
import {
  abiModule,
  bytesPerContentByte,
  callBytesMax,
  fuelPerByteShift,
  type HostFunction,
  type HostFunctionName,
  hostFunctions,
  type Param,
  status,
} from "./abi.ts";
import { type Drivers, suspending } from "./drivers.ts";
import { type Bytes, type Reader, Writer } from "./frame.ts";
import { absent, answerKind, functionNames, type GivenPermit, readPermit, report } from "./messages.ts";
import type { Block, Step } from "./step.ts";

/** What a guest's calls need of its worker. */
export interface CallSite {
  readonly seat: number;
  /** The step under way. */
  step: Step | null;
  /** The call that waits for an answer. */
  waiting: WaitingCall | null;
  /** The last call if it found too little room, with the answer that did not fit. */
  kept: { readonly request: Bytes; readonly json: Bytes } | null;
  /** What may be answered without asking; holds for this step only. */
  permit: GivenPermit | null;
}

interface OutBuffer {
  readonly pointer: number;
  readonly room: number;
  readonly lengthPointer: number;
}

interface WaitingCall {
  readonly call: Call;
  readonly raw: Raw;
  readonly inputs: readonly Block[];
  readonly out: OutBuffer | null;
  resolve(result: number): void;
}

/** The worker's side of all calls. */
export interface CallDesk {
  readonly out: Writer;
  readonly drivers: Drivers;
  /** A guest stops running here: its time is accounted. */
  paused(step: Step): void;
}

type Raw = readonly (number | bigint)[];

function floatIsValid(name: HostFunctionName, param: Param, value: number): boolean {
  if (param.name === "confidence") {
    return (value >= 0 && value <= 1) || (Number.isNaN(value) && name === "engram_update");
  }
  return Number.isFinite(value);
}

const fuelOf = (bytes: number): number => Math.floor(bytes / (1 << fuelPerByteShift));

/** One import of one guest. */
class Call {
  readonly #name: HostFunctionName;
  readonly #function: HostFunction;
  readonly #number: number;
  readonly #site: CallSite;
  readonly #desk: CallDesk;

  constructor(name: HostFunctionName, site: CallSite, desk: CallDesk) {
    this.#name = name;
    this.#function = hostFunctions[name];
    this.#number = functionNames.indexOf(name);
    this.#site = site;
    this.#desk = desk;
  }

  /** What the guest calls: a status, or a promise of one for as long as the engine is asked. */
  make(raw: Raw): number | Promise<number> {
    const { step } = this.#site;
    if (step === null) return status.wrongState;
    const { capability, fuel } = this.#function;
    step.hostCalls++;
    if (capability === "read" || capability === "write") step.memoryOperations++;
    const checked = this.#check(step, raw);
    if (typeof checked === "number") return step.charge(fuel) ? checked : 0;
    const { inputs, out, bytesIn } = checked;
    return step.charge(fuel + fuelOf(bytesIn)) ? this.#ask(step, raw, inputs, out) : 0;
  }

  /** Holds the parameters against the guest's memory; a status where they are refused. */
  #check(
    step: Step,
    raw: Raw,
  ): number | {
    readonly inputs: readonly Block[];
    readonly out: OutBuffer | null;
    readonly bytesIn: number;
  } {
    const memory = step.instance.bytes();
    const inputs: Block[] = [];
    let out: OutBuffer | null = null;
    let bytesIn = 0;
    let at = 0;
    for (const param of this.#function.params) {
      if (param.type === "text") {
        const pointer = Number(raw[at]) >>> 0;
        const size = Number(raw[at + 1]) >>> 0;
        if (size > 0 && pointer + size > memory.length) return status.invalidArgument;
        if (size > 0) inputs.push({ pointer, size });
        bytesIn += size;
        at += 2;
      } else if (param.type === "out") {
        const pointer = Number(raw[at]) >>> 0;
        const lengthPointer = Number(raw[at + 1]) >>> 0;
        if (lengthPointer + 4 > memory.length) return status.invalidArgument;
        const room = step.instance.heldView.getUint32(lengthPointer, true);
        if (room > 0 && pointer + room > memory.length) return status.invalidArgument;
        out = { pointer, room, lengthPointer };
        at += 2;
      } else {
        if (param.type === "f64" && !floatIsValid(this.#name, param, Number(raw[at]))) {
          return status.invalidArgument;
        }
        at += 1;
      }
    }
    return bytesIn > callBytesMax ? status.limitReached : { inputs, out, bytesIn };
  }

  #ask(step: Step, raw: Raw, inputs: readonly Block[], out: OutBuffer | null): number | Promise<number> {
    const { out: to, drivers } = this.#desk;
    const site = this.#site;
    const start = to.length;
    const memory = step.instance.held;
    const isPermitted = this.#isPermitted(raw, inputs, memory);
    this.#write(report.call, to, memory, raw);
    const { kept } = site;
    site.kept = null;
    if (out !== null && kept !== null && same(kept.request, to.bytes, start, to.length)) {
      to.length = start;
      return this.deliver(step, raw, out, kept.json);
    }
    if (isPermitted) {
      to.bytes[start] = report.answered;
      const json = site.permit?.engram?.json ?? null;
      return out === null || json === null ? status.done : this.deliver(step, raw, out, json);
    }
    return new Promise<number>((resolve) => {
      site.waiting = { call: this, raw, inputs, out, resolve };
      this.#desk.paused(step);
      drivers.suspended();
    });
  }

  /** Whether the permit answers this call; any call uses it up by one, and what it covers by its bytes. */
  #isPermitted(raw: Raw, inputs: readonly Block[], memory: Bytes): boolean {
    const { permit } = this.#site;
    if (permit === null) return false;
    const isCovered = permit.calls-- > 0 && this.#desk.out.length < permittedBytesMax &&
      this.#covers(permit, raw, inputs, memory);
    // What has to be asked may change what the permit stands on, and takes of what the host left for it.
    if (!isCovered) this.#site.permit = null;
    return isCovered;
  }

  #covers(permit: GivenPermit, raw: Raw, inputs: readonly Block[], memory: Bytes): boolean {
    const { send, engram } = permit;
    const [first, second] = inputs;
    if (first === undefined) return false;
    switch (this.#name) {
      case "send_message":
        if (
          send === null || second === undefined || second.size > Math.min(send.bytesMax, permit.bytes) ||
          !holdsText(memory, first, send.to) || !isAscii(memory, second)
        ) return false;
        permit.bytes -= second.size;
        return true;
      case "engram_get":
        return engram !== null && engram.json !== null && holdsText(memory, first, engram.id);
      case "engram_update": {
        if (engram === null || engram.update === null || second === undefined) return false;
        const { bytesMax, bytesMore } = engram.update;
        const staged = second.size * bytesPerContentByte + bytesMore;
        // The content is given, and neither source nor metadata is.
        const isPlain = raw[3] !== 0 && [4, 5, 7, 8].every((at) => raw[at] === 0);
        if (
          !isPlain || second.size > bytesMax || staged > permit.bytes ||
          !holdsText(memory, first, engram.id) ||
          !isAscii(memory, second)
        ) return false;
        permit.bytes -= staged;
        engram.json = null;
        return true;
      }
      default:
        return false;
    }
  }

  /** Writes JSON into the guest's buffer, or keeps it where there is too little room; `json` may be a view. */
  deliver(step: Step, raw: Raw, { pointer, room, lengthPointer }: OutBuffer, json: Bytes): number {
    // The guest has not run since its call, so its memory is where it was.
    const { held, heldView } = step.instance;
    const fits = json.length <= room;
    if (fits) {
      if (!step.chargeMore(fuelOf(json.length))) return 0;
      held.set(json, pointer);
    } else {
      const request = new Writer(requestBytes);
      this.#write(report.call, request, held, raw);
      this.#site.kept = { request: request.bytes.slice(0, request.length), json: json.slice() };
    }
    heldView.setUint32(lengthPointer, json.length, true);
    return fits ? status.done : status.bufferTooSmall;
  }

  #write(kind: number, to: Writer, memory: Bytes, raw: Raw): void {
    to.u8(kind);
    to.u32(this.#site.seat);
    to.u8(this.#number);
    let at = 0;
    for (const { type } of this.#function.params) {
      if (type === "text") {
        const pointer = Number(raw[at]) >>> 0;
        const size = Number(raw[at + 1]) >>> 0;
        if (pointer === 0 && size === 0) to.u32(absent);
        else to.part(memory, size === 0 ? 0 : pointer, size);
        at += 2;
      } else if (type === "out") at += 2;
      else {
        if (type === "i32") to.i32(Number(raw[at]));
        else if (type === "i64") to.i64(BigInt(raw[at] ?? 0));
        else to.f64(Number(raw[at]));
        at += 1;
      }
    }
  }
}

/** Room for the record of a call that found too little room, before it grows. */
const requestBytes = 256;

/** Bytes of orders that wait to be handed over, above which a call asks the engine although it need not. */
const permittedBytesMax = 1024 * 1024;

/** ASCII is UTF-8 for certain; whether anything else is, the engine says. */
function isAscii(memory: Bytes, { pointer, size }: Block): boolean {
  for (let at = pointer; at < pointer + size; at++) if ((memory[at] ?? 0) > 0x7f) return false;
  return true;
}

function holdsText(memory: Bytes, { pointer, size }: Block, text: Bytes): boolean {
  if (size !== text.length) return false;
  for (let at = 0; at < size; at++) if (memory[pointer + at] !== text[at]) return false;
  return true;
}

function same(request: Bytes, bytes: Bytes, start: number, end: number): boolean {
  if (request.length !== end - start) return false;
  return request.every((byte, i) => byte === bytes[start + i]);
}

/** Allocates in the guest and writes an id string; 0 where the step is ended instead. */
function giveId(step: Step, id: Bytes, inputs: readonly Block[]): number {
  if (!step.chargeMore(fuelOf(id.length))) return 0;
  const pointer = step.allocate(4 + id.length, inputs);
  if (pointer === null) return 0;
  const memory = step.instance.bytes();
  step.instance.view().setUint32(pointer, id.length, true);
  memory.set(id, pointer + 4);
  return pointer;
}

/** Hands the engine's answer, read after its seat, to the guest that waits for it. */
export function answered(from: Reader, site: CallSite, drivers: Drivers): void {
  const { step, waiting } = site;
  if (step === null || waiting === null) throw new Error("Fault: an answer to a call nobody made");
  site.waiting = null;
  let result = 0;
  switch (from.u8()) {
    case answerKind.status:
      result = from.i32();
      break;
    case answerKind.permit: {
      result = from.i32();
      site.permit = readPermit(from);
      break;
    }
    case answerKind.id:
      result = giveId(step, from.blob(), waiting.inputs);
      break;
    case answerKind.json: {
      const json = from.blob();
      const { call, raw, out } = waiting;
      if (out === null) throw new Error("Fault: JSON for a call without a buffer");
      result = call.deliver(step, raw, out, json);
      break;
    }
    default:
      step.stop("ended", "");
  }
  drivers.resumed();
  waiting.resolve(result);
}

/** The imports of a guest: exactly those its module names, in objects without a prototype. */
export function guestImports(
  names: readonly HostFunctionName[],
  site: CallSite,
  desk: CallDesk,
): WebAssembly.Imports {
  const functions: Record<string, WebAssembly.ImportValue> = Object.create(null);
  for (const name of names) {
    const call = new Call(name, site, desk);
    functions[name] = suspending((...raw) => call.make(raw));
  }
  const imports: WebAssembly.Imports = Object.create(null);
  imports[abiModule] = functions;
  return imports;
}
