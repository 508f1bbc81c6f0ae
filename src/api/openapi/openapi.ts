/**
 * The API's description in OpenAPI 3.1, made from the same schemas that check requests.
 *
 * Owns: how a route becomes an operation. Does not own: what there is (routes).
 *
 * Invariants:
 * 1. Every route but /mcp and the page itself is in it; the JSON schemas are zod's own (draft 2020-12, as OpenAPI 3.1
 *    has it).
 * 2. It is the same for every install and holds nothing of a host; it is made once, when first asked for.
 */
import { z } from "zod";
import { buildInfo } from "../../runtime/assets.ts";
import { type ActingRoute, actingRoutes } from "../routes/actions.ts";
import { type HostActRoute, hostActRoutes, type HostReadRoute, hostReadRoutes } from "../routes/host.ts";
import { scopeOfOther } from "../routes/list.ts";
import { lookups } from "../routes/lookups.ts";
import { otherRoutes, readingPosts, type ReadingRoute, readingRoutes } from "../routes/routes.ts";
import { object, requestShapes, senderFields, viewFields, viewShapes } from "../routes/schemas.ts";
import type { Scope } from "../tokens/tokens.ts";
import { problemType } from "../wire/problem.ts";
import { answers, parts } from "./answers.ts";

type Json = { readonly [key: string]: unknown };

/** An operation of the description. */
export interface Operation {
  readonly summary: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters: readonly {
    readonly name: string;
    readonly in: "path" | "query" | "header";
    readonly required: boolean;
    readonly schema: Json;
    readonly description?: string;
  }[];
  readonly requestBody?: {
    readonly required: true;
    readonly content: { readonly "application/json": { readonly schema: Json } };
  };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly headers?: Json;
        readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
      } | typeof problemRef
    >
  >;
  readonly security: readonly Json[];
  /** The scope that a token needs, or null for a route that needs none. */
  readonly "x-scope": Scope | null;
}

/** The description. */
export interface OpenApi {
  readonly openapi: "3.1.0";
  readonly info: Json;
  readonly servers: readonly Json[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly responses: Json;
    readonly securitySchemes: Json;
  };
}

let made: OpenApi | null = null;
let written: string | null = null;

/** The description. */
export function openApi(): OpenApi {
  return made ??= describe();
}

/** The description as the text of /openapi.json. */
export function openApiText(): string {
  return written ??= `${JSON.stringify(openApi(), null, 1)}\n`;
}

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const nameOf = (answer: string) =>
  answer.replace(/^[a-z]/, (letter) => letter.toUpperCase()).replace(/_/g, "");

const rules = {
  unrepresentable: "any",
  reused: "inline",
  override: (
    { zodSchema, jsonSchema: made }: { zodSchema: unknown; jsonSchema: z.core.JSONSchema.BaseSchema },
  ) => {
    if (zodSchema === object) made.type = "object";
    if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum;
    if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum;
    delete made.propertyNames;
    delete made.$schema;
    delete made.$id;
  },
} as const;

/** A schema as JSON schema. */
function jsonSchema(schema: z.ZodType, io: "input" | "output" = "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { ...rules, io });
  return rest;
}

