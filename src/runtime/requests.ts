/**
 * Requests: commands as JSON, the form every door speaks. `toAsk` turns one into what the kernel is asked.
 *
 * Invariants:
 * 1. A request is checked here once, for all doors; what is wrong is refused with the name of the field.
 * 2. Nothing is looked up here: contexts and agents are resolved inside the tick.
 * 3. What is private is taken out of every text on the way (src/input/redact.ts): no door stores it.
 */
import {
  type AgentLimits,
  type Ask,
  type Capability,
  checkSteps,
  connectionTypes,
  type DirectOp,
  EngramError,
  type EngramKind,
  engramKinds,
  type EngramTexts,
  type Grant,
  type JsonObject,
  loggedWorkflow,
  Payload,
  requireTime,
  type TimeSource,
  type Workflow,
} from "../kernel/mod.ts";
import { vectorLimits } from "../graph/mod.ts";
import { type Redactions, redactJson, redactJsonText, redactText } from "../input/redact.ts";
import { inLogOrder } from "./entries.ts";

/** A memory to store. Times are ISO 8601. */
export interface MemoryInput {
  readonly content: string;
  readonly title?: string | null;
  readonly source?: string | null;
  readonly ref?: string | null;
  readonly thread?: string | null;
  readonly position?: number | null;
  readonly kind?: EngramKind;
  readonly confidence?: number;
  readonly metadata?: JsonObject;
  /** Id or name; "personal" where absent. */
  readonly context?: string | null;
  /** When it was so or was seen; the time of the command where absent. */
  readonly time?: string | null;
  readonly timeSource?: TimeSource;
  readonly validFrom?: string | null;
  readonly validTo?: string | null;
}

/** One change of a `write` request. */
export type WriteOp =
  | ({ readonly op: "add" | "upsert" } & MemoryInput)
  | (
    & { readonly op: "update"; readonly id: string }
    & Partial<
      Pick<
        MemoryInput,
        | "content"
        | "title"
        | "source"
        | "ref"
        | "thread"
        | "confidence"
        | "metadata"
        | "time"
        | "validFrom"
        | "validTo"
      >
    >
  )
  | { readonly op: "delete"; readonly id: string }
  | {
    readonly op: "connect";
    /** Ids; `@0` is the memory that the first change of the same command made, `@1` the second's. */
    readonly source: string;
    readonly target: string;
    readonly type: string;
    readonly weight?: number;
    readonly metadata?: JsonObject;
  }
  | {
    readonly op: "link";
    readonly type: string;
    readonly from: readonly [string, string];
    readonly to: readonly [string, string];
  }
  | { readonly op: "disconnect"; readonly id: string }
  | { readonly op: "join"; readonly context: string; readonly engram: string }
  /** int8 vectors of one engram, one after the other, in base64; `updatedTick` names the version they were made of. */
  | {
    readonly op: "embed";
    readonly id: string;
    readonly updatedTick: number;
    readonly model: string;
    readonly dimensions: number;
    readonly vectors: string;
  };

/** A command as JSON. */
export type Request =
  | { readonly kind: "write"; readonly ops: readonly WriteOp[] }
  | {
    readonly kind: "context_create";
    readonly name: string;
    readonly description?: string;
    readonly agents?: readonly string[];
    readonly metadata?: JsonObject;
  }
  | {
    readonly kind: "agent_load";
    readonly agent: string;
    /** The module's bytes in base64. */
    readonly wasm: string;
    readonly name?: string;
    readonly description?: string;
    /** A manifest of version 1, as JSON. */
    readonly manifest?: JsonObject | null;
    /** What is granted: of a manifest's wants, all of them where absent. */
    readonly grants?: readonly Grant[];
    /** Given to initialize; the manifest's where absent. */
    readonly config?: JsonObject;
  }
  | { readonly kind: "agent_unload"; readonly agent: string }
  | {
    readonly kind: "execute";
    readonly agent: string;
    readonly action: string; /** JSON text, given to the agent as it is. */
    readonly params?: string;
    readonly context?: string | null;
    readonly fuel?: number | null;
  }
  | {
    readonly kind: "query";
    readonly agent: string;
    readonly query: string;
    readonly context?: string | null;
    readonly fuel?: number | null;
  }
  | { readonly kind: "workflow"; readonly context: string; readonly workflow: Workflow }
  | { readonly kind: "configure"; readonly changes: Readonly<Record<string, number>> }
  /** Removes memories for good: see src/runtime/erasure.ts. Full ids. */
  | { readonly kind: "erase"; readonly ids: readonly string[] };

const invalid = (message: string, data: Readonly<Record<string, unknown>> = {}) =>
  new EngramError("invalid_argument", message, data);

const time = (text: string | null | undefined, what: string): number | null =>
  text === null || text === undefined ? null : requireTime(text, what).ms;

