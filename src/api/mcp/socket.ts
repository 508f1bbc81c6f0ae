/**
 * serveMcpSocket(): the host's end of `engramlt mcp`. A connection is one client over stdio framing, after one line
 * of JSON that says where the client works.
 *
 * Owns: the socket, its connections and their bounds.
 * Does not own: the other end (src/cli/host/mcp.ts), what is served (server.ts),
 * the host's life (serve_host.ts).
 *
 * Invariants:
 * 1. Only the folder's owner reaches the socket: it is a 0600 file in the data folder. Where the system has no such
 *    socket, or the path is too long for one, it is a port on loopback, and the first line must carry a token.
 *    A token that is sent decides, here as there: one of scope read can change nothing, and soon after it no longer
 *    holds its connection ends.
 * 2. A socket file that a killed host left is removed; the folder's lock says that it is nobody's.
 * 3. At the host's stop the socket takes no one any more and reads no more; what was read is answered, then every
 *    connection is closed.
 * 4. A shim that says its version is answered by one line before the protocol begins: `{"engramlt": VERSION}`, and
 *    `refused` with a message where it is not served. One newer than the host makes the host end, and starts its own.
 */
import { Buffer } from "node:buffer";
import { createServer, type Server, type Socket } from "node:net";
import { z } from "zod";
import { EngramError, type RefusalCode } from "../../kernel/mod.ts";
import type { Port } from "../../runtime/mod.ts";
import { makePrivate, os } from "../../runtime/platform.ts";
import { compareVersions } from "../../runtime/version_order.ts";
import type { Identity, Verifier } from "../tokens/tokens.ts";
import type { TokenWatch } from "../tokens/watch.ts";
import { mcpLimits } from "./limits.ts";

/** What the socket serves. */
export interface McpSocketOptions {
  /** Where the socket lies: DATA/host.sock. */
  readonly path: string;
  readonly port: Port;
  /** The host's tokens. */
  readonly tokens: Verifier;
  /** Of these tokens. */
  readonly watch: TokenWatch;
  /** Aborted when the host begins to stop. */
  readonly stopping: AbortSignal;
  /** This host's version. */
  readonly version: string;
  /** Told of a newer shim, which waits for this host's end. */
  readonly onNewer: (version: string) => void;
  /** Calls without an answer yet: at the stop they are waited for. */
  readonly underWay: () => number;
  /** A seeded host records no ids that clients made up. */
  readonly seeded?: boolean;
  readonly onFault: (error: unknown) => void;
  /** Told how many clients are connected, when that changes. */
  readonly onConnections?: (count: number) => void;
}

/** A socket that listens. */
export interface McpSocket {
  /** `unix:PATH` or `tcp:PORT`, for host.json. */
  readonly at: string;
  /** After the abort of `stopping`: waits for the answers under way, at most so many ms. */
  readonly drain: (waitMsMax: number) => Promise<void>;
  /** Closes every connection, after what was written to it has left. */
  readonly close: () => void;
}

/** Between two looks whether the answers under way have been given, in ms. */
const drainLookMs = 10;

/** Bytes that a path of a socket may have on every system that has them (macOS: 104 with the zero). */
const socketPathBytesMax = 103;

/** Who opens the socket's file without a token: it could read the first one. */
const fileOwner: Identity = { name: "owner", scope: "admin" };

const hello = z.object({
  token: z.string().max(256).optional(),
  folder: z.string().max(4096).optional(),
  context: z.string().max(256).optional(),
  version: z.string().max(64).optional(),
});

/** Listens until `stopping` aborts. Errors: `io_failed` where it cannot listen. */
export async function serveMcpSocket(options: McpSocketOptions): Promise<McpSocket> {
  const { path, stopping } = options;
  const open = new Set<Socket>();
  const isFile = os !== "windows" && Buffer.byteLength(path) <= socketPathBytesMax;
  const server = createServer((socket) => {
    if (open.size >= mcpLimits.connectionsMax) return refuse(socket, "too many clients are connected");
    if (stopping.aborted) return socket.destroy(); // taken in the moment of the stop: its shim looks again
    open.add(socket);
    options.onConnections?.(open.size);
    socket.on("close", () => {
      open.delete(socket);
      options.onConnections?.(open.size);
    });
    socket.on("error", () => socket.destroy()); // a client that was killed; "close" follows
    serve(socket, options, !isFile);
  });
  const at = await listen(server, isFile ? path : null);
  if (isFile) makePrivate(path, "file");
  protocol().catch(options.onFault);
  stopping.addEventListener("abort", () => {
    server.close();
    for (const socket of open) socket.pause();
  }, { once: true });
  return {
    at,
    async drain(waitMsMax) {
      const end = performance.now() + waitMsMax;
      // One look more than needed: an answer is written a moment after its call has ended.
      for (let quiet = 0; quiet < 2 && performance.now() < end;) {
        await new Promise((resolve) => setTimeout(resolve, drainLookMs));
        quiet = options.underWay() === 0 ? quiet + 1 : 0;
      }
    },
    close() {
      for (const socket of open) socket.destroySoon();
    },
  };
}

