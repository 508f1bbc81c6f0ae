/** Values of scripts as bits: constants are read by assembling them, calls go through modules that keep every bit. */
import { decode } from "../../../src/wasm/decode.ts";
import { defaultProfileLimits } from "../../../src/wasm/limits.ts";
import type { FuncType, ValType } from "../../../src/wasm/mod.ts";
import type { Module } from "../../../src/wasm/module.ts";
import { wat } from "../../support/wat.ts";
import type { List } from "./sexpr.ts";

/** A value: numbers and vectors as unsigned bits; references as themselves. */
export type Value =
  | { readonly type: "i32" | "i64" | "f32" | "f64" | "v128"; readonly bits: bigint }
  | { readonly type: "ref"; readonly ref: unknown };

/** What a script expects: a value, or for floats a pattern of each lane. */
export interface Expected {
  readonly value: Value | null;
  readonly lanes: readonly { readonly bits: number; readonly pattern: string | null }[];
}

const word = (list: List, i: number): string => {
  const node = list.items[i];
  return node === undefined || node.kind === "list" ? "" : node.text;
};

const external = new Map<string, object>();

function reference(list: List): Value | undefined {
  const head = word(list, 0);
  if (head === "ref.null") return { type: "ref", ref: null };
  if (head !== "ref.extern" && head !== "ref.host") return undefined;
  const key = word(list, 1);
  let object = external.get(key);
  if (object === undefined) external.set(key, object = { external: key });
  return { type: "ref", ref: object };
}

/** The constants of one script, by their text with NaN patterns replaced by zero. */
export class Constants {
  readonly #bits = new Map<string, Value>();

  constructor(lists: readonly List[]) {
    const texts = [...new Set(lists.map(constantText))].filter((text) => text !== "");
    for (let from = 0; from < texts.length; from += 20_000) {
      const part = texts.slice(from, from + 20_000);
      const fields = part.map((text) => `(global ${text.slice(1, text.indexOf("."))} ${text})`);
      readGlobals(wat(`(module ${fields.join("\n")})`)).forEach((value, i) => {
        this.#bits.set(part[i]!, value);
      });
    }
  }

  value(list: List): Value {
    const value = reference(list) ?? this.#bits.get(constantText(list));
    if (value === undefined) throw new Error(`not a constant: ${word(list, 0)}`);
    return value;
  }

  expected(list: List): Expected {
    const head = word(list, 0);
    if (head.startsWith("ref.") && reference(list) === undefined) return { value: null, lanes: [] };
    if (head === "ref.null" || reference(list) !== undefined) return { value: this.value(list), lanes: [] };
    const shape = head === "v128.const" ? word(list, 1) : head.slice(0, 3);
    const words = list.items.slice(head === "v128.const" ? 2 : 1).map((_, i) =>
      word(list, i + (head === "v128.const" ? 2 : 1))
    );
    const bits = { i8x16: 8, i16x8: 16, i32x4: 32, f32x4: 32, i64x2: 64, f64x2: 64 }[shape] ??
      (shape.endsWith("64") ? 64 : 32);
    const lanes = words.map((text) => ({
      bits,
      pattern: text.startsWith("nan:c") || text.startsWith("nan:a") ? text : null,
    }));
    return { value: this.value(list), lanes };
  }
}

function constantText(list: List): string {
  const head = word(list, 0);
  if (!/^(i32|i64|f32|f64|v128)\.const$/.test(head)) return "";
  const words = list.items.map((_, i) => word(list, i).replace(/^nan:(canonical|arithmetic)$/, "0"));
  return `(${words.join(" ")})`;
}

function readGlobals(bytes: Uint8Array): Value[] {
  const limits = { ...defaultProfileLimits, globalsMax: 1_000_000 };
  const span = decode(bytes, limits).sections.get(6)!;
  const values: Value[] = [];
  let at = span.entries;
  const little = (count: number): bigint => {
    let bits = 0n;
    for (let i = count - 1; i >= 0; i--) bits = bits << 8n | BigInt(bytes[at + i]!);
    at += count;
    return bits;
  };
  const signed = (width: number): bigint => {
    let bits = 0n;
    let shift = 0n;
    for (;;) {
      const byte = bytes[at++]!;
      bits |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return BigInt.asUintN(width, byte & 0x40 ? bits - (1n << shift) : bits);
    }
  };
  while (values.length < span.count) {
    at += 2;
    const opcode = bytes[at++]!;
    if (opcode === 0x41) values.push({ type: "i32", bits: signed(32) });
    else if (opcode === 0x42) values.push({ type: "i64", bits: signed(64) });
    else if (opcode === 0x43) values.push({ type: "f32", bits: little(4) });
    else if (opcode === 0x44) values.push({ type: "f64", bits: little(8) });
    else {
      at++;
      values.push({ type: "v128", bits: little(16) });
    }
    at++;
  }
  return values;
}

type Lowered = { readonly wat: string; readonly count: number };