function texts(input: MemoryInput, redactions: Redactions): Payload {
  const body: EngramTexts = {
    content: input.content,
    title: input.title ?? null,
    source: input.source ?? null,
    ref: input.ref ?? null,
    thread: input.thread ?? null,
    metadata: input.metadata ?? {},
  };
  if (typeof body.content !== "string") throw invalid("Cannot store the memory: content is not a text");
  for (const key of ["content", "title", "source", "ref", "thread"] as const) {
    const text = body[key];
    if (text !== null && (typeof text !== "string" || !text.isWellFormed())) {
      throw invalid(`Cannot store the memory: ${key} is not well-formed text`);
    }
  }
  return Payload.text(JSON.stringify(redactTexts(body, redactions)));
}

/**
 * Texts of an engram without what is private. Where it lies (source, ref, thread) is treated alike each time, so that
 * imports still find it by that.
 */
function redactTexts<T extends Partial<EngramTexts>>(body: T, redactions: Redactions): T {
  const left: [string, unknown][] = Object.entries(body).map(([field, value]) => {
    if (typeof value === "string") return [field, redactText(value, redactions)];
    return [field, field === "metadata" && value !== undefined ? redactJson(value, redactions) : value];
  });
  return Object.fromEntries(left) as T;
}

function toEmbed(
  { id, updatedTick, model, dimensions, vectors }: Extract<WriteOp, { op: "embed" }>,
): DirectOp {
  const wrong = (why: string) => invalid(`Cannot store the vectors of ${JSON.stringify(id)}: ${why}`);
  if (!/^[0-9a-f]{64}$/.test(model)) throw wrong("model is no sha256");
  if (!Number.isSafeInteger(updatedTick) || updatedTick < 0) throw wrong("updatedTick is no tick");
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > vectorLimits.dimensionsMax) {
    throw wrong(`dimensions is not from 1 to ${vectorLimits.dimensionsMax}`);
  }
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(vectors);
  } catch {
    throw wrong("they are not base64");
  }
  const count = bytes.length / dimensions;
  if (!Number.isInteger(count) || count < 1 || count > vectorLimits.perVersionMax) {
    throw wrong(`${bytes.length} bytes are not 1 to ${vectorLimits.perVersionMax} vectors of ${dimensions}`);
  }
  return { op: "embed", id, tick: updatedTick, model, dimensions, vectors: new Payload(bytes) };
}

function needContent(content: string, what: string): void {
  if (content.trim() === "") throw invalid(`Cannot ${what} the memory: its content is empty`);
}

function needOrder({ validFrom, validTo }: Pick<MemoryInput, "validFrom" | "validTo">, what: string): void {
  const from = time(validFrom, "validFrom"), to = time(validTo, "validTo");
  if (from !== null && to !== null && to < from) {
    throw invalid(`Cannot ${what} the memory: validTo is before validFrom`);
  }
}

function toOp(op: WriteOp, redactions: Redactions): DirectOp {
  switch (op.op) {
    case "add":
    case "upsert": {
      const observedAt = time(op.time, "time");
      const kind = op.kind ?? "note";
      if (!engramKinds.includes(kind)) {
        throw invalid(
          `Cannot store the memory: kind ${JSON.stringify(kind)} is none of ${engramKinds.join(", ")}`,
        );
      }
      if (op.op === "add") needContent(op.content, "store");
      needOrder(op, "store");
      const position = op.position ?? null;
      if (position !== null && !Number.isSafeInteger(position)) {
        throw invalid("Cannot store the memory: position is not a whole number");
      }
      const confidence = op.confidence ?? 1;
      if (!(confidence >= 0 && confidence <= 1)) {
        throw new EngramError(
          "invalid_confidence",
          `Cannot store the memory: confidence ${confidence} is outside 0..1`,
        );
      }
      return {
        op: op.op,
        context: op.context ?? "personal",
        kind,
        confidence,
        position,
        observedAt,
        timeSource: op.timeSource ?? (observedAt === null ? (op.op === "add" ? "command" : "none") : "given"),
        validFrom: time(op.validFrom, "validFrom"),
        validTo: time(op.validTo, "validTo"),
        texts: texts(op, redactions),
      };
    }
    case "update": {
      const { op: _, id, confidence, time: observed, validFrom, validTo, ...changes } = op;
      if (changes.content !== undefined) needContent(changes.content, "update");
      needOrder(op, "update");
      return {
        op: "update",
        id,
        confidence: confidence ?? null,
        observedAt: time(observed, "time"),
        validFrom: time(validFrom, "validFrom"),
        validTo: time(validTo, "validTo"),
        texts: Payload.text(JSON.stringify(redactTexts(changes, redactions))),
      };
    }
    case "connect":
      if (op.source === op.target && op.type === connectionTypes.supersedes) {
        throw invalid(`Cannot connect ${op.source} to itself: no memory supersedes itself`);
      }
      return {
        op: "connect",
        source: op.source,
        target: op.target,
        type: op.type,
        weight: op.weight ?? 1,
        metadata: Payload.text(JSON.stringify(redactJson(op.metadata ?? {}, redactions))),
      };
    case "link":
      return {
        op: "link",
        type: op.type,
        ends: Payload.text(JSON.stringify(redactJson([op.from, op.to], redactions))),
      };
    case "delete":
    case "disconnect":
      return { op: op.op, id: op.id };
    case "join":
      return { op: "join", context: op.context, engram: op.engram };
    case "embed":
      return toEmbed(op);
    default:
      return op satisfies never;
  }
}

