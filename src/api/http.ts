/**
 * The HTTP door: routes to a port, on loopback, for whoever holds the token.
 *
 * Owns: who may ask (token, Host, Origin), how much may be asked at once, JSON in and JSON out.
 * Does not own: what a command or a view means (runtime), when the host starts and ends (serve_host.ts).
 *
 * Invariants:
 * 1. Nothing but /v1/health is answered without the token, not even which routes there are.
 * 2. Only the address it listens on is a valid Host and Origin: a page of another site gets nothing, by any name.
 * 3. What leaves is a result, a refusal, or the word that there was a fault. The token is in no answer and no log.
 * 4. Every wait and every size has a name in `apiLimits`.
 */
import { type Context, Hono } from "hono";
import { Buffer } from "node:buffer";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { EngramError } from "../kernel/mod.ts";
import type { Port } from "../runtime/port.ts";
import { eventStream } from "./events.ts";
import { readingRoutes, routeList, viewOf } from "./routes.ts";
import { readCommand, readTick, readView } from "./schemas.ts";

/** Limits of the HTTP API. */
export const apiLimits = {
  /** Bytes of a request's body. A module of 16 MiB in base64 fits. */
  bodyBytesMax: 32 * 1024 * 1024,
  /** ms for a body to arrive. */
  bodyWaitMsMax: 30_000,
  /** Levels of lists and objects in a body. */
  bodyDepthMax: 64,
  /** Requests under way at once. */
  requestsMax: 1024,
  /** Streams of events at once. */
  eventsClientsMax: 32,
} as const;

/** The names of {@link apiLimits}, each of which may be set lower. */
export type ApiLimits = { readonly [Name in keyof typeof apiLimits]: number };

/** What the door serves. */
export interface HttpDoor {
  readonly port: Port;
  /** 64 hex digits. */
  readonly token: string;
  /** The start nonce in host.json: never sent, only proven. */
  readonly nonce: string;
  /** Host and port it listens on, such as `127.0.0.1:4100`. */
  readonly authority: () => string;
  /** Aborted when the host begins to stop. */
  readonly stopping: AbortSignal;
  /** Asked to stop the host. */
  readonly stop: () => void;
  /** A seeded host records no ids that clients made up: equal commands make an equal log. */
  readonly seeded: boolean;
  /** Told of a fault: an error that is no refusal. */
  readonly onFault: (error: unknown) => void;
  readonly limits?: Partial<ApiLimits>;
}

/** The proof that a host knows its nonce: HMAC-SHA256 over a client's challenge, in hex. */
export function nonceProof(nonce: string, challenge: string): string {
  return createHmac("sha256", nonce).update(challenge).digest("hex");
}

/** Makes the API of a host. It is served by `Deno.serve`, or called directly. */
export function httpApi(door: HttpDoor): Hono {
  const limits: ApiLimits = { ...apiLimits, ...door.limits };
  const app = new Hono();
  const counts = { requests: 0, events: 0 };
  app.use(async (c, next) => {
    c.header("cache-control", "no-store, no-transform");
    c.header("x-content-type-options", "nosniff");
    checkAddress(c, door.authority());
    if (c.req.path !== "/v1/health") checkToken(c, door.token);
    if (counts.requests >= limits.requestsMax) throw tooMany("requestsMax", limits.requestsMax);
    counts.requests++;
    try {
      await next();
    } finally {
      counts.requests--;
    }
  });
  app.notFound((c) => {
    const message = `Cannot ${c.req.method} ${c.req.path}: there is no such route`;
    return errorAnswer(c, new EngramError("route_not_found", message));
  });
  app.onError((error, c) => {
    if (error instanceof EngramError) return errorAnswer(c, error);
    door.onFault(error);
    return c.json({
      error: { code: "fault", message: "Fault: the host met an error of its own; see its output" },
    }, 500);
  });
  addRoutes(app, door, limits, counts);
  return app;
}

function addRoutes(app: Hono, door: HttpDoor, limits: ApiLimits, counts: { events: number }): void {
  app.get("/v1", (c) => c.json({ routes: routeList() }));
  app.get("/v1/health", (c) => {
    const challenge = c.req.query("challenge");
    if (challenge === undefined) return c.json({ ok: true });
    if (!/^[0-9a-f]{32,128}$/.test(challenge)) {
      throw new EngramError(
        "invalid_argument",
        "Cannot prove the nonce: challenge must be 32 to 128 hex digits",
      );
    }
    return c.json({ ok: true, proof: nonceProof(door.nonce, challenge) });
  });
  app.post("/v1/commands", async (c) => {
    const { request, client, commandId } = readCommand(await readBody(c, limits, door.stopping));
    if (door.stopping.aborted) {
      throw new EngramError("host_stopping", "Cannot take the command: the host is stopping");
    }
    const id = commandId ?? (door.seeded ? undefined : idempotencyKey(c));
    const receipt = await door.port.submit(request, {
      client: client ?? "http",
      ...(id === undefined ? {} : { commandId: id }),
    });
    return c.json(receipt);
  });
  app.post(
    "/v1/view",
    async (c) => c.json(await door.port.view(readView(await readBody(c, limits, door.stopping)))),
  );
  for (const route of readingRoutes) {
    app.get(route.path, async (c) => {
      return c.json(await door.port.view(readView(viewOf(route, c.req.param(), queryOf(c)))));
    });
  }
  app.get("/v1/events", async (c) => {
    const from = await firstTick(c, door.port);
    if (counts.events >= limits.eventsClientsMax) throw tooMany("eventsClientsMax", limits.eventsClientsMax);
    counts.events++;
    const stream = eventStream(door.port, from, door.stopping, () => counts.events--);
    return c.body(stream, 200, { "content-type": "text/event-stream; charset=utf-8" });
  });
  app.all("/mcp", mcpOf(door));
  app.post("/v1/idle", async (c) => {
    await door.port.idle();
    return c.json({ ok: true });
  });
  app.post("/v1/stop", (c) => {
    door.stop();
    return c.json({ ok: true });
  });
}

