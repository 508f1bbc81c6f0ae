/**
 * Settings files of other programs: read, changed in our own entry alone, written whole or not at all.
 *
 * Owns: what a planned change is, its refusals, the diff a person sees, writing.
 * Does not own: which files and entries (clients.ts), how a text is edited (input), backups (record.ts).
 *
 * Invariants:
 * 1. Nothing is written that was not planned from the very bytes that stand there: a file that changed in between is
 *    refused.
 * 2. A file is replaced by a rename, in its own folder, with its own mode; a crash leaves the old one or the new one.
 * 3. Links, folders, read-only and overlong files are refused, by name, and nothing is written.
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { isObject, jsonEqual } from "../../input/json.ts";
import {
  type JsoncForm,
  readJsonc,
  removeJson,
  removeTomlTable,
  setJson,
  setTomlTable,
  tomlTable,
} from "../../input/mod.ts";
import { EngramError } from "../../kernel/errors.ts";
import type { Json, JsonObject } from "../../kernel/records.ts";
import { os } from "../../runtime/platform.ts";
import { fileRefusal } from "../paths.ts";
import { shellWord } from "../terminal/shell_word.ts";
import { type Client, type ClientFile, type ClientHook, shellLine, type Started } from "./clients.ts";

/** Bytes of a settings file. */
const fileBytesMax = 64 * 1024 * 1024;

/** A change of one file. */
export interface Change {
  readonly path: string;
  /** Null: the file was not there. */
  readonly before: string | null;
  /** Null: the file is to be removed. */
  readonly after: string | null;
  /** The file's mode, where it has one. */
  readonly mode: number | null;
}

function refuse(path: string, what: string, hint: string): EngramError {
  return new EngramError("client_file_refused", `Cannot change ${path}: ${what}`, { path }, hint);
}

/** What stands in a settings file, and its mode. Refuses what may not or should not be written. */
export async function readClientFile(path: string): Promise<{ text: string | null; mode: number | null }> {
  let stat: Deno.FileInfo;
  try {
    stat = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { text: null, mode: null };
    throw fileRefusal("read", path, error);
  }
  if (stat.isSymlink) {
    throw refuse(path, "it is a symbolic link, and what it points to is kept elsewhere", linkHint);
  }
  if (!stat.isFile) throw refuse(path, "it is no file", "Move it out of the way");
  if (stat.size > fileBytesMax) {
    throw refuse(path, `it is larger than ${fileBytesMax} bytes`, "Make it smaller first");
  }
  if (stat.mode !== null && (stat.mode & 0o200) === 0) {
    throw refuse(path, "it is read-only", `Allow writing first: chmod u+w ${shellWord(path)}`);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await Deno.readFile(path));
    return { text, mode: stat.mode === null ? null : stat.mode & 0o777 };
  } catch (error) {
    if (error instanceof TypeError) throw refuse(path, "it is not UTF-8", "Save it as UTF-8 first");
    throw fileRefusal("read", path, error);
  }
}

const linkHint =
  "engramlt setup --dry-run shows nothing for it; add the entry to the file it points to by hand, " +
  "as docs/clients.md shows";

/** The text with our entry in it. What a person added to the entry itself, such as an environment, stays. */
export function withEntry(text: string, file: ClientFile, { command, args }: Started): string {
  if (file.form === "toml") {
    const old = tomlTable(text, file.names, file.path);
    const values = { ...(isObject(old) ? old : {}), command, args } as JsonObject;
    return jsonEqual(old, values) ? text : setTomlTable(text, file.names, values, file.path);
  }
  const old = valueAt(readJsonc(text, file), file.at);
  const kept = isObject(old) ? old as JsonObject : {};
  const value = { ...kept, ...(file.typed ? { type: "stdio" } : {}), command, args };
  return jsonEqual(old, value) ? text : setJson(text, file.at, value, file);
}

/** What our entry starts, as it stands in a file; null where there is none. */
export function entryIn(text: string, file: ClientFile): Started | null {
  const value = file.form === "toml"
    ? tomlTable(text, file.names, file.path)
    : valueAt(readJsonc(text, file), file.at);
  if (!isObject(value) || typeof value["command"] !== "string") return null;
  const args = Array.isArray(value["args"]) ? value["args"].filter((one) => typeof one === "string") : [];
  return { command: value["command"], args };
}

/** The text without our entry; the same where there is none. */
export function withoutEntry(text: string, file: ClientFile): string {
  if (file.form === "toml") {
    const none = tomlTable(text, file.names, file.path) === null;
    return none ? text : removeTomlTable(text, file.names, file.path);
  }
  return valueAt(readJsonc(text, file), file.at) === null ? text : removeJson(text, file.at, file);
}

function valueAt(root: Json, names: readonly string[]): Json {
  let value: unknown = root;
  for (const name of names) value = isObject(value) ? value[name] : null;
  return (value ?? null) as Json;
}

const hooksForm = (path: string): JsoncForm => ({ path, comments: false });

