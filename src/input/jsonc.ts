/**
 * Edits of a JSON text that leave the rest of it as it is, byte for byte: a program's settings that a person may have
 * written by hand, with comments and trailing commas where that program allows them.
 *
 * Owns: where a value stands in the text, where a new one goes, which comma goes with it.
 * Does not own: which file, which values (src/cli/setup/client_files.ts).
 *
 * Invariants:
 * 1. Outside the value set, added or removed, and its comma, not one character changes.
 * 2. The result is checked: read again, it is the value that was meant, or the edit is a fault.
 */
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { assert, EngramError } from "../kernel/errors.ts";
import type { Json } from "../kernel/records.ts";
import { isObject, jsonEqual } from "./json.ts";
import { isBlank } from "./text.ts";

/** Names and places from the root to a value. */
export type JsonPath = readonly (string | number)[];

/** How a text is read. */
export interface JsoncForm {
  /** For messages. */
  readonly path: string;
  /** Whether comments and trailing commas are allowed. */
  readonly comments: boolean;
}

const depthMax = 200;

/** What the parser names, for people. */
const faults = new Map<string, string>([
  ["InvalidSymbol", "a word that means nothing"],
  ["InvalidNumberFormat", "a number that is none"],
  ["PropertyNameExpected", "a name in double quotes is missing"],
  ["ValueExpected", "a value is missing"],
  ["ColonExpected", "a colon is missing"],
  ["CommaExpected", "a comma is missing"],
  ["CloseBraceExpected", "a closing brace is missing"],
  ["CloseBracketExpected", "a closing bracket is missing"],
  ["EndOfFileExpected", "something stands after the end"],
  ["InvalidCommentToken", "a comment"],
  ["UnexpectedEndOfComment", "a comment that does not end"],
  ["UnexpectedEndOfString", "a text that does not end"],
  ["UnexpectedEndOfNumber", "a number that does not end"],
]);

function treeOf(text: string, { path, comments }: JsoncForm): Node {
  const errors: ParseError[] = [];
  const options = { disallowComments: !comments, allowTrailingComma: comments };
  let tree: Node | undefined;
  try {
    // A mark of the byte order is no part of JSON; a blank in its place leaves every offset as it is.
    tree = parseTree(text.replace(/^\uFEFF/, " "), errors, options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw tooDeep(path);
  }
  const [error] = errors;
  if (error === undefined && tree !== undefined) return tree;
  const before = text.slice(0, error?.offset ?? 0).split(/\r\n|\n|\r/);
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  const what = error === undefined
    ? "it is empty"
    : faults.get(printParseErrorCode(error.error)) ?? "a character that may not stand there";
  const kind = comments ? "JSON with comments" : "JSON";
  throw new EngramError("invalid_config", `Cannot read ${path}: it is not ${kind} (${what} at ${place})`, {
    path,
    line: before.length,
  }, "Mend it there, or undo what was changed last; nothing was written");
}

/** The value of a text; blank is an empty object. Errors: `invalid_config` with line and column. */
export function readJsonc(text: string, form: JsoncForm): Json {
  if (isBlank(text)) return {};
  return plain(getNodeValue(treeOf(text, form)), depthMax, form.path);
}

/** A parser's value as plain JSON; other programs' texts may hold half surrogate pairs, and keep them. */
function plain(value: unknown, levels: number, path: string): Json {
  if (typeof value !== "object" || value === null) return value as Json;
  if (levels === 0) throw tooDeep(path);
  if (Array.isArray(value)) return value.map((one: unknown) => plain(one, levels - 1, path));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, levels - 1, path)]));
}

function tooDeep(path: string): EngramError {
  return new EngramError("invalid_config", `Cannot read ${path}: it nests too deep`, { path });
}

/** Sets the value at a path, making objects on the way; a number one beyond the end of a list adds to it. */
export function setJson(text: string, path: JsonPath, value: Json, form: JsoncForm): string {
  if (isBlank(text)) return `${JSON.stringify(nested(path, value), null, 2)}\n`;
  const before = readJsonc(text, form);
  let node = treeOf(text, form);
  let after: string | null = null;
  for (const [at, key] of path.entries()) {
    const inner = childOf(node, key);
    if (inner === null) {
      after = inserted(text, node, key, nested(path.slice(at + 1), value), form);
      break;
    }
    node = inner;
  }
  after ??= text.slice(0, node.offset) + shown(value, lineIndent(text, node.offset), text) +
    text.slice(node.offset + node.length);
  return checked(after, withValue(before, path, value), form);
}

/** Removes what stands at a path, which must be there. */
export function removeJson(text: string, path: JsonPath, form: JsoncForm): string {
  const before = readJsonc(text, form);
  let node = treeOf(text, form);
  for (const key of path) {
    const inner = childOf(node, key);
    assert(inner !== null, `${path.join(".")} is in ${form.path}`);
    node = inner;
  }
  const item = node.parent?.type === "property" ? node.parent : node;
  const siblings = item.parent?.children ?? [];
  const at = siblings.indexOf(item);
  const previous = siblings[at - 1], next = siblings[at + 1];
  const end = item.offset + item.length;
  const comma = commaAfter(text, end);
  let from: number, to: number;
  if (next !== undefined && comma !== null) {
    from = item.offset;
    to = comma + 1 + /^[ \t]*(?:\r?\n)?[ \t]*/.exec(text.slice(comma + 1))![0].length;
  } else {
    const start = previous === undefined ? null : commaAfter(text, previous.offset + previous.length);
    // A trailing comma stays for the one before; a first and only item takes its own along.
    from = start === null || comma !== null ? blankBefore(text, item.offset) : start;
    to = comma === null ? end : comma + 1;
    if (start !== null && comma === null && !isBlankBetween(text, start + 1, item.offset)) {
      // A comment stands between: only the comma and the item go.
      return checked(
        text.slice(0, start) + text.slice(start + 1, blankBefore(text, item.offset)) + text.slice(end),
        withoutValue(before, path),
        form,
      );
    }
  }
  return checked(text.slice(0, from) + text.slice(to), withoutValue(before, path), form);
}

