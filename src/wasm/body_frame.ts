/**
 * What is known of one function body while it is read: locals, labels, operand heights, and the edits to make.
 *
 * Invariants: no recursion on nesting; every index is checked against what the guest declares. Heights are exact on valid
 * code; on invalid code they only stay in bounds, and the engine refuses it.
 */
import type { ProfileLimits } from "./limits.ts";
import { MeteredBlocks } from "./metered_blocks.ts";
import type { Body, FuncType, Module } from "./module.ts";
import { prices } from "./prices.ts";
import { Reader, refuse, within } from "./reader.ts";
import { SharedValues } from "./shared_values.ts";
import { valType } from "./value_types.ts";

/** Code to insert before a byte of the original, in place of `remove` bytes. */
export interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly code: readonly number[];
}

export interface Label {
  readonly opcode: number;
  readonly type: FuncType;
  /** Operands below the block's own. */
  readonly height: number;
  /** Where the code inside begins. */
  readonly inside: number;
  caught: boolean;
}

/** Types of the locals that inserted code uses. */
export type Spare = "i64" | "f32" | "f64" | "v128" | "i32";

/** One body as far as it was read. */
export class BodyFrame {
  readonly module: Module;
  readonly limits: ProfileLimits;
  readonly reader: Reader;
  readonly type: FuncType;
  readonly blocks: MeteredBlocks;
  readonly shared = new SharedValues();
  readonly labels: Label[] = [];
  readonly edits: Edit[] = [];
  /** Where the code inside each loop begins. */
  readonly loops = new Set<number>();
  readonly spares = new Map<Spare, number>();
  readonly groups: number;
  readonly groupsAt: number;
  /** Declared locals, parameters not counted. */
  readonly locals: number;
  readonly start: number;
  /** Return instructions, with the depth of the function's own label. */
  readonly returns: { at: number; depth: number }[] = [];
  readonly tailCalls: number[] = [];
  /** Where a caught exception goes on. */
  readonly landings: number[] = [];
  height = 0;
  heightMax = 0;
  /** The most parameters and results of one callee: they pass through the caller's frame. */
  passedMax = 0;
  calls = false;
  catches = false;
  vectors: boolean;

  constructor(module: Module, limits: ProfileLimits, index: number, body: Body) {
    this.module = module;
    this.limits = limits;
    this.type = module.types[module.functions[index]!]!;
    this.reader = new Reader(module.bytes, body.at, body.end);
    this.vectors = this.type.params.includes("v128") || this.type.results.includes("v128");
    this.groups = this.reader.u32("the count of locals");
    this.groupsAt = this.reader.at;
    this.locals = this.#readLocals();
    this.start = this.reader.at;
    this.blocks = new MeteredBlocks(this.start, prices.entry + prices.local * this.locals);
    this.labels.push({ opcode: 0x02, type: this.type, height: 0, inside: this.start, caught: false });
    this.spare("i64");
  }

  #readLocals(): number {
    const max = this.limits.localsPerFunctionMax - this.type.params.length;
    let sum = 0;
    for (let i = 0; i < this.groups; i++) {
      const at = this.reader.at;
      const count = this.reader.u32("the count of locals");
      sum += count;
      within(sum, max, "localsPerFunctionMax", "the locals of a function", at);
      const type = valType(this.reader, "a local");
      if (type === "v128") this.vectors = true;
    }
    return sum;
  }

  /** The index of a spare local of a type, added on first use. */
  spare(type: Spare): number {
    let index = this.spares.get(type);
    if (index === undefined) {
      index = this.type.params.length + this.locals + this.spares.size;
      this.spares.set(type, index);
    }
    return index;
  }

  insert(at: number, code: readonly number[]): void {
    if (code.length > 0) this.edits.push({ at, remove: 0, code });
  }

  replace(at: number, code: readonly number[]): void {
    this.edits.push({ at, remove: this.reader.at - at, code });
  }

  invalid(what: string, at: number): Error {
    return refuse("module_invalid", what, at);
  }

  index(count: number, what: string): number {
    const at = this.reader.at;
    const index = this.reader.u32(`a ${what}`);
    if (index >= count) throw this.invalid(`${what} ${index} does not exist`, at);
    return index;
  }

  label(): number {
    return this.index(this.labels.length, "label");
  }

  get top(): Label {
    const top = this.labels[this.labels.length - 1];
    if (top === undefined) throw this.invalid("a function body goes on after its end", this.reader.at);
    return top;
  }

  pop(count: number): void {
    this.height = Math.max(this.top.height, this.height - count);
  }

  push(count: number): void {
    this.height += count;
    if (this.height > this.heightMax) {
      this.heightMax = this.height;
      const { operandsMax } = this.limits;
      within(this.height, operandsMax, "operandsMax", "the operands of a function", this.reader.at);
    }
  }

  dead(): void {
    this.height = this.top.height;
    this.blocks.unreachable();
    this.shared.unreachable();
  }

  end(): void {
    const label = this.labels.pop()!;
    this.blocks.end(this.reader.at);
    this.shared.end();
    if (this.labels.length === 0) return;
    this.height = label.height;
    this.push(label.type.results.length);
    if (label.caught && label.opcode !== 0x03) this.landings.push(this.reader.at);
  }

  otherwise(at: number): void {
    const label = this.top;
    if (label.opcode !== 0x04) throw this.invalid("an else has no if", at);
    this.labels[this.labels.length - 1] = { ...label, opcode: 0x05 };
    this.height = label.height;
    this.push(label.type.params.length);
    this.blocks.otherwise(this.reader.at);
    this.shared.otherwise();
  }
}
