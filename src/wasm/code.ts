/** Short runs of instructions the instrumenter inserts, as bytes. */

export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push(rest % 128 | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

export function sleb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = ((rest % 128) + 128) % 128;
    rest = (rest - low) / 128;
    if ((rest === 0 && low < 64) || (rest === -1 && low >= 64)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

export const getGlobal = (index: number) => [0x23, ...leb(index)];
export const setGlobal = (index: number) => [0x24, ...leb(index)];
export const getLocal = (index: number) => [0x20, ...leb(index)];
export const teeLocal = (index: number) => [0x22, ...leb(index)];
export const i32 = (value: number) => [0x41, ...sleb(value)];
export const i64 = (value: number) => [0x42, ...sleb(value)];
export const call = (index: number) => [0x10, ...leb(index)];
/** `if` without results. */
export const ifThen = (then: readonly number[]) => [0x04, 0x40, ...then, 0x0b];
export const unreachable = [0x00];

/** Ends the step: the host reads why in the reason global. */
export const endStep = (reasonGlobal: number, reason: number) => [
  ...i32(reason),
  ...setGlobal(reasonGlobal),
  ...unreachable,
];

/** Why a trap was raised by inserted code; 0 is the guest's own trap. */
export const reasons = {
  trap: 0,
  outOfFuel: 1,
  stackDepth: 2,
  endedByHost: 3,
  /** The engine refused growth that the grant allows: a fault of the host, not an outcome. */
  growthRefused: 4,
} as const;

const canonicalF32 = [0x43, 0x00, 0x00, 0xc0, 0x7f];
const canonicalF64 = [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f];

/** Makes the NaN on top of the stack canonical, through a spare local of its type. */
export function canonicalScalar(type: "f32" | "f64", local: number): number[] {
  const x = getLocal(local);
  return type === "f32"
    ? [...teeLocal(local), ...canonicalF32, ...x, ...x, 0x5b, 0x1b]
    : [...teeLocal(local), ...canonicalF64, ...x, ...x, 0x61, 0x1b];
}

/** Makes the NaN lanes on top of the stack canonical, through a spare v128 local. */
export function canonicalVector(shape: "f32x4" | "f64x2", local: number): number[] {
  const x = getLocal(local);
  const lane = shape === "f32x4" ? canonicalF32.slice(1) : canonicalF64.slice(1);
  const lanes = shape === "f32x4" ? [...lane, ...lane, ...lane, ...lane] : [...lane, ...lane];
  const equal = shape === "f32x4" ? 65 : 71;
  return [...teeLocal(local), 0xfd, 12, ...lanes, ...x, ...x, 0xfd, equal, 0xfd, 82];
}

/** Compares the i64 on top with zero and ends the step when it is negative. */
export const outOfFuelIfNegative = (reasonGlobal: number) => [
  ...i64(0),
  0x53,
  ...ifThen(endStep(reasonGlobal, reasons.outOfFuel)),
];
