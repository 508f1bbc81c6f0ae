/**
 * The shapes of requests and views, checked before anything is done with them.
 *
 * Invariants:
 * 1. Strict: an unknown field is refused with its name; nothing is guessed, nothing dropped.
 * 2. A value that passes is a `Request` or a `View`: the compiler compares the schemas with those types.
 */
import { z } from "zod";
import { firstIssue, issueWords } from "../../input/issues.ts";
import {
  assert,
  capabilities,
  EngramError,
  engramKinds,
  type JsonObject,
  timeSources,
  type Workflow,
} from "../../kernel/mod.ts";
import { checkSteps } from "../../kernel/workflow.ts";
import type { View } from "../../runtime/port.ts";
import type { Request } from "../../runtime/requests.ts";
import { reviewStates } from "../../runtime/views/review.ts";

export const text = z.string();
const whole = z.int().min(0);
const count = z.int().min(1);
/** A JSON object. */
export const object = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
);
export const maybeText = text.nullable().exactOptional();

/** The fields of a memory to store. */
export const memory = {
  content: text,
  title: maybeText,
  source: maybeText,
  ref: maybeText,
  thread: maybeText,
  position: z.int().nullable().exactOptional(),
  kind: z.enum(engramKinds).exactOptional(),
  confidence: z.number().exactOptional(),
  metadata: object.exactOptional(),
  context: maybeText,
  time: maybeText,
  timeSource: z.enum(timeSources).exactOptional(),
  validFrom: maybeText,
  validTo: maybeText,
};
const pair = z.tuple([text, text]);

/** What of a memory can be changed. */
export const memoryChanges = {
  content: text.exactOptional(),
  title: maybeText,
  source: maybeText,
  ref: maybeText,
  thread: maybeText,
  confidence: z.number().exactOptional(),
  metadata: object.exactOptional(),
  time: maybeText,
  validFrom: maybeText,
  validTo: maybeText,
};
/** The fields of a connection to make. */
export const connection = {
  source: text,
  target: text,
  type: text,
  weight: z.number().exactOptional(),
  metadata: object.exactOptional(),
};

const writeOp = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("add"), ...memory }),
  z.strictObject({ op: z.literal("upsert"), ...memory }),
  z.strictObject({ op: z.literal("update"), id: text, ...memoryChanges }),
  z.strictObject({ op: z.literal("delete"), id: text }),
  z.strictObject({ op: z.literal("connect"), ...connection }),
  z.strictObject({ op: z.literal("link"), type: text, from: pair, to: pair }),
  z.strictObject({ op: z.literal("disconnect"), id: text }),
  z.strictObject({ op: z.literal("join"), context: text, engram: text }),
  z.strictObject({
    op: z.literal("embed"),
    id: text,
    updatedTick: z.int(),
    model: text,
    dimensions: z.int(),
    vectors: text,
  }),
]);

/** A workflow. */
export const workflow = z.strictObject({
  id: text,
  name: text,
  steps: z.array(z.strictObject({
    id: text,
    agent: text,
    action: text,
    params: z.custom<Workflow["steps"][number]["params"]>((value) => value !== undefined, "must be given"),
    dependencies: z.array(text),
  })),
});

/** How an agent is run. */
export const run = {
  context: maybeText,
  fuel: z.int().nullable().exactOptional(),
};

/** The fields of a context to make. */
export const context = {
  name: text,
  description: text.exactOptional(),
  agents: z.array(text).exactOptional(),
  metadata: object.exactOptional(),
};
/** The fields of an agent to load; `wasm` is the module in base64. */
export const load = {
  wasm: text,
  name: text.exactOptional(),
  description: text.exactOptional(),
  manifest: object.nullable().exactOptional(),
  grants: z.array(z.strictObject({ capability: z.enum(capabilities), scope: z.array(text) }))
    .exactOptional(),
  config: object.exactOptional(),
};

