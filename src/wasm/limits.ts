/**
 * Limits of the module profile: what a guest may declare, refused by name before any engine sees the module.
 *
 * A host may choose smaller ones; the numbers it chose are recorded state, not this build's defaults.
 */

/** The value types a profile signature may name. */
export type ValType = "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref" | "exnref";

/** Limits on one module. Counts are of what the guest declares; the instrumenter's own additions are not counted. */
export interface ProfileLimits {
  /** Bytes of the whole file. */
  readonly moduleBytesMax: number;
  /** Pages of 64 KiB: the largest minimum, and the maximum written into the module. At most 32767. */
  readonly linearMemoryPagesMax: number;
  readonly functionsMax: number;
  readonly typesMax: number;
  readonly globalsMax: number;
  readonly exportsMax: number;
  readonly importsMax: number;
  readonly tablesMax: number;
  readonly tagsMax: number;
  /** Elements of all tables together at the start, and of each table at any time. */
  readonly tableElementsMax: number;
  /** Locals of one function, parameters included. */
  readonly localsPerFunctionMax: number;
  /** Bytes of one function body. */
  readonly bodyBytesMax: number;
  /** Open blocks inside one another in one function. */
  readonly nestingMax: number;
  /** Operands on the stack of one function at once. */
  readonly operandsMax: number;
  /** Targets of one br_table. */
  readonly brTableTargetsMax: number;
  /** Data and element segments together. */
  readonly segmentsMax: number;
  /** Bytes of one data segment. */
  readonly segmentBytesMax: number;
  /** Bytes of all data segments together. */
  readonly dataBytesMax: number;
  /** Entries of all element segments together. */
  readonly segmentElementsMax: number;
  /** Bytes of all custom sections together. */
  readonly customBytesMax: number;
  readonly parametersMax: number;
  readonly resultsMax: number;
  /** Bytes of one import, export or section name. */
  readonly nameBytesMax: number;
}

/** The engine's own bound on a function body, in bytes; an instrumented body above it is refused. */
export const engineBodyBytesMax = 7_654_321;

/** The largest memory a guest may have, in pages, so that no pointer is negative as an i32. */
export const addressablePagesMax = 32_767;

/** The limits a host starts with. */
export const defaultProfileLimits: ProfileLimits = {
  moduleBytesMax: 32 * 1024 * 1024,
  linearMemoryPagesMax: addressablePagesMax,
  functionsMax: 20_000,
  typesMax: 10_000,
  globalsMax: 10_000,
  exportsMax: 10_000,
  importsMax: 1_000,
  tablesMax: 16,
  tagsMax: 1_000,
  tableElementsMax: 100_000,
  localsPerFunctionMax: 5_000,
  bodyBytesMax: 1024 * 1024,
  nestingMax: 500,
  operandsMax: 10_000,
  brTableTargetsMax: 4_096,
  segmentsMax: 10_000,
  segmentBytesMax: 16 * 1024 * 1024,
  dataBytesMax: 16 * 1024 * 1024,
  segmentElementsMax: 100_000,
  customBytesMax: 16 * 1024 * 1024,
  parametersMax: 100,
  resultsMax: 100,
  nameBytesMax: 1_024,
};
