/**
 * Redaction: what a person did not mean to store is taken out of a text before anything is appended.
 *
 * Two things go: what stands between `<private>` and `</private>`, and credentials known by their shape
 * (credentials.ts). What is left in their place says what it was, never what it held. Pure and deterministic; a text
 * without either stays as it is.
 *
 * Invariants:
 * 1. An opened `<private>` that nothing closes hides the rest of its text, a `</private>` that nothing opened what
 *    stands before it; they nest. A mark alone between backticks speaks of the mark, and is none.
 * 2. Time is linear in the text.
 * 3. Redacting twice changes nothing more.
 *
 * It knows shapes, not secrets: a password in plain words ("the code is mango") passes; docs/security.md says so.
 */
import { nestsDeeper } from "../kernel/json_depth.ts";
import type { Json } from "../kernel/records.ts";
import { isNamedSecret, withoutCredentials } from "./credentials.ts";

/** What was taken out of one request: how often, by what it was. */
export type Redactions = Map<string, number>;

/** A mark of either kind; it may have attributes, and blanks inside. */
const privateMark = /(?<!`(?=<[^<>]{0,200}>`))<\s{0,8}(?<close>\/?)\s{0,8}private(?![\w-])[^<>]{0,200}>/gi;

function count(into: Redactions, what: string): void {
  into.set(what, (into.get(what) ?? 0) + 1);
}

/** As many line ends as a text has. */
const lineEnds = (text: string): string => "\n".repeat(text.split("\n").length - 1);

/** The text without what is marked private. */
function withoutPrivate(text: string, into: Redactions, keepLines: boolean): string {
  let left = "", depth = 0, kept = 0, opened = 0;
  const cut = (from: number, to: number) => {
    left += `[redacted: private]${keepLines ? lineEnds(text.slice(from, to)) : ""}`;
    count(into, "private");
  };
  for (const mark of text.matchAll(privateMark)) {
    const end = mark.index + mark[0].length;
    if (mark.groups?.["close"] === "") {
      if (depth === 0) {
        left += text.slice(kept, mark.index);
        opened = mark.index;
      }
      depth += 1;
      continue;
    }
    if (depth === 0) {
      // Nothing opened it: where it began is not known, so all before it goes.
      left = "";
      opened = 0;
    }
    depth = Math.max(0, depth - 1);
    if (depth > 0) continue;
    cut(opened, end);
    kept = end;
  }
  if (depth === 0) return left + text.slice(kept);
  cut(opened, text.length);
  return left;
}

/** How a text is redacted. */
export interface RedactForm {
  /** As many line ends as before stand in the place of what went, for a text whose lines are told by number. */
  readonly keepLines?: boolean;
}

/** The text without what is private; what went is added to `into`. */
export function redactText(text: string, into: Redactions, { keepLines = false }: RedactForm = {}): string {
  const open = text.search(privateMark) < 0 ? text : withoutPrivate(text, into, keepLines);
  return withoutCredentials(open, (what, gone) => {
    count(into, what);
    return keepLines ? lineEnds(gone) : "";
  });
}

/** The same for every text in a JSON value, names of members included; a value that holds none is given back itself. */
export function redactJson(value: Json, into: Redactions): Json {
  if (typeof value === "string") return redactText(value, into);
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) {
    const list = value.map((one) => redactJson(one, into));
    return list.every((one, at) => one === value[at]) ? value : list;
  }
  let changed = false;
  const taken = new Set<string>();
  const entries = Object.entries(value).map(([key, one]): [string, Json] => {
    const name = freeName(redactText(key, into), taken);
    const left = redactNamed(key, redactJson(one, into), into);
    changed ||= name !== key || left !== one;
    return [name, left];
  });
  return changed ? Object.fromEntries(entries) : value;
}

/** Two names that differ in nothing but their secrets stay two. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name} ${number}`;
  taken.add(free);
  return free;
}

/** A member whose name is a label of credentials: its value alone has no shape, both together have. */
function redactNamed(key: string, value: Json, into: Redactions): Json {
  if (typeof value !== "string" && typeof value !== "number") return value;
  if (!isNamedSecret(key, String(value))) return value;
  count(into, "password");
  return "[redacted: password]";
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * JSON text with its texts redacted; the very text given where there is nothing to redact, so that bytes pass
 * unchanged. The text must parse.
 */
export function redactJsonText(text: string, into: Redactions): string {
  const value = JSON.parse(text) as Json;
  if (nestsDeeper(value)) {
    // Too deep to be walked; the text itself can be.
    const plain = redactText(text, into);
    if (plain !== text) JSON.parse(plain);
    return plain;
  }
  const left = redactJson(value, into);
  return left === value ? text : JSON.stringify(left);
}