const isBlankBetween = (text: string, from: number, to: number): boolean =>
  text.slice(from, to).trim() === "";

/** Where the blanks before a place begin. */
function blankBefore(text: string, at: number): number {
  return at - (/[ \t\r\n]*$/.exec(text.slice(0, at))?.[0].length ?? 0);
}

/** The comma that follows a value, past blanks and comments, or null. */
function commaAfter(text: string, end: number): number | null {
  const skipped = /^(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/.exec(text.slice(end))?.[0].length ?? 0;
  return text[end + skipped] === "," ? end + skipped : null;
}

function childOf(node: Node, key: string | number): Node | null {
  if (typeof key === "number") return node.type === "array" ? node.children?.[key] ?? null : null;
  if (node.type !== "object") return null;
  // Of a name given twice the last counts, as in every reader of JSON.
  const property = node.children?.findLast(({ children }) => children?.[0]?.value === key);
  return property?.children?.[1] ?? null;
}

/** A text with a value added at the end of an object or a list. */
function inserted(text: string, parent: Node, key: string | number, value: Json, form: JsoncForm): string {
  const isList = typeof key === "number";
  if (parent.type !== (isList ? "array" : "object")) {
    const what = isList ? "a list" : "an object";
    throw new EngramError(
      "invalid_config",
      `Cannot add ${JSON.stringify(key)} to ${form.path}: what should hold it is not ${what}`,
      { path: form.path },
      "Mend it by hand; nothing was written",
    );
  }
  const close = parent.offset + parent.length - 1;
  const last = parent.children?.at(-1);
  const isOneLine = !text.slice(parent.offset, close).includes("\n") &&
    (last !== undefined || !text.includes("\n"));
  const outer = lineIndent(text, close), eol = eolOf(text);
  const inner = isOneLine ? "" : last === undefined ? outer + unitOf(text) : lineIndent(text, last.offset);
  const name = isList ? "" : `${JSON.stringify(key)}:${isOneLine && !/[{,] /.test(text) ? "" : " "}`;
  const item = name + (isOneLine ? JSON.stringify(value) : shown(value, inner, text));
  const start = blankBefore(text, close);
  const gap = isOneLine ? "" : eol + inner;
  if (last === undefined) {
    const tail = isOneLine ? text.slice(start, close) : eol + outer;
    return text.slice(0, start) + gap + item + tail + text.slice(close);
  }
  const end = last.offset + last.length, comma = commaAfter(text, end);
  if (comma !== null) return text.slice(0, start) + gap + item + text.slice(start);
  const space = isOneLine && /, /.test(text.slice(parent.offset, close)) ? " " : "";
  return `${text.slice(0, end)},${text.slice(end, start)}${gap}${space}${item}${text.slice(start)}`;
}

const eolOf = (text: string): string => text.includes("\r\n") ? "\r\n" : "\n";

/** What the line of a place begins with. */
function lineIndent(text: string, at: number): string {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, at))?.[0] ?? "";
}

/** One level of the text's own indentation. */
const unitOf = (text: string): string => /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";

/** A value in the text's own form, its first line not indented. */
function shown(value: Json, indent: string, text: string): string {
  if (!text.includes("\n")) return JSON.stringify(value);
  return JSON.stringify(value, null, unitOf(text)).replaceAll("\n", eolOf(text) + indent);
}

/** A value below the names of a path; a number makes a list. */
function nested(path: JsonPath, value: Json): Json {
  return path.reduceRight<Json>(
    (inner, key) => typeof key === "number" ? [inner] : { [key]: inner },
    value,
  );
}

function withValue(holder: Json, [key, ...rest]: JsonPath, value: Json): Json {
  if (key === undefined) return value;
  if (typeof key === "number") {
    assert(Array.isArray(holder), "a list holds what is numbered");
    const inner = key < holder.length ? withValue(holder[key] ?? null, rest, value) : nested(rest, value);
    return holder.toSpliced(key, 1, inner);
  }
  assert(isObject(holder), "an object holds what is named");
  const object = holder as { readonly [key: string]: Json };
  const inner = Object.hasOwn(object, key)
    ? withValue(object[key] ?? null, rest, value)
    : nested(rest, value);
  return { ...object, [key]: inner };
}

function withoutValue(holder: Json, [key, ...rest]: JsonPath): Json {
  assert(key !== undefined, "a path of at least one name");
  if (typeof key === "number") {
    assert(Array.isArray(holder), "a list holds what is numbered");
    return rest.length === 0
      ? holder.toSpliced(key, 1)
      : holder.toSpliced(key, 1, withoutValue(holder[key] ?? null, rest));
  }
  assert(isObject(holder), "an object holds what is named");
  const { [key]: inner, ...others } = holder as { readonly [key: string]: Json };
  return rest.length === 0 ? others : { ...others, [key]: withoutValue(inner ?? null, rest) };
}

function checked(text: string, meant: Json, form: JsoncForm): string {
  assert(jsonEqual(readJsonc(text, form), meant), `an edit of ${form.path} gives what was meant`);
  return text;
}
