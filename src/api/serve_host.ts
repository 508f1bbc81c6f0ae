/**
 * serveHost(): owns a data folder and serves it to clients until it is told to stop.
 *
 * Owns: the order of beginning (lock → engine → reader → http → mcp socket → host.json) and of ending (the reverse).
 * Does not own: signals (the CLI's), what is served (http/http.ts), the state (the engine).
 *
 * Invariants:
 * 1. host.json names a host that answers: it is written last and removed first.
 * 2. A clean stop takes no new command, answers what is under way, lets the tick end, stores what is parked, and lets
 *    the lock go.
 * 3. A lost engine or reader ends the host with a fault; a folder that vanished ends it too. The log keeps the rest.
 * 4. Only a host that a client started ends by itself, and only when nothing was under way for the whole time.
 */
import type { LogLevel } from "../input/log_levels.ts";
import { EngramError } from "../kernel/mod.ts";
import type { BundledAgent } from "../runtime/agents/bundled.ts";
import { buildInfo } from "../runtime/assets.ts";
import { checkpointBeside } from "../runtime/checkpoint/client.ts";
import {
  type DataPaths,
  dataPaths,
  type HostFile,
  readHostFile,
  writePrivate,
} from "../runtime/data_folder.ts";
import { type Engine, startEngine } from "../runtime/engine_client.ts";
import type { StartedBy } from "../runtime/host_file.ts";
import { BackgroundEmbedding, serveTexts, withModel } from "../runtime/models/embedding.ts";
import { openDataModels, preloadModels } from "../runtime/models/models.ts";
import { openFilesMax } from "../runtime/platform.ts";
import type { Port } from "../runtime/port.ts";
import { replayBeside } from "../runtime/replay/client.ts";
import { type Reader, startReader, withReader } from "../runtime/views/reader_client.ts";
import { within } from "../runtime/within.ts";
import { authorityOf, checkListenAddress, isLoopback, localAddress, loopback } from "./addresses.ts";
import { Activity } from "./host/activity.ts";
import { type AwakeAgents, startAgents } from "./host/awake.ts";
import { Jobs } from "./host/jobs.ts";
import { HostLog } from "./host/log.ts";
import { httpApi } from "./http/http.ts";
import { type HttpServer, serveHttp } from "./http/server.ts";
import { type ApiLimits, apiLimits, connectionsIn } from "./limits.ts";
import { type McpSocket, serveMcpSocket } from "./mcp/socket.ts";
import { openTokens, ownToken, type Verifier } from "./tokens/tokens.ts";
import { TokenWatch } from "./tokens/watch.ts";
import type { Wire } from "./wire/wire.ts";

/** A host that clients can find. */
export interface HostReady {
  readonly address: string;
  readonly tokenFile: string;
  /** The bundled agents for notes, where they were asked for. */
  readonly agents: readonly BundledAgent[];
  /** Memories there are. */
  readonly engrams: number;
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
  /** The address to listen on; this machine's own by default. */
  readonly host?: string;
  /** Agrees to an address that other machines reach. */
  readonly allowRemote?: boolean;
  /** Names under which it may be asked as well. */
  readonly allowedHosts?: readonly string[];
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
  /** Who starts it, for host.json; default "up". */
  readonly startedBy?: StartedBy;
  /** ms without any client, request or work after which the host ends; null, the default: never. */
  readonly idleStopMs?: number | null;
  /** What DATA/host.log tells; default info. */
  readonly logLevel?: LogLevel;
  /** Told each line of DATA/host.log but why it ends, which is thrown; by default what is trouble goes to standard error. */
  readonly onLine?: (level: LogLevel, text: string) => void;
  /** The version it says it is; for tests of two versions in one process. */
  readonly version?: string;
  /** Ends the host. */
  readonly signal: AbortSignal;
  /** Called once, when clients can find it. */
  readonly onReady?: (host: HostReady) => void;
}

/** Between two looks whether the folder is still this host's, in ms. */
const folderLookMs = 1000;
/** For pending work to end at a stop, in ms; after it the engine is ended as by a crash. */
const closeWaitMsMax = 10_000;
/** The same where the folder is gone: nothing can be stored any more. */
const goneCloseWaitMsMax = 3000;
/** For calls under way to be answered before a stop, in ms. */
const drainWaitMsMax = 5000;
/** For answers under way to reach their clients at a stop, in ms. */
const answersWaitMsMax = 2000;
/** For the engine to say that no work waits, in ms; one that does not is not idle. */
const idleAskMsMax = 500;
/** Between two looks whether the host is idle, in ms at most. */
const idleLookMsMax = 15_000;

