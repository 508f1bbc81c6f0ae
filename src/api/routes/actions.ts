/**
 * The routes that act: each is one command under a friendlier name.
 *
 * Invariants:
 * 1. A route says the scope it needs; nothing here is reached with a token of scope read.
 * 2. Ids in paths may be unique prefixes; they are made full before anything is submitted.
 * 3. A body is checked by its schema before anything is done.
 */
import { z } from "zod";
import { checkSteps } from "../../kernel/workflow.ts";
import type { Port, ViewResults } from "../../runtime/port.ts";
import type { Receipt } from "../../runtime/receipts.ts";
import type { Request, WriteOp } from "../../runtime/requests.ts";
import { supersedeOps } from "../../runtime/supersede.ts";
import { decide, type ReviewVerb, reviewVerbs } from "../../runtime/views/review.ts";
import type { Scope } from "../tokens/tokens.ts";
import {
  checked,
  connection,
  context,
  load,
  memory,
  memoryChanges,
  run as runFields,
  senderFields,
  text,
  workflow,
} from "./schemas.ts";

/** What an acting route may use. `submit` is as of the request: its client and its Idempotency-Key go along. */
export interface Acting {
  submit(
    request: Request,
    sender?: { readonly client?: string; readonly commandId?: string },
  ): Promise<Receipt>;
  readonly view: Port["view"];
}

/** A route that acts. */
export interface ActingRoute {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly scope: Exclude<Scope, "read">;
  readonly status: 200 | 201;
  /** The name of its answer's schema in openapi/answers.ts. */
  readonly answer: string;
  /** What its body must be; null where it takes none. */
  readonly body: z.ZodType | null;
  /** Does it: `body` as it came. */
  run(door: Acting, params: Readonly<Record<string, string>>, body: unknown): Promise<object>;
}

type Shown = Pick<ActingRoute, "method" | "path" | "summary" | "scope" | "status" | "answer">;

/** A route with a body. */
function withBody<B>(
  shown: Shown,
  action: string,
  body: z.ZodType<B>,
  run: (door: Acting, body: B, params: Readonly<Record<string, string>>) => Promise<object>,
): ActingRoute {
  return { ...shown, body, run: (door, params, given) => run(door, checked(body, given, action), params) };
}

/** A route without one. */
function withoutBody(
  shown: Shown,
  run: (door: Acting, params: Readonly<Record<string, string>>) => Promise<object>,
): ActingRoute {
  return { ...shown, body: null, run: (door, params) => run(door, params) };
}

const results = z.object({ results: z.array(z.looseObject({ id: text.exactOptional() })) });

/** Submits ops as one command; the id the first came to stands beside the tick. */
async function write(door: Acting, ...ops: readonly WriteOp[]): Promise<object> {
  const { results: _, ...receipt } = await door.submit({ kind: "write", ops }).then((one) => ({
    ...one,
    ...results.parse(one).results[0],
  }));
  return receipt;
}

async function idOf(
  door: Acting,
  what: "engram" | "context" | "agent",
  given: string | undefined,
): Promise<string> {
  const { id }: ViewResults["resolve"] = await door.view({ view: "resolve", what, text: given ?? "" });
  return id;
}

const engramRoutes: readonly ActingRoute[] = [
  withBody(
    {
      method: "POST",
      path: "/v1/engrams",
      summary: "Stores a memory",
      scope: "operate",
      status: 201,
      answer: "Written",
    },
    "Cannot store the memory",
    z.strictObject(memory),
    (door, body) => write(door, { op: "add", ...body }),
  ),
  withBody(
    {
      method: "PATCH",
      path: "/v1/engrams/:id",
      summary: "Changes a memory; what is left out stays as it is",
      scope: "operate",
      status: 200,
      answer: "Written",
    },
    "Cannot change the memory",
    z.strictObject(memoryChanges),
    async (door, body, { id }) =>
      await write(door, { op: "update", id: await idOf(door, "engram", id), ...body }),
  ),
  withoutBody(
    {
      method: "DELETE",
      path: "/v1/engrams/:id",
      summary: "Forgets a memory: it is hidden from now on, history keeps it",
      scope: "operate",
      status: 200,
      answer: "Written",
    },
    async (door, { id }) => {
      const found = await idOf(door, "engram", id);
      return { ...await write(door, { op: "delete", id: found }), id: found };
    },
  ),
  withBody(
    {
      method: "POST",
      path: "/v1/engrams/:id/supersede",
      summary: "Stores a memory in the place of another, where that one is; the old one stays and is marked",
      scope: "operate",
      status: 201,
      answer: "Written",
    },
    "Cannot store the memory",
    z.strictObject(memory),
    async (door, body, { id }) => {
      const old = await door.view({ view: "engram", id: await idOf(door, "engram", id) });
      return await write(door, ...supersedeOps(old, body));
    },
  ),
  withBody(
    {
      method: "POST",
      path: "/v1/connections",
      summary: "Connects two memories; the same connection again changes its weight and metadata",
      scope: "operate",
      status: 201,
      answer: "Written",
    },
    "Cannot connect the memories",
    z.strictObject(connection),
    async (door, body) =>
      await write(door, {
        op: "connect",
        ...body,
        source: await idOf(door, "engram", body.source),
        target: await idOf(door, "engram", body.target),
      }),
  ),
  withoutBody(
    {
      method: "DELETE",
      path: "/v1/connections/:id",
      summary: "Removes a connection",
      scope: "operate",
      status: 200,
      answer: "Written",
    },
    async (door, { id = "" }) => ({ ...await write(door, { op: "disconnect", id }), id }),
  ),
];

