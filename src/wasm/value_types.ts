/** Value types and block types in the binary format; what the profile lacks is refused by the name of its proposal. */
import { type Reader, refuse } from "./reader.ts";
import type { ValType } from "./limits.ts";
import type { FuncType, RefType } from "./module.ts";

const byCode = new Map<number, ValType>([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
  [0x7b, "v128"],
  [0x70, "funcref"],
  [0x6f, "externref"],
  [0x69, "exnref"],
]);

/** The binary code of a value type. */
export const typeCodes: Readonly<Record<ValType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
  exnref: 0x69,
};

function unknownType(code: number, what: string, at: number): Error {
  if (code === 0x63 || code === 0x64) {
    return refuse("module_refused", `${what} uses typed function references, which the profile lacks`, at);
  }
  if ((code >= 0x6a && code <= 0x6e) || (code >= 0x71 && code <= 0x74)) {
    return refuse("module_refused", `${what} uses garbage collection types, which the profile lacks`, at);
  }
  return refuse("module_invalid", `${what} has unknown type 0x${code.toString(16)}`, at);
}

/** Reads a value type. */
export function valType(reader: Reader, what: string): ValType {
  const at = reader.at;
  const code = reader.byte(what);
  const type = byCode.get(code);
  if (type === undefined) throw unknownType(code, what, at);
  return type;
}

/** Reads the type of a table or of element expressions. */
export function refType(reader: Reader, what: string): RefType {
  const at = reader.at;
  const type = valType(reader, what);
  if (type === "funcref" || type === "externref") return type;
  if (type === "exnref") {
    throw refuse("module_refused", `${what} holds exnref, which cannot be kept in an image`, at);
  }
  throw refuse("module_invalid", `${what} is not of a reference type`, at);
}

/** Reads the type named by ref.null. */
export function heapType(reader: Reader, what: string): void {
  const at = reader.at;
  const code = reader.byte(what);
  if (code === 0x70 || code === 0x6f || code === 0x69) return;
  if (code < 0x40 || code >= 0x80) {
    throw refuse("module_refused", `${what} uses typed function references, which the profile lacks`, at);
  }
  throw unknownType(code, what, at);
}

const noValues: FuncType = { params: [], results: [] };
const single = new Map<ValType, FuncType>(
  [...byCode.values()].map((type) => [type, { params: [], results: [type] }]),
);

/** Reads a block type. */
export function blockType(reader: Reader, types: readonly FuncType[]): FuncType {
  const at = reader.at;
  const code = reader.bytes[at] ?? 0;
  if (code === 0x40) {
    reader.at++;
    return noValues;
  }
  if (code > 0x40 && code < 0x80) return single.get(valType(reader, "a block type")) ?? noValues;
  const index = reader.s32("a block type");
  const type = types[index];
  if (type === undefined) throw refuse("module_invalid", `type ${index} does not exist`, at);
  return type;
}
