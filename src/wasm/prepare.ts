/**
 * prepare(): from the bytes of an untrusted module to a module that is bounded and deterministic on any engine.
 *
 * decode → hold against profile and policy → instrument → encode. Pure: the same bytes and policy give the same result, so
 * it can be cached under the hash of both and `instrumenterVersion`.
 *
 * The typing rules are the engine's part: the host runs `WebAssembly.validate` on the ORIGINAL bytes after prepare() has
 * accepted them, and compiles only the instrumented ones.
 */
import { EngramError } from "../kernel/errors.ts";
import { Additions, type Grant } from "./additions.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { instrumentBody } from "./instrument_body.ts";
import { addressablePagesMax, type ProfileLimits, type ValType } from "./limits.ts";
import type { FuncType, ImportedFunction, Module } from "./module.ts";
import { Reader, refuse, within } from "./reader.ts";

/** Changes whenever the same module and policy give different bytes; part of every cache key. */
export const instrumenterVersion = 1;

/** What a host allows one module. */
export interface PreparePolicy {
  readonly limits: ProfileLimits;
  /** The granted memory, in pages: written into the module as its maximum, with the smaller declared one. */
  readonly linearMemoryPagesMax: number;
  /** The stack budget of one entry, in bytes of model frames; a function that alone is over it is refused. */
  readonly stackDepthMax: number;
  /** What functions may be imported, by "module.name", with their exact types. */
  readonly imports: ReadonlyMap<string, FuncType>;
}

/** An export of the guest's own, tags left out. */
export interface PreparedExport {
  readonly name: string;
  readonly kind: "func" | "memory" | "table" | "global";
  /** Of a function. */
  readonly type?: FuncType;
}

export interface PreparedTable {
  readonly name: string;
  readonly elem: "funcref" | "externref";
  readonly min: number;
  readonly max: number;
}

/** A module ready to compile, and what the host needs to run it and to keep its image. */
export interface Prepared {
  /** The instrumented module. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly imports: readonly { readonly module: string; readonly name: string }[];
  readonly exports: readonly PreparedExport[];
  /** The granted maximum is always set. `name` is the export that holds it. */
  readonly memory: { readonly minPages: number; readonly maxPages: number; readonly name: string } | null;
  /** Reserved exports of all own mutable globals, in index order; a v128 one is read by `NAME_get`, set by `NAME_set`. */
  readonly globals: readonly string[];
  /** Types of `globals`, in the same order. */
  readonly globalTypes: readonly ValType[];
  readonly tables: readonly PreparedTable[];
  /** Reserved exports of every function that can stand in a table or a funcref global. */
  readonly functions: readonly { readonly index: number; readonly name: string }[];
  /** Passive segments that some instruction drops; their state is the global `engramlt:dropped_KIND_N`. */
  readonly droppable: { readonly data: readonly number[]; readonly elem: readonly number[] };
  /** Reserved export of the former start function, to be called once, metered. */
  readonly start: string | null;
  readonly customSections: readonly string[];
  /** From the custom section or the exported immutable i32 global `engram_abi`; null means it says none. */
  readonly abiVersion: number | null;
}

/**
 * Checks and instruments a module.
 *
 * @throws EngramError module_invalid, module_refused, module_too_large, module_import_unknown: the message names the thing
 * and its byte offset. Never anything else, whatever the bytes.
 */
export function prepare(bytes: Uint8Array, policy: PreparePolicy): Prepared {
  const module = decode(bytes, policy.limits);
  for (const imported of module.imports) checkImport(module, imported, policy.imports);
  const grant = grantOf(module, policy);
  const additions = new Additions(module, grant);
  const bodies = module.bodies.map((body, i) =>
    instrumentBody(module, additions, policy, module.imports.length + i, body)
  );
  for (const reference of module.references) additions.referenced.add(reference.index);
  const state = exportState(module, additions, grant);
  for (const exported of module.exports) if (exported.kind === "func") additions.exported(exported.index);
  return {
    bytes: encode(module, additions, grant, bodies),
    imports: module.imports.map(({ module, name }) => ({ module, name })),
    exports: guestExports(module),
    ...state,
    droppable: {
      data: [...additions.dropped.data.keys()].sort((a, b) => a - b),
      elem: [...additions.dropped.elem.keys()].sort((a, b) => a - b),
    },
    customSections: module.customs.map((custom) => custom.name),
    abiVersion: abiVersion(module),
  };
}

