/**
 * Reads the instructions of one body: profile, metered blocks, operand heights, and what to change.
 *
 * Labels keep their depth: inserted code is self-contained. Unknown opcodes are refused.
 */
import type { Additions } from "./additions.ts";
import { BodyFrame } from "./body_frame.ts";
import { call, canonicalScalar, canonicalVector, leb } from "./code.ts";
import type { ProfileLimits, ValType } from "./limits.ts";
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
import { type Reader, refuse, within } from "./reader.ts";
import { blockType, heapType, valType } from "./value_types.ts";

/** Values the engine may compute for one instruction; the address of an access counts as one. */
const valuesPerInstruction = 1;

/** Reads a whole body. */
export function scanBody(
  module: Module,
  additions: Additions,
  limits: ProfileLimits,
  index: number,
  body: Body,
): BodyFrame {
  const frame = new BodyFrame(module, limits, index, body);
  new BodyScan(frame, additions).run();
  return frame;
}

class BodyScan {
  readonly #body: BodyFrame;
  readonly #module: Module;
  readonly #limits: ProfileLimits;
  readonly #reader: Reader;
  readonly #additions: Additions;

  constructor(body: BodyFrame, additions: Additions) {
    this.#body = body;
    this.#module = body.module;
    this.#limits = body.limits;
    this.#reader = body.reader;
    this.#additions = additions;
  }

  run(): void {
    while (this.#body.labels.length > 0) this.#instruction();
    const { at, done } = this.#reader;
    if (!done) throw this.#body.invalid("a function body goes on after its end", at);
  }

  #instruction(): void {
    const reader = this.#reader;
    const at = reader.at;
    const opcode = reader.byte("a function body");
    const effect = plain[opcode];
    if (effect !== undefined) {
      const escape = scalarEscapes.get(opcode);
      if (escape !== undefined) this.#body.insert(at, canonicalScalar(escape, this.#body.spare(escape)));
      return this.#plain(effect);
    }
    if (opcode <= 0x1f && opcode !== 0x1c) return this.#control(opcode, at);
    if (opcode >= 0x1c && opcode <= 0x44) return this.#variable(opcode, at);
    this.#body.blocks.add(prices.instruction);
    switch (opcode) {
      case 0xd0:
        heapType(reader, "ref.null");
        return this.#body.push(1);
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
    if (proposal === undefined) return this.#body.invalid(`${name} is unknown`, at);
    return refuse("module_refused", `${name} belongs to ${proposal}, which the profile lacks`, at);
  }

  #plain(effect: Effect): void {
    this.#body.blocks.add(prices.instruction);
    if (effect.immediate !== "none") this.#immediate(effect.immediate);
    this.#body.shared.compute(valuesPerInstruction);
    this.#body.pop(effect.pops);
    this.#body.push(effect.pushes);
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
        this.#body.blocks.add(prices.instruction);
        return this.#body.dead();
      case 0x01:
        return;
      case 0x04:
        this.#body.blocks.add(prices.instruction);
        this.#body.pop(1);
        return this.#open(opcode);
      case 0x02:
      case 0x03:
      case 0x1f:
        return this.#open(opcode);
      case 0x05:
        return this.#body.otherwise(at);
      case 0x0b:
        return this.#body.end();
      case 0x08:
      case 0x0a:
        this.#body.blocks.add(prices.throwing);
        if (opcode === 0x08) this.#body.index(this.#module.tags.length, "tag");
        this.#body.blocks.leave(reader.at);
        return this.#body.dead();
    }
    this.#body.blocks.add(prices.instruction);
    switch (opcode) {
      case 0x0c:
        this.#branch([this.#body.label()]);
        return this.#body.dead();
      case 0x0d:
        this.#body.pop(1);
        return this.#branch([this.#body.label()]);
      case 0x0e:
        this.#branch(this.#branchTable());
        return this.#body.dead();
      case 0x0f:
        this.#body.returns.push({ at, depth: this.#body.labels.length - 1 });
        this.#body.blocks.leave(reader.at);
        return this.#body.dead();
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

  #open(opcode: number): void {
    const type = blockType(this.#reader, this.#module.types);
    if (opcode === 0x1f) this.#catchClauses();
    this.#body.pop(type.params.length);
    const depth = this.#body.labels.length;
    within(depth, this.#limits.nestingMax, "nestingMax", "the nesting of blocks", this.#reader.at);
    this.#body.labels.push({
      opcode,
      type,
      height: this.#body.height,
      inside: this.#reader.at,
      caught: false,
    });
    this.#body.push(type.params.length);
    if (opcode === 0x03 || opcode === 0x04) this.#body.blocks.body(this.#reader.at);
    else this.#body.blocks.block();
    if (opcode === 0x03) {
      this.#body.loops.add(this.#reader.at);
      this.#body.shared.loop();
    } else if (opcode === 0x04) this.#body.shared.if();
    else this.#body.shared.block();
  }

