/**
 * What the instrumenter appends to a module: types, functions, globals, exports. Everything is added at the END of its
 * index space, so no index of the guest's own changes.
 *
 * Invariants:
 * 1. A guest cannot name an added index: its own indices are checked against what it declares.
 * 2. Every import is called through its thunk, wherever it is named: so no import throws into the guest or is called past
 *    the end of the fuel.
 */
import {
  call,
  canonicalScalar,
  endStep,
  getGlobal,
  getLocal,
  i32,
  i64,
  ifThen,
  leb,
  outOfFuelIfNegative,
  reasons,
  setGlobal,
  sleb,
  teeLocal,
} from "./code.ts";
import type { ValType } from "./limits.ts";
import type { FuncType, Module } from "./module.ts";
import { bulkBytesShift, prices } from "./prices.ts";
import { typeCodes } from "./value_types.ts";

/** The status an import gives while the host has forbidden it. */
export const wrongState = -7;

export interface AddedFunction {
  readonly type: number;
  readonly locals: readonly ValType[];
  /** Without the final `end`. */
  readonly code: readonly number[];
}

export interface AddedGlobal {
  readonly type: "i32" | "i64";
  readonly name: string;
}

export interface AddedExport {
  readonly name: string;
  readonly kind: "func" | "table" | "memory" | "global";
  readonly index: number;
}

/** The sizes a module is granted. */
export interface Grant {
  readonly memoryPages: number;
  readonly tableElements: readonly number[];
}

/** Collects the additions to one module. */
export class Additions {
  readonly types: FuncType[] = [];
  readonly functions: AddedFunction[] = [];
  readonly globals: AddedGlobal[] = [];
  readonly exports: AddedExport[] = [];
  /** Functions of the guest, by original index, that may stand in a table or a funcref global. */
  readonly referenced = new Set<number>();
  readonly dropped = { data: new Map<number, number>(), elem: new Map<number, number>() };
  readonly fuel: number;
  readonly depth: number;
  readonly reason: number;
  readonly #stop: number;
  readonly #noYield: number;
  readonly #module: Module;
  readonly #grant: Grant;
  readonly #helpers = new Map<string, number>();
  readonly #typeByShape = new Map<string, number>();

  constructor(module: Module, grant: Grant) {
    this.#module = module;
    this.#grant = grant;
    this.fuel = this.#global("i64", "engramlt:fuel");
    this.depth = this.#global("i32", "engramlt:depth");
    this.reason = this.#global("i32", "engramlt:reason");
    this.#stop = this.#global("i32", "engramlt:stop");
    this.#noYield = this.#global("i32", "engramlt:no_yield");
    module.imports.forEach((imported, index) => this.#thunk(index, imported.type));
  }

  /** The index to use wherever the guest names function `index`: an import's thunk, or the function itself. */
  function(index: number): number {
    return index < this.#module.imports.length ? this.#module.functions.length + index : index;
  }

  /** The index of a function type, added if no earlier addition has it. */
  type(params: readonly ValType[], results: readonly ValType[]): number {
    const shape = `${params.join()}>${results.join()}`;
    let index = this.#typeByShape.get(shape);
    if (index === undefined) {
      index = this.#module.types.length + this.types.length;
      this.types.push({ params, results });
      this.#typeByShape.set(shape, index);
    }
    return index;
  }

  addFunction(added: AddedFunction): number {
    this.functions.push(added);
    return this.#module.functions.length + this.functions.length - 1;
  }

  export(kind: AddedExport["kind"], name: string, index: number): void {
    this.exports.push({ kind, name, index });
  }

  #global(type: "i32" | "i64", name: string): number {
    const index = this.#module.globals.length + this.globals.length;
    this.globals.push({ type, name });
    this.export("global", name, index);
    return index;
  }

