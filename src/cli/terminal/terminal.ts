/**
 * Where the command line reads and writes: standard streams, environment, the caller's folder, the clock.
 *
 * Invariant: nothing else in src/cli touches these; tests give a terminal of their own.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EngramError } from "../../kernel/errors.ts";
import { assetRoot, buildInfo } from "../../runtime/assets.ts";

/** What the command line sees of the world around it. */
export interface Terminal {
  /** Writes all of a text; throws {@link OutputClosed} once nobody reads any more. */
  out(text: string): void;
  err(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly inIsTerminal: boolean;
  /** Width of the screen in characters. */
  columns(): number;
  env(name: string): string | undefined;
  /** The folder that relative paths start from. */
  readonly folder: string;
  /** All of standard input. Refuses more than `bytesMax` as soon as it comes, and what is not UTF-8. */
  read(bytesMax?: number): Promise<string>;
  /** One line of an answer, or null at the end of input. */
  ask(question: string): string | null;
  /** Milliseconds that only go forward. */
  now(): number;
}

/** Nobody reads our output any more (`engramlt … | head`): the reason to stop quietly. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

const encoder = new TextEncoder();

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed("Nobody reads the output");
    const words = error instanceof Error ? error.message : String(error);
    const isFull = /no space|quota exceeded|file too large/i.test(words);
    throw new EngramError(isFull ? "disk_full" : "io_failed", `Cannot write the output: ${words}`);
  }
}

/** Tells what it can: a command is not undone because nothing more can be said of it. */
function tell(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
  }
}

function columns(): number {
  try {
    const { columns } = Deno.consoleSize();
    return columns < 20 ? 80 : columns; // a terminal that does not know its size says 0
  } catch {
    return 80; // no terminal to ask
  }
}

/** Under `deno task` the current folder is the program's own, and INIT_CWD is the caller's. */
function callerFolder(): string {
  const current = Deno.cwd();
  const initial = Deno.env.get("INIT_CWD") ?? "";
  if (initial === "" || buildInfo().build !== "source") return current;
  return resolve(fileURLToPath(assetRoot())) === current ? initial : current;
}

/** One line of standard input, or null at its end. */
function readLine(): string | null {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  for (;;) {
    const taken = Deno.stdin.readSync(byte);
    if (taken === null && bytes.length === 0) return null;
    const value = byte[0] ?? 10;
    if (taken === null || value === 10) return new TextDecoder().decode(new Uint8Array(bytes));
    if (taken > 0) bytes.push(value);
  }
}

/** Bytes of standard input at most, where less was not asked for. */
const inputBytesMax = 64 * 1024 * 1024;

async function readInput(bytesMax = inputBytesMax): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const piece = new Uint8Array(64 * 1024);
    const taken = await Deno.stdin.read(piece);
    if (taken === null) break;
    pieces.push(piece.subarray(0, taken));
    size += taken;
    if (size > bytesMax) {
      throw new EngramError(
        "payload_too_large",
        `Cannot read standard input: it is more than ${bytesMax} bytes`,
      );
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new EngramError("invalid_encoding", "Cannot read standard input: it is not UTF-8");
  }
}

/** The process's own terminal. */
export function processTerminal(): Terminal {
  return {
    out: (text) => writeAll(Deno.stdout, text),
    err: tell,
    outIsTerminal: Deno.stdout.isTerminal(),
    errIsTerminal: Deno.stderr.isTerminal(),
    inIsTerminal: Deno.stdin.isTerminal(),
    columns,
    env: (name) => Deno.env.get(name),
    folder: callerFolder(),
    read: readInput,
    ask: (question) => {
      tell(`${question} `);
      return readLine();
    },
    now: () => performance.now(),
  };
}