  #catchClauses(): void {
    const reader = this.#reader;
    this.#body.catches = true;
    const at = reader.at;
    const count = reader.u32("the count of catch clauses");
    within(count, this.#limits.brTableTargetsMax, "brTableTargetsMax", "the count of catch clauses", at);
    for (let i = 0; i < count; i++) {
      const at = reader.at;
      const kind = reader.byte("a catch clause");
      if (kind > 3) throw this.#body.invalid(`a catch clause has unknown kind ${kind}`, at);
      if (kind < 2) this.#body.index(this.#module.tags.length, "tag");
      const depth = this.#body.label();
      this.#body.shared.caught(depth);
      const label = this.#body.labels[this.#body.labels.length - 1 - depth]!;
      if (!label.caught) {
        label.caught = true;
        if (label.opcode === 0x03) this.#body.landings.push(label.inside);
      }
    }
  }

  #branch(depths: Iterable<number>): void {
    this.#body.blocks.branch(depths, this.#reader.at);
    for (const depth of depths) this.#body.shared.branch(depth);
  }

  #branchTable(): Set<number> {
    const at = this.#reader.at;
    const count = this.#reader.u32("the count of targets");
    const { brTableTargetsMax } = this.#limits;
    within(count, brTableTargetsMax, "brTableTargetsMax", "the targets of a br_table", at);
    const targets = new Set<number>();
    for (let i = 0; i <= count; i++) targets.add(this.#body.label());
    return targets;
  }

  #call(opcode: number, at: number): void {
    const index = this.#body.index(this.#module.functions.length, "function");
    const target = this.#additions.function(index);
    if (target !== index) this.#body.replace(at, [opcode, ...leb(target)]);
    this.#called(this.#module.types[this.#module.functions[index]!]!, opcode === 0x12, at);
  }

  #callIndirect(opcode: number, at: number): void {
    const type = this.#body.index(this.#module.types.length, "type");
    this.#body.index(this.#module.tables.length, "table");
    this.#body.pop(1);
    this.#called(this.#module.types[type]!, opcode === 0x13, at);
  }

  #called(type: FuncType, tail: boolean, at: number): void {
    this.#body.calls = true;
    this.#body.shared.call();
    this.#body.passedMax = Math.max(this.#body.passedMax, type.params.length + type.results.length);
    this.#body.pop(type.params.length);
    this.#body.push(type.results.length);
    // A call may end in an exception, which skips the rest of what is charged with it.
    if (this.#module.tags.length > 0 || tail) this.#body.blocks.leave(this.#reader.at);
    if (!tail) return;
    this.#body.tailCalls.push(at);
    this.#body.dead();
  }

  #variable(opcode: number, at: number): void {
    const reader = this.#reader;
    const { globals, tables } = this.#module;
    const effect = (pops: number, pushes: number) => {
      this.#body.pop(pops);
      this.#body.push(pushes);
    };
    this.#body.blocks.add(prices.instruction);
    switch (opcode) {
      case 0x1c: {
        const at = reader.at;
        const count = reader.u32("the types of a select");
        if (count !== 1) throw this.#body.invalid("a select has not one type", at);
        valType(reader, "a select");
        return effect(3, 1);
      }
      case 0x20:
      case 0x21:
      case 0x22:
        this.#body.index(this.#body.type.params.length + this.#body.locals, "local");
        return effect(opcode === 0x20 ? 0 : 1, opcode === 0x21 ? 0 : 1);
      case 0x23:
        if (!globals[this.#body.index(globals.length, "global")]!.mutable) this.#body.shared.compute(1);
        return effect(0, 1);
      case 0x24: {
        const type = globals[this.#body.index(globals.length, "global")]!.type;
        if (type === "f32" || type === "f64") {
          this.#body.insert(at, canonicalScalar(type, this.#body.spare(type)));
        }
        return effect(1, 0);
      }
      case 0x25:
        this.#body.index(tables.length, "table");
        return effect(1, 1);
      case 0x26:
        this.#body.index(tables.length, "table");
        return effect(2, 0);
      case 0x3f:
        this.#memory();
        return effect(0, 1);
      case 0x40:
        this.#memory();
        this.#body.replace(at, call(this.#additions.memoryGrow()));
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
    if (this.#module.memory === null) throw this.#body.invalid("an instruction needs a memory", at);
  }

  #refFunc(at: number): void {
    const index = this.#body.index(this.#module.functions.length, "function");
    this.#additions.referenced.add(index);
    this.#body.shared.compute(1);
    const target = this.#additions.function(index);
    if (target !== index) this.#body.replace(at, [0xd2, ...leb(target)]);
    this.#body.push(1);
  }

  #dataIndex(at: number): number {
    const { dataCount } = this.#module;
    if (dataCount === null) throw this.#body.invalid("a data instruction needs a data count section", at);
    return this.#body.index(dataCount, "data segment");
  }

  #bulk(at: number): void {
    const reader = this.#reader;
    const additions = this.#additions;
    const { tables, elements } = this.#module;
    const code = reader.u32("an instruction");
    const helper = (index: number) => {
      this.#body.replace(at, call(index));
      this.#body.pop(3);
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
        return this.#body.insert(reader.at, additions.rememberDrop("data", segment));
      }
      case 10:
        this.#memory();
        this.#memory();
        return helper(additions.bulk("memory.copy", "i32", "i32", "bytes", [0xfc, 10, 0, 0]));
      case 11:
        this.#memory();
        return helper(additions.bulk("memory.fill", "i32", "i32", "bytes", [0xfc, 11, 0]));
      case 12: {
        const segment = this.#body.index(elements.length, "element segment");
        const table = this.#body.index(tables.length, "table");
        const operation = [0xfc, 12, ...leb(segment), ...leb(table)];
        return helper(
          additions.bulk(`table.init ${segment} ${table}`, "i32", "i32", "elements", operation),
        );
      }
      case 13: {
        const segment = this.#body.index(elements.length, "element segment");
        return this.#body.insert(reader.at, additions.rememberDrop("elem", segment));
      }
      case 14: {
        const to = this.#body.index(tables.length, "table");
        const from = this.#body.index(tables.length, "table");
        const operation = [0xfc, 14, ...leb(to), ...leb(from)];
        return helper(additions.bulk(`table.copy ${to} ${from}`, "i32", "i32", "elements", operation));
      }
      case 15: {
        const table = this.#body.index(tables.length, "table");
        this.#body.replace(at, call(additions.tableGrow(table)));
        this.#body.pop(2);
        return this.#body.push(1);
      }
      case 16:
        this.#body.index(tables.length, "table");
        return this.#body.push(1);
      case 17: {
        const table = this.#body.index(tables.length, "table");
        const operation = [0xfc, 17, ...leb(table)];
        return helper(
          additions.bulk(`table.fill ${table}`, "i32", element(table), "elements", operation),
        );
      }
    }
    if (code > 7) throw this.#body.invalid(`instruction 0xfc ${code} is unknown`, at);
    this.#body.shared.compute(valuesPerInstruction);
    this.#body.pop(1);
    this.#body.push(1);
  }

  #vector(at: number): void {
    const code = this.#reader.u32("an instruction");
    this.#body.vectors = true;
    const effect = simd[code];
    if (effect === undefined) {
      if (code >= 0x100 && code < 0x130) {
        const what = `instruction 0xfd 0x${code.toString(16)} belongs to relaxed SIMD`;
        throw refuse("module_refused", `${what}, which the profile lacks`, at);
      }
      throw this.#body.invalid(`instruction 0xfd 0x${code.toString(16)} is unknown`, at);
    }
    const escape = simdEscapes.get(code);
    if (escape !== undefined) this.#body.insert(at, canonicalScalar(escape, this.#body.spare(escape)));
    this.#immediate(effect.immediate);
    this.#body.shared.compute(valuesPerInstruction);
    this.#body.pop(effect.pops);
    this.#body.push(effect.pushes);
    const shape = simdArithmetic.get(code);
    if (shape !== undefined) {
      this.#body.insert(this.#reader.at, canonicalVector(shape, this.#body.spare("v128")));
    }
  }
}
