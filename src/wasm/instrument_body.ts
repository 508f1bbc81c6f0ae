/**
 * Reads one function body and writes it again with fuel, depth and NaN rules built in.
 *
 * One pass over the instructions records edits at byte offsets (what to insert, what to replace); a second pass copies the
 * body with them. Labels keep their depth: inserted code is self-contained, and a counted body stands in one more block,
 * which takes the place of the function's own label.
 *
 * Invariants: no recursion on nesting; every index is checked against what the guest declares; unknown opcodes are refused.
 */
import type { Additions } from "./additions.ts";
import {
  call,
  canonicalScalar,
  canonicalVector,
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
import { engineBodyBytesMax, type ProfileLimits, type ValType } from "./limits.ts";
import { MeteredBlocks } from "./metered_blocks.ts";
import type { Body, FuncType, Module } from "./module.ts";
import {
  type Effect,
  plain,
  proposalOf,
  scalarEscapes,
  simd,
  simdArithmetic,
  simdEscapes,
} from "./opcodes.ts";
import { prices } from "./prices.ts";
import { Reader, refuse, within } from "./reader.ts";
import { SharedValues } from "./shared_values.ts";
import { frameCost, leafFrameBytesMax } from "./stack_depth.ts";
import { blockType, heapType, typeCodes, valType } from "./value_types.ts";
import { Writer } from "./writer.ts";

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly code: readonly number[];
}

interface Label {
  readonly opcode: number;
  readonly type: FuncType;
  /** Operands below the block's own. */
  readonly height: number;
  /** Where the code inside begins. */
  readonly inside: number;
  caught: boolean;
}

/** Values the engine may compute for one instruction; the address of an access counts as one. */
const valuesPerInstruction = 1;

type Spare = "i64" | "f32" | "f64" | "v128" | "i32";

/** The limits a body is held against. */
export interface BodyPolicy {
  readonly limits: ProfileLimits;
  readonly stackDepthMax: number;
}

/** Instruments one body; gives its new bytes, without the size in front. */
export function instrumentBody(
  module: Module,
  additions: Additions,
  policy: BodyPolicy,
  index: number,
  body: Body,
): Writer {
  return new BodyRewriter(module, additions, policy.limits, index, body).write(policy.stackDepthMax);
}

class BodyRewriter {
  readonly #module: Module;
  readonly #additions: Additions;
  readonly #limits: ProfileLimits;
  readonly #reader: Reader;
  readonly #type: FuncType;
  readonly #blocks: MeteredBlocks;
  readonly #shared = new SharedValues();
  readonly #labels: Label[] = [];
  readonly #edits: Edit[] = [];
  readonly #loops = new Set<number>();
  readonly #spares = new Map<Spare, number>();
  readonly #groupsAt: number;
  readonly #groups: number;
  readonly #start: number;
  readonly #locals: number;
  readonly #returns: { at: number; depth: number }[] = [];
  readonly #tailCalls: number[] = [];
  readonly #landings: number[] = [];
  #height = 0;
  #heightMax = 0;
  /** The most parameters and results of one callee: they pass through the caller's frame. */
  #passedMax = 0;
  #calls = false;
  #catches = false;
  #vectors: boolean;