/**
 * Serves a data folder until `signal` aborts or a client asks it to stop; then returns, with everything closed.
 *
 * Errors: `data_folder_in_use`, `data_folder_missing` (it vanished), whatever opening it refuses; a fault where the
 * engine was lost.
 */
export async function serveHost(options: HostOptions): Promise<void> {
  const { data, signal } = options;
  checkListenAddress(options.host ?? loopback, options.allowRemote === true); // before anything is opened
  const engine = await startEngine({
    data,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.lockWaitMsMax === undefined ? {} : { lockWaitMsMax: options.lockWaitMsMax }),
  });
  // From here on the folder is this host's, and so is its log.
  const onLine = options.onLine ?? sayTrouble;
  const log = new HostLog(dataPaths(data).hostLog, { onLine, level: options.logLevel ?? "info" });
  const onUncaught = (event: ErrorEvent | PromiseRejectionEvent) =>
    log.error("reason" in event ? event.reason : event.error);
  globalThis.addEventListener("error", onUncaught);
  globalThis.addEventListener("unhandledrejection", onUncaught);
  const lost: { error: Error | null } = { error: null };
  engine.fault.then((error) => lost.error = error);
  try {
    const reader = await startReader(data);
    try {
      if (!signal.aborted) await new Host(options, engine, reader, log).serve();
    } finally {
      reader.close();
    }
    log.write("info", "stopped");
  } catch (error) {
    log.thrown(error);
    throw error;
  } finally {
    await closeEngine(engine, lost.error, (error) => log.error(error));
    globalThis.removeEventListener("error", onUncaught);
    globalThis.removeEventListener("unhandledrejection", onUncaught);
    log.close();
  }
}

const sayTrouble = (level: LogLevel, text: string) => {
  if (level === "warn" || level === "error") console.error(text);
};

class Host {
  readonly #options: HostOptions;
  readonly #engine: Engine;
  readonly #log: HostLog;
  readonly #paths: DataPaths;
  readonly #nonce = randomHex();
  readonly #version: string;
  readonly #limits: ApiLimits;
  readonly #files = openFilesMax();
  readonly #tokens: Verifier;
  readonly #watch: TokenWatch;
  readonly #activity = new Activity();
  readonly #stop = new AbortController();
  readonly #ended = Promise.withResolvers<Error | null>();
  readonly #models: ReturnType<typeof openDataModels>;
  readonly #jobs: Jobs;
  readonly #port: Port;

  constructor(options: HostOptions, engine: Engine, reader: Reader, log: HostLog) {
    this.#options = options;
    this.#engine = engine;
    this.#log = log;
    this.#paths = dataPaths(options.data);
    ownToken(this.#paths);
    this.#limits = { ...apiLimits, ...options.limits };
    this.#tokens = openTokens(this.#paths);
    this.#watch = new TokenWatch(this.#tokens, this.#limits.tokenLookMs);
    this.#version = options.version ?? buildInfo().version;
    this.#models = openDataModels(options.data, {
      onEvent: (event) => log.write("warn", JSON.stringify(event)),
    });
    this.#jobs = new Jobs(this.#limits, this.#onFault, () => this.#activity.hold());
    const read = withReader(engine, reader, () => performance.now());
    this.#port = tellingLoads(withModel(read, this.#models), log);
    engine.fault.then((error) => this.#end(error));
    reader.fault.then((error) => this.#end(error));
  }

  /** Begins to end; the first reason counts. */
  #end(reason: Error | null, why?: string, level: LogLevel = "info"): void {
    if (!this.#stop.signal.aborted && why !== undefined) this.#log.write(level, `stopping: ${why}`);
    this.#stop.abort();
    this.#ended.resolve(reason);
  }

  readonly #onFault = (error: unknown) => this.#log.error(error);

  get #seeded(): boolean {
    return this.#options.seed !== undefined && this.#options.seed !== null;
  }

