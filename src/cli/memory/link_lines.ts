/**
 * Lines of JSONL that are links: `{"link": {"from": [SOURCE, REF], "to": [SOURCE, REF], "type": T, …}}`. An end whose
 * source and ref are told in several contexts has the context's name as its third part.
 *
 * `memory export` writes them after the memories, so that an import gives the links back.
 */
import { isObject } from "../../input/json.ts";
import type { RefusalCode } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/records.ts";

/** An end of a link: source and ref of a memory, and its context where those alone do not tell it. */
export type LinkEnd = readonly [string, string] | readonly [string, string, string];

/** A link as a line says it. */
export interface LinkLine {
  readonly line: number;
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  readonly type: string;
  readonly weight: number;
  readonly metadata: JsonObject;
}

/** A line that begins like a link and is none. */
export interface BadLink {
  readonly line: number;
  readonly code: RefusalCode;
  readonly message: string;
}

const beginning = new TextEncoder().encode('{"link":');

/** The text of a link's line. */
export function linkLine(link: Omit<LinkLine, "line">): string {
  return JSON.stringify({ link });
}

/** Takes the links out of a piece of JSONL; in `rest` their lines are blank, so that line numbers hold. */
export function linkLines(
  piece: Uint8Array,
  firstLine: number,
): { readonly links: readonly (LinkLine | BadLink)[]; readonly rest: Uint8Array } {
  const links: (LinkLine | BadLink)[] = [];
  let rest = piece;
  for (let start = 0, line = firstLine; start < piece.length; line++) {
    const found = piece.indexOf(10, start);
    const end = found < 0 ? piece.length : found;
    if (beginning.every((byte, at) => piece[start + at] === byte)) {
      if (rest === piece) rest = piece.slice();
      rest.fill(32, start, end);
      links.push(read(new TextDecoder().decode(piece.subarray(start, end)), line));
    }
    start = end + 1;
  }
  return { links, rest };
}

function read(text: string, line: number): LinkLine | BadLink {
  const bad = (message: string): BadLink => ({
    line,
    code: "invalid_json",
    message: `Cannot take the link: ${message}`,
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return bad(error instanceof Error ? error.message : String(error));
  }
  const link = value as { readonly link: unknown };
  const { from, to, type, weight = 1, metadata = {} } = isObject(link.link) ? link.link : {};
  const [source, target] = [endOf(from), endOf(to)];
  if (source === null || target === null) {
    return bad('"from" and "to" must be [source, ref], or [source, ref, context]');
  }
  if (typeof type !== "string" || type === "") return bad('"type" must be text');
  if (typeof weight !== "number") return bad('"weight" must be a number');
  if (!isObject(metadata)) return bad('"metadata" must be an object');
  return { line, from: source, to: target, type, weight, metadata: metadata as JsonObject };
}

function endOf(value: unknown): LinkEnd | null {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) return null;
  const [source, ref, context]: unknown[] = value;
  if (typeof source !== "string" || typeof ref !== "string") return null;
  if (value.length === 2) return [source, ref];
  return typeof context === "string" ? [source, ref, context] : null;
}
