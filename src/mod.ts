/**
 * Engram-Lite: a deterministic host for WebAssembly agents over a shared memory graph.
 *
 * @example
 * ```ts
 * import { openRuntime } from "./src/mod.ts";
 *
 * const runtime = await openRuntime({ data: "/tmp/engramlt-example" });
 * await runtime.submit({ kind: "write", ops: [{ op: "add", content: "Heron launches on 12 May." }] });
 * console.log((await runtime.view({ view: "search", text: "launch" })).hits);
 * await runtime.close();
 * ```
 */
export { EngramError, exitCodes, type RefusalCode, refusals } from "./kernel/mod.ts";
export type { Connection, Context, Engram, Hit, JsonObject, Path } from "./kernel/mod.ts";
export { openRuntime, replay, type ReplayOptions, type Runtime, type RuntimeOptions } from "./runtime/mod.ts";
export type { At, Port, Receipt, ReplayReport, Request, View, ViewResults, WriteOp } from "./runtime/mod.ts";
