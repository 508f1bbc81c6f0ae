/**
 * Stack depth: what one call of a function counts against `stackDepthMax`, in bytes of a model frame.
 *
 * The model is an upper bound, not a measurement, of what V8's two compilers put on the machine stack, so that the counter
 * always ends a step before the engine would: a slot for each local, operand and result, two for each parameter (it is
 * passed on the stack and kept in the frame), and a fixed part.
 */
import type { FuncType } from "./module.ts";

/** The fixed part of a model frame, in bytes. */
export const frameBytes = 96;

/** A function that calls nothing and whose frame is at most this many bytes is not counted. */
export const leafFrameBytesMax = 1024;

/** The default of `stackDepthMax`, in bytes of model frames: below V8's stack of 984 KiB by a margin for host frames. */
export const defaultStackDepthMax = 512 * 1024;

/** The bytes one call counts. `locals` are the declared ones, parameters not included. */
export function frameCost(type: FuncType, locals: number, operandsMax: number, vectors: boolean): number {
  const slots = 2 * type.params.length + type.results.length + locals + operandsMax;
  return frameBytes + slots * (vectors ? 16 : 8);
}
