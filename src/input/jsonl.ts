/**
 * JSON Lines read into drafts: one engram a line.
 *
 * Owns: the keys a line may have, their types, and the default ref.
 * Does not own: storing; contexts are named, not checked.
 *
 * Invariants:
 * 1. A bad line is a Failure with its number; the other lines go in.
 * 2. Without `ref` a line is `L` and its number: the same on every import, and when lines are appended.
 * 3. Nothing is lost: a key that means nothing here is kept in the metadata.
 */
import type { RefusalCode } from "../kernel/errors.ts";
import type { EngramKind, Json, JsonObject } from "../kernel/records.ts";
import { engramKinds } from "../kernel/records.ts";
import type { EngramDraft, Failure, InputLimits, ReadFile } from "./drafts.ts";
import { inputLimits, overLimit } from "./drafts.ts";
import { isObject, jsonEqual, NotJson, parseJson, toJson } from "./json.ts";
import { decodeText } from "./text.ts";
import { parseTime } from "../kernel/times.ts";

/** Keys of a line that set a field; every other key goes into the metadata. */
const fields = new Set([
  "content",
  "ref",
  "title",
  "source",
  "confidence",
  "metadata",
  "context",
  "time",
  "observedAt",
  "thread",
  "position",
  "kind",
  "validFrom",
  "validTo",
]);

/**
 * Reads JSONL. `firstLine` is the number of the first line, for a file read in pieces that end at line ends;
 * two lines with one source and ref in one context are found within one piece only.
 */
export function readJsonl(
  path: string,
  bytes: Uint8Array,
  limits: InputLimits = inputLimits,
  firstLine = 1,
): ReadFile {
  const drafts: EngramDraft[] = [];
  const failures: Failure[] = [];
  const lines = new Map<string, number>();
  eachLine(bytes, (slice, index) => {
    const line = firstLine + index;
    const read = readLine(path, slice, line, limits);
    if (read === null) return;
    if ("message" in read) {
      failures.push({ path, line, code: read.code, message: `Cannot read the line: ${read.message}` });
      return;
    }
    const name = JSON.stringify([read.draft.source, read.draft.ref, read.draft.context]);
    const other = lines.get(name);
    if (other !== undefined) {
      const message = `Cannot take the line: ref ${
        JSON.stringify(read.draft.ref)
      } was given on line ${other}`;
      failures.push({ path, line, code: "invalid_argument", message });
      return;
    }
    lines.set(name, line);
    drafts.push(read.draft);
  });
  return { drafts, links: [], failures };
}

/** Calls back for each line of bytes, its "\n" and "\r" taken off; so one bad byte spoils one line only. */
export function eachLine(bytes: Uint8Array, take: (line: Uint8Array, index: number) => void): void {
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let index = 0; start < bytes.length; index++) {
    const found = bytes.indexOf(10, start);
    const end = found < 0 ? bytes.length : found;
    take(bytes.subarray(start, end > start && bytes[end - 1] === 13 ? end - 1 : end), index);
    start = end + 1;
  }
}

type Bad = { readonly code: RefusalCode; readonly message: string };