  constructor(module: Module, additions: Additions, limits: ProfileLimits, index: number, body: Body) {
    this.#module = module;
    this.#additions = additions;
    this.#limits = limits;
    this.#type = module.types[module.functions[index]!]!;
    this.#reader = new Reader(module.bytes, body.at, body.end);
    this.#vectors = this.#type.params.includes("v128") || this.#type.results.includes("v128");
    this.#groups = this.#reader.u32("the count of locals");
    this.#groupsAt = this.#reader.at;
    this.#locals = this.#readLocals();
    this.#start = this.#reader.at;
    this.#blocks = new MeteredBlocks(this.#start, prices.entry + prices.local * this.#locals);
    this.#labels.push({ opcode: 0x02, type: this.#type, height: 0, inside: this.#start, caught: false });
    this.#spare("i64");
    while (this.#labels.length > 0) this.#instruction();
    if (!this.#reader.done) throw this.#invalid("a function body goes on after its end", this.#reader.at);
  }

  #invalid(what: string, at: number): Error {
    return refuse("module_invalid", what, at);
  }

  #readLocals(): number {
    const max = this.#limits.localsPerFunctionMax - this.#type.params.length;
    let sum = 0;
    for (let i = 0; i < this.#groups; i++) {
      const at = this.#reader.at;
      const count = this.#reader.u32("the count of locals");
      sum += count;
      within(sum, max, "localsPerFunctionMax", "the locals of a function", at);
      const type = valType(this.#reader, "a local");
      if (type === "v128") this.#vectors = true;
    }
    return sum;
  }

  /** The index of a spare local of a type, added on first use. */
  #spare(type: Spare): number {
    let index = this.#spares.get(type);
    if (index === undefined) {
      index = this.#type.params.length + this.#locals + this.#spares.size;
      this.#spares.set(type, index);
    }
    return index;
  }

