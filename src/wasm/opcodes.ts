/**
 * The instructions of the profile: operands taken, results given, immediates, and what is refused by name.
 *
 * Source: WebAssembly core specification 2.0, appendix A.7; tail calls and exceptions (exnref) from 3.0.
 */

/** Operands taken and results given by instructions without special handling; `undefined` elsewhere. */
export interface Effect {
  readonly pops: number;
  readonly pushes: number;
  /** How the immediate bytes are read. */
  readonly immediate: "none" | "memarg" | "lane" | "memarg_lane" | "bytes16";
}

type Range = readonly [
  first: number,
  last: number,
  pops: number,
  pushes: number,
  immediate?: Effect["immediate"],
];

function table(ranges: readonly Range[]): (Effect | undefined)[] {
  const effects: (Effect | undefined)[] = Array.from({ length: 256 }, () => undefined);
  for (const [first, last, pops, pushes, immediate = "none"] of ranges) {
    for (let code = first; code <= last; code++) effects[code] = { pops, pushes, immediate };
  }
  return effects;
}

/** Plain one-byte instructions, by opcode. */
export const plain: readonly (Effect | undefined)[] = table([
  [0x1a, 0x1a, 1, 0],
  [0x1b, 0x1b, 3, 1],
  [0x28, 0x35, 1, 1, "memarg"],
  [0x36, 0x3e, 2, 0, "memarg"],
  [0x45, 0x45, 1, 1],
  [0x46, 0x4f, 2, 1],
  [0x50, 0x50, 1, 1],
  [0x51, 0x66, 2, 1],
  [0x67, 0x69, 1, 1],
  [0x6a, 0x78, 2, 1],
  [0x79, 0x7b, 1, 1],
  [0x7c, 0x8a, 2, 1],
  [0x8b, 0x91, 1, 1],
  [0x92, 0x98, 2, 1],
  [0x99, 0x9f, 1, 1],
  [0xa0, 0xa6, 2, 1],
  [0xa7, 0xc4, 1, 1],
  [0xd1, 0xd1, 1, 1],
]);

/** Instructions after the prefix 0xfd, by their number below 256. */
export const simd: readonly (Effect | undefined)[] = table([
  [0, 10, 1, 1, "memarg"],
  [11, 11, 2, 0, "memarg"],
  [12, 12, 0, 1, "bytes16"],
  [13, 13, 2, 1, "bytes16"],
  [14, 14, 2, 1],
  [15, 20, 1, 1],
  [21, 22, 1, 1, "lane"],
  [23, 23, 2, 1, "lane"],
  [24, 25, 1, 1, "lane"],
  [26, 26, 2, 1, "lane"],
  [27, 27, 1, 1, "lane"],
  [28, 28, 2, 1, "lane"],
  [29, 29, 1, 1, "lane"],
  [30, 30, 2, 1, "lane"],
  [31, 31, 1, 1, "lane"],
  [32, 32, 2, 1, "lane"],
  [33, 33, 1, 1, "lane"],
  [34, 34, 2, 1, "lane"],
  [35, 76, 2, 1],
  [77, 77, 1, 1],
  [78, 81, 2, 1],
  [82, 82, 3, 1],
  [83, 83, 1, 1],
  [84, 87, 2, 1, "memarg_lane"],
  [88, 91, 2, 0, "memarg_lane"],
  [92, 93, 1, 1, "memarg"],
  [94, 100, 1, 1],
  [101, 102, 2, 1],
  [103, 106, 1, 1],
  [107, 115, 2, 1],
  [116, 117, 1, 1],
  [118, 121, 2, 1],
  [122, 122, 1, 1],
  [123, 123, 2, 1],
  [124, 129, 1, 1],
  [130, 130, 2, 1],
  [131, 132, 1, 1],
  [133, 134, 2, 1],
  [135, 138, 1, 1],
  [139, 147, 2, 1],
  [148, 148, 1, 1],
  [149, 153, 2, 1],
  [155, 159, 2, 1],
  [160, 161, 1, 1],
  [163, 164, 1, 1],
  [167, 170, 1, 1],
  [171, 174, 2, 1],
  [177, 177, 2, 1],
  [181, 186, 2, 1],
  [188, 191, 2, 1],
  [192, 193, 1, 1],
  [195, 196, 1, 1],
  [199, 202, 1, 1],
  [203, 206, 2, 1],
  [209, 209, 2, 1],
  [213, 223, 2, 1],
  [224, 225, 1, 1],
  [227, 227, 1, 1],
  [228, 235, 2, 1],
  [236, 237, 1, 1],
  [239, 239, 1, 1],
  [240, 247, 2, 1],
  [248, 255, 1, 1],
]);

/** One-byte instructions that read a float's sign or bits: the float on top must be canonical first. */
export const scalarEscapes: ReadonlyMap<number, "f32" | "f64"> = new Map([
  [0x38, "f32"], // f32.store
  [0x39, "f64"], // f64.store
  [0x98, "f32"], // f32.copysign
  [0xa6, "f64"], // f64.copysign
  [0xbc, "f32"], // i32.reinterpret_f32
  [0xbd, "f64"], // i64.reinterpret_f64
]);

/** Vector instructions that take a scalar float into lanes. */
export const simdEscapes: ReadonlyMap<number, "f32" | "f64"> = new Map([
  [19, "f32"], // f32x4.splat
  [20, "f64"], // f64x2.splat
  [32, "f32"], // f32x4.replace_lane
  [34, "f64"], // f64x2.replace_lane
]);

/** Vector arithmetic that may make a NaN: its result is made canonical at once. */
export const simdArithmetic: ReadonlyMap<number, "f32x4" | "f64x2"> = new Map([
  ...[94, 103, 104, 105, 106, 227, 228, 229, 230, 231, 232, 233].map((code) => [code, "f32x4"] as const),
  ...[95, 116, 117, 122, 148, 239, 240, 241, 242, 243, 244, 245].map((code) => [code, "f64x2"] as const),
]);

/** What an opcode outside the profile belongs to, or undefined if no proposal has it. */
export function proposalOf(opcode: number): string | undefined {
  if (opcode === 0xfe) return "threads and atomics";
  if (opcode === 0xfb) return "garbage collection";
  if (opcode === 0x14 || opcode === 0x15 || (opcode >= 0xd3 && opcode <= 0xd6)) {
    return "typed function references";
  }
  if ([0x06, 0x07, 0x09, 0x18, 0x19].includes(opcode)) return "the legacy form of exceptions";
  return undefined;
}
