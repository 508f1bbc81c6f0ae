/**
 * The JSON texts of engrams and contexts as they lie in the payload, read without trust.
 *
 * Invariants:
 * 1. Any payload gives texts: what is missing, erased or of another type is empty, so that no logged write can
 *    make a graph unreadable.
 * 2. Equal texts have equal hashes on every machine; a hash is never shown and never alone decides equality of
 *    what a reader gets.
 */
import type { EngramTexts, JsonObject } from "../../kernel/records.ts";

/** The texts of a context. */
export interface ContextTexts {
  readonly name: string;
  readonly description: string;
  readonly metadata: JsonObject;
}

function parse(json: string | null): Record<string, unknown> {
  if (json === null) return {};
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return {};
}

const textOr = <T>(value: unknown, other: T): string | T => typeof value === "string" ? value : other;

/** JSON.parse gave it, so an object here is a JSON object. */
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
const objectOr = (value: unknown): JsonObject => isJsonObject(value) ? value : {};

/** The texts of an engram. */
export function engramTexts(json: string | null): EngramTexts {
  const { content, title, source, ref, thread, metadata } = parse(json);
  return {
    content: textOr(content, ""),
    title: textOr(title, null),
    source: textOr(source, null),
    ref: textOr(ref, null),
    thread: textOr(thread, null),
    metadata: objectOr(metadata),
  };
}

/** The texts of a context. */
export function contextTexts(json: string | null): ContextTexts {
  const { name, description, metadata } = parse(json);
  return { name: textOr(name, ""), description: textOr(description, ""), metadata: objectOr(metadata) };
}

/** The metadata of a connection. */
export function metadataOf(json: string | null): JsonObject {
  return objectOr(parse(json));
}

/** 53 bits of a text, for an index on texts that may be long and must be erasable (cyrb53, public domain). */
export function hashText(text: string): number {
  let a = 0xdeadbeef, b = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** {@link hashText}, or null for an absent text. */
export function hashOrNull(text: string | null): number | null {
  return text === null ? null : hashText(text);
}
