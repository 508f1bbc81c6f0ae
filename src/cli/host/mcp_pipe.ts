/**
 * `engramlt mcp`: bytes between a client's pipes and the running host. Nothing of the protocol is known here.
 *
 * Owns: finding or starting the host, the first line that says where the client works, the end of the pipe.
 * Does not own: the protocol (src/api/mcp), how a host is started (start.ts).
 *
 * Invariants:
 * 1. Standard output carries the host's bytes and nothing else.
 * 2. At the end of standard input answers under way have `lastAnswersMsMax` to come; then the process ends.
 * 3. It imports little: clients wait for it at every start.
 * 4. Nothing of the client's is read before a host has said that it serves: a host that stops in that moment, or an
 *    older one that makes room for this version, costs a client only time.
 */
import config from "../../../deno.json" with { type: "json" };
import type { EngramError } from "../../kernel/errors.ts";
import { type HostFile, parseHostFile } from "../../runtime/host_file.ts";
import { defaultDataFolder } from "../../runtime/platform.ts";

/** What the pipe needs to know. */
export interface PipeOptions {
  readonly data: string;
  /** The folder the client works in. */
  readonly folder: string;
  /** The context to read and write where a call names none, or null for the folder's project. */
  readonly context: string | null;
  /** The token to present in place of the owner's right, or null. One of scope read can change nothing. */
  readonly token: string | null;
  readonly say: (text: string) => void;
}

/** For answers under way after the end of the input, in ms; the process ends within a second of it. */
const lastAnswersMsMax = 700;
/** For a host to say that it serves, in ms. */
const welcomeWaitMsMax = 15_000;
/** Bytes of what it says at most. */
const welcomeBytesMax = 8192;
/** For some host to serve, in ms: an older one may have to end first. */
const servedWaitMsMax = 75_000;
/** Before the next look for a host, in ms. */
const retryPauseMs = 50;
/** How long no answer must come to be the last, in ms. */
const quietMs = 100;

/**
 * Runs the pipe where its arguments are the plain ones; null where they are not, and the whole command line must say
 * what is wrong with them.
 */
export async function mcpFast(args: readonly string[]): Promise<number | null> {
  const { env } = Deno;
  if ((env.get("INIT_CWD") ?? "") !== "" && import.meta.url.endsWith(".ts")) return null; // under a task: terminal.ts
  const given: Record<"data" | "context", string> = {
    data: env.get("ENGRAMLT_DATA") ?? "",
    context: env.get("ENGRAMLT_CONTEXT") ?? "",
  };
  for (let at = 0; at < args.length; at++) {
    const [, name, value = args[++at] ?? ""] = /^--(data|context)(?:=(.*))?$/s.exec(args[at] ?? "") ?? [];
    if ((name !== "data" && name !== "context") || value === "") return null;
    given[name] = value;
  }
  const data = given.data === "" ? defaultDataFolder() : given.data;
  if (data === null || !/^(?:\/|[A-Za-z]:[\\/])/.test(data)) return null; // to be resolved
  const context = given.context === "" ? null : given.context;
  const say = (text: string) => console.error(text);
  return await mcpPipe({ data, folder: Deno.cwd(), context, token: tokenGiven(), say });
}

/** The token of the environment, or null. */
export function tokenGiven(): string | null {
  const token = Deno.env.get("ENGRAMLT_TOKEN") ?? "";
  return token === "" ? null : token;
}

/** Runs the pipe until either end closes; the process's exit code. */
export async function mcpPipe(options: PipeOptions): Promise<number> {
  const end = performance.now() + servedWaitMsMax;
  for (;;) {
    const host = readHost(options.data);
    const connection = (host === null ? null : await reach(host)) ?? await start(options);
    if (typeof connection === "number") return connection;
    const answer = connection === null ? null : await greet(connection, options);
    if (connection !== null && answer !== null) {
      const { refused, message } = answer.welcome;
      if (refused === null) {
        if (answer.rest.length > 0) await writeAll(Deno.stdout, answer.rest);
        return await pipe(connection.conn, options.say);
      }
      connection.conn.close();
      if (refused !== "host_stopping") return endWith(options, refused, message);
    }
    // A host that ended in this moment, or makes room: the next look finds the one after it.
    if (performance.now() > end) {
      return endWith(options, "host_unreachable", "Cannot connect: no host serves");
    }
    await new Promise((resolve) => setTimeout(resolve, retryPauseMs));
  }
}

/** Says why it ends, to whoever reads the client's log of this server. */
async function endWith(options: PipeOptions, refused: string, message: string): Promise<number> {
  const { EngramError } = await import("../../kernel/errors.ts");
  return tell(options, EngramError.fromJSON({ code: refused, message }));
}

/** Says why it cannot run; the exit code. */
function tell({ say }: PipeOptions, error: EngramError): number {
  say(`engramlt mcp: ${error.message}\nhint: ${error.hint}`);
  return error.exitCode;
}

