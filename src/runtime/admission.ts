/**
 * Admission: what no entry could hold is refused before it is asked, so that a caller's mistake never becomes a fault.
 *
 * Invariant: a command that passes can be logged, and its JSON can be walked, written and copied between threads.
 */
import { type Command, EngramError, jsonDepthMax, nestsDeeper } from "../kernel/mod.ts";
import { problem } from "../log/mod.ts";
import type { Request } from "./requests.ts";

/** Levels of a request around the JSON that a caller puts into it. */
const requestLevels = 8;
/** Levels of an entry around a command. */
const entryLevels = 3;

const invalid = (why: string) => new EngramError("invalid_argument", `Cannot take the command: ${why}`);

/** Where a text with half a surrogate pair stands in a value, as a path; null where all are well-formed. */
function illFormed(value: unknown): string | null {
  if (typeof value === "string") return value.isWellFormed() ? null : "";
  if (typeof value !== "object" || value === null) return null;
  for (const [key, one] of Object.entries(value)) {
    const shown = Array.isArray(value) ? `[${key}]` : `.${key.toWellFormed()}`;
    const found = key.isWellFormed() ? illFormed(one) : "";
    if (found !== null) return `${shown}${found}`;
  }
  return null;
}

/** Refuses (`invalid_argument`) a request that nests too deep or holds half a surrogate pair. */
export function checkRequest(request: Request): void {
  if (nestsDeeper(request, jsonDepthMax + requestLevels)) {
    throw invalid(`it nests deeper than ${jsonDepthMax} levels`);
  }
  const where = illFormed(request);
  if (where !== null) throw invalid(`${where.replace(/^\./, "")} holds half of a surrogate pair`);
}

/** Refuses (`invalid_argument`) a command that no entry can hold. */
export function checkCommand(command: Command): void {
  const found = problem(command, entryLevels);
  if (found !== null) throw invalid(`it cannot be kept: ${found.replace(/^[.: ]+/, "")}`);
}
