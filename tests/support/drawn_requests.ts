/** Requests drawn from the API's description, right and wrong ones, and what it says of their answers. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { openApi, type Operation } from "../../src/api/openapi/openapi.ts";

type Schema = { readonly [key: string]: unknown };
const description = openApi();
const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const objectOr = (value: unknown): Schema => isObject(value) ? value : {};

/** A schema of the description that stands alone: what it refers to becomes definitions beside it. */
function checker(schema: Schema): z.ZodType {
  const text = JSON.stringify({ ...schema, $defs: description.components.schemas });
  return z.fromJSONSchema(JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")));
}

const nasty = fc.constantFrom<unknown>(
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  "",
  "\u0000",
  "\ud800",
  "\u202eabc",
  "🦩",
  "x".repeat(5000),
  [],
  {},
  "__proto__",
  "@last",
  "e",
  "personal",
  "../token",
  "'; drop table engrams; --",
  "2026-03-14",
  "99999999999999999999",
);

type Field = [string, fc.Arbitrary<unknown>];

/** An object whose fields are there, but for those that need not be. */
function recordOf(
  fields: readonly Field[],
  required: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const all = fields.map(([name, one]): Field => [
    name,
    required.includes(name) ? one : fc.option(one, { nil: undefined }),
  ]);
  return fc.record(Object.fromEntries(all)).map((value) =>
    Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined))
  );
}

/** Values that a schema allows, mostly. */
function valueOf(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  if (depth > 4) return nasty;
  const ref = schema["$ref"];
  if (typeof ref === "string") {
    return valueOf(description.components.schemas[ref.split("/").at(-1) ?? ""] ?? {}, depth + 1);
  }
  if (schema["const"] !== undefined) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...schema["enum"]);
  const options = schema["oneOf"] ?? schema["anyOf"];
  if (Array.isArray(options)) return fc.oneof(...options.map((one) => valueOf(objectOr(one), depth + 1)));
  switch (Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"]) {
    case "string":
      return fc.oneof(fc.string(), fc.constantFrom("a", "personal", "@last", "2026-03-14"));
    case "integer":
      return fc.integer({ min: -1, max: 1100 });
    case "number":
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: -1, max: 2 });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(valueOf(objectOr(schema["items"]), depth + 1), { maxLength: 3 });
    case "object": {
      const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
      const fields = Object.entries(objectOr(schema["properties"]))
        .map(([name, one]): Field => [name, valueOf(objectOr(one), depth + 1)]);
      return recordOf(fields, required);
    }
    default:
      return nasty;
  }
}

/** A request. */
export interface Drawn {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** Requests of one route. */
function ofOperation(path: string, method: string, operation: Operation): fc.Arbitrary<Drawn> {
  const schema = operation.requestBody?.content["application/json"].schema;
  const parameters = operation.parameters.map((one): Field => [
    one.name,
    one.in === "header"
      ? fc.constantFrom("k-1", "k-2", undefined)
      : fc.oneof({ weight: 4, arbitrary: valueOf(one.schema) }, { weight: 1, arbitrary: nasty }),
  ]);
  const required = operation.parameters.filter((one) => one.required).map((one) => one.name);
  return fc.record({
    method: fc.constant(method.toUpperCase()),
    path: fc.constant(path),
    operation: fc.constant(operation),
    parameters: recordOf(parameters, required),
    body: schema === undefined
      ? fc.constant(undefined)
      : fc.oneof({ weight: 5, arbitrary: valueOf(schema) }, { weight: 1, arbitrary: nasty }),
  });
}

/** The requests of every route of the description but those at some paths, by method and path. */
export function drawnRequests(leftOut: ReadonlySet<string>): ReadonlyMap<string, fc.Arbitrary<Drawn>> {
  return new Map(
    Object.entries(description.paths).filter(([path]) => !leftOut.has(path)).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) =>
        [`${method.toUpperCase()} ${path}`, ofOperation(path, method, operation)] as const
      )
    ),
  );
}

const textOf = (value: unknown) =>
  (typeof value === "string" ? value : JSON.stringify(value)).toWellFormed().slice(0, 1500);

/** A drawn request as it is sent. */
export function requestOf(address: string, token: string, drawn: Drawn): Request {
  const { method, operation, parameters, body } = drawn;
  const headers = new Headers({ authorization: `Bearer ${token}` });
  const query = new URLSearchParams();
  let path = drawn.path;
  for (const { name, in: place } of operation.parameters) {
    const value = parameters[name];
    if (value === undefined) continue;
    if (place === "path") path = path.replace(`{${name}}`, () => encodeURIComponent(textOf(value)) || "-");
    else if (place === "query") query.set(name, textOf(value));
    else headers.set(name, String(value));
  }
  if (body !== undefined) headers.set("content-type", "application/json");
  const text = body === undefined ? null : JSON.stringify(body);
  return new Request(`${address}${path}?${query}`, { method, headers, body: text });
}

const checkers = new Map<string, z.ZodType>();

/** Checks an answer against what the description says of it. */
export function checkAnswer(
  { operation, method, path }: Drawn,
  status: number,
  type: string,
  body: unknown,
): void {
  const told = operation.responses[String(status)] ?? operation.responses["default"];
  assert(told !== undefined, `${method} ${path}: ${status} is not told`);
  const content = "$ref" in told
    ? { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } }
    : told.content;
  const schema = Object.entries(content ?? {}).find(([one]) => one === type.split(";")[0])?.[1].schema;
  assert(schema !== undefined, `${method} ${path}: ${status} is told without ${type}`);
  const key = JSON.stringify(schema);
  const checked = checkers.get(key) ?? checker(schema);
  checkers.set(key, checked);
  const { error } = checked.safeParse(body);
  const shown = JSON.stringify(body).slice(0, 2000);
  assert(error === undefined, `${method} ${path}: the answer is not as told: ${error?.message}\n${shown}`);
}
