/** The runtime: one data folder, open. `openRuntime()` runs it in this thread. */
export { selfCommand } from "./assets.ts";
export type * from "./port.ts";
export type { Receipt } from "./receipts.ts";
export { repairFolder } from "./repair.ts";
export { replay, type ReplayOptions } from "./replay/replay.ts";
export type { Request, WriteOp } from "./requests.ts";
export { openRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