/** What a host answers to the first line. */
interface Welcome {
  /** The code of a refusal, or null where it serves. */
  readonly refused: string | null;
  readonly message: string;
}

/** Sends the first line and reads the host's; null where the host ended meanwhile. */
async function greet(
  connection: Reached,
  options: PipeOptions,
): Promise<{ readonly welcome: Welcome; readonly rest: Uint8Array } | null> {
  const { conn } = connection;
  const { folder, context } = options;
  const hello = {
    folder,
    version: config.version,
    ...(context === null ? {} : { context }),
    ...await proof(options, connection),
  };
  const late = setTimeout(() => conn.close(), welcomeWaitMsMax);
  try {
    await writeAll(conn, new TextEncoder().encode(`${JSON.stringify(hello)}\n`));
    let head = new Uint8Array(0);
    while (!head.includes(10)) {
      const bytes = new Uint8Array(4096);
      const count = await conn.read(bytes);
      if (count === null || head.length > welcomeBytesMax) return close(conn);
      const longer = new Uint8Array(head.length + count);
      longer.set(head);
      longer.set(bytes.subarray(0, count), head.length);
      head = longer;
    }
    const end = head.indexOf(10);
    return { welcome: readWelcome(head.subarray(0, end)), rest: head.subarray(end + 1) };
  } catch {
    return close(conn); // it broke off: whoever comes after it is asked
  } finally {
    clearTimeout(late);
  }
}

function close(conn: Deno.Conn): null {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
  }
  return null;
}

function readWelcome(line: Uint8Array): Welcome {
  const value: unknown = JSON.parse(new TextDecoder().decode(line));
  const { refused, message, error } = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof refused === "string") return { refused, message: typeof message === "string" ? message : "" };
  if (error === undefined) return { refused: null, message: "" };
  const words = typeof error === "object" && error !== null && "message" in error ? error.message : "";
  return { refused: "host_unreachable", message: String(words) };
}

/** What host.json says, or null: whoever starts a host looks closer. */
function readHost(data: string): HostFile | null {
  try {
    return parseHostFile(Deno.readTextFileSync(`${data}/host.json`));
  } catch {
    return null;
  }
}

interface Reached {
  readonly conn: Deno.Conn;
  readonly needsToken: boolean;
}

/** A connection to a host, or null where nobody listens there. */
async function reach({ mcp }: HostFile): Promise<Reached | null> {
  const [, kind, where = ""] = /^(unix|tcp):(.+)$/s.exec(mcp ?? "") ?? [];
  if (kind === undefined) return null;
  try {
    const conn = kind === "unix"
      ? await Deno.connect({ transport: "unix", path: where })
      : await Deno.connect({ hostname: "127.0.0.1", port: Number(where) });
    return { conn, needsToken: kind === "tcp" };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null; // a host that was killed left its file
  }
}

/**
 * The token, where one was given or the way to the host is open to others. There it goes only to a host that proved
 * itself (lookForHost).
 */
async function proof({ data, token }: PipeOptions, { needsToken }: Reached): Promise<{ token?: string }> {
  if (!needsToken) return token === null ? {} : { token };
  const { lookForHost } = await import("../../api/find_host.ts");
  const found = await lookForHost(data);
  return found === null ? {} : { token: token ?? found.token };
}

/** Starts a host; a connection to it, null where it has gone again, an exit code where none can run. */
async function start(options: PipeOptions): Promise<Reached | null | number> {
  const { connectOrStart } = await import("./start.ts");
  const { EngramError } = await import("../../kernel/errors.ts");
  try {
    return await reach(await connectOrStart(options.data));
  } catch (error) {
    if (error instanceof EngramError) return tell(options, error);
    throw error;
  }
}

async function writeAll(to: { write(bytes: Uint8Array): Promise<number> }, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

async function pipe(conn: Deno.Conn, say: (text: string) => void): Promise<number> {
  let heardAt = performance.now(), ended = false;
  const out = (async () => {
    const bytes = new Uint8Array(65_536);
    for (let count = await conn.read(bytes); count !== null; count = await conn.read(bytes)) {
      await writeAll(Deno.stdout, bytes.subarray(0, count));
      heardAt = performance.now();
    }
  })();
  const inn = (async () => {
    const bytes = new Uint8Array(65_536);
    for (let count = await Deno.stdin.read(bytes); count !== null; count = await Deno.stdin.read(bytes)) {
      await writeAll(conn, bytes.subarray(0, count));
    }
    ended = true;
    const end = performance.now() + lastAnswersMsMax;
    heardAt = Math.max(heardAt, performance.now());
    while (performance.now() < end && performance.now() - heardAt < quietMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  await Promise.race([inn, out]).catch(() => {/* a pipe that broke has ended */});
  if (ended) return 0;
  say("engramlt mcp: the connection to the host ended; see engramlt status");
  return 8;
}