/** The text of a hooks file with our hooks in it: each replaced where it stands, else added to those of its event. */
export function withHooks(text: string, client: Client, program: Started): string {
  const { hooks } = client;
  if (hooks === null) return text;
  const form = hooksForm(hooks.path);
  let now = text;
  for (const hook of hooks.list) {
    const command = shellLine({ command: program.command, args: [...program.args, ...hook.words] }, os);
    const found = groupsOf(now, hook.event, form);
    const own = found.findIndex((group) => isOwn(group, hook));
    const entry = hookEntry(found[own] ?? null, command, hook.timeoutS);
    if (own >= 0 && jsonEqual(found[own] ?? null, entry)) continue;
    now = setJson(now, ["hooks", hook.event, own >= 0 ? own : found.length], entry, form);
  }
  return now;
}

/** Our hook. What a person added to it, such as a matcher or another timeout, stays. */
function hookEntry(old: Json, command: string, timeoutS: number): Json {
  const group = isObject(old) ? old as JsonObject : {};
  const list = group["hooks"];
  const own = Array.isArray(list) && isObject(list[0]) ? list[0] as JsonObject : {};
  const fresh = { type: "command", command, timeout: timeoutS };
  return { ...group, hooks: [{ ...fresh, ...own, type: "command", command }] };
}

/** The text of a hooks file without our hooks, nor lists that they leave empty. */
export function withoutHooks(text: string, client: Client): string {
  const { hooks } = client;
  if (hooks === null) return text;
  const form = hooksForm(hooks.path);
  let now = text;
  for (const hook of hooks.list) {
    const found = groupsOf(now, hook.event, form);
    for (let at = found.length - 1; at >= 0; at--) {
      if (!isOwn(found[at] ?? null, hook)) continue;
      const left = groupsOf(now, hook.event, form).length;
      now = removeJson(now, left === 1 ? ["hooks", hook.event] : ["hooks", hook.event, at], form);
    }
  }
  return now;
}

/** Whether every one of our hooks stands in a hooks file. */
export function hasHooks(text: string, { hooks }: Client): boolean {
  if (hooks === null) return true;
  const form = hooksForm(hooks.path);
  return hooks.list.every((hook) => groupsOf(text, hook.event, form).some((group) => isOwn(group, hook)));
}

function groupsOf(text: string, event: string, form: JsoncForm): readonly Json[] {
  const found = valueAt(readJsonc(text, form), ["hooks", event]);
  if (found === null) return [];
  if (Array.isArray(found)) return found;
  throw refuse(form.path, `hooks.${event} is no list`, "Mend it by hand");
}

/** Whether a group of hooks is ours: one command, that ends in our words. */
function isOwn(group: Json, { words }: ClientHook): boolean {
  const list = isObject(group) ? group["hooks"] : null;
  if (!Array.isArray(list) || list.length !== 1) return false;
  const command: unknown = isObject(list[0]) ? list[0]["command"] : null;
  return typeof command === "string" && command.endsWith(` ${words.join(" ")}`);
}

/** The lines of a change: what goes and what comes, with two lines around. */
export function diffLines({ before, after }: Change): string[] {
  const old = linesOf(before), now = linesOf(after);
  let start = 0, oldEnd = old.length, nowEnd = now.length;
  while (start < oldEnd && start < nowEnd && old[start] === now[start]) start++;
  while (oldEnd > start && nowEnd > start && old[oldEnd - 1] === now[nowEnd - 1]) {
    oldEnd--;
    nowEnd--;
  }
  return [
    ...old.slice(Math.max(0, start - 2), start).map((line) => `  ${line}`),
    ...old.slice(start, oldEnd).map((line) => `- ${line}`),
    ...now.slice(start, nowEnd).map((line) => `+ ${line}`),
    ...old.slice(oldEnd, oldEnd + 2).map((line) => `  ${line}`),
  ];
}

const linesOf = (text: string | null): string[] =>
  text === null || text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);

/** Makes a change. Refuses where the file no longer is what the change was planned from. Gives the folders it made. */
export async function writeChange({ path, before, after, mode }: Change): Promise<string[]> {
  const now = await readClientFile(path);
  if (now.text !== before) {
    throw refuse(path, "another program changed it in the meantime", "Run engramlt setup again");
  }
  try {
    if (after === null) {
      await Deno.remove(path);
      return [];
    }
    const made = await makeFolders(dirname(path));
    const temporary = `${path}.engramlt-${Deno.pid}.new`;
    try {
      await Deno.writeTextFile(temporary, after, { mode: mode ?? 0o600, createNew: true });
      if (mode !== null && os !== "windows") await Deno.chmod(temporary, mode);
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => undefined); // it may not have been made
      throw error;
    }
    return made;
  } catch (error) {
    throw fileRefusal("write", path, error);
  }
}

async function makeFolders(folder: string): Promise<string[]> {
  const made: string[] = [];
  for (let at = folder; !await isThere(at); at = dirname(at)) made.push(at);
  await Deno.mkdir(folder, { recursive: true });
  return made;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** sha256 of a text, in hex. */
export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");
