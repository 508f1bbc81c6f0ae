/**
 * Streamable HTTP: one URL for both eras of the protocol, requests without a session (2026) and sessions (2025).
 *
 * Owns: sessions, their number and their end; which era serves a request.
 * Does not own: who may ask (../http.ts checks token, Host and Origin first), what is served (`build`).
 *
 * Invariants:
 * 1. A session serves only the caller that opened it: another token gets "no such session".
 * 2. The number of sessions is bounded; the one unused for longest ends when another needs its place.
 * 3. At the host's stop every session and every open stream ends, and soon after a token no longer holds those of it.
 */
import {
  createMcpHandler,
  isLegacyRequest,
  type McpServer,
  type ServerNotifier,
  WebStandardStreamableHTTPServerTransport as SessionTransport,
} from "@modelcontextprotocol/server";
import type { Hold } from "../tokens/watch.ts";
import { SessionEvents } from "./event_store.ts";
import { mcpLimits } from "./limits.ts";

/** What a request comes with, for whoever builds its server. */
export interface McpRequest<Who> {
  /** Who asks, as the door found out. */
  readonly who: Who;
  readonly headers: Headers;
  /** The session's id, or null where the protocol has none. */
  readonly session: string | null;
}

/** How to serve. */
export interface McpHttpOptions<Who> {
  readonly build: (request: McpRequest<Who>) => McpServer;
  /** Whether a session opened by one may be used by another. */
  readonly isSame: (a: Who, b: Who) => boolean;
  /** Holds on to the caller's right to ask, for a session or a stream; absent: nobody loses it. */
  readonly hold?: (who: Who) => Hold;
  /** Ends every session and stream. */
  readonly stopping: AbortSignal;
  readonly onFault: (error: unknown) => void;
  readonly limits?: Partial<{ readonly [Name in keyof typeof mcpLimits]: number }>;
}

interface Session<Who> {
  readonly transport: SessionTransport;
  readonly server: McpServer;
  readonly who: Who;
  readonly hold: Hold;
  usedMs: number;
}

/** One URL. */
export interface McpHttp<Who> {
  /** Answers a request; `text` is its body where that has been read. */
  readonly answer: (request: Request, who: Who, text?: string | null) => Promise<Response>;
  /** Tells the clients without a session that listen for changes. */
  readonly notify: ServerNotifier;
}

/** A body as the SDK takes one that has been read. */
type Body = { readonly parsedBody?: unknown };

function parsed(text: string): Body {
  try {
    return { parsedBody: JSON.parse(text) };
  } catch {
    return {};
  }
}

/** The answer to a request that names a session which is not there. */
function noSession(): Response {
  const error = { code: -32001, message: "Session not found" };
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 404 });
}

const endless: Hold = { ended: new AbortController().signal, release: () => {/* nothing is held */} };

/** The same answer; a stream of events among them ends, cleanly, with the caller's right to ask. */
export function holding(response: Response, take: () => Hold): Response {
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  // The body of another answer is not touched: as it is, it leaves in one piece.
  if (!isStream || response.body === null) return response;
  const hold = take(), reader = response.body.getReader();
  hold.ended.addEventListener("abort", () => {
    reader.cancel().catch(() => {/* it ended by itself */});
  });
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        hold.release();
        throw error;
      });
      if (!done) return controller.enqueue(value);
      hold.release();
      controller.close();
    },
    async cancel(reason) {
      hold.release();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(body, { status: response.status, headers: response.headers });
}

/** Makes the handler of one URL. */
export function mcpHttp<Who>(options: McpHttpOptions<Who>): McpHttp<Who> {
  const limits = { ...mcpLimits, ...options.limits };
  const take = options.hold ?? (() => endless);
  const sessions = new Map<string, Session<Who>>();
  // The SDK hands a request's own Request to the factory: what the door knows of it is kept beside it meanwhile.
  const asking = new WeakMap<Request, Who>();
  const modern = createMcpHandler(
    ({ requestInfo }) => {
      const who = requestInfo === undefined ? undefined : asking.get(requestInfo);
      if (requestInfo === undefined || who === undefined) throw new Error("Fault: a request nobody asked");
      return options.build({ who, headers: requestInfo.headers, session: null });
    },
    {
      legacy: "reject",
      maxSubscriptions: limits.listenersMax,
      maxRequestBodySize: limits.messageBytesMax,
    },
  );
  const end = (id: string) => {
    const session = sessions.get(id);
    sessions.delete(id);
    session?.hold.release();
    session?.server.close().catch(options.onFault);
  };
  const expire = () => {
    const now = performance.now();
    for (const [id, session] of sessions) {
      if (now - session.usedMs > limits.sessionIdleMsMax) end(id);
    }
  };
  options.stopping.addEventListener("abort", () => {
    for (const id of [...sessions.keys()]) end(id);
    modern.close().catch(options.onFault);
  }, { once: true });

  const open = async (request: Request, who: Who, body: Body): Promise<Response> => {
    const id = crypto.randomUUID();
    const server = options.build({ who, headers: request.headers, session: id });
    const transport = new SessionTransport({
      sessionIdGenerator: () => id,
      eventStore: new SessionEvents(limits),
      retryInterval: 1000,
      maxRequestBodySize: limits.messageBytesMax,
      onsessioninitialized: () => {
        const [oldest] = sessions.keys();
        if (sessions.size >= limits.sessionsMax && oldest !== undefined) end(oldest);
        const hold = take(who);
        hold.ended.addEventListener("abort", () => end(id));
        sessions.set(id, { transport, server, who, hold, usedMs: performance.now() });
      },
      onsessionclosed: () => end(id),
    });
    await server.connect(transport);
    const response = await transport.handleRequest(request, body);
    if (!sessions.has(id)) await server.close(); // it was no initialize: refused, and nothing stays
    return response;
  };

  const answer = async (came: Request, who: Who, text: string | null = null): Promise<Response> => {
    expire();
    const body: Body = text === null ? {} : parsed(text);
    // What is no JSON goes on as text: the protocol has a word for it.
    const isText = text !== null && body.parsedBody === undefined;
    const request = isText
      ? new Request(came.url, { method: "POST", headers: came.headers, body: text })
      : came;
    const bounds = { maxRequestBodySize: limits.messageBytesMax };
    if (!await isLegacyRequest(request, body.parsedBody, bounds)) {
      asking.set(request, who);
      return holding(await modern.fetch(request, body), () => take(who));
    }
    const id = request.headers.get("mcp-session-id");
    if (id === null) return await open(request, who, body);
    const session = sessions.get(id);
    if (session === undefined || !options.isSame(session.who, who)) return noSession();
    session.usedMs = performance.now();
    sessions.delete(id);
    sessions.set(id, session); // in order of use
    return await session.transport.handleRequest(request, body);
  };
  return { answer, notify: modern.notify };
}
