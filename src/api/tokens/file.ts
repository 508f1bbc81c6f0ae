/** The host's own token as it lies in the data folder: apart from tokens.ts, since every command reads it. */
import { EngramError } from "../../kernel/errors.ts";
import type { DataPaths } from "../../runtime/data_folder.ts";

/** The token that the host of a folder made at its first start, 64 hex digits; null where there is none. */
export function readToken(paths: DataPaths): string | null {
  try {
    const text = Deno.readTextFileSync(paths.token).trim();
    return /^[0-9a-f]{64}$/.test(text) ? text : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw unreadable(paths.token, error);
  }
}

/** What a file of tokens that can't be read is refused with. */
export function unreadable(path: string, error: unknown): EngramError {
  const words = error instanceof Error ? error.message : String(error);
  return new EngramError("io_failed", `Cannot read ${path}: ${words}`);
}
