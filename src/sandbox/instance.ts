/**
 * One running agent inside a worker: a WebAssembly instance whose whole state can be read, put back and set.
 *
 * Owns: instantiation, reading and setting state, calling the guest's allocator.
 * Does not own: steps (step.ts), host calls (guest_calls.ts), the form of an image (image.ts).
 *
 * Invariants:
 * 1. Views of memory are taken anew after each entry into the guest: growth detaches them.
 * 2. The start function never runs here: a step runs it, once in an agent's life.
 * 3. While the allocator runs, imports answer −7 without being called: it cannot suspend.
 */
import type { Bytes } from "./frame.ts";
import {
  blockBytes,
  type DecodedImage,
  type GlobalValue,
  type GuestState,
  pageBytes,
  usedBlocks,
} from "./image.ts";
import type { GuestManifest } from "./messages.ts";

/** A function of a guest. */
export type GuestFunction = (...args: (number | bigint)[]) => unknown;

/** A module as a worker keeps it. */
export interface GuestModule {
  readonly module: WebAssembly.Module;
  readonly manifest: GuestManifest;
  /** The exports of functions that can stand in a table, by index. */
  readonly functionNames: ReadonlyMap<number, string>;
}

/** Compiles a module. */
export function guestModule(manifest: GuestManifest, bytes: Bytes): GuestModule {
  return {
    module: new WebAssembly.Module(bytes),
    manifest,
    functionNames: new Map(manifest.functions.map(({ index, name }) => [index, name])),
  };
}

function isFunction(value: unknown): value is GuestFunction {
  return typeof value === "function";
}

function plainBytes(memory: WebAssembly.Memory): Bytes {
  const { buffer } = memory;
  if (!(buffer instanceof ArrayBuffer)) throw new TypeError("Fault: a guest's memory is shared");
  return new Uint8Array(buffer);
}

/** The state an instance is put back to: memory copied, the rest as in {@link GuestState}. */
export type Shadow = Omit<GuestState, "memory"> & { readonly memory: Bytes };

/** A live instance. */
export class Instance {
  readonly module: GuestModule;
  readonly memory: WebAssembly.Memory;
  readonly fuel: WebAssembly.Global;
  readonly depth: WebAssembly.Global;
  readonly reason: WebAssembly.Global;
  readonly stop: WebAssembly.Global;
  readonly #noYield: WebAssembly.Global;
  readonly #exports: WebAssembly.Exports;
  readonly #alloc: GuestFunction;
  readonly #free: GuestFunction;
  #bytes: Bytes;
  #view: DataView;
  #indexOf: Map<unknown, number> | null = null;
  readonly #lastTables = new Map<
    string,
    { readonly references: readonly unknown[]; readonly indices: readonly (number | null)[] }
  >();

  /** Instantiates; throws what V8 throws (a WebAssembly.RuntimeError where an active segment does not fit). */
  constructor(module: GuestModule, imports: WebAssembly.Imports) {
    this.module = module;
    const { manifest } = module;
    this.#exports = new WebAssembly.Instance(module.module, imports).exports;
    const memory = this.#exports[manifest.memory];
    if (!(memory instanceof WebAssembly.Memory)) {
      throw new TypeError(`Fault: "${manifest.memory}" is no memory`);
    }
    this.memory = memory;
    this.#bytes = plainBytes(memory);
    this.#view = new DataView(this.#bytes.buffer);
    this.fuel = this.#global(manifest.fuel);
    this.depth = this.#global(manifest.depth);
    this.reason = this.#global(manifest.reason);
    this.stop = this.#global(manifest.stop);
    this.#noYield = this.#global(manifest.noYield);
    this.#alloc = this.function(manifest.alloc);
    this.#free = this.function(manifest.free);
  }

