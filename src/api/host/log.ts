/**
 * HostLog: what a host tells of itself, in DATA/host.log, for whoever looks later (`engramlt logs`).
 *
 * Owns: the form of a line, the bounds of a line, of a file and of their number, taking turns of the files.
 * Does not own: what is worth a line (serve_host.ts), the log of commands (src/log), which this is not.
 *
 * Invariants:
 * 1. No memory's text is in it: lines say what the host did, and errors in their own words.
 * 2. A line that cannot be written never ends the host: it is counted, and the next that can be written tells.
 * 3. `hostLogLimits.filesMax` files of about `fileBytesMax` bytes are the most there is.
 */
import { type LogLevel, logLevels } from "../../input/log_levels.ts";
import { makePrivate } from "../../runtime/platform.ts";

/** Bounds of the host's log. */
export const hostLogLimits = {
  /** Bytes of a file, from which on the next line begins another. */
  fileBytesMax: 1024 * 1024,
  /** Files at once: host.log, host.log.1 (the one before) and so on. */
  filesMax: 4,
  /** Characters of a line's text; what is more is cut. */
  lineCharsMax: 4000,
} as const;

/** Settings of a log. */
export interface HostLogOptions {
  readonly fileBytesMax?: number;
  readonly filesMax?: number;
  /** The least that matters enough to be written. Default info. */
  readonly level?: LogLevel;
  /** Told every line as well, as for a person at a terminal. */
  readonly onLine?: (level: LogLevel, text: string) => void;
  /** The time, in ms since 1970. */
  readonly now?: () => number;
}

/** The log of a host. */
export class HostLog {
  readonly #path: string;
  readonly #options: HostLogOptions;
  readonly #bytesMax: number;
  readonly #filesMax: number;
  #file: Deno.FsFile | null = null;
  #bytes = 0;
  #lost = 0;

  constructor(path: string, options: HostLogOptions = {}) {
    this.#path = path;
    this.#options = options;
    this.#bytesMax = options.fileBytesMax ?? hostLogLimits.fileBytesMax;
    this.#filesMax = options.filesMax ?? hostLogLimits.filesMax;
  }

  /** Whether a line of this level is written. */
  tells(level: LogLevel): boolean {
    return logLevels.indexOf(level) <= logLevels.indexOf(this.#options.level ?? "info");
  }

  /** Writes one line, where its level is told. */
  write(level: LogLevel, text: string): void {
    if (!this.tells(level)) return;
    this.#options.onLine?.(level, text);
    this.#record(level, text);
  }

  #record(level: LogLevel, text: string): void {
    const { now = Date.now } = this.#options;
    const time = new Date(now()).toISOString();
    try {
      if (this.#lost > 0) {
        this.#append(`${time} warn  ${this.#lost} lines before this one could not be written\n`);
        this.#lost = 0;
      }
      this.#append(`${time} ${level.padEnd(5)} ${lineOf(text)}\n`);
    } catch {
      this.#lost++; // told with the next line that can be written
      this.close();
    }
  }

  /** Writes an error: a refusal in its words, a fault with its stack. */
  error(error: unknown): void {
    this.write("error", errorText(error));
  }

  /** Writes an error in the file alone: it is thrown, and whoever catches it tells it. */
  thrown(error: unknown): void {
    this.#record("error", errorText(error));
  }

  /** Closes the file; a later line opens it again. */
  close(): void {
    const file = this.#file;
    this.#file = null;
    try {
      file?.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
    }
  }

  #append(line: string): void {
    const bytes = new TextEncoder().encode(line);
    if (this.#file !== null && this.#bytes > 0 && this.#bytes + bytes.length > this.#bytesMax) this.#turn();
    const file = this.#file ??= this.#open();
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    this.#bytes += bytes.length;
  }

  #open(): Deno.FsFile {
    const file = Deno.openSync(this.#path, { append: true, create: true });
    makePrivate(this.#path, "file");
    this.#bytes = file.statSync().size;
    return file;
  }

  /** host.log becomes host.log.1, that one host.log.2; the oldest goes. */
  #turn(): void {
    this.close();
    const names = logFiles(this.#path, this.#filesMax);
    const oldest = names.at(-1);
    if (oldest !== undefined) remove(oldest);
    for (let at = names.length - 2; at >= 0; at--) {
      const from = names[at], to = names[at + 1];
      if (from !== undefined && to !== undefined) rename(from, to);
    }
  }
}

/** The files of a log, the newest first. */
export function logFiles(path: string, filesMax: number = hostLogLimits.filesMax): string[] {
  return Array.from({ length: Math.max(1, filesMax) }, (_, at) => at === 0 ? path : `${path}.${at}`);
}

/** A text on one line of the log. */
function lineOf(text: string): string {
  // deno-lint-ignore no-control-regex
  const line = text.replace(/\r?\n/g, "\\n").replace(/[\x00-\x1f\x7f-\x9f]/g, " ");
  return line.length <= hostLogLimits.lineCharsMax ? line : `${line.slice(0, hostLogLimits.lineCharsMax)}…`;
}

function errorText(error: unknown): string {
  const isFault = error instanceof Error && error.name !== "EngramError";
  return isFault ? error.stack ?? error.message : wordsOf(error);
}

const wordsOf = (error: unknown): string => error instanceof Error ? error.message : String(error);

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function rename(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
