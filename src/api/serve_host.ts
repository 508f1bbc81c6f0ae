/**
 * serveHost(): owns a data folder and serves it to clients until it is told to stop.
 *
 * Owns: the order of beginning (lock → engine → reader → http → mcp socket → host.json) and of ending (the reverse).
 * Does not own: signals (the CLI's), what is served (http.ts), the state (the engine).
 *
 * Invariants:
 * 1. host.json names a host that answers: it is written last and removed first.
 * 2. A clean stop takes no new command, lets the tick end, stores what is parked, and lets the lock go.
 * 3. A lost engine or reader ends the host with a fault; a folder that vanished ends it too. The log keeps the rest.
 */
import { EngramError } from "../kernel/mod.ts";
import { buildInfo } from "../runtime/assets.ts";
import type { BundledAgent } from "../runtime/bundled_agents.ts";
import { type DataPaths, dataPaths, readHostFile, writePrivate } from "../runtime/data_folder.ts";
import { type Engine, startEngine } from "../runtime/engine_client.ts";
import { BackgroundEmbedding, withModel } from "../runtime/embedding.ts";
import { openDataModels, preloadModels } from "../runtime/models.ts";
import { type Reader, startReader, withReader } from "../runtime/reader_client.ts";
import { replayBeside } from "../runtime/replay_client.ts";
import { type AwakeAgents, startAgents } from "./awake.ts";
import { httpApi } from "./http.ts";
import { Jobs } from "./jobs.ts";
import { type ApiLimits, apiLimits } from "./limits.ts";
import { serveMcpSocket } from "./mcp/socket.ts";
import { openTokens, ownToken } from "./tokens.ts";

/** A host that clients can find. */
export interface HostReady {
  readonly address: string;
  readonly tokenFile: string;
  /** The bundled agents for notes, where they were asked for. */
  readonly agents: readonly BundledAgent[];
}

/** How to serve a data folder. */
export interface HostOptions {
  /** The data folder; made if it is not there. */
  readonly data: string;
  /** Agent workers. Never changes a result. */
  readonly workers?: number;
  /** A seeded environment, for tests and the canonical bench. */
  readonly seed?: number | null;
  /** The port to listen on; 0, the default, takes a free one. */
  readonly port?: number;
  /** How long to wait for another owner of the folder, in ms. Default 5,000. */
  readonly lockWaitMsMax?: number;
  readonly limits?: Partial<ApiLimits>;
  /**
   * Which agents are awake, so that changes wake them: none (default), those that are loaded, or these and the
   * bundled ones for notes, which are loaded where they are not. A seeded host wakes none: timers are no seed's.
   */
  readonly agents?: AwakeAgents;
  /** Without a change for so long, agents are woken; default 2,000 ms. */
  readonly quietMs?: number;
  /** Ends the host. */
  readonly signal: AbortSignal;
  /** Called once, when clients can find it. */
  readonly onReady?: (host: HostReady) => void;
}

/** Between two looks whether the folder is still this host's, in ms. */
const folderLookMs = 2000;
/** For pending work to end at a stop, in ms; after it the engine is ended as by a crash. */
const closeWaitMsMax = 10_000;
/** For answers under way to reach their clients at a stop, in ms. */
const answersWaitMsMax = 2000;

/**
 * Serves a data folder until `signal` aborts or a client asks it to stop; then returns, with everything closed.
 *
 * Errors: `data_folder_in_use`, `data_folder_missing` (it vanished), whatever opening it refuses; a fault where the
 * engine was lost.
 */
export async function serveHost(options: HostOptions): Promise<void> {
  const { data, signal } = options;
  const engine = await startEngine({
    data,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.lockWaitMsMax === undefined ? {} : { lockWaitMsMax: options.lockWaitMsMax }),
  });
  try {
    const reader = await startReader(data);
    try {
      if (!signal.aborted) await serve(options, engine, reader);
    } finally {
      reader.close();
    }
  } finally {
    await closeEngine(engine, null);
  }
}