/** The MCP route; its SDK is loaded with the first request. */
function mcpOf(door: HttpDoor): (c: Context) => Promise<Response> {
  const made = () => import("./mcp/mod.ts").then(({ mcpRoute }) => mcpRoute(door));
  let route: ReturnType<typeof made> | null = null;
  return async (c) => (await (route ??= made()))(c.req.raw, { name: "host", scope: "admin" });
}

function errorAnswer(c: Context, error: EngramError): Response {
  if (error.code === "unauthorized") c.header("www-authenticate", 'Bearer realm="engramlt"');
  return Response.json({ error }, { status: error.httpStatus, headers: c.res.headers });
}

function tooMany(name: keyof ApiLimits, limit: number): EngramError {
  return new EngramError("limit_reached", `Cannot take the request: ${limit} are under way (${name})`);
}

function checkAddress(c: Context, authority: string): void {
  const host = c.req.header("host") ?? "";
  const origin = c.req.header("origin");
  if (host !== authority || new URL(c.req.url).host !== authority) {
    throw new EngramError("origin_refused", `Cannot answer: the Host header is not ${authority}`);
  }
  if (origin !== undefined && origin !== `http://${authority}`) {
    throw new EngramError("origin_refused", "Cannot answer: the request comes from a page of another origin");
  }
}

function checkToken(c: Context, token: string): void {
  const given = /^Bearer ([^\s]{1,256})$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
  const digest = (text: string) => createHash("sha256").update(text).digest();
  if (timingSafeEqual(digest(given), digest(token))) return;
  throw new EngramError(
    "unauthorized",
    `Cannot answer: ${given === "" ? "no token was given" : "the token is not the host's"}`,
  );
}

function idempotencyKey(c: Context): string | undefined {
  const key = c.req.header("idempotency-key");
  if (key === undefined || /^[\w.:-]{1,128}$/.test(key)) return key;
  throw new EngramError(
    "invalid_argument",
    "Cannot take the command: Idempotency-Key must be 1 to 128 letters, digits or . _ : -",
  );
}

function queryOf(c: Context): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, values] of Object.entries(c.req.queries())) {
    const [value = "", second] = values;
    if (second !== undefined) {
      throw new EngramError("invalid_argument", `Cannot read: ${name} is given twice`);
    }
    query[name] = value;
  }
  return query;
}

/** Where a stream of events begins: after the last one a client saw, at `from`, or with the next tick. */
async function firstTick(c: Context, port: Port): Promise<number> {
  const { from, ...rest } = queryOf(c);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new EngramError("invalid_argument", `Cannot read: unknown field ${JSON.stringify(unknown)}`);
  }
  const last = c.req.header("last-event-id");
  if (last !== undefined && last !== "") return readTick(last, "Last-Event-ID") + 1;
  if (from !== undefined) return readTick(from, "from");
  return (await port.view({ view: "status" })).tick + 1;
}

/** Reads a JSON body within the limits. */
async function readBody(c: Context, limits: ApiLimits, stopping: AbortSignal): Promise<unknown> {
  const type = (c.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new EngramError(
      "invalid_argument",
      "Cannot read the request: its Content-Type must be application/json",
    );
  }
  const text = await readText(c.req.raw, limits, stopping);
  checkDepth(text, limits.bodyDepthMax);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new EngramError("invalid_json", `Cannot read the request: ${words}`);
  }
}

async function readText(request: Request, limits: ApiLimits, stopping: AbortSignal): Promise<string> {
  const tooLarge = () =>
    new EngramError(
      "payload_too_large",
      `Cannot read the request: its body is larger than ${limits.bodyBytesMax} bytes (bodyBytesMax)`,
    );
  if (Number(request.headers.get("content-length") ?? 0) > limits.bodyBytesMax) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0, late = false;
  const reader = (request.body ?? new Blob([]).stream()).getReader();
  const cancel = () => {
    reader.cancel().catch(() => {/* the connection is gone already */});
  };
  const timer = setTimeout(() => {
    late = true;
    cancel();
  }, limits.bodyWaitMsMax);
  stopping.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        const words = error instanceof Error ? error.message : String(error);
        throw new EngramError("invalid_argument", `Cannot read the request: its body broke off: ${words}`);
      });
      if (stopping.aborted) {
        throw new EngramError("host_stopping", "Cannot read the request: the host is stopping");
      }
      if (late) {
        const message =
          `Cannot read the request: its body took longer than ${limits.bodyWaitMsMax} ms (bodyWaitMsMax)`;
        throw new EngramError("limit_reached", message);
      }
      if (done) break;
      bytes += value.length;
      if (bytes > limits.bodyBytesMax) {
        await reader.cancel();
        throw tooLarge();
      }
      chunks.push(value);
    }
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener("abort", cancel);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks, bytes));
  } catch {
    throw new EngramError("invalid_encoding", "Cannot read the request: its body is not UTF-8");
  }
}

/** Refuses JSON that nests deeper than code that walks it may recurse. */
function checkDepth(text: string, depthMax: number): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at);
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    if (depth > depthMax) {
      throw new EngramError(
        "invalid_json",
        `Cannot read the request: it nests deeper than ${depthMax} (bodyDepthMax)`,
      );
    }
  }
}

/** Where a JSON string that begins at `start` ends; the end of the text where it does not. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