const lowered: Record<ValType, Lowered> = {
  i32: { wat: "i32", count: 1 },
  i64: { wat: "i64", count: 1 },
  f32: { wat: "i32", count: 1 },
  f64: { wat: "i64", count: 1 },
  v128: { wat: "i64 i64", count: 2 },
  funcref: { wat: "funcref", count: 1 },
  externref: { wat: "externref", count: 1 },
  exnref: { wat: "i32", count: 1 },
};

function raise(type: ValType, local: number): string {
  if (type === "f32") return `(f32.reinterpret_i32 (local.get ${local}))`;
  if (type === "f64") return `(f64.reinterpret_i64 (local.get ${local}))`;
  if (type === "exnref") return `(ref.null exn)`;
  if (type !== "v128") return `(local.get ${local})`;
  return `(i64x2.replace_lane 1 (i64x2.splat (local.get ${local})) (local.get ${local + 1}))`;
}

function lower(type: ValType, local: number): string {
  const x = `(local.get ${local})`;
  if (type === "f32") return `(i32.reinterpret_f32 ${x})`;
  if (type === "f64") return `(i64.reinterpret_f64 ${x})`;
  if (type === "exnref") return `(ref.is_null ${x})`;
  return type === "v128" ? `(i64x2.extract_lane 0 ${x}) (i64x2.extract_lane 1 ${x})` : x;
}

const wrappers = new Map<string, WebAssembly.Module>();

function wrapper(key: string, text: () => string): WebAssembly.Module {
  let module = wrappers.get(key);
  if (module === undefined) wrappers.set(key, module = new WebAssembly.Module(wat(text())));
  return module;
}

function callText({ params, results }: FuncType): string {
  const inputs = params.map((type) => lowered[type]);
  const width = inputs.reduce((sum, input) => sum + input.count, 0);
  let at = 0;
  const args = params.map((type, i) => {
    const text = raise(type, at);
    at += inputs[i]!.count;
    return text;
  });
  const keep = results.map((_, i) => `(local.set ${width + i})`).reverse().join(" ");
  const give = results.map((type, i) => lower(type, width + i)).join(" ");
  return `(module
    (import "m" "f" (func $f (param ${params.join(" ")}) (result ${results.join(" ")})))
    (func (export "f") (param ${inputs.map((input) => input.wat).join(" ")})
      (result ${results.map((type) => lowered[type].wat).join(" ")}) (local ${results.join(" ")})
      ${args.join(" ")} (call $f) ${keep} ${give}))`;
}

function values(types: readonly ValType[], raw: unknown): Value[] {
  const list = types.length === 0 ? [] : Array.isArray(raw) ? raw : [raw];
  let at = 0;
  const number = (width: number): bigint => {
    const value: unknown = list[at++];
    return BigInt.asUintN(width, typeof value === "bigint" ? value : BigInt(Number(value)));
  };
  return types.map((type): Value => {
    if (type === "i32" || type === "f32") return { type, bits: number(32) };
    if (type === "i64" || type === "f64") return { type, bits: number(64) };
    if (type === "v128") {
      const low = number(64);
      return { type, bits: number(64) << 64n | low };
    }
    return { type: "ref", ref: list[at++] };
  });
}

/** Calls an exported function with exact bits. Throws what the engine throws. */
export function callExact(target: unknown, type: FuncType, args: readonly Value[]): Value[] {
  if (typeof target !== "function") throw new Error("not a function");
  const key = `${type.params.join()}>${type.results.join()}`;
  const module = wrapper(key, () => callText(type));
  const instance = new WebAssembly.Instance(module, { m: { f: target as () => unknown } });
  const raw = args.flatMap((arg): unknown[] => {
    if (arg.type === "ref") return [arg.ref];
    if (arg.type === "v128") return [BigInt.asIntN(64, arg.bits), BigInt.asIntN(64, arg.bits >> 64n)];
    return [arg.type === "i64" || arg.type === "f64" ? BigInt.asIntN(64, arg.bits) : Number(arg.bits)];
  });
  const result: unknown = (instance.exports["f"] as (...args: unknown[]) => unknown)(...raw);
  return values(type.results, result);
}

/** Reads an exported global with exact bits. */
export function readExact(module: Module, name: string, target: unknown): Value[] {
  const found = module.exports.find((e) => e.name === name && e.kind === "global")!;
  const { type, mutable } = module.globals[found.index]!;
  const text = () =>
    `(module (import "m" "g" (global $g ${mutable ? `(mut ${type})` : type}))
      (func (export "f") (result ${lowered[type].wat}) (local ${type})
        (local.set 0 (global.get $g)) ${lower(type, 0)}))`;
  const reader = wrapper(`global ${type} ${mutable}`, text);
  const instance = new WebAssembly.Instance(reader, { m: { g: target as WebAssembly.Global } });
  return values([type], (instance.exports["f"] as () => unknown)());
}
