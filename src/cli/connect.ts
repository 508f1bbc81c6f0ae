/**
 * The way to a runtime: the host of the data folder if one runs, else the folder opened here.
 *
 * Invariants:
 * 1. Where host.json stands, its host is asked first; it is believed only if it proves itself (src/api sees to that).
 * 2. A folder that another process holds is waited for up to `lockWaitMsMax`: it may be a command about to end, or a
 *    host about to answer.
 */
import type { FoundHost } from "../api/find_host.ts";
import { workersMax } from "../input/worker_count.ts";
import { EngramError } from "../kernel/errors.ts";
import { dataPaths, hostMayRun } from "../runtime/data_folder.ts";
import type { TextSource } from "../runtime/models/desk.ts";
import type { Port } from "../runtime/port.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Call, usage } from "./command.ts";
import { dataFolder } from "./paths.ts";

/** How to reach a runtime. */
export interface ConnectOptions {
  readonly data: string;
  readonly workers: number | null;
  readonly seed: number | null;
  readonly lockWaitMsMax: number;
}

/** The options that a call's global flags give. */
export function connectOptions(call: Call): ConnectOptions {
  const workers = call.whole("workers");
  if (workers !== null && workers > workersMax) {
    throw new EngramError("usage", `Cannot start ${workers} worker threads: ${workersMax} are the most`);
  }
  return {
    data: dataFolder(call.screen.terminal, call.text("data")),
    workers,
    seed: call.whole("seed", 0),
    lockWaitMsMax: call.whole("lock-wait-ms", 0) ?? 5000,
  };
}

/** The port of the host that runs on a folder, or null. */
export async function findHostOf(options: ConnectOptions): Promise<Port | null> {
  const { findHost } = await import("../api/find_host.ts");
  return await findHost(options.data, { lockWaitMsMax: options.lockWaitMsMax });
}

/** The host that runs on a folder, with its token; null where none does. Nothing is waited for where no host.json stands. */
export async function runningHost(options: ConnectOptions): Promise<FoundHost | null> {
  if (!hostMayRun(dataPaths(options.data))) return null;
  const { lookForHost } = await import("../api/find_host.ts");
  return await lookForHost(options.data, { lockWaitMsMax: options.lockWaitMsMax });
}

/** Opens a port; where nothing can be written, one to read. Errors: `data_folder_in_use`, and whatever opening it refuses. */
export async function connect(options: ConnectOptions): Promise<Port> {
  const { data, workers, seed, lockWaitMsMax } = options;
  const end = performance.now() + lockWaitMsMax;
  let maybeHost = hostMayRun(dataPaths(data));
  for (;;) {
    const host = maybeHost ? await findHostOf(options) : null;
    if (host !== null) return seed === null ? host : await refuseSeed(host, data);
    const { openRuntime } = await import("../runtime/runtime.ts");
    try {
      const runtime = await openRuntime({
        data,
        seed,
        lockWaitMsMax: 0,
        resume: "with_agents",
        ...(workers === null ? {} : { workers }),
      });
      if (seed === null) serveOwnTexts(runtime, data); // what is in a store is no seed's
      return runtime;
    } catch (error) {
      const port = await openedToRead(data, error);
      if (port !== null) return port;
      const isHeld = error instanceof EngramError && error.code === "data_folder_in_use";
      if (!isHeld || performance.now() >= end) throw error;
      maybeHost = true;
    }
  }
}

/** Refusals of opening a folder where nothing can be written: it may still be read. */
const unwritable: ReadonlySet<string> = new Set(["disk_full", "data_folder_read_only", "io_failed"]);

/** The folder opened to read, where opening it was refused for want of writing; null where that is not the matter, or no way. */
async function openedToRead(data: string, why: unknown): Promise<Port | null> {
  if (!(why instanceof EngramError) || !unwritable.has(why.code)) return null;
  const { openToRead } = await import("../runtime/views/read_runtime.ts");
  try {
    return openToRead(data, why);
  } catch (error) {
    if (error instanceof EngramError) return null; // the first refusal is the one to tell
    throw error;
  }
}

/** Texts that agents want vectors of go to the folder's own model, which is opened with the first one. */
async function serveOwnTexts(runtime: Runtime, data: string): Promise<void> {
  let first = await runtime.wantedTexts();
  if (first === null) return;
  const [{ openDataModels }, { serveTexts }] = await Promise.all([
    import("../runtime/models/models.ts"),
    import("../runtime/models/embedding.ts"),
  ]);
  const models = openDataModels(data);
  const source: TextSource = {
    wantedTexts: () => {
      const texts = first;
      first = null;
      return texts === null ? runtime.wantedTexts() : Promise.resolve(texts);
    },
    answerText: (id, answer) => runtime.answerText(id, answer),
  };
  await serveTexts(source, models, (error) => console.error(error instanceof Error ? error.message : error));
  models.close();
}

async function refuseSeed(host: Port, data: string): Promise<never> {
  await host.close();
  throw usage(`Cannot use --seed: a host runs on data folder ${data}`, "Stop it first: engramlt down");
}
