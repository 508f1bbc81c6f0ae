/**
 * The server under the HTTP door: sockets to requests, each wait and each number bounded.
 *
 * Owns: how long a client may take for a request's head and a connection may lie idle, how many connections there are,
 * what is answered where there is no request yet.
 * Does not own: what a request means (http.ts), how long a body may take where it is read (body.ts).
 *
 * Invariants:
 * 1. A connection that sends no whole head is ended after `headersWaitMsMax`, one whose body nobody waits for after
 *    `bodyWaitMsMax` more, one without a request after `idleConnectionMsMax`: with an answer where HTTP allows one.
 * 2. Above `connectionsMax` a connection is answered 503 and closed; nobody who is connected notices.
 */
import { getRequestListener, RequestError } from "@hono/node-server";
import { createServer, IncomingMessage, type Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { EngramError } from "../../kernel/errors.ts";
import { authorityOf } from "../addresses.ts";
import type { ApiLimits } from "../limits.ts";
import { problemOf, problemType } from "../wire/problem.ts";
import type { Wire } from "../wire/wire.ts";

/** A server that listens. */
export interface HttpServer {
  /** The port it listens on. */
  readonly port: number;
  /** Takes no connection any more; ends when every answer under way has left, or after `waitMsMax` without them. */
  readonly close: (waitMsMax: number) => Promise<void>;
}

/** The limits of a server's connections. */
export type ConnectionLimits = Pick<
  ApiLimits,
  | "headersWaitMsMax"
  | "headersMax"
  | "headerBytesMax"
  | "bodyWaitMsMax"
  | "idleConnectionMsMax"
  | "connectionsMax"
>;

/** Where to listen, and what to do with a request. */
export interface HttpServing {
  readonly hostname: string;
  readonly port: number;
  readonly limits: ConnectionLimits;
  readonly handler: (request: Request, wire: Required<Wire>) => Response | Promise<Response>;
}

/** Serves requests. Errors: `io_failed` where the address can't be had. */
export async function serveHttp({ hostname, port, limits, handler }: HttpServing): Promise<HttpServer> {
  const { headersWaitMsMax, bodyWaitMsMax, idleConnectionMsMax, headerBytesMax } = limits;
  const answer = getRequestListener((request, { incoming, outgoing }) => {
    if (!(incoming instanceof IncomingMessage && outgoing instanceof ServerResponse)) {
      throw new Error("Fault: HTTP/2");
    }
    return handler(request, { incoming, outgoing });
  }, {
    overrideGlobalObjects: false,
    errorHandler: (error) => new Response("", { status: error instanceof RequestError ? 400 : 500 }),
  });
  const underWay = new WeakMap<
    Socket,
    { readonly request: IncomingMessage; readonly response: ServerResponse }
  >();
  const take = (request: IncomingMessage, response: ServerResponse) => {
    underWay.set(request.socket, { request, response });
    if (isMalformed(request, limits)) refuseMalformed(response);
    else void answer(request, response);
  };
  const server = createServer({
    headersTimeout: headersWaitMsMax,
    requestTimeout: headersWaitMsMax + bodyWaitMsMax,
    keepAliveTimeout: idleConnectionMsMax,
    connectionsCheckingInterval: Math.min(1000, Math.ceil(headersWaitMsMax / 4)),
    maxHeaderSize: headerBytesMax,
  }, take);
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    askForBody(request, response);
    take(request, response);
  });
  server.maxHeadersCount = 0; // counted above: more would else be left out in silence
  server.on("clientError", (error: Error & { readonly code?: string }, socket: Socket) => {
    const last = underWay.get(socket);
    const isAnswering = last !== undefined && !last.response.writableFinished &&
      (last.request.complete || last.response.headersSent);
    // What follows a request may break the protocol; the answer to the request itself is not lost by it.
    if (isAnswering) last.response.once("close", () => socket.destroy());
    else endWith(socket, wordsFor(error.code, limits));
  });
  server.on("connect", (_request, socket: Socket) => endWith(socket, badRequest));
  countConnections(server, limits.connectionsMax);
  await listen(server, hostname, port);
  return { port: addressOf(server).port, close: (waitMsMax) => close(server, waitMsMax) };
}

function listen(server: Server, hostname: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) =>
      reject(
        new EngramError(
          "io_failed",
          `Cannot listen on ${authorityOf(hostname, port)}: ${error.message}`,
          { port },
          "Choose another --port or --host",
        ),
      );
    server.once("error", refuse);
    server.listen(port, hostname, () => {
      server.off("error", refuse);
      resolve();
    });
  });
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Fault: the server has no port");
  return address;
}

async function close(server: Server, waitMsMax: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), waitMsMax); // who does not read keeps no one waiting
  await closed;
  clearTimeout(timer);
}

/** What the parser lets through and no client of good faith sends. */
function isMalformed({ rawHeaders }: IncomingMessage, { headersMax }: ConnectionLimits): boolean {
  if (rawHeaders.length > 2 * headersMax) return true;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === "host") hosts++;
  return hosts > 1;
}

/**
 * Says 100 Continue when the body is wanted: it begins to be read. Where the answer comes first, as to one that is too
 * large, nobody knows whether it will be sent: the connection ends.
 */
function askForBody(request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false;
  request.once("resume", () => {
    if (response.headersSent) return;
    response.shouldKeepAlive = true;
    response.writeContinue();
  });
}

function refuseMalformed(response: ServerResponse): void {
  response.writeHead(400, { connection: "close", "content-length": 0 });
  response.end();
}

/** The words of an answer to what is no request, or no whole one. */
function wordsFor(code: string | undefined, { headersWaitMsMax, headerBytesMax }: ConnectionLimits): string {
  switch (code) {
    case timeoutCode:
      return problemWords(
        408,
        new EngramError(
          "request_timeout",
          `Cannot read the request: it took longer than ${headersWaitMsMax} ms for its head (headersWaitMsMax), ` +
            "or as much longer for its body as bodyWaitMsMax says",
        ),
      );
    case "HPE_HEADER_OVERFLOW":
      return problemWords(
        431,
        new EngramError(
          "payload_too_large",
          `Cannot read the request: its head is larger than ${headerBytesMax} bytes (headerBytesMax)`,
        ),
      );
    default:
      return badRequest;
  }
}

const timeoutCode = "ERR_HTTP_REQUEST_TIMEOUT";
const badRequest = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const reasons = {
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

function problemWords(status: keyof typeof reasons, error: EngramError): string {
  const body = JSON.stringify({ ...problemOf(error, crypto.randomUUID()), status });
  return `HTTP/1.1 ${status} ${reasons[status]}\r\nContent-Type: ${problemType}\r\nConnection: close\r\n` +
    `Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n${
      status === 503 ? "Retry-After: 1\r\n" : ""
    }` +
    `Content-Length: ${new TextEncoder().encode(body).length}\r\n\r\n${body}`;
}

/** Says why and ends the connection; one that does not read is ended all the same. */
function endWith(socket: Socket, words: string): void {
  if (!socket.writable) socket.destroy();
  else socket.end(words, () => socket.destroy());
}

function countConnections(server: Server, connectionsMax: number): void {
  let open = 0;
  server.on("connection", (socket: Socket) => {
    open++;
    socket.once("close", () => open--);
    if (open <= connectionsMax) return;
    endWith(
      socket,
      problemWords(
        503,
        new EngramError(
          "limit_reached",
          `Cannot take the connection: ${connectionsMax} are open (connectionsMax)`,
        ),
      ),
    );
  });
}
