/**
 * Redaction: what a person did not mean to store is taken out of a text before anything is appended.
 *
 * Two things go: what stands between `<private>` and `</private>`, and credentials known by their shape. What is left
 * in their place says what it was, never what it held. Pure and deterministic; a text without either stays as it is.
 *
 * Invariants:
 * 1. An opened `<private>` that nothing closes hides the rest of its text.
 * 2. Patterns have bounded repetitions or classes that cannot backtrack into each other: time is linear in the text.
 * 3. Redacting twice changes nothing more.
 *
 * It knows shapes, not secrets: a password in plain words ("the code is mango") passes; docs/security.md says so.
 */
import { nestsDeeper } from "../kernel/json_depth.ts";
import type { Json } from "../kernel/records.ts";

/** What was taken out of one request: how often, by what it was. */
export type Redactions = Map<string, number>;

interface Shape {
  readonly what: string;
  readonly pattern: RegExp;
}

/** Credentials by their shape. The longer and more certain come first. A group `keep` stays in front. */
const shapes: readonly Shape[] = [
  {
    what: "private key",
    pattern:
      /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  },
  { what: "GitHub token", pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{40,255})\b/g },
  { what: "GitLab token", pattern: /\bglpat-[\w-]{20,64}/g },
  { what: "Anthropic key", pattern: /\bsk-ant-[\w-]{20,255}/g },
  { what: "OpenAI key", pattern: /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,255}/g },
  { what: "Stripe key", pattern: /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}\b/g },
  { what: "Slack token", pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,255}/g },
  { what: "Slack webhook", pattern: /https:\/\/hooks\.slack\.com\/services\/[\w/]{20,128}/g },
  { what: "AWS access key", pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { what: "Google key", pattern: /\bAIza[\w-]{35}/g },
  { what: "Google token", pattern: /\bya29\.[\w-]{20,512}/g },
  { what: "npm token", pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { what: "PyPI token", pattern: /\bpypi-[\w-]{50,512}/g },
  { what: "Hugging Face token", pattern: /\bhf_[A-Za-z0-9]{30,64}\b/g },
  { what: "SendGrid key", pattern: /\bSG\.[\w-]{16,64}\.[\w-]{16,128}/g },
  { what: "Telegram token", pattern: /\b\d{8,10}:AA[\w-]{33}/g },
  { what: "web token", pattern: /\beyJ[\w-]{8,4096}\.eyJ[\w-]{8,8192}\.[\w-]{8,4096}/g },
  { what: "bearer token", pattern: /(?<keep>\b[Bb]earer\s{1,4})[\w.~+/-]{20,4096}={0,2}/g },
  {
    what: "password in an address",
    pattern: /(?<keep>\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"']{1,128}:)[^\s/@"']{1,256}(?=@)/gi,
  },
  {
    what: "password",
    // A label, a colon or an equals sign, and one word that has a digit or a sign in it: no word of a sentence.
    pattern:
      /(?<keep>\b(?:password|passwd|passphrase|pwd|secret|api[_ -]?key|access[_ -]?key|secret[_ -]?key|(?:access|auth|api|refresh)[_ -]?token|client[_ -]?secret)\b["']?\s{0,4}[:=]\s{0,4}["']?)(?!\[redacted: )(?=[^\s"',;]{0,255}[\d!@#$%^&*+=?~_])[^\s"',;]{6,256}/gi,
  },
];

const privatePattern = /<private>[^]*?(?:<\/private>|$)/gi;

function count(into: Redactions, what: string): void {
  into.set(what, (into.get(what) ?? 0) + 1);
}

/** The text without what is private; what went is added to `into`. */
export function redactText(text: string, into: Redactions): string {
  let left = text;
  if (/<private>/i.test(left)) {
    left = left.replace(privatePattern, () => {
      count(into, "private");
      return "[redacted: private]";
    });
  }
  for (const { what, pattern } of shapes) {
    left = left.replace(pattern, (...found) => {
      const groups: unknown = found.at(-1);
      const keep = typeof groups === "object" && groups !== null && "keep" in groups ? groups.keep : "";
      count(into, what);
      return `${typeof keep === "string" ? keep : ""}[redacted: ${what}]`;
    });
  }
  return left;
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
  const entries = Object.entries(value).map(([key, one]): [string, Json] => {
    const name = redactText(key, into);
    const left = redactLabelled(key, redactJson(one, into), into);
    changed ||= name !== key || left !== one;
    return [name, left];
  });
  return changed ? Object.fromEntries(entries) : value;
}

/** A member whose name is a label of credentials: its value alone has no shape, both together have. */
function redactLabelled(key: string, value: Json, into: Redactions): Json {
  if (typeof value !== "string" || value.length > 256) return value;
  const joined = `${key}=${value}`;
  return redactText(joined, new Map()) === joined ? value : redactText(joined, into).slice(key.length + 1);
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * JSON text with its texts redacted; the very text given where there is nothing to redact, so that bytes pass
 * unchanged. The text must parse.
 */
export function redactJsonText(text: string, into: Redactions): string {
  const before = into.size;
  const value = JSON.parse(text) as Json;
  if (nestsDeeper(value)) {
    // Too deep to be walked; the text itself can be.
    const plain = redactText(text, into);
    if (plain !== text) JSON.parse(plain);
    return plain;
  }
  const left = redactJson(value, into);
  return into.size === before && left === value ? text : JSON.stringify(left);
}