  async serve(): Promise<void> {
    const { signal } = this.#options;
    const startedBy = this.#options.startedBy ?? "up";
    this.#log.write(
      "info",
      `engramlt ${this.#version} has the folder, process ${Deno.pid}, for ${startedBy}`,
    );
    const { server, address } = await this.#listen();
    const look = setInterval(() => this.#lookForFolder(), folderLookMs);
    const abort = () => this.#end(null, "it was told to end");
    let reason: Error | null = null;
    let background: BackgroundEmbedding | null = null;
    let socket: McpSocket | null = null;
    let idle: ReturnType<typeof setTimeout> | undefined;
    signal.addEventListener("abort", abort);
    try {
      socket = await this.#listenForMcp();
      this.#writeHostFile(address, socket.at, startedBy);
      this.#log.write("info", `listening at ${address} and ${socket.at}`);
      const own = this.#activity.counted(this.#port, "own");
      const agents = await this.#startAgents(own);
      // A seeded host embeds nothing: what is in a store, and when, is no seed's.
      if (!this.#seeded) background = new BackgroundEmbedding(own, this.#models, this.#onFault);
      if (!this.#seeded) serveTexts(this.#engine, this.#models, this.#onFault);
      preloadModels(this.#models, this.#stop.signal, this.#onFault);
      const { onReady } = this.#options;
      if (onReady !== undefined) {
        const { engrams } = await own.view({ view: "status" });
        onReady({ address, tokenFile: this.#paths.token, agents, engrams });
      }
      idle = this.#watchIdle();
      if (signal.aborted) abort();
      reason = await this.#ended.promise;
      if (reason !== null) throw reason;
    } finally {
      this.#stop.abort();
      signal.removeEventListener("abort", abort);
      clearInterval(look);
      clearInterval(idle);
      if (isOurs(this.#paths, this.#nonce)) Deno.removeSync(this.#paths.host);
      this.#jobs.close();
      if (background !== null) await within(answersWaitMsMax, background.close());
      if (reason === null) await socket?.drain(drainWaitMsMax);
      this.#models.close();
      // Answers wait for their ticks, so the engine ends its work first; then they have a moment to leave.
      await closeEngine(this.#engine, reason, this.#onFault);
      socket?.close();
      await server.close(answersWaitMsMax);
    }
  }

  /** The HTTP door. */
  async #listen(): Promise<{ readonly server: HttpServer; readonly address: string }> {
    let authority = "";
    const app = httpApi({
      port: this.#activity.counted(this.#port, "clients"),
      own: {
        models: this.#models,
        jobs: this.#jobs,
        paths: this.#paths,
        replay: replayBeside,
        checkpoint: checkpointBeside,
        hub: Deno.env.get("HF_ENDPOINT") || undefined,
      },
      tokens: this.#tokens,
      watch: this.#watch,
      nonce: this.#nonce,
      authority: () => authority,
      allowedHosts: this.#options.allowedHosts ?? [],
      stopping: this.#stop.signal,
      stop: () => this.#end(null, "a client asked for it"),
      seeded: this.#seeded,
      onFault: this.#onFault,
      limits: this.#limits,
    });
    const hostname = checkListenAddress(this.#options.host ?? loopback, this.#options.allowRemote === true);
    const handler = async (request: Request, wire: Required<Wire>) => {
      const over = this.#activity.hold();
      const began = performance.now();
      let answered = "no answer";
      try {
        const answer = await app.fetch(request, wire);
        answered = String(wire.outgoing.headersSent ? wire.outgoing.statusCode : answer.status);
        return answer;
      } finally {
        over();
        if (this.#log.tells("debug")) {
          // The path without its query: what is looked for is nobody's to read here.
          const { pathname } = new URL(request.url);
          const ms = Math.round(performance.now() - began);
          this.#log.write("debug", `${request.method} ${pathname} ${answered}, ${ms} ms`);
        }
      }
    };
    const { port = 0 } = this.#options;
    const limits = { ...this.#limits, connectionsMax: await this.#connectionsMax() };
    const server = await serveHttp({ hostname, port, limits, handler });
    authority = authorityOf(hostname, server.port);
    if (!isLoopback(hostname)) this.#log.write("warn", `other machines reach ${authority}`);
    return { server, address: localAddress(hostname, server.port) };
  }

  /** Connections that leave the host files enough for its own work. */
  async #connectionsMax(): Promise<number> {
    const { connectionsMax } = this.#limits, files = await this.#files;
    const most = connectionsIn(files);
    if (most >= connectionsMax) return connectionsMax;
    this.#log.write(
      "warn",
      `connectionsMax is ${most}, not ${connectionsMax}: this system lets it open ${files} files`,
    );
    return most;
  }

  /** The MCP door. */
  #listenForMcp(): Promise<McpSocket> {
    let over: (() => void) | null = null;
    return serveMcpSocket({
      path: this.#paths.socket,
      port: this.#activity.counted(this.#port, "clients"),
      tokens: this.#tokens,
      watch: this.#watch,
      stopping: this.#stop.signal,
      version: this.#version,
      underWay: () => this.#activity.calls,
      // Whoever runs it at a terminal is told.
      onNewer: (version) => this.#end(null, `engramlt ${version}, newer than this, takes over`, "warn"),
      onConnections: (count) => {
        if (count > 0) over ??= this.#activity.hold();
        else {
          over?.();
          over = null;
        }
        this.#log.write("info", `assistants connected: ${count}`);
      },
      seeded: this.#seeded,
      onFault: this.#onFault,
    });
  }

  #writeHostFile(address: string, mcp: string, startedBy: StartedBy): void {
    const file: HostFile = {
      address,
      nonce: this.#nonce,
      version: this.#version,
      mcp,
      pid: Deno.pid,
      since: new Date().toISOString(),
      startedBy,
    };
    writePrivate(this.#paths.host, `${JSON.stringify(file)}\n`);
  }

  async #startAgents(port: Port): Promise<readonly BundledAgent[]> {
    const { agents = "none", quietMs } = this.#options;
    const which = this.#seeded ? "none" : agents;
    const timing = quietMs === undefined ? {} : { quietMs };
    return await startAgents(which, port, this.#stop.signal, this.#onFault, timing);
  }

  #lookForFolder(): void {
    if (isOurs(this.#paths, this.#nonce)) return;
    const message = `Cannot go on: data folder ${this.#paths.root} is gone or another host's`;
    this.#end(new EngramError("data_folder_missing", message));
  }

  /** Looks from time to time whether anything is to do; ends the host where nothing was for long enough. */
  #watchIdle(): ReturnType<typeof setInterval> | undefined {
    const { idleStopMs = null } = this.#options;
    if (idleStopMs === null) return undefined;
    const lookMs = Math.min(idleLookMsMax, Math.max(20, idleStopMs / 10));
    let isAsking = false;
    return setInterval(async () => {
      if (isAsking || this.#activity.quietMs() < idleStopMs) return;
      isAsking = true;
      try {
        const isIdle = await within(idleAskMsMax, this.#engine.idle());
        if (!isIdle) this.#activity.touch();
        else if (this.#activity.quietMs() >= idleStopMs) {
          this.#end(null, `nothing was asked for ${Math.round(idleStopMs / 1000)} s`);
        }
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#onFault(error); // a lost engine ends the host by itself
      } finally {
        isAsking = false;
      }
    }, lookMs);
  }
}

/** A port that has agents told in the log which could not be loaded: who, why, and how large the module is. */
function tellingLoads(port: Port, log: HostLog): Port {
  return {
    where: port.where,
    view: (view) => port.view(view),
    idle: () => port.idle(),
    close: () => port.close(),
    events: (from, signal) => port.events(from, signal),
    async submit(request, options) {
      try {
        return await port.submit(request, options);
      } catch (error) {
        if (request.kind === "agent_load" && error instanceof EngramError) log.write("warn", error.message);
        throw error;
      }
    },
  };
}

/** Whether the folder still has the host file that this host wrote. */
function isOurs(paths: DataPaths, nonce: string): boolean {
  try {
    return readHostFile(paths)?.nonce === nonce;
  } catch (error) {
    // A folder that cannot be read is no longer served; that no file can be opened now says nothing of it.
    return error instanceof EngramError && error.code === "limit_reached";
  }
}

const randomHex = () => crypto.getRandomValues(new Uint8Array(32)).toHex();

/** Lets the engine end its work and close, unless it is `lost`; one that does not end is ended as by a crash. */
async function closeEngine(
  engine: Engine,
  lost: Error | null,
  onFault: (error: unknown) => void,
): Promise<void> {
  const stopped = new EngramError("host_stopping", "Cannot wait longer: the host has stopped");
  if (lost === null || lost instanceof EngramError) {
    const isGone = lost?.code === "data_folder_missing";
    // The log holds everything acknowledged; what cannot be stored now is made again from it.
    const closed = engine.close().catch((error: unknown) => {
      if (!isGone) onFault(error);
    });
    await within(isGone ? goneCloseWaitMsMax : closeWaitMsMax, closed);
  }
  engine.kill(stopped);
}