  #insert(at: number, code: readonly number[]): void {
    if (code.length > 0) this.#edits.push({ at, remove: 0, code });
  }

  #replace(at: number, code: readonly number[]): void {
    this.#edits.push({ at, remove: this.#reader.at - at, code });
  }

  // Operand heights. Exact on valid code; on invalid code they only stay in bounds, and the engine refuses it.

  get #top(): Label {
    const top = this.#labels[this.#labels.length - 1];
    if (top === undefined) throw this.#invalid("a function body goes on after its end", this.#reader.at);
    return top;
  }

  #pop(count: number): void {
    this.#height = Math.max(this.#top.height, this.#height - count);
  }

  #push(count: number): void {
    this.#height += count;
    if (this.#height > this.#heightMax) {
      this.#heightMax = this.#height;
      const { operandsMax } = this.#limits;
      within(this.#height, operandsMax, "operandsMax", "the operands of a function", this.#reader.at);
    }
  }

  #dead(): void {
    this.#height = this.#top.height;
    this.#blocks.unreachable();
    this.#shared.unreachable();
  }

  #open(opcode: number): void {
    const type = blockType(this.#reader, this.#module.types);
    if (opcode === 0x1f) this.#catchClauses();
    this.#pop(type.params.length);
    const depth = this.#labels.length;
    within(depth, this.#limits.nestingMax, "nestingMax", "the nesting of blocks", this.#reader.at);
    this.#labels.push({ opcode, type, height: this.#height, inside: this.#reader.at, caught: false });
    this.#push(type.params.length);
    if (opcode === 0x03 || opcode === 0x04) this.#blocks.body(this.#reader.at);
    else this.#blocks.block();
    if (opcode === 0x03) {
      this.#loops.add(this.#reader.at);
      this.#shared.loop();
    } else if (opcode === 0x04) this.#shared.if();
    else this.#shared.block();
  }

  #catchClauses(): void {
    const reader = this.#reader;
    this.#catches = true;
    const at = reader.at;
    const count = reader.u32("the count of catch clauses");
    within(count, this.#limits.brTableTargetsMax, "brTableTargetsMax", "the count of catch clauses", at);
    for (let i = 0; i < count; i++) {
      const at = reader.at;
      const kind = reader.byte("a catch clause");
      if (kind > 3) throw this.#invalid(`a catch clause has unknown kind ${kind}`, at);
      if (kind < 2) this.#index(this.#module.tags.length, "tag");
      const depth = this.#label();
      this.#shared.caught(depth);
      const label = this.#labels[this.#labels.length - 1 - depth]!;
      if (!label.caught) {
        label.caught = true;
        if (label.opcode === 0x03) this.#landings.push(label.inside);
      }
    }
  }

  #label(): number {
    return this.#index(this.#labels.length, "label");
  }

  #index(count: number, what: string): number {
    const at = this.#reader.at;
    const index = this.#reader.u32(`a ${what}`);
    if (index >= count) throw this.#invalid(`${what} ${index} does not exist`, at);
    return index;
  }

  #end(): void {
    const label = this.#labels.pop()!;
    this.#blocks.end(this.#reader.at);
    this.#shared.end();
    if (this.#labels.length === 0) return;
    this.#height = label.height;
    this.#push(label.type.results.length);
    if (label.caught && label.opcode !== 0x03) this.#landings.push(this.#reader.at);
  }

  #otherwise(at: number): void {
    const label = this.#top;
    if (label.opcode !== 0x04) throw this.#invalid("an else has no if", at);
    this.#labels[this.#labels.length - 1] = { ...label, opcode: 0x05 };
    this.#height = label.height;
    this.#push(label.type.params.length);
    this.#blocks.otherwise(this.#reader.at);
    this.#shared.otherwise();
  }

  #instruction(): void {
    const reader = this.#reader;
    const at = reader.at;
    const opcode = reader.byte("a function body");
    const effect = plain[opcode];
    if (effect !== undefined) {
      const escape = scalarEscapes.get(opcode);
      if (escape !== undefined) this.#insert(at, canonicalScalar(escape, this.#spare(escape)));
      return this.#plain(effect);
    }
    if (opcode <= 0x1f && opcode !== 0x1c) return this.#control(opcode, at);
    if (opcode >= 0x1c && opcode <= 0x44) return this.#variable(opcode, at);
    this.#blocks.add(prices.instruction);
    switch (opcode) {
      case 0xd0:
        heapType(reader, "ref.null");
        return this.#push(1);
      case 0xd2:
        return this.#refFunc(at);
      case 0xfc:
        return this.#bulk(at);
      case 0xfd:
        return this.#vector(at);
      default:
        throw this.#unknown(opcode, at);
    }
  }

  #unknown(opcode: number, at: number): Error {
    const name = `instruction 0x${opcode.toString(16).padStart(2, "0")}`;
    const proposal = proposalOf(opcode);
    if (proposal === undefined) return this.#invalid(`${name} is unknown`, at);
    return refuse("module_refused", `${name} belongs to ${proposal}, which the profile lacks`, at);
  }

  #plain(effect: Effect): void {
    this.#blocks.add(prices.instruction);
    if (effect.immediate !== "none") this.#immediate(effect.immediate);
    this.#shared.compute(valuesPerInstruction);
    this.#pop(effect.pops);
    this.#push(effect.pushes);
  }

  #immediate(kind: Effect["immediate"]): void {
    const reader = this.#reader;
    if (kind === "memarg" || kind === "memarg_lane") {
      const at = reader.at;
      const align = reader.u32("an alignment");
      if (align >= 64 && align < 128) {
        throw refuse(
          "module_refused",
          "an access names a memory (several memories), which the profile lacks",
          at,
        );
      }
      reader.u32("an offset");
    }
    if (kind === "lane" || kind === "memarg_lane") reader.byte("a lane");
    if (kind === "bytes16") reader.skip(16, "a vector immediate");
  }

  #control(opcode: number, at: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case 0x00:
        this.#blocks.add(prices.instruction);
        return this.#dead();
      case 0x01:
        return;
      case 0x04:
        this.#blocks.add(prices.instruction);
        this.#pop(1);
        return this.#open(opcode);
      case 0x02:
      case 0x03:
      case 0x1f:
        return this.#open(opcode);
      case 0x05:
        return this.#otherwise(at);
      case 0x0b:
        return this.#end();
      case 0x08:
      case 0x0a:
        this.#blocks.add(prices.throwing);
        if (opcode === 0x08) this.#index(this.#module.tags.length, "tag");
        this.#blocks.leave(reader.at);
        return this.#dead();
    }
    this.#blocks.add(prices.instruction);
    switch (opcode) {
      case 0x0c:
        this.#branch([this.#label()]);
        return this.#dead();
      case 0x0d:
        this.#pop(1);
        return this.#branch([this.#label()]);
      case 0x0e:
        this.#branch(this.#branchTable());
        return this.#dead();
      case 0x0f:
        this.#returns.push({ at, depth: this.#labels.length - 1 });
        this.#blocks.leave(reader.at);
        return this.#dead();
      case 0x10:
      case 0x12:
        return this.#call(opcode, at);
      case 0x11:
      case 0x13:
        return this.#callIndirect(opcode, at);
      default:
        throw this.#unknown(opcode, at);
    }
  }

  #branch(depths: Iterable<number>): void {
    this.#blocks.branch(depths, this.#reader.at);
    for (const depth of depths) this.#shared.branch(depth);
  }

  #branchTable(): Set<number> {
    const at = this.#reader.at;
    const count = this.#reader.u32("the count of targets");
    const { brTableTargetsMax } = this.#limits;
    within(count, brTableTargetsMax, "brTableTargetsMax", "the targets of a br_table", at);
    const targets = new Set<number>();
    for (let i = 0; i <= count; i++) targets.add(this.#label());
    return targets;
  }

  #call(opcode: number, at: number): void {
    const index = this.#index(this.#module.functions.length, "function");
    const target = this.#additions.function(index);
    if (target !== index) this.#replace(at, [opcode, ...leb(target)]);
    this.#called(this.#module.types[this.#module.functions[index]!]!, opcode === 0x12, at);
  }

  #callIndirect(opcode: number, at: number): void {
    const type = this.#index(this.#module.types.length, "type");
    this.#index(this.#module.tables.length, "table");
    this.#pop(1);
    this.#called(this.#module.types[type]!, opcode === 0x13, at);
  }

  #called(type: FuncType, tail: boolean, at: number): void {
    this.#calls = true;
    this.#shared.call();
    this.#passedMax = Math.max(this.#passedMax, type.params.length + type.results.length);
    this.#pop(type.params.length);
    this.#push(type.results.length);
    // A call may end in an exception, which skips the rest of what is charged with it.
    if (this.#module.tags.length > 0 || tail) this.#blocks.leave(this.#reader.at);
    if (!tail) return;
    this.#tailCalls.push(at);
    this.#dead();
  }

  #variable(opcode: number, at: number): void {
    const reader = this.#reader;
    const { globals, tables } = this.#module;
    const effect = (pops: number, pushes: number) => {
      this.#pop(pops);
      this.#push(pushes);
    };
    this.#blocks.add(prices.instruction);
    switch (opcode) {
      case 0x1c: {
        const at = reader.at;
        const count = reader.u32("the types of a select");
        if (count !== 1) throw this.#invalid("a select has not one type", at);
        valType(reader, "a select");
        return effect(3, 1);
      }
      case 0x20:
      case 0x21:
      case 0x22:
        this.#index(this.#type.params.length + this.#locals, "local");
        return effect(opcode === 0x20 ? 0 : 1, opcode === 0x21 ? 0 : 1);
      case 0x23:
        if (!globals[this.#index(globals.length, "global")]!.mutable) this.#shared.compute(1);
        return effect(0, 1);
      case 0x24: {
        const type = globals[this.#index(globals.length, "global")]!.type;
        if (type === "f32" || type === "f64") this.#insert(at, canonicalScalar(type, this.#spare(type)));
        return effect(1, 0);
      }
      case 0x25:
        this.#index(tables.length, "table");
        return effect(1, 1);
      case 0x26:
        this.#index(tables.length, "table");
        return effect(2, 0);
      case 0x3f:
        this.#memory();
        return effect(0, 1);
      case 0x40:
        this.#memory();
        this.#replace(at, call(this.#additions.memoryGrow()));
        return effect(1, 1);
      case 0x41:
        reader.s32("a constant");
        return effect(0, 1);
      case 0x42:
        reader.skipSigned(64, "a constant");
        return effect(0, 1);
      case 0x43:
        reader.skip(4, "a constant");
        return effect(0, 1);
      case 0x44:
        reader.skip(8, "a constant");
        return effect(0, 1);
      default:
        throw this.#unknown(opcode, at);
    }
  }

  #memory(): void {
    const at = this.#reader.at;
    if (this.#reader.byte("a memory") !== 0) {
      throw refuse(
        "module_refused",
        "an instruction names a memory (several memories), which the profile lacks",
        at,
      );
    }
    if (this.#module.memory === null) throw this.#invalid("an instruction needs a memory", at);
  }

  #refFunc(at: number): void {
    const index = this.#index(this.#module.functions.length, "function");
    this.#additions.referenced.add(index);
    this.#shared.compute(1);
    const target = this.#additions.function(index);
    if (target !== index) this.#replace(at, [0xd2, ...leb(target)]);
    this.#push(1);
  }

  #dataIndex(at: number): number {
    const { dataCount } = this.#module;
    if (dataCount === null) throw this.#invalid("a data instruction needs a data count section", at);
    return this.#index(dataCount, "data segment");
  }

  #bulk(at: number): void {
    const reader = this.#reader;
    const additions = this.#additions;
    const { tables, elements } = this.#module;
    const code = reader.u32("an instruction");
    const helper = (index: number) => {
      this.#replace(at, call(index));
      this.#pop(3);
    };
    const element = (index: number): ValType => tables[index]!.elem;
    switch (code) {
      case 8: {
        const segment = this.#dataIndex(at);
        this.#memory();
        const operation = [0xfc, 8, ...leb(segment), 0];
        return helper(additions.bulk(`memory.init ${segment}`, "i32", "i32", "bytes", operation));
      }
      case 9: {
        const segment = this.#dataIndex(at);
        return this.#insert(reader.at, additions.rememberDrop("data", segment));
      }
      case 10:
        this.#memory();
        this.#memory();
        return helper(additions.bulk("memory.copy", "i32", "i32", "bytes", [0xfc, 10, 0, 0]));
      case 11:
        this.#memory();
        return helper(additions.bulk("memory.fill", "i32", "i32", "bytes", [0xfc, 11, 0]));
      case 12: {
        const segment = this.#index(elements.length, "element segment");
        const table = this.#index(tables.length, "table");
        const operation = [0xfc, 12, ...leb(segment), ...leb(table)];
        return helper(
          additions.bulk(`table.init ${segment} ${table}`, "i32", "i32", "elements", operation),
        );
      }
      case 13: {
        const segment = this.#index(elements.length, "element segment");
        return this.#insert(reader.at, additions.rememberDrop("elem", segment));
      }
      case 14: {
        const to = this.#index(tables.length, "table");
        const from = this.#index(tables.length, "table");
        const operation = [0xfc, 14, ...leb(to), ...leb(from)];
        return helper(additions.bulk(`table.copy ${to} ${from}`, "i32", "i32", "elements", operation));
      }
      case 15: {
        const table = this.#index(tables.length, "table");
        this.#replace(at, call(additions.tableGrow(table)));
        this.#pop(2);
        return this.#push(1);
      }
      case 16:
        this.#index(tables.length, "table");
        return this.#push(1);
      case 17: {
        const table = this.#index(tables.length, "table");
        const operation = [0xfc, 17, ...leb(table)];
        return helper(
          additions.bulk(`table.fill ${table}`, "i32", element(table), "elements", operation),
        );
      }
    }
    if (code > 7) throw this.#invalid(`instruction 0xfc ${code} is unknown`, at);
    this.#shared.compute(valuesPerInstruction);
    this.#pop(1);
    this.#push(1);
  }

  #vector(at: number): void {
    const code = this.#reader.u32("an instruction");
    this.#vectors = true;
    const effect = simd[code];
    if (effect === undefined) {
      if (code >= 0x100 && code < 0x130) {
        const what = `instruction 0xfd 0x${code.toString(16)} belongs to relaxed SIMD`;
        throw refuse("module_refused", `${what}, which the profile lacks`, at);
      }
      throw this.#invalid(`instruction 0xfd 0x${code.toString(16)} is unknown`, at);
    }
    const escape = simdEscapes.get(code);
    if (escape !== undefined) this.#insert(at, canonicalScalar(escape, this.#spare(escape)));
    this.#immediate(effect.immediate);
    this.#shared.compute(valuesPerInstruction);
    this.#pop(effect.pops);
    this.#push(effect.pushes);
    const shape = simdArithmetic.get(code);
    if (shape !== undefined) this.#insert(this.#reader.at, canonicalVector(shape, this.#spare("v128")));
  }

  // Writing

  /** Writes the body again, with everything the pass found. */
  write(stackDepthMax: number): Writer {
    const declared = this.#locals + this.#heightMax + this.#passedMax;
    const frame = frameCost(this.#type, declared, this.#vectors);
    within(frame, stackDepthMax, "stackDepthMax", "the frame of a function in bytes", this.#start);
    const cost = frameCost(this.#type, declared + this.#shared.finish(), this.#vectors);
    const counted = this.#calls || cost > leafFrameBytesMax;
    const { depth } = this.#additions;
    let release: number[] = [];
    if (counted) {
      // Where an exception can land, what its unwinding skipped is taken back from the local.
      const restored = this.#catches ? getLocal(this.#spare("i32")) : getGlobal(depth);
      release = [...restored, ...i32(cost), 0x6a, ...setGlobal(depth)];
      for (const at of this.#tailCalls) this.#insert(at, release);
      for (const { at, depth: label } of this.#returns) {
        this.#edits.push({ at, remove: 1, code: [0x0c, ...leb(label)] });
      }
      if (this.#catches) {
        const landing = [...getLocal(this.#spare("i32")), ...setGlobal(depth)];
        for (const at of this.#landings) this.#insert(at, landing);
      }
    }
    const prologue = this.#charges();
    const spares = [...this.#spares.keys()];
    const out = new Writer(this.#reader.end - this.#groupsAt + 256);
    out.u32(this.#groups + spares.length).slice(this.#module.bytes, this.#groupsAt, this.#start);
    for (const type of spares) out.byte(1).byte(typeCodes[type]);
    if (counted) out.raw(this.#takeDepth(cost)).raw(prologue).raw(this.#wrapper());
    else out.raw(prologue);
    this.#copy(out);
    if (counted) out.raw(release).byte(0x0b);
    within(
      out.length,
      engineBodyBytesMax,
      "engineBodyBytesMax",
      "a metered function body in bytes",
      this.#start,
    );
    return out;
  }

  /** Turns charges and loop headers into edits; returns what stands at the entry. */
  #charges(): number[] {
    const { fuel, reason } = this.#additions;
    const local = this.#spare("i64");
    const fuelAt = new Map(this.#blocks.charges.map((charge) => [charge.at, charge.fuel]));
    const checked = (amount: number): number[] => {
      const check = [...getLocal(local), ...outOfFuelIfNegative(reason)];
      if (amount === 0) return [...getGlobal(fuel), ...outOfFuelIfNegative(reason)];
      return [...getGlobal(fuel), ...i64(amount), 0x7d, ...teeLocal(local), ...setGlobal(fuel), ...check];
    };
    for (const [at, amount] of fuelAt) {
      if (at === this.#start || this.#loops.has(at)) continue;
      this.#insert(at, [...getGlobal(fuel), ...i64(amount), 0x7d, ...setGlobal(fuel)]);
    }
    for (const at of this.#loops) this.#insert(at, checked(fuelAt.get(at) ?? 0));
    return checked(fuelAt.get(this.#start) ?? 0);
  }

  #takeDepth(cost: number): number[] {
    const { depth, reason } = this.#additions;
    const keep = this.#catches ? teeLocal(this.#spare("i32")) : [];
    return [
      ...getGlobal(depth),
      ...i32(cost),
      0x6b,
      ...keep,
      ...setGlobal(depth),
      ...getGlobal(depth),
      ...i32(0),
      0x48,
      ...ifThen(endStep(reason, reasons.stackDepth)),
    ];
  }

  /** The block around a counted body: every way out but a tail call and a trap passes its end. */
  #wrapper(): number[] {
    const { results } = this.#type;
    const only = results[0];
    if (only === undefined) return [0x02, 0x40];
    if (results.length === 1) return [0x02, typeCodes[only]];
    return [0x02, ...sleb(this.#additions.type([], results))];
  }

  #copy(out: Writer): void {
    const { bytes } = this.#module;
    this.#edits.sort((a, b) => a.at - b.at || a.remove - b.remove);
    let from = this.#start;
    for (const { at, remove, code } of this.#edits) {
      out.slice(bytes, from, at).raw(code);
      from = at + remove;
    }
    out.slice(bytes, from, this.#reader.end);
  }
}
