/** Values from parsers (YAML, JSON) made into JSON that can be stored: bounded, finite, well-formed. */
import type { Json, JsonObject } from "../kernel/records.ts";

/** Why a value is not JSON that can be stored. */
export class NotJson extends Error {
  override readonly name = "NotJson";
}

/**
 * Copies a parsed value as JSON. Dates become ISO 8601 text; NaN and infinities become their text.
 * Throws {@link NotJson} where it nests deeper than `depthMax`, or holds half a surrogate pair.
 */
export function toJson(value: unknown, depthMax: number): Json {
  if (value === null || value === undefined || typeof value === "boolean") return value ?? null;
  if (typeof value === "string") return wellFormed(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return String(value);
  if (depthMax === 0) throw new NotJson("it nests too deep");
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map((item: unknown) => toJson(item, depthMax - 1));
  if (value instanceof Set) return [...value].map((item: unknown) => toJson(item, depthMax - 1));
  if (value instanceof Map) return fromEntries([...value], depthMax);
  if (typeof value === "object" && !ArrayBuffer.isView(value)) {
    return fromEntries(Object.entries(value), depthMax);
  }
  throw new NotJson("it holds a value that is not JSON");
}

/** Whether a value is a JSON object (not null, not a list). */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are equal; the order of keys does not count. */
export function jsonEqual(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length &&
      a.every((item: Json, index) => jsonEqual(item, b[index] ?? null));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key] ?? null, b[key] ?? null));
}

function fromEntries(entries: readonly (readonly [unknown, unknown])[], depthMax: number): JsonObject {
  return Object.fromEntries(
    entries.map(([key, item]) => [wellFormed(String(key)), toJson(item, depthMax - 1)]),
  );
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new NotJson("it holds half of a surrogate pair");
  return text;
}

/** Where and why a text is not JSON: line and column from 1. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Parses JSON; a text that is none gives the place of the first token that does not belong. */
export function parseJson(text: string): { readonly value: unknown } | JsonFault {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const offset = faultOffset(text);
    const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
    const what = /^\S{1,20}/.exec(text.slice(offset))?.[0];
    const message = what === undefined
      ? "it is not JSON: it breaks off"
      : `it is not JSON: ${what} is not expected here`;
    return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, message };
  }
}

const jsonToken =
  /([{}[\],:])|("(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

/** Offset of the first token that does not belong in a JSON text, or its length where the text breaks off. */
function faultOffset(text: string): number {
  const open: ("{" | "[")[] = [];
  let next: "value" | "first item" | "first key" | "key" | "colon" | "end" = "value";
  for (let at = skipSpace(text, 0); at < text.length;) {
    jsonToken.lastIndex = at;
    const match = jsonToken.exec(text);
    if (match === null) return at;
    const [token, mark, quoted] = match;
    if (next === "end") {
      const inside = open.at(-1);
      if (inside === undefined || mark === undefined) return at;
      if (mark === ",") next = inside === "{" ? "key" : "value";
      else if (mark === (inside === "{" ? "}" : "]")) open.pop();
      else return at;
    } else if (next === "colon") {
      if (mark !== ":") return at;
      next = "value";
    } else if (next === "key" || next === "first key") {
      if (quoted !== undefined) next = "colon";
      else if (mark === "}" && next === "first key") {
        open.pop();
        next = "end";
      } else return at;
    } else if (mark === "{" || mark === "[") {
      open.push(mark);
      next = mark === "{" ? "first key" : "first item";
    } else if (mark === undefined) next = "end";
    else if (mark === "]" && next === "first item") {
      open.pop();
      next = "end";
    } else return at;
    at = skipSpace(text, at + token.length);
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text[at] ?? "x")) at++;
  return at;
}