/** What a load request's manifest says, checked by the door that read it. */
export interface LoadFacts {
  readonly sha: string;
  readonly version: string;
  readonly actions: readonly string[] | null;
  readonly grants: readonly Grant[];
  readonly limits: AgentLimits;
  readonly config: JsonObject;
  readonly receives: boolean;
}

function checkFuel(fuel: number | null | undefined): number | null {
  if (fuel === null || fuel === undefined) return null;
  if (!Number.isSafeInteger(fuel) || fuel < 1) {
    throw invalid(`Cannot run the agent: fuel ${fuel} is not a whole number above 0`);
  }
  return fuel;
}

/** JSON text checked but not re-encoded: the agent gets the bytes as given, unless something in them is private. */
function checkParams(text: string, redactions: Redactions): Payload {
  try {
    return Payload.text(redactJsonText(text, redactions));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new EngramError("invalid_json", `Cannot run the agent: params are not JSON: ${words}`);
  }
}

const redactObject = (value: JsonObject, redactions: Redactions): JsonObject =>
  redactJson(value, redactions) as JsonObject; // an object stays one

/** What an agent is asked: JSON where it is JSON, so that it still is; else a text. */
function redactQuery(text: string, redactions: Redactions): string {
  try {
    return redactJsonText(text, redactions);
  } catch (error) {
    if (error instanceof SyntaxError) return redactText(text, redactions);
    throw error;
  }
}

function redactWorkflow(workflow: Workflow, redactions: Redactions): Workflow {
  const steps = workflow.steps.map((step) => ({ ...step, params: redactJson(step.params, redactions) }));
  return { ...workflow, name: redactText(workflow.name, redactions), steps };
}

/** What the kernel is asked. `facts` come with a load; what was private and taken out is added to `redactions`. */
export function toAsk(request: Request, facts: LoadFacts | null, redactions: Redactions): Ask {
  switch (request.kind) {
    case "write":
      return { kind: "write", ops: request.ops.map((op) => toOp(op, redactions)) };
    case "context_create": {
      const { name, description, metadata } = request;
      const body = {
        name: redactText(name, redactions),
        description: redactText(description ?? "", redactions),
        metadata: redactObject(metadata ?? {}, redactions),
      };
      return {
        kind: "context_create",
        agents: request.agents ?? [],
        texts: Payload.text(JSON.stringify(body)),
      };
    }
    case "agent_load": {
      if (facts === null) throw new Error("Fault: a load without its module's facts");
      const { agent, name, description, manifest } = request;
      const { sha, config, ...rest } = facts;
      return {
        kind: "agent_load",
        agent,
        name: redactText(name ?? agent, redactions),
        description: redactText(description ?? "", redactions),
        module: sha,
        manifest: manifest === null || manifest === undefined ? null : redactObject(manifest, redactions),
        config: redactObject(config, redactions),
        ...rest,
      };
    }
    case "agent_unload":
      return { kind: "agent_unload", agent: request.agent };
    case "execute": {
      const { agent, action, params, context, fuel } = request;
      return {
        kind: "execute",
        agent,
        action,
        params: checkParams(params ?? "{}", redactions),
        context: context ?? null,
        fuel: checkFuel(fuel),
      };
    }
    case "query": {
      const { agent, query, context, fuel } = request;
      return {
        kind: "query",
        agent,
        query: Payload.text(redactQuery(query, redactions)),
        context: context ?? null,
        fuel: checkFuel(fuel),
      };
    }
    case "workflow":
      checkSteps(request.workflow);
      return {
        kind: "workflow",
        context: request.context,
        // In order: the same command asked for again has the same text.
        workflow: loggedWorkflow(inLogOrder(redactWorkflow(request.workflow, redactions))),
      };
    case "configure":
      return { kind: "configure", changes: request.changes };
    case "erase":
      return { kind: "erase", ids: request.ids };
    default:
      return request satisfies never;
  }
}

export type { Capability };
