/** Programs of the command line as processes, and waits with an end, for tests of a host's life. */
import { fileURLToPath } from "node:url";
import { selfCommand } from "../../src/runtime/assets.ts";
import { dataPaths, readHostFile } from "../../src/runtime/data_folder.ts";
import { JsonLines } from "./json_lines.ts";

const { command, args: before } = selfCommand();

/** A program that is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** This tree's program. */
export const thisProgram: Program = { command, args: before };

/** Starts a command line. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program: Program = thisProgram,
): Deno.ChildProcess {
  return new Deno.Command(program.command, {
    args: [...program.args, ...args],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command line to its end. */
export async function runProgram(
  args: readonly string[],
  program: Program = thisProgram,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const child = startProgram(args, {}, program);
  await child.stdin.close();
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

/** Waits until `look` gives something; fails after so many ms. */
export async function until<T>(
  what: string,
  look: () => T | null | Promise<T | null>,
  waitMsMax = 30_000,
): Promise<T> {
  const end = performance.now() + waitMsMax;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (performance.now() > end) throw new Error(`Not within ${waitMsMax} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The process of a folder's host, or null. */
export const hostPid = (data: string): number | null => readHostFile(dataPaths(data))?.pid ?? null;

/** Whether a process lives. */
export function lives(pid: number): boolean {
  try {
    Deno.kill(pid, 0 as unknown as Deno.Signal);
    return true;
  } catch {
    return false;
  }
}

/** Pids of the host processes that were started for a folder (Linux). */
export function hostProcesses(data: string): number[] {
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      if (words.includes("host") && words.includes(data)) pids.push(Number(name));
    } catch {
      // it ended meanwhile
    }
  }
  return pids;
}

/** A client of `engramlt mcp`, spoken to line by line. */
export class Shim {
  readonly child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: JsonLines;
  readonly #err: Promise<string>;
  #id = 0;

  constructor(data: string, env: Readonly<Record<string, string>> = {}, program: Program = thisProgram) {
    this.child = startProgram(["mcp", "--data", data, "--context", "personal"], env, program);
    this.#writer = this.child.stdin.getWriter();
    this.#lines = new JsonLines(this.child.stdout);
    this.#err = new Response(this.child.stderr).text();
  }

  async #send(message: object): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
  }

  /** Asks, and gives the answer with its id; null where the shim ended. */
  async ask(method: string, params: object): Promise<Record<string, unknown> | null> {
    const id = ++this.#id;
    await this.#send({ jsonrpc: "2.0", id, method, params }).catch(() => {/* it ended */});
    for (;;) {
      const message = await this.#lines.next();
      if (message === null || message["id"] === id) return message;
    }
  }

  /** The first exchange of the protocol. */
  async begin(): Promise<boolean> {
    const clientInfo = { name: "test", version: "1" };
    const answer = await this.ask("initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo,
    });
    if (answer === null) return false;
    await this.#send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return true;
  }

  /** Remembers; whether it was acknowledged. */
  async remember(content: string): Promise<boolean> {
    const answer = await this.ask("tools/call", { name: "remember", arguments: { content } });
    const result = answer?.["result"];
    return typeof result === "object" && result !== null && !("isError" in result && result.isError === true);
  }

  /** Ends its input; its exit code, how long the end took, and what it said. */
  async end(): Promise<{ readonly code: number; readonly ms: number; readonly err: string }> {
    const started = performance.now();
    await this.#writer.close().catch(() => {/* it has ended already */});
    while (await this.#lines.next() !== null);
    const { code } = await this.child.status;
    return { code, ms: performance.now() - started, err: await this.#err };
  }
}

/** A copy of this tree that says another version: another build of the program. */
export function programOfVersion(version: string): Program & { [Symbol.dispose](): void } {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const folder = Deno.makeTempDirSync({ prefix: "engramlt-version-" });
  for (const name of ["main.ts", "deno.json", "deno.lock"]) {
    Deno.copyFileSync(`${root}/${name}`, `${folder}/${name}`);
  }
  copyFolder(`${root}/src`, `${folder}/src`);
  copyFolder(`${root}/agents`, `${folder}/agents`);
  Deno.symlinkSync(`${root}/node_modules`, `${folder}/node_modules`);
  const config = Deno.readTextFileSync(`${folder}/deno.json`);
  Deno.writeTextFileSync(
    `${folder}/deno.json`,
    config.replace(/"version": "[^"]*"/, `"version": "${version}"`),
  );
  return {
    command,
    args: ["run", "--quiet", "--no-prompt", "-A", `--config=${folder}/deno.json`, `${folder}/main.ts`],
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const entry of Deno.readDirSync(from)) {
    if (entry.isDirectory) copyFolder(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else if (entry.isFile) Deno.copyFileSync(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}