  #global(name: string): WebAssembly.Global {
    const found = this.#exports[name];
    if (!(found instanceof WebAssembly.Global)) throw new TypeError(`Fault: "${name}" is no global`);
    return found;
  }

  #table(name: string): WebAssembly.Table {
    const found = this.#exports[name];
    if (!(found instanceof WebAssembly.Table)) throw new TypeError(`Fault: "${name}" is no table`);
    return found;
  }

  /** An exported function by name. */
  function(name: string): GuestFunction {
    const found = this.#exports[name];
    if (!isFunction(found)) throw new TypeError(`Fault: "${name}" is no function`);
    return found;
  }

  /** The linear memory as it is now; hold it only until the guest is entered again. */
  bytes(): Bytes {
    if (this.memory.buffer !== this.#bytes.buffer) {
      this.#bytes = plainBytes(this.memory);
      this.#view = new DataView(this.#bytes.buffer);
    }
    return this.#bytes;
  }

  /** What {@link bytes} gave last: the memory as it is, where the guest was not entered since. */
  get held(): Bytes {
    return this.#bytes;
  }

  /** The same memory, for numbers. */
  get heldView(): DataView {
    return this.#view;
  }

  /** The same as {@link bytes}, for numbers. */
  view(): DataView {
    this.bytes();
    return this.#view;
  }

  /** Calls the guest's allocator; returns the pointer. Throws when it traps. */
  alloc(size: number): number {
    this.#noYield.value = 1;
    try {
      return Number(this.#alloc(size)) >>> 0;
    } finally {
      this.#noYield.value = 0;
    }
  }

  /** Gives a block back to the guest's allocator. Throws when it traps. */
  free(pointer: number, size: number): void {
    this.#noYield.value = 1;
    try {
      this.#free(pointer, size);
    } finally {
      this.#noYield.value = 0;
    }
  }

  /** The function index of a reference. */
  #index(reference: unknown): number | null {
    if (reference === null || reference === undefined) return null;
    this.#indexOf ??= new Map(
      this.module.manifest.functions.map(({ name, index }) => [this.#exports[name], index]),
    );
    const index = this.#indexOf.get(reference);
    if (index === undefined) {
      throw new TypeError("Fault: a reference in a table is no function of its module");
    }
    return index;
  }

  #reference(index: number | null): GuestFunction | null {
    if (index === null) return null;
    const name = this.module.functionNames.get(index);
    if (name === undefined) throw new TypeError(`Fault: function ${index} cannot stand in a table`);
    return this.function(name);
  }

  #readGlobal(name: string, type: string): GlobalValue {
    if (type === "v128") {
      const lanes = this.function(`${name}_get`)();
      const [low, high] = Array.isArray(lanes) ? lanes : [];
      return BigInt.asUintN(64, BigInt(low)) | (BigInt.asUintN(64, BigInt(high)) << 64n);
    }
    const value: unknown = this.#global(name).value;
    return typeof value === "number" || typeof value === "bigint" ? value : this.#index(value);
  }

  #setGlobal(name: string, type: string, value: GlobalValue): void {
    if (type === "v128") {
      const bits = BigInt(value ?? 0);
      this.function(`${name}_set`)(BigInt.asIntN(64, bits), BigInt.asIntN(64, bits >> 64n));
    } else if (type === "funcref" || type === "externref") {
      this.#global(name).value = this.#reference(value === null ? null : Number(value));
    } else this.#global(name).value = value;
  }

  /** The function indices in a table; the same array as last time while nothing in it has changed. */
  #readTable(name: string): readonly (number | null)[] {
    const table = this.#table(name);
    const { length } = table;
    const last = this.#lastTables.get(name);
    if (last?.references.length === length) {
      let at = 0;
      while (at < length && table.get(at) === last.references[at]) at++;
      if (at === length) return last.indices;
    }
    const references = Array.from({ length }, (_, i): unknown => table.get(i));
    const indices = references.map((reference) => this.#index(reference));
    this.#lastTables.set(name, { references, indices });
    return indices;
  }

  /** The state but for memory. */
  small(): Omit<GuestState, "memory"> {
    const { globals, tables, segments } = this.module.manifest;
    return {
      globals: globals.map(({ name, type }) => this.#readGlobal(name, type)),
      tables: tables.map(({ name }) => this.#readTable(name)),
      dropped: segments.map(({ dropped }) => this.#global(dropped).value !== 0),
    };
  }

  /** The state; its memory is a view. */
  state(): GuestState {
    return { memory: this.bytes(), ...this.small() };
  }

  #setSmall(state: Omit<GuestState, "memory">): void {
    const { globals, tables, segments } = this.module.manifest;
    globals.forEach(({ name, type }, i) => this.#setGlobal(name, type, state.globals[i] ?? null));
    tables.forEach(({ name }, i) => {
      const table = this.#table(name);
      const entries = state.tables[i] ?? [];
      if (this.#readTable(name) === entries) return;
      const had = table.length;
      if (had < entries.length) table.grow(entries.length - had);
      entries.forEach((index, at) => {
        if (at >= had || this.#index(table.get(at)) !== index) table.set(at, this.#reference(index));
      });
    });
    segments.forEach(({ drop }, i) => {
      if (state.dropped[i] === true) this.function(drop)();
    });
  }

  #growTo(bytes: number): void {
    const missing = (bytes - this.memory.buffer.byteLength) / pageBytes;
    if (missing > 0) this.memory.grow(missing);
  }

  /** Sets the state of a new instance to that of an image. Throws a RangeError where memory can't be had. */
  setImage(image: DecodedImage): void {
    this.#growTo(image.pages * pageBytes);
    const memory = this.bytes();
    for (const block of usedBlocks(memory)) memory.fill(0, block * blockBytes, (block + 1) * blockBytes);
    for (const { index, bytes } of image.blocks) memory.set(bytes, index * blockBytes);
    this.#setSmall(image);
  }

  /** Sets the state of a new instance to a shadow's. */
  setShadow(shadow: Shadow): void {
    this.#growTo(shadow.memory.length);
    this.bytes().set(shadow.memory);
    this.#setSmall(shadow);
  }

  /** Puts a live instance back in place, or returns false where only a new instance can be as before. */
  putBack(shadow: Shadow, setMemory: (memory: Bytes, shadow: Bytes) => void): boolean {
    if (this.memory.buffer.byteLength !== shadow.memory.length) return false;
    const { tables, segments } = this.module.manifest;
    if (tables.some(({ name }, i) => this.#table(name).length !== shadow.tables[i]?.length)) return false;
    if (segments.some(({ dropped }, i) => (this.#global(dropped).value !== 0) !== shadow.dropped[i])) {
      return false;
    }
    setMemory(this.bytes(), shadow.memory);
    this.#setSmall({ ...shadow, dropped: [] });
    return true;
  }
}
