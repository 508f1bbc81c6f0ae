/**
 * An agent's manifest, version 1, read and checked; the zod schema here is the source of docs/manifest.schema.json.
 *
 * Owns: the shape of the file. Does not own: what is granted (src/kernel/manifest.ts).
 *
 * Invariant: an unknown key is refused, so that a wish is never overlooked.
 */
import { z } from "zod";
import { EngramError } from "../kernel/errors.ts";
import { capabilities } from "../kernel/grants.ts";
import type { Manifest } from "../kernel/manifest.ts";
import { engramKinds, type JsonObject } from "../kernel/records.ts";
import { type InputLimits, inputLimits } from "./drafts.ts";
import { firstIssue, issueWords } from "./issues.ts";
import { isObject, NotJson, parseJson, toJson } from "./json.ts";
import { decodeText } from "./text.ts";

const semver =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const relativeFile = /^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\\:]+$/;

const text = z.string().min(1, "must not be empty").max(200, "must be at most 200 characters");
const prose = z.string().max(2000, "must be at most 2000 characters");
const jsonSchema = z.record(z.string(), z.json());

const actionSchema = z.strictObject({
  name: text.describe("What `agent execute --action` and a workflow's step name"),
  description: prose.optional(),
  input: jsonSchema.optional().describe("JSON Schema of the params"),
  output: jsonSchema.optional().describe("JSON Schema of the result"),
});

const capabilitySchema = z.strictObject({
  name: z.enum(capabilities).describe(
    "read and write memory, send messages to agents, or give texts to a model",
  ),
  scope: z.union([text, z.array(text).min(1, "must not be empty")])
    .describe(
      'Context names or ids for read and write, agent ids for send, names of models for model; "*" is all',
    ),
  reason: prose.min(1, "must not be empty").describe("Why, for the person who grants it"),
});

const limitsSchema = z.strictObject({
  stepFuelMax: z.int().min(1).optional().describe("Fuel of one step"),
  linearMemoryPagesMax: z.int().min(1).max(32_767).optional().describe("Linear memory, in pages of 64 KiB"),
});

const subscriptionSchema = z.strictObject({
  context: text.optional(),
  kind: z.enum(engramKinds).optional(),
  action: text.optional().describe("What it is executed with after a change; its first action if absent"),
  params: z.record(z.string(), z.json()).optional().describe("Of that action; {} if absent"),
}).refine((one) => one.context !== undefined || one.kind !== undefined, "must name a context or a kind");

/** The shape of a manifest. */
export const manifestSchema = z.strictObject({
  $schema: z.string().optional(),
  manifest: z.literal(1).describe("Version of this format"),
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be 1 to 64 letters, digits, ., _ or -")
    .describe("The agent's id unless the load names another"),
  version: z.string().regex(semver, "must be a semantic version, like 1.0.0"),
  abi: z.union([z.literal(1), z.literal("engram@1")]).optional().describe(
    "Version of the engram ABI; 1 if absent",
  ),
  name: text.optional(),
  description: prose.optional(),
  wasm: text.regex(relativeFile, "must be a file below the manifest's folder").optional()
    .describe("The module, relative to the manifest"),
  actions: z.array(actionSchema).optional().describe("Absent: every action is passed on"),
  capabilities: z.array(capabilitySchema).optional().describe("Absent: its own context and nothing else"),
  limits: limitsSchema.optional(),
  subscriptions: z.array(subscriptionSchema).optional().describe("Changes that a running host wakes it for"),
  config: z.record(z.string(), z.json()).optional().describe("Given to initialize"),
});

/**
 * Reads a manifest (JSON in UTF-8). Refuses with `invalid_manifest`, data `{path, pointer}` (JSON pointer, or
 * line), with `abi_unsupported`, and with `payload_too_large` above `manifestBytesMax`.
 */