/** A reason not to take a line. */
class BadLine extends Error {
  override readonly name = "BadLine";
  readonly code: RefusalCode;
  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

function readLine(
  path: string,
  bytes: Uint8Array,
  line: number,
  limits: InputLimits,
): { readonly draft: EngramDraft } | Bad | null {
  if (bytes.length > limits.jsonlLineBytesMax) {
    const message = `its ${bytes.length} bytes are more than jsonlLineBytesMax, ${limits.jsonlLineBytesMax}`;
    return { code: "payload_too_large", message };
  }
  const decoded = decodeText(bytes);
  if (!("text" in decoded)) return { code: decoded.code, message: decoded.message };
  if (decoded.text.trim() === "") return null;
  try {
    const draft = toDraft(path, parse(decoded.text, limits), line);
    const over = overLimit(draft, limits);
    return over === null ? { draft } : { code: "payload_too_large", message: over };
  } catch (error) {
    if (error instanceof BadLine) return { code: error.code, message: error.message };
    if (error instanceof NotJson) return { code: "invalid_argument", message: error.message };
    throw error;
  }
}

function parse(text: string, limits: InputLimits): JsonObject {
  const read = parseJson(text);
  if (!("value" in read)) throw new BadLine("invalid_json", `${read.message}, column ${read.column}`);
  const json = toJson(read.value, limits.jsonDepthMax);
  if (!isObject(json)) throw new BadLine("invalid_json", "it is not an object");
  return json;
}

function toDraft(path: string, row: JsonObject, line: number): EngramDraft {
  const content = text(row, "content");
  if (content === null) throw new BadLine("invalid_argument", '"content" is missing');
  if (content.trim() === "") throw new BadLine("invalid_argument", '"content" is empty');
  const confidence = row["confidence"] ?? 1;
  if (typeof confidence !== "number" || !(confidence >= 0 && confidence <= 1)) {
    throw new BadLine("invalid_confidence", '"confidence" must be a number from 0 to 1');
  }
  const observedAt = observed(row);
  const thread = text(row, "thread");
  return {
    kind: kindOf(row),
    content,
    title: text(row, "title"),
    source: text(row, "source") ?? path,
    ref: text(row, "ref") ?? `L${line}`,
    confidence,
    metadata: text(row, "source") === exportSource
      ? metadataOf(row)
      : withOrigin(metadataOf(row), path, line),
    context: text(row, "context"),
    thread,
    position: positionOf(row) ?? (thread === null ? null : line),
    observedAt,
    timeSource: observedAt === null ? "none" : "given",
    validFrom: time(row, "validFrom"),
    validTo: time(row, "validTo"),
    line,
  };
}

/** The metadata given, and beside it every key of the line that sets no field (speaker among them). */
function metadataOf(row: JsonObject): JsonObject {
  const given = row["metadata"] ?? {};
  if (!isObject(given)) throw new BadLine("invalid_argument", '"metadata" must be an object');
  const rest: [string, Json][] = [];
  for (const [key, value] of Object.entries(row)) {
    if (fields.has(key)) continue;
    if (key === "speaker" && value !== null && typeof value !== "string") {
      throw new BadLine("invalid_argument", '"speaker" must be text');
    }
    if (key === "speaker" && value === null) continue;
    if (Object.hasOwn(given, key) && !jsonEqual(given[key] ?? null, value)) {
      const name = JSON.stringify(key);
      throw new BadLine("invalid_argument", `${name} stands in the line and, differently, in its metadata`);
    }
    rest.push([key, value]);
  }
  return { ...given, ...Object.fromEntries(rest) };
}

/** The source an export gives a memory that has none: such a line did not come from a file of a person's. */
export const exportSource = "engramlt";

/** Adds file and line, unless the metadata names its own origin (as lines written by an export do). */
function withOrigin(metadata: JsonObject, path: string, line: number): JsonObject {
  const named = Object.hasOwn(metadata, "file") || Object.hasOwn(metadata, "line");
  return named ? metadata : { ...metadata, file: path, line, lineEnd: line };
}

function text(row: JsonObject, key: string): string | null {
  const value = row[key] ?? null;
  if (value === null) return null;
  if (typeof value !== "string") throw new BadLine("invalid_argument", `"${key}" must be text`);
  if (value === "" && key !== "content" && key !== "title") {
    throw new BadLine("invalid_argument", `"${key}" is empty`);
  }
  return value;
}

function time(row: JsonObject, key: string): number | null {
  const value = row[key] ?? null;
  if (value === null) return null;
  const read = typeof value === "string" ? parseTime(value) : null;
  if (read === null) {
    throw new BadLine("invalid_time", `"${key}" must be ISO 8601, like "2026-03-14T09:30:00Z"`);
  }
  return read.ms;
}

/** `time`, or `observedAt` as an export writes it. */
function observed(row: JsonObject): number | null {
  const given = time(row, "time");
  const other = time(row, "observedAt");
  if (given !== null && other !== null && given !== other) {
    throw new BadLine("invalid_time", '"time" and "observedAt" differ');
  }
  return given ?? other;
}

function positionOf(row: JsonObject): number | null {
  const value = row["position"] ?? null;
  if (value === null) return null;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new BadLine("invalid_argument", '"position" must be a whole number');
  }
  return value;
}

function kindOf(row: JsonObject): EngramKind {
  const value = row["kind"] ?? "note";
  const kind = engramKinds.find((name) => name === value);
  if (kind === undefined) {
    throw new BadLine("invalid_argument", `"kind" must be one of ${engramKinds.join(", ")}`);
  }
  return kind;
}