/** The named schemas; what they share is by reference. */
function componentSchemas(): Readonly<Record<string, Json>> {
  const named = new Map<string, z.ZodType>([
    ...Object.entries(parts),
    ...Object.entries(answers).map(([name, schema]) => [nameOf(name), schema] as const),
    ["Request", requestShapes],
    ["ViewQuery", viewShapes],
  ]);
  const registry = z.registry<{ id: string }>();
  const first = new Map<z.ZodType, string>();
  for (const [id, schema] of named) {
    if (first.has(schema)) continue;
    first.set(schema, id);
    registry.add(schema, { id });
  }
  const { schemas } = z.toJSONSchema(registry, { ...rules, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    [...named].map(([id, schema]) => {
      const { $schema: _, $id: _id, ...rest } = schemas[first.get(schema) ?? id] ?? {};
      return [id, rest];
    }),
  );
}

const headers = {
  "X-Request-Id": { description: "The id of the request, given or made up", schema: { type: "string" } },
};

/** How a route refuses: `default` stands for the statuses that are not named. */
const problemRef = { $ref: "#/components/responses/Problem" } as const;

interface Drawn {
  readonly method: string;
  readonly path: string;
  /** What its id is made of, where the path without its version is another route's. */
  readonly named?: string;
  readonly summary: string;
  readonly scope: Scope | null;
  readonly status?: number;
  readonly answer: Json | null;
  readonly type?: string;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: readonly {
    readonly name: string;
    readonly description: string;
    readonly schema: Json;
  }[];
  readonly body?: Json;
}

function isRequired(schema: z.ZodType): boolean {
  return !schema.safeParse(undefined).success && !(schema instanceof z.ZodExactOptional);
}

function operation(drawn: Drawn): Operation {
  const { method, path, summary, scope, status = 200, answer, type = "application/json", body } = drawn;
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name,
    in: "path" as const,
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(drawn.query ?? {}).map(([name, schema]) => ({
    name,
    in: "query" as const,
    required: isRequired(schema),
    schema: jsonSchema(schema),
    // A list is one value, parted by commas.
    ...(jsonSchema(schema)["type"] === "array" ? { style: "form", explode: false } : {}),
  }));
  const inHeaders = (drawn.headers ?? []).map((header) => ({
    ...header,
    in: "header" as const,
    required: false,
  }));
  const problems = [
    "422",
    "429",
    ...(scope === null ? [] : ["401", "403"]),
    ...(inPath.length > 0 || body !== undefined ? ["404", "409"] : []),
    ...(body === undefined ? [] : ["400", "408", "413", "415"]),
  ];
  return {
    summary,
    operationId: `${method.toLowerCase()}${
      (drawn.named ?? path).replace(/^\/v1/, "").replace(/[/:.]+(\w)/g, (_, letter: string) =>
        letter.toUpperCase())
    }`,
    tags: [path.replace(/^\/v1\//, "").split(/[/.]/).find((part) => part !== "") ?? "api"],
    parameters: [...inPath, ...inQuery, ...inHeaders],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: {
      [String(status)]: {
        description: "Done",
        headers,
        ...(answer === null ? {} : { content: { [type]: { schema: answer } } }),
      },
      ...Object.fromEntries([...problems, "default"].map((one) => [one, problemRef])),
    },
    security: scope === null ? [] : [{ token: [] }],
    "x-scope": scope,
  };
}

function readingOperation(route: ReadingRoute): Drawn {
  const fields = viewFields(route.view);
  const query = Object.fromEntries(
    Object.entries(route.query).map(([name, field]) => [name, fields[field] ?? z.string()]),
  );
  return {
    method: "GET",
    path: route.path,
    summary: route.summary,
    scope: "read",
    query,
    answer: ref(nameOf(route.view)),
  };
}

const idempotencyKey = {
  name: "Idempotency-Key",
  description:
    "The same key again is the same command and gets the first one's answer; another command under it is 409",
  schema: jsonSchema(senderFields.commandId),
};

function actingOperation(route: ActingRoute): Drawn {
  return {
    ...pick(route),
    status: route.status,
    answer: ref(nameOf(route.answer)),
    headers: [idempotencyKey],
    ...(route.body === null ? {} : { body: jsonSchema(route.body, "input") }),
  };
}

const pick = (
  { method, path, summary, scope }: Pick<ActingRoute, "method" | "path" | "summary" | "scope">,
) => ({
  method,
  path,
  summary,
  scope,
});

const pickHost = ({ method, path, summary, scope }: HostReadRoute | HostActRoute) => ({
  method,
  path,
  summary,
  scope,
});

/** What the routes take and answer that are no view, lookup or action. */
function otherOperation({ method, path, summary }: typeof otherRoutes[number]): Drawn | null {
  const drawn = { method, path, summary, scope: scopeOfOther(path) };
  const text = z.string().exactOptional();
  switch (path) {
    case "/healthz":
    case "/v1/health": {
      const challenge = z.string().regex(/^[0-9a-f]{32,128}$/).exactOptional();
      return { ...drawn, answer: ref("Health"), query: { challenge } };
    }
    case "/openapi.json":
      return { ...drawn, answer: { type: "object" } };
    case "/docs":
      return { ...drawn, answer: { type: "string" }, type: "text/html" };
    case "/metrics":
      return { ...drawn, named: "/metrics/text", answer: { type: "string" }, type: "text/plain" };
    case "/v1":
      return { ...drawn, answer: ref("RouteList") };
    case "/v1/commands":
      return { ...drawn, body: ref("Request"), answer: ref("Receipt"), headers: [idempotencyKey] };
    case "/v1/view":
      return { ...drawn, body: ref("ViewQuery"), answer: ref("View") };
    case "/v1/events": {
      const from = z.int().min(0).exactOptional();
      const query = { from, agent: text, kind: text, client: text, outcome: text };
      return { ...drawn, query, answer: { type: "string" }, type: "text/event-stream" };
    }
    case "/v1/idle":
    case "/v1/stop":
      return { ...drawn, answer: ref("Ok") };
    default:
      return path satisfies never;
  }
}

function describe(): OpenApi {
  const drawn: Drawn[] = [
    ...otherRoutes.map(otherOperation).filter((one) => one !== null),
    ...readingRoutes.map(readingOperation),
    ...readingPosts.map(({ path, summary, view }) => ({
      method: "POST",
      path,
      summary,
      scope: "read" as const,
      answer: ref(nameOf(view)),
      body: jsonSchema(z.strictObject(viewFields(view)).omit({ view: true }), "input"),
    })),
    ...lookups.map(({ path, summary, query, answer }) => ({
      method: "GET",
      path,
      summary,
      scope: "read" as const,
      answer: ref(nameOf(answer)),
      query: query.shape as Readonly<Record<string, z.ZodType>>,
    })),
    ...actingRoutes.map(actingOperation),
    ...[...hostReadRoutes, ...hostActRoutes].map((route) => ({
      ...pickHost(route),
      status: route.status,
      answer: ref(nameOf(route.answer)),
      ...(route.keyed ? { headers: [idempotencyKey] } : {}),
      query: route.query.shape as Readonly<Record<string, z.ZodType>>,
      ...(route.body === null ? {} : { body: jsonSchema(route.body, "input") }),
    })),
  ];
  const paths: Record<string, Record<string, Operation>> = {};
  for (const one of drawn) {
    const path = one.path.replace(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[one.method.toLowerCase()] = operation(one);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "engramlt",
      version: buildInfo().version,
      description:
        "The HTTP API of a running host. docs/api.md says who may ask, and what holds for every route.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: componentSchemas(),
      responses: {
        Problem: {
          description:
            "Refused, with the code of docs/errors.md; 500: something is broken, code fault or its own",
          headers,
          content: { [problemType]: { schema: ref("Problem") } },
        },
      },
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "DATA/token, or one of engramlt token create" },
      },
    },
  };
}
