/**
 * Front matter: the YAML between `---` lines at the head of a note.
 *
 * Owns: where it ends, reading it as a bounded JSON object, and its broken lines.
 * Does not own: what its keys mean (notes.ts).
 */
import { LineCounter, parseDocument } from "yaml";
import type { RefusalCode } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/records.ts";
import type { InputLimits } from "./drafts.ts";
import { isObject, NotJson, toJson } from "./json.ts";
import type { Line } from "./text.ts";
import { utf8Length } from "./text.ts";

/** What stands at the head of a note. `bodyLine` is the index (from 0) of the first line after it. */
export type FrontMatter =
  | { readonly values: JsonObject; readonly bodyLine: number }
  | { readonly code: RefusalCode; readonly line: number; readonly message: string };

/**
 * Reads front matter. A `---` on the first line that no other closes, or whose lines are no mapping, is a thematic
 * break of the text; but an unclosed one followed by `key: value` is named as broken.
 */
export function readFrontMatter(text: string, lines: readonly Line[], limits: InputLimits): FrontMatter {
  const none: FrontMatter = { values: {}, bodyLine: 0 };
  const lineText = (index: number) => text.slice(lines[index]?.start, lines[index]?.end);
  if (lines.length === 0 || !/^---[ \t]*$/.test(lineText(0))) return none;
  let close = 1;
  while (close < lines.length && !/^(?:---|\.\.\.)[ \t]*$/.test(lineText(close))) close++;
  if (close >= lines.length) {
    if (lines.length === 1 || !/^[\p{L}_][\p{L}\p{N}_ -]*:(?:\s|$)/u.test(lineText(1))) return none;
    return { code: "invalid_note", line: 1, message: "the front matter is not closed by a line of ---" };
  }
  const yaml = text.slice(lines[1]?.start, lines[close]?.start);
  if (utf8Length(yaml) > limits.frontMatterBytesMax) {
    return {
      code: "payload_too_large",
      line: 1,
      message: `the front matter is larger than frontMatterBytesMax, ${limits.frontMatterBytesMax} bytes`,
    };
  }
  const read = readYaml(yaml, limits.jsonDepthMax);
  if ("message" in read) {
    return {
      code: "invalid_note",
      line: read.line + 1,
      message: `the front matter is broken: ${read.message}`,
    };
  }
  if (read.value === null) return { values: {}, bodyLine: close + 1 };
  return isObject(read.value) ? { values: read.value, bodyLine: close + 1 } : none;
}

type ReadYaml =
  | { readonly value: ReturnType<typeof toJson> }
  | { readonly line: number; readonly message: string };

function readYaml(yaml: string, depthMax: number): ReadYaml {
  if (nestsDeeper(yaml, depthMax * 4)) return { line: 1, message: "it nests too deep" };
  const lineCounter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter, prettyErrors: false, logLevel: "silent" });
  const [error] = document.errors;
  if (error !== undefined) {
    return { line: lineCounter.linePos(error.pos[0]).line, message: firstLine(error.message) };
  }
  try {
    return { value: toJson(document.toJS(), depthMax) };
  } catch (error) {
    if (!isReadError(error)) throw error;
    return { line: 1, message: error instanceof RangeError ? "it nests too deep" : firstLine(error.message) };
  }
}

/** What reading a YAML tree may throw: no JSON, too many aliases (yaml's ReferenceError), too deep (RangeError). */
export function isReadError(error: unknown): error is NotJson | ReferenceError | RangeError {
  return error instanceof NotJson || error instanceof ReferenceError || error instanceof RangeError;
}

/** Whether a YAML text could nest deeper than a bound: counted without a parser, which would recurse. */
export function nestsDeeper(yaml: string, depthMax: number): boolean {
  let depth = 0;
  for (const match of yaml.matchAll(/[[{\]}]|^[ \t]*(?:[-?:][ \t]+)*/gm)) {
    const [mark] = match;
    if (mark === "[" || mark === "{") depth++;
    else if (mark === "]" || mark === "}") depth = Math.max(0, depth - 1);
    else if (mark.replace(/[^-?:]/g, "").length > depthMax) return true;
    if (depth > depthMax) return true;
  }
  return false;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
