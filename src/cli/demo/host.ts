/**
 * A host process of the demo's own: the same program, started as `engramlt up` on a temporary data folder.
 *
 * Invariants:
 * 1. It ends with the demo: stopped, killed, or ended by {@link DemoHost.end} on the way out.
 * 2. None of the person's ENGRAMLT_* settings reach it.
 */
import { findHost } from "../../api/mod.ts";
import { EngramError } from "../../kernel/errors.ts";
import { selfCommand } from "../../runtime/assets.ts";
import { dataPaths, readHostFile } from "../../runtime/data_folder.ts";
import type { Port } from "../../runtime/port.ts";
import { flagName, variableOf } from "../command.ts";
import { globalFlags } from "../globals.ts";

/** For a host to begin, in ms; a loaded machine is slow to start a process. */
const startWaitMsMax = 60_000;
/** For a host to end cleanly, in ms. */
const stopWaitMsMax = 20_000;

/** A child process that can be ended. */
export interface Ends {
  /** Ends it if it still runs, without waiting. */
  end(): void;
}

/** Told of every child process, so that none outlives the demo. */
export type OnChild = (child: Ends) => void;

/** A running host. */
export class DemoHost implements Ends {
  readonly port: Port;
  readonly #child: Deno.ChildProcess;
  readonly #data: string;

  private constructor(child: Deno.ChildProcess, port: Port, data: string) {
    this.#child = child;
    this.port = port;
    this.#data = data;
  }

  /** Starts a host and waits until it answers. `workers` is how many threads run its agents. */
  static async start(data: string, workers: number, onChild: OnChild): Promise<DemoHost> {
    const child = spawn(["up", "--no-agents", "--data", data, "--workers", String(workers)]);
    onChild({ end: () => end(child) });
    const said = new Response(child.stderr).text();
    try {
      await firstLine(child.stdout);
      const port = await findHost(data, { lockWaitMsMax: startWaitMsMax });
      if (port !== null) return new DemoHost(child, port, data);
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
    }
    end(child);
    await child.status;
    const words = (await said).trim();
    throw new EngramError(
      "host_unreachable",
      `Cannot start a host for the demo: ${words === "" ? "it ended without a word" : words}`,
    );
  }

  /** Ends it at once, with SIGKILL: it gets no chance to tidy up. */
  async kill(): Promise<void> {
    this.end();
    await this.#child.status;
  }

  /** Stops it cleanly. */
  async stop(): Promise<void> {
    const paths = dataPaths(this.#data);
    const address = readHostFile(paths)?.address;
    if (address === undefined) {
      throw new EngramError("host_unreachable", "Cannot stop the host: it has ended");
    }
    const token = (await Deno.readTextFile(paths.token)).trim();
    const late = setTimeout(() => this.end(), stopWaitMsMax);
    try {
      const response = await fetch(`${address}/v1/stop`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: "{}",
        redirect: "error",
      });
      await response.body?.cancel();
      await this.#child.status;
    } finally {
      clearTimeout(late);
    }
  }

  end(): void {
    end(this.#child);
  }
}

/** Runs a command of this program to its end, and gives what it said. */
export async function runSelf(
  given: readonly string[],
  onChild: OnChild,
): Promise<{ readonly out: string; readonly err: string }> {
  const child = spawn(given);
  onChild({ end: () => end(child) });
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Starts a command of this program; it answers in JSON. */
function spawn(given: readonly string[]): Deno.ChildProcess {
  const { command, args } = selfCommand();
  return new Deno.Command(command, {
    args: [...args, ...given, "--quiet", "--json"],
    clearEnv: true,
    env: environment(),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The environment without what would change the host's settings. */
function environment(): Record<string, string> {
  const settings = new Set(["port", ...globalFlags.map(flagName)].map(variableOf));
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !settings.has(name)));
}

/** Waits for the first line on a stream, or its end; what follows is read and dropped. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const drain = async () => {
    for await (const bytes of stream) if (bytes.includes(10)) resolve();
    resolve();
  };
  const drained = drain();
  await Promise.race([promise, drained]);
}