  #helper(key: string, make: () => AddedFunction): number {
    let index = this.#helpers.get(key);
    if (index === undefined) {
      index = this.addFunction(make());
      this.#helpers.set(key, index);
    }
    return index;
  }

  #checkFuel(): number[] {
    return [...getGlobal(this.fuel), ...outOfFuelIfNegative(this.reason)];
  }

  /** Takes the i64 on top of the stack from the fuel and notices when it is gone. Uses an i64 local. */
  #takeFuel(local: number): number[] {
    return [
      ...[0x21, ...leb(local)],
      ...getGlobal(this.fuel),
      ...getLocal(local),
      0x7d,
      ...teeLocal(local),
      ...setGlobal(this.fuel),
      ...getLocal(local),
      ...outOfFuelIfNegative(this.reason),
    ];
  }

  #thunk(index: number, type: number): void {
    const { params, results } = this.#module.types[type]!;
    const zero: Record<ValType, number[]> = {
      i32: i32(wrongState),
      i64: i64(0),
      f32: [0x43, 0, 0, 0, 0],
      f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
      v128: [0xfd, 12, ...Array.from({ length: 16 }, () => 0)],
      funcref: [0xd0, 0x70],
      externref: [0xd0, 0x6f],
      exnref: [0xd0, 0x69],
    };
    const code = [
      ...this.#checkFuel(),
      ...getGlobal(this.#noYield),
      ...ifThen([...results.flatMap((result) => zero[result]), 0x0f]),
      ...params.flatMap((param, local) => this.#canonical(param, local)),
      ...call(index),
      ...getGlobal(this.#stop),
      ...ifThen(endStep(this.reason, reasons.endedByHost)),
    ];
    this.addFunction({ type, locals: [], code });
  }

  /** Reads a parameter, a float made canonical. */
  #canonical(type: ValType, local: number): number[] {
    const read = getLocal(local);
    return type === "f32" || type === "f64" ? [...read, ...canonicalScalar(type, local)] : read;
  }

  /** For an export whose results hold floats: the same function with canonical results; otherwise the function. */
  exported(index: number): number {
    const type = this.#module.functions[index]!;
    const { params, results } = this.#module.types[type]!;
    if (!results.some((result) => result === "f32" || result === "f64")) return this.function(index);
    return this.#helper(`export ${index}`, () => {
      const first = params.length;
      const keep = results.map((_, i) => [0x21, ...leb(first + i)]).reverse().flat();
      const give = results.flatMap((result, i) => this.#canonical(result, first + i));
      return {
        type,
        locals: results,
        code: [
          ...params.flatMap((_, local) => getLocal(local)),
          ...call(this.function(index)),
          ...keep,
          ...give,
        ],
      };
    });
  }

  /** memory.grow: refuses above the grant without asking the engine, else charges by the page. */
  memoryGrow(): number {
    return this.#helper("memory.grow", () => ({
      type: this.type(["i32"], ["i32"]),
      locals: ["i64", "i32"],
      code: this.#grow({
        cap: this.#grant.memoryPages,
        count: 0,
        spare: 1,
        result: 2,
        price: prices.grownPage,
        size: [0x3f, 0],
        grow: [...getLocal(0), 0x40, 0],
      }),
    }));
  }

  /** table.grow, in the same way by the element. */
  tableGrow(table: number): number {
    const { elem } = this.#module.tables[table]!;
    return this.#helper(`table.grow ${table}`, () => ({
      type: this.type([elem, "i32"], ["i32"]),
      locals: ["i64", "i32"],
      code: this.#grow({
        cap: this.#grant.tableElements[table]!,
        count: 1,
        spare: 2,
        result: 3,
        price: prices.grownElement,
        size: [0xfc, 16, ...leb(table)],
        grow: [...getLocal(0), ...getLocal(1), 0xfc, 15, ...leb(table)],
      }),
    }));
  }

  #grow(
    of: {
      cap: number;
      count: number;
      spare: number;
      result: number;
      price: number;
      size: number[];
      grow: number[];
    },
  ): number[] {
    return [
      // count > cap - size, unsigned; the size is never above the cap
      ...getLocal(of.count),
      ...i32(of.cap),
      ...of.size,
      0x6b,
      0x4b,
      ...ifThen([...i32(-1), 0x0f]),
      ...getLocal(of.count),
      0xad,
      ...i64(of.price),
      0x7e,
      ...this.#takeFuel(of.spare),
      ...of.grow,
      ...teeLocal(of.result),
      ...i32(-1),
      0x46,
      ...ifThen(endStep(this.reason, reasons.growthRefused)),
      ...getLocal(of.result),
    ];
  }

  /** A bulk operation of three operands, the last its length: charged by the length, then done. */
  bulk(
    key: string,
    first: ValType,
    middle: ValType,
    kind: "bytes" | "elements",
    operation: number[],
  ): number {
    const length = [...getLocal(2), 0xad];
    const fuel = kind === "bytes"
      ? [...length, ...i64(bulkBytesShift), 0x88]
      : [...length, ...i64(prices.bulkElement), 0x7e];
    return this.#helper(key, () => ({
      type: this.type([first, middle, "i32"], []),
      locals: ["i64"],
      code: [
        ...fuel,
        ...this.#takeFuel(3),
        ...getLocal(0),
        ...getLocal(1),
        ...getLocal(2),
        ...operation,
      ],
    }));
  }

  /** Code that remembers that a passive segment was dropped; nothing for other segments. */
  rememberDrop(kind: "data" | "elem", segment: number): number[] {
    const modes = kind === "data" ? this.#module.datas : this.#module.elements;
    if (modes[segment] !== "passive") return [];
    let flag = this.dropped[kind].get(segment);
    if (flag === undefined) {
      flag = this.#global("i32", `engramlt:dropped_${kind}_${segment}`);
      this.dropped[kind].set(segment, flag);
      const again = kind === "data" ? [0xfc, 9, ...leb(segment)] : [0xfc, 13, ...leb(segment)];
      const index = this.addFunction({
        type: this.type([], []),
        locals: [],
        code: [...again, ...i32(1), ...setGlobal(flag)],
      });
      this.export("func", `engramlt:drop_${kind}_${segment}`, index);
    }
    return [...i32(1), ...setGlobal(flag)];
  }

  /** Accessors for a v128 global, which JavaScript cannot read: two i64, low lane first. */
  vectorGlobal(global: number, name: string): void {
    const lanes = [0, 1].flatMap((lane) => [...getGlobal(global), 0xfd, 29, lane]);
    const get = this.addFunction({ type: this.type([], ["i64", "i64"]), locals: [], code: lanes });
    const set = this.addFunction({
      type: this.type(["i64", "i64"], []),
      locals: [],
      code: [...getLocal(0), 0xfd, 18, ...getLocal(1), 0xfd, 30, 1, ...setGlobal(global)],
    });
    this.export("func", `${name}_get`, get);
    this.export("func", `${name}_set`, set);
  }

  /** The bytes of local declarations. */
  static locals(types: readonly ValType[]): number[] {
    return [...leb(types.length), ...types.flatMap((type) => [1, typeCodes[type]])];
  }

  /** The bytes of a global's type and first value. */
  static global(type: "i32" | "i64"): number[] {
    return [typeCodes[type], 1, ...(type === "i32" ? [0x41] : [0x42]), ...sleb(0), 0x0b];
  }
}
