/**
 * Streamable HTTP: one URL for both eras of the protocol, requests without a session (2026) and sessions (2025).
 *
 * Owns: sessions, their number and their end; which era serves a request.
 * Does not own: who may ask (../http.ts checks token, Host and Origin first), what is served (`build`).
 *
 * Invariants:
 * 1. A session serves only the caller that opened it: another token gets "no such session".
 * 2. The number of sessions is bounded; the one unused for longest ends when another needs its place.
 * 3. At the host's stop every session and every open stream ends.
 */
import {
  createMcpHandler,
  isLegacyRequest,
  type McpServer,
  type ServerNotifier,
  WebStandardStreamableHTTPServerTransport as SessionTransport,
} from "@modelcontextprotocol/server";
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
  /** Ends every session and stream. */
  readonly stopping: AbortSignal;
  readonly onFault: (error: unknown) => void;
  readonly limits?: Partial<{ readonly [Name in keyof typeof mcpLimits]: number }>;
}

interface Session<Who> {
  readonly transport: SessionTransport;
  readonly server: McpServer;
  readonly who: Who;
  usedMs: number;
}

/** One URL. */
export interface McpHttp<Who> {
  /** Answers a request. */
  readonly answer: (request: Request, who: Who) => Promise<Response>;
  /** Tells the clients without a session that listen for changes. */
  readonly notify: ServerNotifier;
}

/** The answer to a request that names a session which is not there. */
function noSession(): Response {
  const error = { code: -32001, message: "Session not found" };
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 404 });
}

/** Makes the handler of one URL. */
export function mcpHttp<Who>(options: McpHttpOptions<Who>): McpHttp<Who> {
  const limits = { ...mcpLimits, ...options.limits };
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

  const open = async (request: Request, who: Who): Promise<Response> => {
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
        sessions.set(id, { transport, server, who, usedMs: performance.now() });
      },
      onsessionclosed: () => end(id),
    });
    await server.connect(transport);
    const response = await transport.handleRequest(request);
    if (!sessions.has(id)) await server.close(); // it was no initialize: refused, and nothing stays
    return response;
  };

  const answer = async (request: Request, who: Who): Promise<Response> => {
    expire();
    if (!await isLegacyRequest(request, undefined, { maxRequestBodySize: limits.messageBytesMax })) {
      asking.set(request, who);
      return await modern.fetch(request);
    }
    const id = request.headers.get("mcp-session-id");
    if (id === null) return await open(request, who);
    const session = sessions.get(id);
    if (session === undefined || !options.isSame(session.who, who)) return noSession();
    session.usedMs = performance.now();
    sessions.delete(id);
    sessions.set(id, session); // in order of use
    return await session.transport.handleRequest(request);
  };
  return { answer, notify: modern.notify };
}
