/**
 * Whether a client's memory works: its configured command is started exactly as written, one memory is stored over MCP,
 * found again, and hidden.
 *
 * Owns: as much of the protocol as that takes: JSON-RPC, one message a line.
 * Does not own: the protocol itself (src/api/mcp).
 *
 * Invariants:
 * 1. It works in a project of its own, "setup-check", so that no memory of a person's is touched or found.
 * 2. It ends within `checkMsMax`, and the process it started with it.
 */
import { join } from "node:path";
import { isObject } from "../../input/json.ts";
import { EngramError } from "../../kernel/errors.ts";
import { buildInfo } from "../../runtime/assets.ts";
import type { Started } from "./clients.ts";

/** ms for a check. A host may have to start, from source. */
const checkMsMax = 60_000;
/** Characters of an answer. */
const answerCharsMax = 4 * 1024 * 1024;

/** What a check found. */
export interface Checked {
  /** Id of the memory that was stored, found and hidden. */
  readonly id: string;
  readonly server: string;
  readonly ms: number;
}

/** Checks a command. Errors: `not_available` with what went wrong and what the command said. */
export async function checkCommand(started: Started, data: string, now: () => number): Promise<Checked> {
  const folder = join(data, "setup", "check");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    join(folder, ".engramlt.toml"),
    'name = "setup-check"\nid = "engramlt-setup-check"\n',
  );
  const begin = now();
  const server = start(started, folder);
  const timer = setTimeout(() => server.kill(`it did not answer within ${checkMsMax} ms`), checkMsMax);
  try {
    const found = await talk(server, begin);
    return { ...found, ms: Math.round(now() - begin) };
  } finally {
    clearTimeout(timer);
    await server.close();
  }
}

async function talk(server: Server, begin: number): Promise<Omit<Checked, "ms">> {
  const hello = await server.ask("initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "engramlt-setup", version: buildInfo().version },
  });
  server.tell("notifications/initialized");
  const word = `check-${Math.round(begin * 1000).toString(36)}`;
  const content = `The setup of engramlt was checked, word ${word}.`;
  const { id } = toolResult(await server.ask("tools/call", { name: "remember", arguments: { content } }));
  if (typeof id !== "string") throw failure("remember gave no id");
  const question = `engramlt setup checked word ${word}`;
  const { hits } = toolResult(
    await server.ask("tools/call", { name: "recall", arguments: { question, k: 3 } }),
  );
  const isThere = Array.isArray(hits) && hits.some((hit: unknown) => isObject(hit) && hit["id"] === id);
  toolResult(await server.ask("tools/call", { name: "forget", arguments: { id } }));
  if (!isThere) throw failure("what was remembered was not recalled");
  const info = hello["serverInfo"];
  return { id, server: isObject(info) ? `${String(info["name"])} ${String(info["version"])}` : "unknown" };
}

function toolResult(result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const structured = result["structuredContent"];
  if (result["isError"] !== true && isObject(structured)) return structured;
  const first: unknown = Array.isArray(result["content"]) ? result["content"][0] : null;
  throw failure(isObject(first) && typeof first["text"] === "string" ? first["text"] : "a tool failed");
}

const failure = (what: string): EngramError =>
  new EngramError(
    "not_available",
    `Cannot use the memory as it is configured: ${what}`,
    {},
    "engramlt doctor looks further; engramlt setup --undo takes the change back",
  );

interface Server {
  ask(method: string, params: unknown): Promise<Readonly<Record<string, unknown>>>;
  tell(method: string): void;
  kill(why: string): void;
  close(): Promise<void>;
}

function start({ command, args }: Started, folder: string): Server {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args: [...args],
      cwd: folder,
      env: { INIT_CWD: folder },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw failure(`${command} does not start: ${error instanceof Error ? error.message : String(error)}`);
  }
  const input = child.stdin.getWriter();
  const lines = linesOf(child.stdout);
  const said = tail(child.stderr);
  let why: string | null = null, next = 0;
  const send = (message: object) =>
    input.write(new TextEncoder().encode(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`));
  return {
    tell: (method) => void send({ method }).catch(() => undefined), // a closed pipe is told by the next question
    kill(reason) {
      why = reason;
      end(child);
    },
    async ask(method, params) {
      const id = ++next;
      await send({ id, method, params }).catch(() => undefined); // the end of the output tells why
      for (;;) {
        const { value: line, done } = await lines.next();
        if (done === true) {
          const words = (await said).trim().split("\n").slice(-3).join(" ");
          throw failure(why ?? `${command} ended before it answered${words === "" ? "" : `: ${words}`}`);
        }
        const answer = messageOf(line);
        if (answer["id"] !== id) continue;
        const { result, error } = answer;
        if (isObject(result)) return result;
        throw failure(isObject(error) ? String(error["message"]) : `no result of ${method}`);
      }
    },
    async close() {
      await input.close().catch(() => undefined); // it may be closed already
      const timer = setTimeout(() => end(child), 2_000);
      await child.status;
      clearTimeout(timer);
      await lines.return(undefined);
      await said;
    },
  };
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // it has ended
  }
}

function messageOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (isObject(value)) return value;
  } catch {
    // told below
  }
  throw failure(
    `it wrote something that is no message of the protocol: ${JSON.stringify(line.slice(0, 80))}`,
  );
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let kept = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    kept += text;
    for (let at = kept.indexOf("\n"); at >= 0; at = kept.indexOf("\n")) {
      const line = kept.slice(0, at).trim();
      kept = kept.slice(at + 1);
      if (line !== "") yield line;
    }
    if (kept.length > answerCharsMax) throw failure("its answer has no end");
  }
  return undefined;
}

/** The last of what a program says on its standard error. */
async function tail(stream: ReadableStream<Uint8Array>): Promise<string> {
  let kept = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) kept = (kept + text).slice(-4096);
  return kept;
}
