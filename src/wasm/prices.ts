/**
 * Cost model 1: what each instruction of the ORIGINAL module costs in fuel.
 *
 * Invariants:
 * 1. A number here never changes under the same `costModel`; docs/determinism.md shows them (a test compares the two).
 * 2. The fuel of a completed step is the exact sum over the instructions it ran.
 */

/** The number of the cost model, recorded with every log. */
export const costModel = 1;

/** Fuel by class of instruction. `operationShift`s divide a length by a power of two, rounding down. */
export const prices = {
  /** block, loop, else, end, nop, and the header of try_table. */
  structural: 0,
  /** Every instruction not named in another row. */
  instruction: 1,
  /** throw and throw_ref. */
  throwing: 32,
  /** Entering a function the module defines. */
  entry: 2,
  /** Each local the function declares (parameters are not counted), on entry. */
  local: 1,
  /** memory.grow, for each page granted. */
  grownPage: 1024,
  /** table.grow, for each element granted. */
  grownElement: 4,
  /** table.fill, table.copy, table.init: for each element. */
  bulkElement: 4,
} as const;

/** memory.fill, memory.copy, memory.init cost one for each 2^4 = 16 bytes, besides the instruction's own 1. */
export const bulkBytesShift = 4;
