/**
 * Codex sessions that were forked from others: a fork's file begins with all that was said before it, with new times.
 *
 * Owns: the heads of transcripts, each read once; which files a fork came from, and which session a family begins with.
 * Does not own: the lines themselves (input/transcripts.ts).
 *
 * Invariant: a session whose file is gone ends the search; what its descendants tell of it still counts.
 */
import { type CodexHead, readCodexHead } from "../../input/mod.ts";
import { basename } from "../paths.ts";

/** Bytes of a first line: it may hold a program's whole instructions. */
const headBytesMax = 4 * 1024 * 1024;
/** Sessions from a fork to the first one. */
const generationsMax = 64;

/** The head of a transcript; null where its first line is none, or can't be read. */
function headIn(path: string): CodexHead | null {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch {
    return null; // reading it whole tells why
  }
  try {
    let bytes = new Uint8Array(0);
    while (bytes.length < headBytesMax) {
      const piece = new Uint8Array(64 * 1024);
      const size = file.readSync(piece);
      if (size === null) break;
      const joined = new Uint8Array(bytes.length + size);
      joined.set(bytes);
      joined.set(piece.subarray(0, size), bytes.length);
      bytes = joined;
      const end = bytes.indexOf(10, bytes.length - size);
      if (end >= 0) return readCodexHead(bytes.subarray(0, end));
    }
    return readCodexHead(bytes);
  } catch {
    return null; // a folder, or gone: reading it whole tells why
  } finally {
    file.close();
  }
}

/** The families of the transcripts on this machine. */
export class CodexFamilies {
  readonly #heads = new Map<string, CodexHead | null>();
  #paths: ReadonlyMap<string, string> = new Map();

  /** Takes in every transcript there is; a name ends in its session's id. */
  know(paths: readonly string[]): void {
    this.#paths = new Map(paths.map((path) => [basename(path), path]));
  }

  /** Whether a transcript is of a fork. */
  isFork(path: string): boolean {
    const head = this.#headIn(path);
    return head !== null && head.family !== head.id;
  }

  /** The transcripts that one was forked from, the oldest first. */
  ancestors(path: string): string[] {
    const found: string[] = [];
    let head = this.#headIn(path);
    while (head !== null && head.family !== head.id && found.length < generationsMax) {
      const above = this.#pathOf(head.family);
      if (above === null || above === path || found.includes(above)) break;
      found.unshift(above);
      head = this.#headOf(head.family);
    }
    return found;
  }

  /** The first session of the family that a session belongs to. */
  rootOf(session: string): string {
    let at = session;
    for (let count = 0; count < generationsMax; count++) {
      const family = this.#headOf(at)?.family ?? at;
      if (family === at) return at;
      at = family;
    }
    return at;
  }

  #pathOf(session: string): string | null {
    for (const [name, path] of this.#paths) if (name.endsWith(`-${session}.jsonl`)) return path;
    return null;
  }

  #headOf(session: string): CodexHead | null {
    const path = this.#pathOf(session);
    return path === null ? null : this.#headIn(path);
  }

  #headIn(path: string): CodexHead | null {
    let head = this.#heads.get(path);
    if (head === undefined) this.#heads.set(path, head = headIn(path));
    return head;
  }
}