async function listen(server: Server, path: string | null): Promise<string> {
  if (path !== null) removeLeftover(path);
  const listening = Promise.withResolvers<void>();
  server.once("error", (error: Error) => {
    const where = path ?? "127.0.0.1";
    listening.reject(new EngramError("io_failed", `Cannot listen on ${where}: ${error.message}`));
  });
  const ready = () => listening.resolve();
  if (path === null) server.listen(0, "127.0.0.1", ready);
  else server.listen(path, ready);
  await listening.promise;
  const address = server.address();
  if (path !== null) return `unix:${path}`;
  if (typeof address === "object" && address !== null) return `tcp:${address.port}`;
  throw new Error("Fault: a socket without an address");
}

function removeLeftover(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      const words = error instanceof Error ? error.message : String(error);
      throw new EngramError("io_failed", `Cannot remove ${path}: ${words}`);
    }
  }
}

/** Ends a connection that cannot be served, with a word on its way out that a person can find in a log. */
function refuse(socket: Socket, why: string): void {
  socket.on("error", () => socket.destroy());
  const error = { code: -32000, message: `Cannot serve this client: ${why}` };
  socket.end(`${JSON.stringify({ jsonrpc: "2.0", error, id: null })}\n`);
}

/** Reads the first line, then hands the connection over to the protocol. */
function serve(socket: Socket, options: McpSocketOptions, needsToken: boolean): void {
  let head = Buffer.alloc(0);
  const late = setTimeout(() => refuse(socket, "its first line did not come"), mcpLimits.helloWaitMsMax);
  socket.on("close", () => clearTimeout(late));
  const onData = (data: Buffer) => {
    head = Buffer.concat([head, data]);
    const end = head.indexOf(10);
    if (end < 0 && head.length <= mcpLimits.helloBytesMax) return;
    socket.off("data", onData);
    socket.pause();
    clearTimeout(late);
    const said = end < 0 ? null : readHello(head.subarray(0, end));
    if (said === null) return refuse(socket, "its first line is not the one of engramlt mcp");
    const who = needsToken || said.token !== undefined
      ? options.tokens.verifyToken(said.token ?? "")
      : fileOwner;
    if (who === null) return refuseToken(socket, options, said.version !== undefined);
    if (said.token !== undefined) {
      const hold = options.watch.hold(said.token, who);
      hold.ended.addEventListener("abort", () => socket.destroySoon());
      socket.on("close", () => hold.release());
    }
    if (said.version !== undefined && !welcome(socket, options, said.version, who)) return;
    const rest = head.subarray(end + 1);
    if (rest.length > 0) socket.unshift(rest);
    speak(socket, options, said, who.scope !== "read").catch((error: unknown) => {
      options.onFault(error);
      socket.destroy();
    });
  };
  socket.on("data", onData);
}

/** Refuses a token, in the form that the shim reads where it said its version. */
function refuseToken(socket: Socket, { version: engramlt }: McpSocketOptions, isShim: boolean): void {
  const why = "its token is none of this host's";
  if (!isShim) return refuse(socket, why);
  const refused: RefusalCode = "unauthorized";
  socket.end(`${JSON.stringify({ engramlt, refused, message: `Cannot serve this client: ${why}` })}\n`);
}

/** Answers a shim's first line; whether it is served. One that may only read does not make the host end. */
function welcome(socket: Socket, options: McpSocketOptions, theirs: string, { scope }: Identity): boolean {
  const { version: engramlt, stopping } = options;
  const order = compareVersions(theirs, engramlt) ?? 0;
  const refused = (code: RefusalCode, message: string) => {
    socket.end(`${JSON.stringify({ engramlt, refused: code, message })}\n`);
    return false;
  };
  if (order < 0) {
    return refused("version_older", `Cannot serve engramlt ${theirs}: the running host is ${engramlt}`);
  }
  if (order > 0 && scope !== "read") options.onNewer(theirs);
  if (stopping.aborted) return refused("host_stopping", `Cannot serve: the host ${engramlt} is stopping`);
  socket.write(`${JSON.stringify({ engramlt })}\n`);
  return true;
}

function readHello(line: Buffer): z.infer<typeof hello> | null {
  try {
    return hello.safeParse(JSON.parse(line.toString("utf8"))).data ?? null;
  } catch {
    return null; // not JSON: no shim of ours
  }
}

/** Hands a connection to the protocol, which is loaded beside the host's start and waited for here. */
async function speak(
  socket: Socket,
  options: McpSocketOptions,
  said: z.infer<typeof hello>,
  writes: boolean,
): Promise<void> {
  const { port, seeded, onFault } = options;
  const { serveStdioOn } = await protocol();
  if (socket.destroyed) return;
  const caller = {
    port,
    submit: writes ? port.submit.bind(port) : null,
    folder: said.folder ?? null,
    context: said.context ?? null,
    connection: seeded === true ? null : crypto.randomUUID().replaceAll("-", "").slice(0, 16),
  };
  serveStdioOn(socket, caller, onFault);
}

const protocol = () => import("./connection.ts");