export function readManifest(bytes: Uint8Array, path: string, limits: InputLimits = inputLimits): Manifest {
  if (bytes.length > limits.manifestBytesMax) {
    const message =
      `Cannot read manifest ${path}: it is larger than manifestBytesMax, ${limits.manifestBytesMax} bytes`;
    throw new EngramError("payload_too_large", message, { path });
  }
  const given = parse(bytes, path, limits);
  checkAbi(given["abi"], path);
  const parsed = manifestSchema.safeParse(given);
  if (!parsed.success) throw refuse(parsed.error.issues, given, path);
  const { data } = parsed;
  const seen = new Set<string>();
  data.actions?.forEach((action, index) => {
    if (seen.has(action.name)) {
      throw invalid(path, `/actions/${index}/name`, `action "${action.name}" is there already`);
    }
    seen.add(action.name);
  });
  return {
    id: data.id,
    version: data.version,
    abi: 1,
    name: data.name ?? data.id,
    description: data.description ?? "",
    wasm: data.wasm ?? null,
    actions: data.actions?.map((action) => ({
      name: action.name,
      description: action.description ?? "",
      input: action.input ?? null,
      output: action.output ?? null,
    })) ?? null,
    capabilities: (data.capabilities ?? []).map(({ name, scope, reason }) => ({
      capability: name,
      scope: typeof scope === "string" ? [scope] : scope,
      reason,
    })),
    limits: {
      stepFuelMax: data.limits?.stepFuelMax ?? null,
      linearMemoryPagesMax: data.limits?.linearMemoryPagesMax ?? null,
    },
    subscriptions: (data.subscriptions ?? []).map(({ context, kind, action, params }) => ({
      context: context ?? null,
      kind: kind ?? null,
      action: action ?? null,
      params: params ?? {},
    })),
    config: data.config ?? {},
    given,
  };
}

function parse(bytes: Uint8Array, path: string, limits: InputLimits): JsonObject {
  const decoded = decodeText(bytes);
  if (!("text" in decoded)) {
    throw new EngramError(
      "invalid_manifest",
      `Cannot read manifest ${path}:${decoded.line}: ${decoded.message}`,
      {
        path,
        line: decoded.line,
      },
    );
  }
  const read = parseJson(decoded.text);
  if (!("value" in read)) {
    const { line, column, message } = read;
    const where = `${path}:${line}:${column}`;
    throw new EngramError("invalid_manifest", `Cannot read manifest ${where}: ${message}`, {
      path,
      line,
      column,
    });
  }
  try {
    const json = toJson(read.value, limits.jsonDepthMax);
    if (isObject(json)) return json;
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    throw invalid(path, "", error.message);
  }
  throw invalid(path, "", "it is not an object");
}

/** Another ABI is a matter of this build, not of the file. */
function checkAbi(abi: unknown, path: string): void {
  const other = (typeof abi === "number" && Number.isSafeInteger(abi) && abi !== 1) ||
    (typeof abi === "string" && /^[a-z]+@\d+$/.test(abi) && abi !== "engram@1");
  if (!other) return;
  const message = `Cannot read manifest ${path}: it asks for ABI ${
    JSON.stringify(abi)
  }; this host speaks engram@1`;
  throw new EngramError("abi_unsupported", message, { path, pointer: "/abi" });
}

function refuse(issues: readonly z.core.$ZodIssue[], given: JsonObject, path: string): EngramError {
  const issue = firstIssue(issues);
  const parts = (issue?.path ?? []).map(String);
  if (issue?.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    return invalid(path, pointer([...parts, key]), "the key is not known");
  }
  if (issue?.code === "invalid_union") {
    const wanted = parts.at(-1) === "scope" ? "a text or a list of texts" : '1 or "engram@1"';
    return invalid(path, pointer(parts), `must be ${wanted}`);
  }
  const owner = parts.slice(0, -1).reduce<unknown>((value, part) => member(value, part), given);
  const missing = parts.length > 0 && member(owner, parts.at(-1) ?? "") === undefined;
  return invalid(path, pointer(parts), missing ? "is missing" : issueWords(issue));
}

function member(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** A JSON pointer (RFC 6901). */
function pointer(parts: readonly string[]): string {
  return parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function invalid(path: string, at: string, what: string): EngramError {
  const where = at === "" ? "" : ` ${at}:`;
  return new EngramError("invalid_manifest", `Cannot read manifest ${path}:${where} ${what}`, {
    path,
    pointer: at,
  });
}
