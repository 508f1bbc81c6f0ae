/**
 * Edits of a TOML text that leave the rest of it as it is, byte for byte: one table set or removed.
 *
 * Invariants:
 * 1. Outside the table's own lines not one character changes; a new table goes to the end. Tables below it that have
 *    headers of their own stay when it is set, and go with it when it is removed.
 * 2. The result is read again: it holds the table as meant, and everything else as before, or the edit is refused.
 */
import { parse, stringify, TomlError, type TomlTable } from "smol-toml";
import { EngramError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/records.ts";
import { isObject, jsonEqual, NotJson, toJson } from "./json.ts";
import { isBlank } from "./text.ts";

const depthMax = 200;
/** The value of a text. Errors: `invalid_config` with the line. */
function readTomlText(text: string, path: string): Json {
  try {
    return toJson(parse(text.replace(/^\uFEFF/, ""), { integersAsBigInt: "asNeeded" }), depthMax);
  } catch (error) {
    if (error instanceof NotJson) {
      throw new EngramError("invalid_config", `Cannot read ${path}: ${error.message}`, { path });
    }
    if (!(error instanceof TomlError)) throw error;
    const what = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    throw new EngramError(
      "invalid_config",
      `Cannot read ${path}: it is not TOML (${what} at line ${error.line})`,
      { path, line: error.line },
      "Mend it there, or undo what was changed last; nothing was written",
    );
  }
}

/** What stands below two names, or null. */
export function tomlTable(text: string, [first, second]: readonly [string, string], path: string): Json {
  const root = readTomlText(text, path);
  const outer = isObject(root) ? root[first] : null;
  return isObject(outer) ? (outer[second] as Json | undefined) ?? null : null;
}

/** Sets the table `[first.second]`, in its place or at the end. */
export function setTomlTable(
  text: string,
  names: readonly [string, string],
  values: JsonObject,
  path: string,
): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const found = linesOf(text, names, false);
  const own = ownValues(text, found, names, values, path);
  const table = stringify({ [names[0]]: { [names[1]]: own as TomlTable } }).trimEnd().replaceAll("\n", eol);
  const gap = isBlank(text) ? text : text.endsWith("\n") ? text + eol : text + eol + eol;
  const after = found === null
    ? gap + table + eol
    : text.slice(0, found.start) + table + eol + text.slice(found.end);
  return checked(text, after, names, values, path);
}

/** The values without those that stand unchanged in tables of their own below it. */
function ownValues(
  text: string,
  found: { readonly start: number; readonly end: number } | null,
  names: readonly [string, string],
  values: JsonObject,
  path: string,
): JsonObject {
  const old = tomlTable(text, names, path);
  if (!isObject(old)) return values;
  const inPlace = found === null ? null : tomlTable(text.slice(found.start, found.end), names, path);
  const isApart = (name: string) =>
    Object.hasOwn(old, name) && !(isObject(inPlace) && Object.hasOwn(inPlace, name)) &&
    jsonEqual(old[name] as Json, values[name] ?? null);
  return Object.fromEntries(Object.entries(values).filter(([name]) => !isApart(name)));
}

/** Removes the table `[first.second]` with those below it, and the blank lines that set them apart. */
export function removeTomlTable(text: string, names: readonly [string, string], path: string): string {
  let left = text, found = linesOf(text, names, true);
  if (found === null) throw notOwn(path, names);
  for (; found !== null; found = linesOf(left, names, true)) {
    const before = left.slice(0, found.start).replace(/(\r?\n)\r?\n$/, "$1");
    left = before + left.slice(found.end);
  }
  return checked(text, left, names, null, path);
}

/** The lines of a table, or of one below it too, from its header to the next or to the blank lines before it. */
function linesOf(
  text: string,
  [first, second]: readonly [string, string],
  isBelowToo: boolean,
): { start: number; end: number } | null {
  const name = (part: string) => `(?:${part}|"${part}"|'${part}')`;
  const [open, close] = isBelowToo ? ["\\[\\[?", "(?:\\.[^\\n]*)?\\]\\]?"] : ["\\[", "\\]"];
  const header = new RegExp(
    `(?<=^\\uFEFF?)[ \\t]*${open}[ \\t]*${name(first)}[ \\t]*\\.[ \\t]*${
      name(second)
    }[ \\t]*${close}[ \\t]*(?:#.*)?\\r?$`,
    "m",
  );
  const at = header.exec(text);
  if (at === null) return null;
  const rest = text.slice(at.index + at[0].length);
  const next = /^[ \t]*\[|^[ \t]*\r?\n(?=[ \t]*(?:#.*)?\r?\n*[ \t]*\[)/m.exec(rest);
  const body = next === null ? rest : rest.slice(0, next.index);
  // Blank lines and comments that stand before the next table belong to it.
  const own = /^[\s\S]*?(?=(?:[ \t]*(?:#.*)?\r?\n)*$)/.exec(body)?.[0] ?? body;
  const end = at.index + at[0].length + own.length;
  return { start: at.index, end: end + (/^\r?\n/.exec(text.slice(end))?.[0].length ?? 0) };
}

function checked(
  before: string,
  after: string,
  [first, second]: readonly [string, string],
  values: Json,
  path: string,
): string {
  const whole = meant(readTomlText(before, path), first, second, values);
  let got: Json;
  try {
    got = readTomlText(after, path);
  } catch {
    throw notOwn(path, [first, second]);
  }
  if (jsonEqual(got, whole)) return after;
  const bare = isObject(got) && isObject(got[first]) && Object.keys(got[first]).length === 0 &&
    values === null;
  if (bare) return after; // the file names [first] by itself
  throw notOwn(path, [first, second]);
}

function meant(root: Json, first: string, second: string, values: Json): Json {
  const object = isObject(root) ? root as { readonly [key: string]: Json } : {};
  const { [first]: outer, ...others } = object;
  const { [second]: _old, ...siblings } = isObject(outer) ? outer as { readonly [key: string]: Json } : {};
  const now = values === null ? siblings : { ...siblings, [second]: values };
  return Object.keys(now).length === 0 ? others : { ...others, [first]: now };
}

function notOwn(path: string, [first, second]: readonly [string, string]): EngramError {
  return new EngramError(
    "invalid_config",
    `Cannot change ${path}: ${first}.${second} is not written as a table of its own`,
    { path },
    `Write it as [${first}.${second}], or remove it; nothing was written`,
  );
}
