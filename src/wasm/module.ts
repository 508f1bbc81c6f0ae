/** What the decoder finds in a module: declarations with their byte offsets, and no more. */
import type { ValType } from "./limits.ts";

export interface FuncType {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

export interface Span {
  /** First byte of the section's contents, after its size. */
  readonly at: number;
  readonly end: number;
  /** First byte after the section's count. */
  readonly entries: number;
  readonly count: number;
}

export interface ImportedFunction {
  readonly module: string;
  readonly name: string;
  readonly type: number;
  readonly at: number;
}

export interface Size {
  readonly min: number;
  readonly max: number | null;
  readonly at: number;
}

export type RefType = "funcref" | "externref";

export interface Table extends Size {
  readonly elem: RefType;
}

export interface Global {
  readonly type: ValType;
  readonly mutable: boolean;
  /** The value of a plain `i32.const` initialiser. */
  readonly i32: number | null;
}

export type ExportKind = "func" | "table" | "memory" | "global" | "tag";

export interface Export {
  readonly name: string;
  readonly kind: ExportKind;
  readonly index: number;
  readonly at: number;
}

export interface Body {
  readonly at: number;
  readonly end: number;
}

/** A function index named outside function bodies. */
export interface FunctionReference {
  readonly at: number;
  readonly end: number;
  readonly index: number;
}

export type SegmentMode = "active" | "passive" | "declarative";

export interface CustomSection {
  readonly name: string;
  readonly at: number;
  readonly end: number;
}

/** A decoded module. Functions count imports first; only functions can be imported. */
export interface Module {
  readonly bytes: Uint8Array;
  readonly types: FuncType[];
  readonly imports: ImportedFunction[];
  /** Type index of each function, imports first. */
  readonly functions: number[];
  readonly tables: Table[];
  memory: Size | null;
  readonly tags: number[];
  readonly globals: Global[];
  readonly exports: Export[];
  start: number | null;
  readonly elements: SegmentMode[];
  /** Entries of all element segments. */
  elementCount: number;
  dataCount: number | null;
  readonly bodies: Body[];
  readonly datas: SegmentMode[];
  readonly references: FunctionReference[];
  readonly customs: CustomSection[];
  readonly sections: Map<number, Span>;
}

/** Section numbers of the binary format. */
export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order in which sections must stand. */
export const sectionOrder: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