/** The shapes of requests. */
export const requestShapes = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("write"), ops: z.array(writeOp) }),
  z.strictObject({ kind: z.literal("context_create"), ...context }),
  z.strictObject({ kind: z.literal("agent_load"), agent: text, ...load }),
  z.strictObject({ kind: z.literal("agent_unload"), agent: text }),
  z.strictObject({
    kind: z.literal("execute"),
    agent: text,
    action: text,
    params: text.exactOptional(),
    ...run,
  }),
  z.strictObject({ kind: z.literal("query"), agent: text, query: text, ...run }),
  z.strictObject({ kind: z.literal("workflow"), context: text, workflow }),
  z.strictObject({ kind: z.literal("erase"), ids: z.array(text) }),
  z.strictObject({ kind: z.literal("configure"), changes: z.record(text, z.number()) }),
]);

const clientName = text.regex(
  /^[\w.:@/ -]{1,64}$/,
  "must be 1 to 64 letters, digits, spaces or . _ : @ / -",
);
const request: z.ZodType<Request> = requestShapes;

const at = z.union([whole, text]).exactOptional();
const maybeCount = count.exactOptional();
const maybe = text.exactOptional();
const contexts = z.array(text).min(1).max(10_000).exactOptional();
/** A question as a model sees it. */
const vector = z.strictObject({
  model: z.strictObject({
    name: text,
    hash: text.regex(/^[0-9a-f]{64}$/, "must be a sha256"),
    provider: text,
  }),
  numbers: text,
}).exactOptional();

/** The shapes of views. */
export const viewShapes = z.discriminatedUnion("view", [
  z.strictObject({ view: z.literal("engram"), id: text, at }),
  z.strictObject({
    view: z.literal("versions"),
    id: text,
    limit: maybeCount,
    after: whole.exactOptional(),
  }),
  z.strictObject({
    view: z.literal("search"),
    text: maybe,
    exact: z.boolean().exactOptional(),
    metadata: object.exactOptional(),
    kind: maybe,
    source: maybe,
    minConfidence: z.number().exactOptional(),
    context: maybe,
    contexts,
    includeSuperseded: z.boolean().exactOptional(),
    limit: maybeCount,
    cursor: maybe,
    at,
  }),
  z.strictObject({
    view: z.literal("recall"),
    question: text,
    k: maybeCount,
    context: maybe,
    contexts,
    at,
    minConfidence: z.number().exactOptional(),
    vector,
  }),
  z.strictObject({
    view: z.literal("timeline"),
    about: text,
    context: maybe,
    contexts,
    since: maybe,
    until: maybe,
    limit: maybeCount,
    cursor: maybe,
    vector,
  }),
  z.strictObject({
    view: z.literal("unembedded"),
    model: text,
    after: whole.exactOptional(),
    limit: maybeCount,
  }),
  z.strictObject({ view: z.literal("ask"), question: text, context: maybe, contexts, at, limit: maybeCount }),
  z.strictObject({
    view: z.literal("brief"),
    context: maybeText,
    client: clientName.exactOptional(),
    session: maybe,
    since: z.union([whole, text, z.strictObject({ tick: whole, time: text })]).exactOptional(),
    tokens: maybeCount,
  }),
  z.strictObject({ view: z.literal("session"), client: clientName, context: text, session: maybe }),
  z.strictObject({
    view: z.literal("neighbors"),
    id: text,
    type: maybe,
    direction: z.enum(["in", "out", "both"]).exactOptional(),
    depth: maybeCount,
    limit: maybeCount,
    at,
  }),
  z.strictObject({
    view: z.literal("paths"),
    source: text,
    target: text,
    depth: maybeCount,
    limit: maybeCount,
    at,
  }),
  z.strictObject({ view: z.literal("thread"), thread: text, source: maybe, at }),
  z.strictObject({ view: z.literal("contexts"), at, limit: maybeCount, after: maybe }),
  z.strictObject({ view: z.literal("context"), id: text, limit: maybeCount, after: maybe, at }),
  z.strictObject({ view: z.literal("agents"), limit: maybeCount, after: maybe }),
  z.strictObject({ view: z.literal("metrics"), agent: text }),
  z.strictObject({ view: z.literal("status") }),
  z.strictObject({ view: z.literal("runtime_metrics") }),
  z.strictObject({ view: z.literal("why"), id: text, check: z.boolean().exactOptional() }),
  z.strictObject({ view: z.literal("changes"), since: z.int(), limit: maybeCount }),
  z.strictObject({ view: z.literal("export"), after: maybe, limit: maybeCount, context: maybe }),
  z.strictObject({
    view: z.literal("review"),
    id: maybe,
    state: z.enum(reviewStates).exactOptional(),
    context: maybe,
    limit: maybeCount,
    after: maybe,
  }),
  z.strictObject({ view: z.literal("log"), from: whole.exactOptional(), limit: maybeCount }),
  z.strictObject({ view: z.literal("messages"), from: whole.exactOptional(), limit: maybeCount }),
  z.strictObject({ view: z.literal("verify_log") }),
  z.strictObject({ view: z.literal("resolve"), what: z.enum(["engram", "context", "agent"]), text }),
  z.strictObject({ view: z.literal("info") }),
]);

