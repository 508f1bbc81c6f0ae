/**
 * How a prepared module meets the ABI: what it may import, what it must export, what a worker must know of it.
 */
import { type FuncType, type Prepared, reasons } from "../wasm/mod.ts";
import { EngramError } from "../kernel/errors.ts";
import { abiModule, agentExports, type HostFunction, type HostFunctionName, hostFunctions } from "./abi.ts";
import { functionNames, type GuestManifest } from "./messages.ts";

type AbiType = "i32" | "i64" | "f64";

function wasmParams(host: HostFunction): AbiType[] {
  return host.params.flatMap((param): AbiType[] =>
    param.type === "text" || param.type === "out" ? ["i32", "i32"] : [param.type]
  );
}

/** Every import of the ABI with its type, by "module.name", as `prepare()` takes it. */
export function abiImports(): ReadonlyMap<string, FuncType> {
  return new Map(
    functionNames.map((name) => [
      `${abiModule}.${name}`,
      { params: wasmParams(hostFunctions[name]), results: ["i32"] },
    ]),
  );
}

/** What an agent's exports leave open. */
export interface ExportChoice {
  /** Whether it can be sent messages. */
  readonly receive: boolean;
  readonly alloc: "engram_alloc" | "alloc";
  readonly free: "engram_free" | "free";
}

const shape = ({ params, results }: { params: readonly string[]; results: readonly string[] }): string =>
  `(${params.join(" ")}) -> (${results.join(" ")})`;

function missing(message: string, name: string): EngramError {
  return new EngramError("module_export_missing", `Cannot load agent: ${message}`, { export: name });
}

/** Whether an export is there with its type; a function of that name with another type is refused. */
function has(prepared: Prepared, name: keyof typeof agentExports): boolean {
  const found = prepared.exports.find((candidate) => candidate.name === name);
  if (found === undefined) return false;
  const want = shape(agentExports[name]);
  if (found.type === undefined) throw missing(`export "${name}" is a ${found.kind}, not a function`, name);
  if (shape(found.type) !== want) {
    throw missing(`export "${name}" has type ${shape(found.type)}, it must be ${want}`, name);
  }
  return true;
}

/** An alias counts only with exactly the type of what it stands for. */
function hasAlias(prepared: Prepared, alias: string, name: keyof typeof agentExports): boolean {
  const found = prepared.exports.find((candidate) => candidate.name === alias);
  return found?.type !== undefined && shape(found.type) === shape(agentExports[name]);
}

/** Checks an agent's exports. Throws EngramError module_export_missing that names the export. */
export function checkExports(prepared: Prepared): ExportChoice {
  if (!prepared.exports.some(({ name, kind }) => name === "memory" && kind === "memory")) {
    throw missing('export "memory" is missing', "memory");
  }
  for (const name of ["initialize", "execute", "query", "release"] as const) {
    if (!has(prepared, name)) throw missing(`export "${name}" is missing`, name);
  }
  const allocs = has(prepared, "engram_alloc");
  const frees = has(prepared, "engram_free");
  if (!allocs && !hasAlias(prepared, "alloc", "engram_alloc")) {
    throw missing('export "engram_alloc" is missing', "engram_alloc");
  }
  if (!frees && !hasAlias(prepared, "free", "engram_free")) {
    throw missing('export "engram_free" is missing', "engram_free");
  }
  return {
    receive: has(prepared, "receive"),
    alloc: allocs ? "engram_alloc" : "alloc",
    free: frees ? "engram_free" : "free",
  };
}

function isHostFunction(name: string): name is HostFunctionName {
  return Object.hasOwn(hostFunctions, name);
}

/** What a worker must know of a prepared module. Throws as {@link checkExports}. */
export function manifestOf(prepared: Prepared, stackDepthMax: number): GuestManifest {
  const { alloc, free } = checkExports(prepared);
  const segments = (kind: "data" | "elem") =>
    prepared.droppable[kind].map((index) => ({
      dropped: `engramlt:dropped_${kind}_${index}`,
      drop: `engramlt:drop_${kind}_${index}`,
    }));
  return {
    imports: [...new Set(prepared.imports.map(({ name }) => name))].filter(isHostFunction),
    memory: prepared.memory?.name ?? "memory",
    alloc,
    free,
    start: prepared.start,
    fuel: "engramlt:fuel",
    depth: "engramlt:depth",
    reason: "engramlt:reason",
    stop: "engramlt:stop",
    noYield: "engramlt:no_yield",
    reasons,
    depthStart: stackDepthMax,
    globals: prepared.globals.map((name, i) => ({ name, type: prepared.globalTypes[i] ?? "i32" })),
    tables: prepared.tables.map(({ name, elem }) => ({ name, type: elem })),
    functions: prepared.functions,
    segments: [...segments("data"), ...segments("elem")],
  };
}
