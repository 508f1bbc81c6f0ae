/** Reads, checks, meters and writes wasm binaries. Pure: no clock, no engine, no I/O. */
export { reasons } from "./code.ts";
export { defaultProfileLimits, type ProfileLimits, type ValType } from "./limits.ts";
export type { FuncType } from "./module.ts";
export { instrumenterVersion, prepare, type Prepared, type PreparePolicy } from "./prepare.ts";
export { bulkBytesShift, costModel, prices } from "./prices.ts";
export { defaultStackDepthMax } from "./stack_depth.ts";