const view: z.ZodType<View> = viewShapes;

/** The fields of a view, by name. A fault where there is no such view. */
export function viewFields(name: string): Readonly<Record<string, z.ZodType>> {
  const option = viewShapes.options.find((one) => one.shape.view.value === name);
  assert(option !== undefined, `there is no view ${name}`);
  return option.shape;
}

/** Who asks, and the asker's own id for the command. */
export const senderFields = {
  commandId: text.regex(/^[\w.:-]{1,128}$/, "must be 1 to 128 letters, digits or . _ : -").exactOptional(),
  client: clientName.exactOptional(),
};
const sender = z.object(senderFields);

/** A command as a client sends it: a request, and beside it who asks and the client's own id for it. */
export interface SentCommand {
  readonly request: Request;
  readonly client: string | undefined;
  readonly commandId: string | undefined;
}

/** A command. Errors: `invalid_argument` naming the field, `workflow_invalid`, `workflow_cycle`. */
export function readCommand(value: unknown): SentCommand {
  const { commandId, client } = checked(sender, value, "Cannot take the command");
  const { commandId: _id, client: _client, ...rest } = checked(object, value, "Cannot take the command");
  const found = checked(request, rest, "Cannot take the command");
  if (found.kind === "workflow") checkSteps(found.workflow);
  return { request: found, client, commandId };
}

/** A view. Errors: `invalid_argument` naming the field. */
export function readView(value: unknown): View {
  return checked(view, value, "Cannot read");
}

/** A tick from a query or a header. */
export function readTick(value: string, what: string): number {
  const tick = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (!Number.isNaN(tick)) return tick;
  throw new EngramError("invalid_argument", `Cannot read: ${what} must be a tick, a whole number from 0`);
}

/** A value that fits a schema. Errors: `invalid_argument` naming the field. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, action: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = firstIssue(result.error.issues);
  const field = fieldName(issue?.path ?? []);
  throw new EngramError(
    "invalid_argument",
    `${action}: ${words(issue, field)}`,
    field === "" ? {} : { field },
  );
}

/** `["ops", 0, "content"]` as people write it: `ops[0].content`. */
function fieldName(path: readonly PropertyKey[]): string {
  return path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("").replace(
    /^\./,
    "",
  );
}

function words(issue: z.core.$ZodIssue | undefined, field: string): string {
  const subject = field === "" ? "it" : field;
  switch (issue?.code) {
    case "unrecognized_keys": {
      const keys = issue.keys.map((key) => JSON.stringify(key)).join(", ");
      return `unknown field ${keys}${field === "" ? "" : ` in ${field}`}`;
    }
    case "invalid_union":
      return `${subject} is missing or is none that is known`;
    case "invalid_format":
      return `${subject} ${issue.message}`;
    default:
      return `${subject} ${issueWords(issue)}`;
  }
}
