/**
 * Loading an agent: what its module and manifest say, checked before the load is asked for.
 *
 * Invariant: what is granted is never more than the manifest asks for; without a manifest, nothing is.
 */
import {
  type AgentLimits,
  assert,
  type Config,
  EngramError,
  type Grant,
  grantsOf,
  type JsonObject,
  type Manifest,
  narrow,
} from "../../kernel/mod.ts";
import type { Modules } from "./modules.ts";
import type { LoadFacts, Request } from "../requests.ts";

const noLimits: AgentLimits = { stepFuelMax: null, linearMemoryPagesMax: null };
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function decode(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    throw new EngramError("invalid_argument", "Cannot load the module: wasm is not base64");
  }
}

function granted(wanted: readonly Grant[], grants: readonly Grant[] | undefined): Grant[] {
  return grants === undefined ? grantsOf(wanted) : narrow(wanted, grants);
}

let read: typeof import("../../input/manifest.ts").readManifest | null = null;

/** Whether {@link loadReader} must be done before the facts of this request can be told. */
export function needsReader(request: Request): boolean {
  return read === null && request.kind === "agent_load" && (request.manifest ?? null) !== null;
}

/** Loads what reads a manifest: with its library it takes longer than a short command that loads no agent. */
export async function loadReader(): Promise<void> {
  ({ readManifest: read } = await import("../../input/manifest.ts"));
}

function readGiven(given: JsonObject): Manifest {
  assert(read !== null, "a manifest is read once its reader is there");
  return read(new TextEncoder().encode(JSON.stringify(given)), "manifest");
}

/** Checks and stores a module. What is refused says for whom, and how large the module is. */
function admit(agent: string, wasm: Uint8Array, modules: Modules, config: Config, limits: AgentLimits) {
  try {
    return modules.admit(wasm, config, limits.linearMemoryPagesMax);
  } catch (error) {
    const isModules = error instanceof EngramError && /^(module|abi)_/.test(error.code);
    if (!isModules) throw error;
    const cause = error.message.replace(/^Cannot (?:load|read) (?:the )?(?:module|agent): /, "");
    const bytes = wasm.length;
    const message = `Cannot load agent ${JSON.stringify(agent)}, a module of ${bytes} bytes: ${cause}`;
    throw new EngramError(error.code, message, { ...error.data, agent, bytes }, error.hint);
  }
}

/** The facts of a load request. Stores the module's bytes. */
export function loadFacts(
  request: Extract<Request, { kind: "agent_load" }>,
  modules: Modules,
  config: Config,
): LoadFacts {
  const { agent, manifest: given } = request;
  if (!idPattern.test(agent)) {
    throw new EngramError(
      "invalid_argument",
      `Cannot load agent ${JSON.stringify(agent)}: an id has letters, digits, ".", "_" and "-", 128 at most`,
    );
  }
  const manifest = given === undefined || given === null ? null : readGiven(given);
  const limits = manifest?.limits ?? noLimits;
  const { sha, ready } = admit(agent, decode(request.wasm), modules, config, limits);
  return {
    sha,
    version: manifest?.version ?? "0.0.0",
    actions: manifest?.actions?.map((action) => action.name) ?? null,
    grants: granted(manifest?.capabilities ?? [], request.grants),
    limits,
    config: request.config ?? manifest?.config ?? {},
    receives: ready.exports.receive,
  };
}
