/** Paths as a person gives them, and files read with a clear refusal. */
import { basename, dirname, join, resolve } from "node:path";
import { EngramError } from "../kernel/errors.ts";
import { defaultDataFolder } from "../runtime/platform.ts";
import type { Terminal } from "./terminal/terminal.ts";

export { basename, dirname, join };

/** A path from the caller's folder; `~` is the home folder, also where no shell has replaced it. Refuses "". */
export function fromCaller(terminal: Terminal, path: string): string {
  if (path === "") {
    throw new EngramError(
      "usage",
      'Cannot use the path "": it is empty',
      {},
      "Name a file or a folder; . is this one",
    );
  }
  const home = terminal.env("HOME") ?? terminal.env("USERPROFILE");
  const full = home !== undefined && /^~(?=$|[\\/])/.test(path) ? home + path.slice(1) : path;
  return resolve(terminal.folder, full);
}

/** The data folder: as given, else one folder of the person's. Never the current folder. */
export function dataFolder(terminal: Terminal, data: string | null): string {
  if (data !== null && data !== "") return fromCaller(terminal, data);
  const folder = defaultDataFolder();
  if (folder !== null) return folder;
  throw new EngramError(
    "usage",
    "Cannot choose a data folder: neither HOME nor a data variable is set",
    {},
    "Name one with --data DIR or ENGRAMLT_DATA",
  );
}

/** The refusal that tells why a file or folder can't be used. */
export function fileRefusal(what: string, path: string, error: unknown): EngramError {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
    return new EngramError("file_not_found", `Cannot ${what} ${path}: there is no such file or folder`, {
      path,
    });
  }
  const words = error instanceof Error ? error.message : String(error);
  const isFull = /no space|quota exceeded|file too large/i.test(words);
  return new EngramError(isFull ? "disk_full" : "io_failed", `Cannot ${what} ${path}: ${words}`, { path });
}

/** The bytes of a file. */
export async function readBytes(path: string, what: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw fileRefusal(what, path, error);
  }
}

/** The text of a file. */
export async function readText(path: string, what: string): Promise<string> {
  const bytes = await readBytes(path, what);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new EngramError("invalid_encoding", `Cannot ${what} ${path}: it is not UTF-8`, { path });
  }
}

/** What stands at a path, or null. */
export async function statOf(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw fileRefusal("read", path, error);
  }
}
