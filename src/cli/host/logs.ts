/**
 * engramlt logs: what the host said of itself, from DATA/host.log. Needs no host.
 *
 * Invariant: nothing is changed, and nothing is waited for but with --follow.
 */
import { dataPaths, exists } from "../../runtime/data_folder.ts";
import type { Call, Leaf } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { printable } from "../terminal/screen.ts";
import { untilStopped } from "./signals.ts";

/** Lines shown where no number is given. */
const linesDefault = 100;
/** Between two looks for new lines, in ms. */
const followPollMs = 200;

/** A line of the log, apart. */
interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly text: string;
}

function lineOf(line: string): LogLine {
  const [, time = "", level = "", text = line] = /^(\S+Z) (debug|info|warn|error) +(.*)$/s.exec(line) ?? [];
  return { time, level, text };
}

/** engramlt logs */
export const logs: Leaf = {
  name: "logs",
  says: "show what the host said of itself: starts, stops, clients, trouble",
  flags: [
    { flags: "-f, --follow", says: "go on showing lines as they come, until Ctrl-C" },
    { flags: "--lines N", says: `how many of the newest lines to show (default: ${linesDefault})` },
  ],
  examples: ["logs", "logs -f", "logs --lines 20 --json"],
  notes: "No memory's text is in it. The log of every command is another: engramlt log.",
  catchesSignals: true,
  async run(call) {
    const { logFiles } = await import("../../api/host/log.ts");
    const path = dataPaths(connectOptions(call).data).hostLog;
    const linesMax = call.whole("lines", 0) ?? linesDefault;
    const { lines, end } = lastLines(logFiles(path), linesMax);
    if (call.has("follow")) {
      for (const line of lines) showLine(call, lineOf(line), true);
      if (lines.length === 0) call.screen.note("no line yet");
      return await untilStopped((signal) => follow(path, end, signal, (line) => showLine(call, line, true)));
    }
    call.screen.list("lines", lines.map(lineOf), { path }, () => {
      for (const line of lines) showLine(call, lineOf(line), false);
    });
    if (lines.length === 0) call.screen.note(`no host has told anything yet: ${path} is not there`);
  },
};

function showLine({ screen }: Call, line: LogLine, isEndless: boolean): void {
  if (screen.isJson) return isEndless ? screen.row(line) : undefined;
  const { time, level, text } = line;
  const style = level === "error" ? "red" : level === "warn" ? "yellow" : "dim";
  screen.line(`${screen.paint("dim", time)} ${screen.paint(style, level.padEnd(5))} ${printable(text)}`);
}

/** The newest lines of a log's files, the oldest first; and where in the newest file they end. */
function lastLines(files: readonly string[], linesMax: number): { lines: string[]; end: number } {
  let lines: string[] = [], end = 0;
  for (const [at, path] of files.entries()) {
    const text = read(path);
    if (text === null) break;
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (at === 0) end = new TextEncoder().encode(whole).length;
    if (whole !== "") lines = [...whole.slice(0, -1).split("\n"), ...lines];
    if (lines.length >= linesMax) break;
  }
  return { lines: linesMax === 0 ? [] : lines.slice(-linesMax), end };
}

function read(path: string): string | null {
  return exists(path) ? new TextDecoder().decode(Deno.readFileSync(path)) : null;
}

/** Tells lines as they come, through a change of the file. */
async function follow(
  path: string,
  from: number,
  signal: AbortSignal,
  onLine: (line: LogLine) => void,
): Promise<void> {
  let at = from, rest = "";
  let file: Deno.FsFile | null = null;
  let inode: number | null = null;
  const decoder = new TextDecoder();
  const take = (opened: Deno.FsFile) => {
    const bytes = new Uint8Array(65_536);
    for (let count = opened.readSync(bytes); count !== null; count = opened.readSync(bytes)) {
      at += count;
      rest += decoder.decode(bytes.subarray(0, count), { stream: true });
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(lineOf(line));
    }
  };
  try {
    while (!signal.aborted) {
      if (file === null && exists(path)) {
        file = Deno.openSync(path);
        const facts = file.statSync();
        inode = facts.ino;
        if (facts.size < at) at = 0;
        file.seekSync(at, Deno.SeekMode.Start);
      }
      if (file !== null) {
        take(file);
        const now = exists(path) ? Deno.statSync(path) : null;
        if (now === null || now.ino !== inode || now.size < at) {
          take(file); // what was written before it was put aside
          file.close();
          file = null;
          at = 0;
        }
      }
      await pause(followPollMs, signal);
    }
  } finally {
    file?.close();
  }
}

/** Waits, or ends at once with the signal. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