const shape = ({ params, results }: FuncType): string => `(${params.join(" ")}) -> (${results.join(" ")})`;

function checkImport(
  module: Module,
  imported: ImportedFunction,
  offered: ReadonlyMap<string, FuncType>,
): void {
  const name = `${imported.module}.${imported.name}`;
  const type = module.types[imported.type]!;
  const wanted = offered.get(name);
  if (wanted === undefined) {
    throw refuse("module_import_unknown", `import "${name}" is not offered by this host`, imported.at);
  }
  if (shape(type) !== shape(wanted)) {
    throw refuse(
      "module_import_unknown",
      `import "${name}" has type ${shape(type)}; this host offers ${shape(wanted)}`,
      imported.at,
    );
  }
}

function grantOf(module: Module, policy: PreparePolicy): Grant {
  const granted = Math.min(
    policy.linearMemoryPagesMax,
    policy.limits.linearMemoryPagesMax,
    addressablePagesMax,
  );
  const { memory } = module;
  if (memory !== null) {
    within(
      memory.min,
      granted,
      "linearMemoryPagesMax",
      "the minimum of the memory in pages",
      memory.at,
    );
  }
  return {
    memoryPages: Math.min(granted, memory?.max ?? granted),
    tableElements: module.tables.map(({ max }) => {
      const { tableElementsMax } = policy.limits;
      return Math.min(tableElementsMax, max ?? tableElementsMax);
    }),
  };
}

type State = Pick<Prepared, "memory" | "globals" | "globalTypes" | "tables" | "functions" | "start">;

/** Exports, under reserved names, all that makes up an image. */
function exportState(module: Module, additions: Additions, grant: Grant): State {
  let memoryName = "memory";
  if (module.memory !== null && !module.exports.some((e) => e.kind === "memory" && e.name === memoryName)) {
    memoryName = "engramlt:memory";
    additions.export("memory", memoryName, 0);
  }
  const mutable = module.globals.flatMap(({ type, mutable }, index) =>
    mutable ? [{ type, index, name: `engramlt:global_${index}` }] : []
  );
  for (const { type, index, name } of mutable) {
    if (type === "v128") additions.vectorGlobal(index, name);
    else additions.export("global", name, index);
  }
  const tables = module.tables.map(({ elem, min }, index) => {
    const name = `engramlt:table_${index}`;
    additions.export("table", name, index);
    return { name, elem, min, max: grant.tableElements[index]! };
  });
  const functions = [...additions.referenced].sort((a, b) => a - b).map((index) => {
    const name = `engramlt:function_${index}`;
    additions.export("func", name, additions.function(index));
    return { index, name };
  });
  if (module.start !== null) {
    additions.export("func", "engramlt:start", additions.function(module.start));
  }
  return {
    memory: module.memory === null
      ? null
      : { minPages: module.memory.min, maxPages: grant.memoryPages, name: memoryName },
    globals: mutable.map((global) => global.name),
    globalTypes: mutable.map((global) => global.type),
    tables,
    functions,
    start: module.start === null ? null : "engramlt:start",
  };
}

function guestExports(module: Module): PreparedExport[] {
  return module.exports.flatMap(({ name, kind, index }): PreparedExport[] => {
    if (kind === "tag") return [];
    if (kind !== "func") return [{ name, kind }];
    return [{ name, kind, type: module.types[module.functions[index]!]! }];
  });
}

function abiVersion(module: Module): number | null {
  const custom = module.customs.find((custom) => custom.name === "engram_abi");
  if (custom !== undefined) {
    const reader = new Reader(module.bytes, custom.at, custom.end);
    const version = reader.u32("the custom section engram_abi");
    if (!reader.done) throw refuse("module_invalid", "the custom section engram_abi is too long", reader.at);
    return version;
  }
  const exported = module.exports.find((e) => e.kind === "global" && e.name === "engram_abi");
  const global = exported === undefined ? undefined : module.globals[exported.index];
  if (exported === undefined || global === undefined) return null;
  if (global.type !== "i32" || global.mutable || global.i32 === null) {
    throw new EngramError(
      "module_invalid",
      `Cannot read module: global "engram_abi" is not an immutable i32 constant (at byte ${exported.at})`,
      { offset: exported.at },
    );
  }
  return global.i32;
}
