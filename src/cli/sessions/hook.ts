/**
 * Hooks: what an assistant's program runs at the beginning and the end of a session.
 *
 * Invariants:
 * 1. A hook never fails a session: whatever happens, it exits with 0, and tells the reason in DATA/host.log.
 * 2. A hook never holds a session up: it ends within `hookMsMax`, whatever it waits for; reading a transcript goes on in
 *    a process of its own.
 * 3. What it reads from standard input is bounded, and is data: paths are opened as files, nothing in it is run.
 */
import { join } from "node:path";
import { isObject, parseJson } from "../../input/json.ts";
import { redactText } from "../../input/redact.ts";
import { selfCommand } from "../../runtime/assets.ts";
import { makePrivate } from "../../runtime/platform.ts";
import type { Call, Leaf } from "../command.ts";
import { dataFolder } from "../paths.ts";

/** ms after which a hook ends; with the program's start it is below 5 s. */
export const hookMsMax = 4_000;
/** Bytes of a hook's JSON. */
const inputBytesMax = 1024 * 1024;

/** What a client tells its hook. */
export interface HookInput {
  readonly session: string | null;
  readonly cwd: string | null;
  readonly transcript: string | null;
  readonly event: string | null;
}

/** The JSON a client writes to its hook's standard input; nulls where there is none. */
export async function hookInput(call: Call): Promise<HookInput> {
  const { terminal } = call.screen;
  const text = terminal.inIsTerminal ? "" : await terminal.read(inputBytesMax);
  if (text.trim() === "") return { session: null, cwd: null, transcript: null, event: null };
  const parsed = parseJson(text); // an error of JSON.parse would quote the text in the log
  const value = "value" in parsed ? parsed.value : null;
  if (!isObject(value)) throw new Error("what the client wrote to standard input is no JSON object");
  const word = (name: string) => {
    const found = value[name];
    return typeof found === "string" && found !== "" ? found : null;
  };
  return {
    session: word("session_id")?.slice(0, 200) ?? null,
    cwd: word("cwd"),
    transcript: word("transcript_path"),
    event: word("hook_event_name"),
  };
}

/** Runs a hook's work: ends it in time, and tells what went wrong in the log alone. */
export async function inHook(
  call: Call,
  what: string,
  work: () => Promise<void>,
  msMax = hookMsMax,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), msMax));
  try {
    const ended = await Promise.race([late, work().then(() => call.close())]);
    if (ended === "late") throw new Error(`not done after ${msMax} ms`);
  } catch (error) {
    tell(call, `${what}: ${error instanceof Error ? error.message : String(error)}`);
    call.close().catch(() => undefined); // nobody waits for it: the process ends with the command
  } finally {
    clearTimeout(timer);
  }
}

/** A line in DATA/host.log. Where even that can't be written, nothing is said: the session goes on. */
function tell(call: Call, line: string): void {
  try {
    const folder = dataFolder(call.screen.terminal, call.text("data"));
    const path = join(folder, "host.log");
    const said = redactText(line, new Map()).replace(/\s+/g, " ");
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(path, `${new Date().toISOString()} hook ${said}\n`, {
      append: true,
      mode: 0o600,
    });
    makePrivate(path, "file");
  } catch {
    // A full or missing disk is no reason to disturb the session.
  }
}

/** engramlt hook */
export const hook: Leaf = {
  name: "hook",
  says: "take in a session's transcript, called by a client's hook: reads its JSON from stdin, never fails",
  places: [{ name: "client", says: "claude-code or codex", noFlag: true }],
  flags: [{ flags: "--transcript PATH", says: "the transcript to take in, here and now" }],
  examples: ["hook claude-code"],
  notes: "engramlt setup registers it for the end of a session and before its context is compacted.",
  hidden: true,
  run(call) {
    const client = call.text("client") ?? "nobody";
    const transcript = call.text("transcript");
    return transcript === null
      ? inHook(call, `capture for ${client}`, () => startCapture(call, client))
      : inHook(call, `capture for ${client} of ${transcript}`, async () => {
        const { captureTranscript } = await import("./import_run.ts");
        await captureTranscript(call, client, transcript);
      }, captureMsMax);
  },
};

/** ms for taking in one transcript, in a process of its own. */
const captureMsMax = 600_000;

/** Starts the process that takes in what the client named; a session's end waits for nothing more. */
async function startCapture(call: Call, client: string): Promise<void> {
  const { transcript } = await hookInput(call);
  if (transcript === null) throw new Error("the client named no transcript_path");
  const { command, args } = selfCommand();
  const data = dataFolder(call.screen.terminal, call.text("data"));
  new Deno.Command(command, {
    args: [...args, "--data", data, "hook", client, "--transcript", transcript],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn().unref();
}