async function serve(options: HostOptions, engine: Engine, reader: Reader): Promise<void> {
  const paths = dataPaths(options.data);
  const nonce = randomHex();
  const stop = new AbortController();
  const ended = Promise.withResolvers<Error | null>();
  const end = (reason: Error | null) => {
    stop.abort();
    ended.resolve(reason);
  };
  engine.fault.then(end);
  reader.fault.then(end);
  let authority = "";
  const models = openDataModels(options.data, { onEvent: (event) => console.error(JSON.stringify(event)) });
  const port = withModel(withReader(engine, reader), models);
  const token = ownToken(paths);
  const seeded = options.seed !== undefined && options.seed !== null;
  const onFault = (error: unknown) => console.error(error);
  const jobs = new Jobs({ ...apiLimits, ...options.limits }, onFault);
  const app = httpApi({
    port,
    own: { models, jobs, paths, replay: replayBeside, hub: Deno.env.get("HF_ENDPOINT") || undefined },
    tokens: openTokens(paths),
    nonce,
    authority: () => authority,
    stopping: stop.signal,
    stop: () => end(null),
    seeded,
    onFault,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const server = listen(options.port ?? 0, (request) => app.fetch(request));
  authority = `127.0.0.1:${server.addr.port}`;
  const address = `http://${authority}`;
  const look = setInterval(() => {
    if (isOurs(paths, nonce)) return;
    end(
      new EngramError(
        "data_folder_missing",
        `Cannot go on: data folder ${paths.root} is gone or another host's`,
      ),
    );
  }, folderLookMs);
  const abort = () => end(null);
  let reason: Error | null = null;
  let background: BackgroundEmbedding | null = null;
  options.signal.addEventListener("abort", abort);
  try {
    const socket = { path: paths.socket, port, token, stopping: stop.signal, seeded, onFault };
    const { at: mcp } = await serveMcpSocket(socket);
    writePrivate(paths.host, `${JSON.stringify({ address, nonce, version: buildInfo().version, mcp })}\n`);
    const timing = options.quietMs === undefined ? {} : { quietMs: options.quietMs };
    const agents = await startAgents(seeded ? "none" : options.agents ?? "none", port, stop.signal, timing);
    // A seeded host embeds nothing: what is in a store, and when, is no seed's.
    if (!seeded) background = new BackgroundEmbedding(port, models, onFault);
    preloadModels(models, stop.signal, onFault);
    options.onReady?.({ address, tokenFile: paths.token, agents });
    reason = await ended.promise;
    if (reason !== null) throw reason;
  } finally {
    stop.abort();
    options.signal.removeEventListener("abort", abort);
    clearInterval(look);
    if (isOurs(paths, nonce)) Deno.removeSync(paths.host);
    jobs.close();
    await background?.close();
    models.close();
    // Answers wait for their ticks, so the engine ends its work first; then they have a moment to leave.
    await closeEngine(engine, reason);
    if (!await within(answersWaitMsMax, server.shutdown())) server.unref(); // who does not read keeps no one waiting
  }
}

function listen(
  port: number,
  handler: (request: Request) => Response | Promise<Response>,
) {
  try {
    return Deno.serve({
      hostname: "127.0.0.1",
      port,
      onListen: () => {/* said by onReady */},
      handler,
    });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new EngramError(
      "io_failed",
      `Cannot listen on 127.0.0.1:${port}: ${words}`,
      { port },
      "Choose another --port",
    );
  }
}

/** Whether the folder still has the host file that this host wrote. */
function isOurs(paths: DataPaths, nonce: string): boolean {
  try {
    return readHostFile(paths)?.nonce === nonce;
  } catch {
    return false; // a folder that cannot be read is no longer served
  }
}

const randomHex = () => crypto.getRandomValues(new Uint8Array(32)).toHex();

/** Lets the engine end its work and close, unless it is `lost`; one that does not end is ended as by a crash. */
async function closeEngine(engine: Engine, lost: Error | null): Promise<void> {
  const stopped = new EngramError("host_stopping", "Cannot wait longer: the host has stopped");
  if (lost === null || lost instanceof EngramError) {
    // The log holds everything acknowledged; what cannot be stored now is made again from it.
    const closed = engine.close().catch((error: unknown) => console.error(error));
    await within(closeWaitMsMax, closed);
  }
  engine.kill(stopped);
}

/** Whether work ended within a time in ms. */
async function within(waitMsMax: number, work: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), waitMsMax));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
