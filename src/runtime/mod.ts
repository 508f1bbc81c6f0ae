/** The runtime: one data folder, open. `openRuntime()` runs it in this thread. */
export { assetUrl, buildInfo, executablePath, selfCommand } from "./assets.ts";
export { dataPaths, exists, type HostFile, readHostFile } from "./data_folder.ts";
export { liveEnv, seededEnv } from "./env.ts";
export { defaultDataFolder, stopSignals } from "./platform.ts";
export type * from "./port.ts";
export type { Receipt } from "./receipts.ts";
export { repairFolder, type RepairReport } from "./repair.ts";
export { replay, type ReplayOptions } from "./replay/replay.ts";
export type { MemoryInput, Request, WriteOp } from "./requests.ts";
export { openRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