const eraseRoute = withBody(
  {
    method: "POST",
    path: "/v1/erase",
    summary:
      "Erases memories for good, from the log too; the receipt says what went and what could not be reached",
    scope: "admin",
    status: 200,
    answer: "Erased",
  },
  "Cannot erase the memories",
  z.strictObject({ ids: z.array(text) }),
  (door, { ids }) => door.submit({ kind: "erase", ids }),
);

const contextRoutes: readonly ActingRoute[] = [
  withBody(
    {
      method: "POST",
      path: "/v1/contexts",
      summary: "Makes a context, which agents may be let into",
      scope: "operate",
      status: 201,
      answer: "Written",
    },
    "Cannot make the context",
    z.strictObject(context),
    (door, body) => door.submit({ kind: "context_create", ...body }),
  ),
  withBody(
    {
      method: "POST",
      path: "/v1/contexts/:id/engrams",
      summary: "Puts a memory into a context",
      scope: "operate",
      status: 200,
      answer: "Written",
    },
    "Cannot join the memory to the context",
    z.strictObject({ engram: text }),
    async (door, { engram }, { id }) => {
      const found = await idOf(door, "engram", engram);
      const joined = { op: "join", context: await idOf(door, "context", id), engram: found } as const;
      return { ...await write(door, joined), id: found };
    },
  ),
];

const agentRoutes: readonly ActingRoute[] = [
  withBody(
    {
      method: "POST",
      path: "/v1/agents",
      summary:
        "Loads an agent: a module in base64, and its manifest; what is granted is what the manifest wants",
      scope: "admin",
      status: 201,
      answer: "Loaded",
    },
    "Cannot load the agent",
    z.strictObject({ id: text, ...load, ...senderFields }),
    (door, { id, client, commandId, ...body }) =>
      door.submit({ kind: "agent_load", agent: id, ...body }, {
        ...(client === undefined ? {} : { client }),
        ...(commandId === undefined ? {} : { commandId }),
      }),
  ),
  withoutBody(
    {
      method: "DELETE",
      path: "/v1/agents/:id",
      summary: "Unloads an agent; what it wrote stays",
      scope: "admin",
      status: 200,
      answer: "Unloaded",
    },
    async (door, { id }) => await door.submit({ kind: "agent_unload", agent: await idOf(door, "agent", id) }),
  ),
  withBody(
    {
      method: "POST",
      path: "/v1/agents/:id/execute",
      summary: "Runs an action of an agent",
      scope: "operate",
      status: 200,
      answer: "Executed",
    },
    "Cannot run the agent",
    z.strictObject({ action: text, params: z.unknown().optional(), ...runFields }),
    async (door, { params, ...body }, { id }) =>
      await door.submit({
        kind: "execute",
        agent: await idOf(door, "agent", id),
        ...body,
        ...(params === undefined ? {} : { params: JSON.stringify(params) }),
      }),
  ),
  withBody(
    {
      method: "POST",
      path: "/v1/agents/:id/query",
      summary: "Asks an agent: it may read, and leaves nothing",
      scope: "operate",
      status: 200,
      answer: "Executed",
    },
    "Cannot ask the agent",
    z.strictObject({ query: text, ...runFields }),
    async (door, body, { id }) =>
      await door.submit({ kind: "query", agent: await idOf(door, "agent", id), ...body }),
  ),
  withBody(
    {
      method: "POST",
      path: "/v1/workflows",
      summary: "Runs a workflow of agents' actions; answers when it has ended",
      scope: "operate",
      status: 200,
      answer: "WorkflowRun",
    },
    "Cannot run the workflow",
    z.strictObject({ context: text, workflow }),
    (door, body) => {
      checkSteps(body.workflow);
      return door.submit({ kind: "workflow", ...body });
    },
  ),
  withBody(
    {
      method: "PATCH",
      path: "/v1/config",
      summary: "Changes recorded limits by name; GET /v1/info shows them",
      scope: "admin",
      status: 200,
      answer: "Done",
    },
    "Cannot change the configuration",
    z.record(text, z.number()),
    (door, changes) => door.submit({ kind: "configure", changes }),
  ),
];

const verbWords: Readonly<Record<ReviewVerb, string>> = {
  accept: "Accepts what an agent proposes",
  reject: "Rejects what an agent proposes; it is not proposed again",
  undo: "Takes back what was accepted, or what an agent did by itself",
};

const reviewRoutes: readonly ActingRoute[] = reviewVerbs.map((verb) =>
  withoutBody(
    {
      method: "POST",
      path: `/v1/review/:id/${verb}`,
      summary: verbWords[verb],
      scope: "operate",
      status: 200,
      answer: "Decided",
    },
    async (door, { id = "" }) => {
      const { item, receipt } = await decide(door, verb, id);
      return { id: item.id, verb, tick: receipt.tick };
    },
  )
);

/** All of them. */
export const actingRoutes: readonly ActingRoute[] = [
  ...engramRoutes,
  eraseRoute,
  ...contextRoutes,
  ...agentRoutes,
  ...reviewRoutes,
];

/** The scope a command needs. */
export function scopeOf(request: Request): Exclude<Scope, "read"> {
  switch (request.kind) {
    case "write":
    case "context_create":
    case "execute":
    case "query":
    case "workflow":
      return "operate";
    case "agent_load":
    case "agent_unload":
    case "erase":
    case "configure":
      return "admin";
    default:
      return request satisfies never;
  }
}
