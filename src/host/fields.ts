/**
 * The fields of an engram as agents and clients give them: reserved metadata keys, limits, and the JSON readers get.
 *
 * Invariant: the JSON of an engram has one key order (part of the behaviour number).
 */
import {
  type Config,
  type Engram,
  type EngramKind,
  engramKinds,
  type EngramTexts,
  formatTime,
  type Id,
  type Json,
  type JsonObject,
  nestsDeeper,
  parseTime,
  Payload,
  type Write,
} from "../kernel/mod.ts";
import type { Readable } from "./snapshot.ts";

const encoder = new TextEncoder();
/** UTF-8 bytes of a text. */
export const byteLength = (text: string): number => encoder.encode(text).length;

/** The fields that metadata keys may set (design §6); undefined where the key is absent. */
export interface ReservedFields {
  kind?: EngramKind;
  title?: string | null;
  ref?: string | null;
  thread?: string | null;
  position?: number | null;
  observedAt?: number | null;
  validFrom?: number | null;
  validTo?: number | null;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Parses a JSON object; null where the text is something else or nests too deep. Absent and empty text is {}. */
export function parseObject(text: string | null): JsonObject | null {
  if (text === null || text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !nestsDeeper(value) ? value : null;
  } catch {
    return null; // the caller says which argument it was
  }
}

function takeText(value: Json | undefined): string | null | undefined {
  return value === undefined || value === null || typeof value === "string" ? value : undefined;
}

/** Takes the reserved keys out of metadata; null where one has the wrong type. */
export function takeReserved(metadata: JsonObject): { fields: ReservedFields; metadata: JsonObject } | null {
  const { kind, title, ref, thread, position, observedAt, validFrom, validTo, ...rest } = metadata;
  const fields: ReservedFields = {};
  if (kind !== undefined) {
    const known = engramKinds.find((one) => one === kind);
    if (known === undefined) return null;
    fields.kind = known;
  }
  for (const [key, value] of Object.entries({ title, ref, thread })) {
    if (value === undefined) continue;
    const text = takeText(value);
    if (text === undefined) return null;
    fields[key as "title" | "ref" | "thread"] = text;
  }
  if (position !== undefined) {
    if (position !== null && !(typeof position === "number" && Number.isSafeInteger(position))) return null;
    fields.position = position;
  }
  for (const [key, value] of Object.entries({ observedAt, validFrom, validTo })) {
    if (value === undefined) continue;
    const time = value === null ? null : typeof value === "string" ? parseTime(value)?.ms ?? null : undefined;
    if (time === undefined || (value !== null && time === null)) return null;
    fields[key as "observedAt" | "validFrom" | "validTo"] = time;
  }
  return { fields, metadata: rest };
}

/** What is too large in the texts of an engram, or null. `bodyBytes`: how many bytes their JSON has, all together. */
export function textsTooLarge(texts: EngramTexts, bodyBytes: number, config: Config): string | null {
  // JSON is never shorter than the text in it: mostly one look is enough.
  if (bodyBytes <= Math.min(config.contentBytesMax, config.nameBytesMax * 4, config.metadataBytesMax)) {
    return null;
  }
  if (byteLength(texts.content) > config.contentBytesMax) {
    return `content is over contentBytesMax (${config.contentBytesMax} bytes)`;
  }
  for (const key of ["title", "source", "ref", "thread"] as const) {
    if (byteLength(texts[key] ?? "") > config.nameBytesMax * 4) {
      return `${key} is over ${config.nameBytesMax * 4} bytes`;
    }
  }
  if (byteLength(JSON.stringify(texts.metadata)) > config.metadataBytesMax) {
    return `metadata is over metadataBytesMax (${config.metadataBytesMax} bytes)`;
  }
  return null;
}

/** The payload of an engram's texts, keys in one order. */
export function textsPayload(texts: EngramTexts): Payload {
  const { content, title, source, ref, thread, metadata } = texts;
  return Payload.json({ content, title, source, ref, thread, metadata });
}

/** The engram a put makes, as readers of the same step see it. */
export function stagedEngram(
  write: Extract<Write, { op: "engram_put" }>,
  texts: EngramTexts,
  more: Pick<Engram, "contexts" | "createdTick" | "updatedTick" | "supersededBy" | "by">,
): Engram {
  return {
    id: write.id,
    kind: write.kind,
    content: texts.content,
    title: texts.title,
    source: texts.source,
    ref: texts.ref,
    confidence: write.confidence,
    metadata: texts.metadata,
    contexts: more.contexts,
    thread: texts.thread,
    position: write.position,
    observedAt: formatOrNull(write.observedAt),
    timeSource: write.timeSource,
    validFrom: formatOrNull(write.validFrom),
    validTo: formatOrNull(write.validTo),
    createdTick: more.createdTick,
    updatedTick: more.updatedTick,
    supersededBy: more.supersededBy,
    by: more.by,
  };
}

/** ISO 8601, or null. */
export const formatOrNull = (time: number | null): string | null => time === null ? null : formatTime(time);
/** ms since 1970, or null. */
const timeOrNull = (text: string | null): number | null => text === null ? null : parseTime(text)?.ms ?? null;

/** The write that stores an engram with `changes`. */
export function putOf(
  engram: Pick<
    Engram,
    "id" | "kind" | "confidence" | "position" | "observedAt" | "timeSource" | "validFrom" | "validTo"
  >,
  texts: Payload,
): Extract<Write, { op: "engram_put" }> {
  return {
    op: "engram_put",
    id: engram.id,
    kind: engram.kind,
    confidence: engram.confidence,
    position: engram.position,
    observedAt: timeOrNull(engram.observedAt),
    timeSource: engram.timeSource,
    validFrom: timeOrNull(engram.validFrom),
    validTo: timeOrNull(engram.validTo),
    texts,
  };
}

/** Whether the engram is in a context of the set (null: everything). */
export function visible(engram: Engram, readable: Readable): boolean {
  return readable === null || engram.contexts.some((context) => readable.has(context));
}

/** The engram as this reader may see it: other contexts are not even named. */
export function shown<T extends Engram>(engram: T, readable: Readable): T {
  if (readable === null || engram.contexts.every((context) => readable.has(context))) return engram;
  return { ...engram, contexts: engram.contexts.filter((context: Id) => readable.has(context)) };
}
