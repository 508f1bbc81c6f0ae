/**
 * Stack depth: what one call of a function counts against `stackDepthMax`, in bytes of a model frame.
 *
 * The model is an upper bound, not a measurement, of what V8's two compilers put on the machine stack, so that the counter
 * always ends a step before the engine would: a slot for each local, operand and result, two for each parameter (it is
 * passed on the stack and kept in the frame), and a fixed part.
 */
import type { FuncType } from "./module.ts";

/** The fixed part of a model frame, in bytes. */
export const frameBytes = 64;

/** A function that calls nothing and whose frame is at most this many bytes is not counted. */
export const leafFrameBytesMax = 1024;

/** The default of `stackDepthMax`, in bytes of model frames: below V8's stack of 984 KiB by a margin for host frames. */
export const defaultStackDepthMax = 640 * 1024;

/** The bytes one call counts; `slots` are declared locals, operands, passed and shared values at their most. */
export function frameCost(type: FuncType, slots: number, vectors: boolean): number {
  const all = 2 * type.params.length + type.results.length + slots;
  return frameBytes + all * (vectors ? 16 : 8);
}
