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
