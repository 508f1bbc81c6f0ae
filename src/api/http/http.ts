/**
 * The HTTP door: routes to a port, for whoever holds a token.
 *
 * Owns: who may ask (token, scope, Host, Origin), how much may be asked at once, JSON in and JSON out.
 * Does not own: what a command or a view means (runtime), when the host starts and ends (serve_host.ts).
 *
 * Invariants:
 * 1. Without a token only /healthz, /v1/health and what every install has alike (the API's description and its page)
 *    is answered; not even whether another route is there.
 * 2. Only the addresses it listens on, and names the owner allowed, are valid as Host and Origin: a page of another site
 *    gets nothing, by any name (addresses.ts).
 * 3. What leaves is a result, a refusal, or the word that there was a fault. No token is in an answer or a log.
 * 4. Every wait and every size has a name in `apiLimits`.
 * 5. What a token of scope read reaches is given a {@link Reading}, which has no way to submit.
 */
import { type Context, Hono } from "hono";
import type { z } from "zod";
import { EngramError } from "../../kernel/mod.ts";
import { listCheckpoints } from "../../runtime/checkpoint/checkpoint.ts";
import type { Port, View } from "../../runtime/port.ts";
import type { Request as CommandRequest } from "../../runtime/requests.ts";
import { hostNames, isHostName, isOwnOrigin, type Names } from "../addresses.ts";
import type { ApiLimits } from "../limits.ts";
import type { McpWho } from "../mcp/mod.ts";
import { nonceProof } from "../nonce.ts";
import { type Acting, actingRoutes, scopeOf } from "../routes/actions.ts";
import {
  hostActRoutes,
  type HostOwn,
  type HostReading,
  hostReadRoutes,
  type HostRouteOf,
} from "../routes/host.ts";
import { routeList } from "../routes/list.ts";
import { lookups } from "../routes/lookups.ts";
import { type Reading, readingPosts, readingRoutes, valueOf, viewOf } from "../routes/routes.ts";
import { readCommand, readTick, readView } from "../routes/schemas.ts";
import { type Identity, mayDo, type Scope, type Verifier } from "../tokens/tokens.ts";
import type { TokenWatch } from "../tokens/watch.ts";
import { type Body, type BodyBounds, checkLength, isJsonType, readBody } from "../wire/body.ts";
import { faultProblem, problemOf, problemType } from "../wire/problem.ts";
import { answerText, type HeaderTexts, type Wire } from "../wire/wire.ts";
import { eventStream, readFilters } from "./events.ts";
import { prometheusText, prometheusType } from "./prometheus.ts";

/** What the door serves. */
export interface HttpDoor {
  readonly port: Port;
  /** What the host has beside its port: models, jobs, tokens. */
  readonly own: HostOwn;
  readonly tokens: Verifier;
  /** Of these tokens. */
  readonly watch: TokenWatch;
  /** The start nonce in host.json: never sent, only proven. */
  readonly nonce: string;
  /** Host and port it listens on, such as `127.0.0.1:4100`. */
  readonly authority: () => string;
  /** Names under which it may be asked as well, such as that of a proxy before it. */
  readonly allowedHosts?: readonly string[];
  /** Aborted when the host begins to stop. */
  readonly stopping: AbortSignal;
  /** Asked to stop the host. */
  readonly stop: () => void;
  /** A seeded host records no ids that clients made up: equal commands make an equal log. */
  readonly seeded: boolean;
  /** Told of a fault: an error that is no refusal. */
  readonly onFault: (error: unknown) => void;
  readonly limits: ApiLimits;
}

type Env = { Bindings: Wire; Variables: { requestId: string; identity: Identity | null } };
type Request = Context<Env>;
type Answer = Response | Promise<Response>;

/** Makes the API of a host. It is served by server.ts, or called directly. */
export function httpApi(door: HttpDoor): Hono<Env> {
  const { limits } = door;
  const app = new Hono<Env>();
  const counts = { requests: 0, events: 0, dropped: 0 };
  app.use(async (c, next) => {
    const given = c.req.header("x-request-id") ?? "";
    const requestId = /^[\w.:-]{1,128}$/.test(given) ? given : crypto.randomUUID();
    c.set("requestId", requestId);
    checkAddress(c, { authority: door.authority(), allowed: door.allowedHosts ?? [] });
    c.set("identity", isOpen(c.req.path) ? null : identify(c, door.tokens));
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
    const body = JSON.stringify(faultProblem(c.get("requestId")));
    return answer(c, body, 500, { "content-type": problemType });
  });
  new Routes(app, door, counts).add();
  return app;
}

/** Paths that are answered without a token. */
const openPaths = new Set(["/healthz", "/v1/health", "/openapi.json", "/docs", "/docs/explorer.js"]);
const isOpen = (path: string) => openPaths.has(path);

class Routes {
  readonly #app: Hono<Env>;
  readonly #door: HttpDoor;
  readonly #limits: ApiLimits;
  readonly #counts: { events: number; dropped: number };
  readonly #reading: Reading;
  readonly #watch: TokenWatch;
  readonly #methods = new Map<string, string[]>();

  constructor(
    app: Hono<Env>,
    door: HttpDoor,
    counts: { events: number; dropped: number },
  ) {
    this.#app = app;
    this.#door = door;
    this.#limits = door.limits;
    this.#counts = counts;
    this.#reading = readingOf(door.port);
    this.#watch = door.watch;
  }

  add(): void {
    this.#addOpen();
    this.#addReading();
    this.#addActing();
    this.#addHost();
    this.#addGeneric();
    // After every route: what is left of a path's methods is refused by name.
    for (const [path, methods] of this.#methods) this.#app.all(path, (c) => wrongMethod(c, methods));
  }

  #on(method: string, path: string, scope: Scope | null, run: (c: Request) => Answer): void {
    this.#methods.set(path, [...this.#methods.get(path) ?? [], method]);
    this.#app.on(method, path, (c) => {
      if (scope !== null) checkScope(c, scope);
      return run(c);
    });
  }

  /** What needs no token. */
  #addOpen(): void {
    const health = async (c: Request) => {
      const { challenge } = queryOf(c, ["challenge"]);
      if (challenge === undefined) return json(c, { ok: true });
      if (/^[0-9a-f]{32,128}$/.test(challenge)) {
        return json(c, { ok: true, proof: await nonceProof(this.#door.nonce, challenge) });
      }
      const message = "Cannot prove the nonce: challenge must be 32 to 128 hex digits";
      throw new EngramError("invalid_argument", message, { field: "challenge" });
    };
    this.#on("GET", "/healthz", null, health);
    this.#on("GET", "/v1/health", null, health);
    this.#on("GET", "/openapi.json", null, async (c) => {
      const { openApiText } = await import("../openapi/openapi.ts");
      return answer(c, openApiText(), 200, { "content-type": "application/json" });
    });
    this.#on("GET", "/docs", null, async (c) => {
      const { docsPage, pagePolicy } = await import("../openapi/docs_page.ts");
      return answer(c, docsPage, 200, {
        "content-type": "text/html; charset=UTF-8",
        "content-security-policy": pagePolicy,
        "referrer-policy": "no-referrer",
      });
    });
    this.#on("GET", "/docs/explorer.js", null, async (c) => {
      const { explorerScript } = await import("../openapi/docs_page.ts");
      return answer(c, await explorerScript(), 200, { "content-type": "text/javascript; charset=utf-8" });
    });
  }

  #addReading(): void {
    const reading = this.#reading;
    this.#on("GET", "/v1", "read", (c) => json(c, { routes: routeList() }));
    this.#on("GET", "/metrics", "read", async (c) => {
      queryOf(c);
      const { metrics } = await reading.view({ view: "runtime_metrics" });
      return answer(c, prometheusText(metrics), 200, { "content-type": prometheusType });
    });
    for (const route of readingRoutes) {
      this.#on("GET", route.path, "read", async (c) => {
        const view = readView(viewOf(route, c.req.param(), queryOf(c)));
        return json(c, await reading.view(view));
      });
    }
    for (const route of lookups) {
      this.#on("GET", route.path, "read", async (c) => {
        return json(c, await route.run(reading, c.req.param(), queryOf(c)));
      });
    }
    for (const { path, view } of readingPosts) {
      this.#on("POST", path, "read", async (c) => {
        const fields = await this.#body(c, "bodyBytesMax");
        return json(c, await reading.view(readView(isRecord(fields) ? { ...fields, view } : fields)));
      });
    }
    this.#on("POST", "/v1/view", "read", async (c) => {
      const view = readView(await this.#body(c, "bodyBytesMax"));
      if (marks(view)) {
        checkScope(c, "operate");
        return json(c, await this.#door.port.view(view));
      }
      return json(c, await reading.view(view));
    });
    this.#on("GET", "/v1/events", "read", (c) => this.#events(c));
  }

  async #events(c: Request): Promise<Response> {
    const { from, ...filters } = queryOf(c, ["from", "agent", "kind", "client", "outcome"]);
    const first = await firstTick(c, from, this.#reading);
    const { eventsClientsMax, eventsDroppedMax } = this.#limits;
    if (this.#counts.events >= eventsClientsMax) throw tooMany("eventsClientsMax", eventsClientsMax);
    if (this.#counts.dropped >= eventsDroppedMax) throw tooMany("eventsDroppedMax", eventsDroppedMax);
    this.#counts.events++;
    const given = bearer(c);
    const hold = this.#watch.hold(given, c.get("identity") ?? denied());
    const stream = eventStream({
      port: this.#reading,
      from: first,
      filters: readFilters(filters),
      limits: this.#limits,
      signal: this.#door.stopping,
      isAllowed: () => this.#door.tokens.verifyToken(given) !== null,
      revoked: hold.ended,
      ended: () => {
        this.#counts.events--;
        hold.release();
      },
      dropped: (change) => this.#counts.dropped += change,
    });
    return new Response(stream, {
      headers: { ...everyHeader(c), "content-type": "text/event-stream; charset=utf-8" },
    });
  }

  #addActing(): void {
    for (const route of actingRoutes) {
      const bytesMax = route.path === "/v1/agents" ? "agentBodyBytesMax" : "bodyBytesMax";
      this.#on(route.method, route.path, route.scope, async (c) => {
        const body = route.body === null ? undefined : await this.#body(c, bytesMax);
        if (route.body === null) checkLength(c.req.raw, this.#bounds("bodyBytesMax"));
        const found = await route.run(this.#acting(c), c.req.param(), body);
        return json(c, found, route.status);
      });
    }
  }

  /** What is the host's own: read by its reading half, changed by the whole. */
  #addHost(): void {
    const { own } = this.#door;
    const reading: HostReading = {
      models: { list: () => own.models.list() },
      jobs: {
        page: (limit, cursor) => own.jobs.page(limit, cursor),
        get: (id, waitMs) => own.jobs.get(id, waitMs),
      },
      checkpoints: () => listCheckpoints(own.paths),
    };
    const add = <Own>(route: HostRouteOf<Own>, given: Own) =>
      this.#on(route.method, route.path, route.scope, async (c) => {
        const fields = route.query.shape as Readonly<Record<string, z.ZodType>>;
        const query = Object.fromEntries(
          Object.entries(queryOf(c)).map(([name, text]) => [name, valueOf(fields[name], text)]),
        );
        const body = route.body === null ? undefined : await this.#body(c, "bodyBytesMax");
        if (route.body === null) checkLength(c.req.raw, this.#bounds("bodyBytesMax"));
        const { name: by } = c.get("identity") ?? denied();
        const key = route.keyed ? idempotencyKey(c) : undefined;
        return json(c, await route.run(given, { params: c.req.param(), query, body, by, key }), route.status);
      });
    for (const route of hostReadRoutes) add(route, reading);
    for (const route of hostActRoutes) add(route, own);
  }

  /** The routes of the command line: any command, and what only a host can be asked. */
  #addGeneric(): void {
    const { port, stop } = this.#door;
    this.#on("POST", "/v1/commands", "operate", async (c) => {
      const { request, client, commandId } = readCommand(await this.#body(c, "bodyBytesMax"));
      checkScope(c, scopeOf(request));
      return json(
        c,
        await this.#acting(c).submit(request, {
          ...(client === undefined ? {} : { client }),
          ...(commandId === undefined ? {} : { commandId }),
        }),
      );
    });
    this.#on("POST", "/v1/idle", "operate", async (c) => {
      await port.idle();
      return json(c, { ok: true });
    });
    this.#on("POST", "/v1/stop", "admin", (c) => {
      stop();
      return json(c, { ok: true });
    });
    const mcp = mcpOf(this.#door);
    this.#app.all("/mcp", async (c) => {
      const who = c.get("identity") ?? denied(), given = bearer(c);
      const made = await mcp(bodyOf(c), { ...who, hold: () => this.#watch.hold(given, who) });
      // An answer of the SDK's own knows nothing of what every answer has.
      made.headers.set("x-request-id", c.get("requestId"));
      made.headers.set("x-content-type-options", "nosniff");
      if (!isJsonType(made.headers.get("content-type"))) return made;
      const { status, headers } = made;
      return answerText(c.env, { status, headers: Object.fromEntries(headers), text: await made.text() });
    });
  }

  #bounds(name: "bodyBytesMax" | "agentBodyBytesMax"): BodyBounds {
    const limits = this.#limits;
    return { limits, bytesMax: limits[name], bytesMaxName: name, stopping: this.#door.stopping };
  }

  #body(c: Request, bytesMax: "bodyBytesMax" | "agentBodyBytesMax"): Promise<unknown> {
    return readBody(bodyOf(c), this.#bounds(bytesMax));
  }

  /** What an acting request may use: its commands carry who asks and the Idempotency-Key. */
  #acting(c: Request): Acting {
    const { port, seeded, stopping } = this.#door;
    const { name } = c.get("identity") ?? denied();
    return {
      view: (view) => port.view(view),
      submit: async (request: CommandRequest, sender = {}) => {
        if (stopping.aborted) {
          throw new EngramError("host_stopping", "Cannot take the command: the host is stopping");
        }
        const commandId = sender.commandId ?? (seeded ? undefined : idempotencyKey(c));
        return await port.submit(request, {
          client: sender.client ?? (name === "owner" ? "http" : `http:${name}`),
          ...(commandId === undefined ? {} : { commandId }),
        });
      },
    };
  }
}

/** A port's reading half, and nothing of the other. */
function readingOf(port: Port): Reading {
  return {
    view: (view) => {
      if (marks(view)) throw new Error("Fault: a view that leaves a mark was asked of the reading half");
      return port.view(view);
    },
    events: (from, signal) => port.events(from, signal),
  };
}

/** Whether a view leaves a mark of this machine's own: when a client last looked. */
function marks(view: View): boolean {
  return view.view === "session" || (view.view === "brief" && view.client !== undefined);
}

/** The MCP route; its SDK is loaded with the first request. */
function mcpOf(door: HttpDoor): (body: Body, who: McpWho) => Promise<Response> {
  const made = () => import("../mcp/mod.ts").then(({ mcpRoute }) => mcpRoute(door));
  let route: ReturnType<typeof made> | null = null;
  return async (body, who) => (await (route ??= made()))(body, who);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const bodyOf = (c: Request): Body => ({ request: c.req.raw, ...c.env });

/** What every answer of the door's own has. */
function everyHeader(c: Request): HeaderTexts {
  return {
    "x-request-id": c.get("requestId"),
    "cache-control": "no-store, no-transform",
    "x-content-type-options": "nosniff",
  };
}

function answer(
  c: Request,
  text: string | Uint8Array<ArrayBuffer>,
  status: number,
  headers: HeaderTexts,
): Response {
  return answerText(c.env, { status, headers: { ...everyHeader(c), ...headers }, text });
}

function json(c: Request, value: unknown, status = 200): Response {
  return answer(c, JSON.stringify(value), status, { "content-type": "application/json" });
}

function errorAnswer(c: Request, error: EngramError, more: HeaderTexts = {}): Response {
  const body = JSON.stringify(problemOf(error, c.get("requestId")));
  return answer(c, body, error.httpStatus, {
    "content-type": problemType,
    ...(error.code === "unauthorized" ? { "www-authenticate": 'Bearer realm="engramlt"' } : {}),
    ...(error.retry && error.httpStatus !== 409 ? { "retry-after": "1" } : {}),
    ...more,
  });
}

function wrongMethod(c: Request, methods: readonly string[]): Response {
  const message = `Cannot ${c.req.method} ${c.req.path}: the route takes ${methods.join(", ")}`;
  return errorAnswer(c, new EngramError("method_not_allowed", message), { allow: methods.join(", ") });
}

function tooMany(name: keyof ApiLimits, limit: number): EngramError {
  return new EngramError("limit_reached", `Cannot take the request: ${limit} are under way (${name})`);
}

function checkAddress(c: Request, names: Names): void {
  const host = (c.req.header("host") ?? "").toLowerCase();
  const origin = c.req.header("origin");
  if (!isHostName(host, names) || !isOf(host, c.req.url)) {
    throw new EngramError(
      "origin_refused",
      `Cannot answer: the Host header is not ${hostNames(names).join(" or ")}`,
    );
  }
  if (origin !== undefined && !isOwnOrigin(origin, host, names)) {
    throw new EngramError("origin_refused", "Cannot answer: the request comes from a page of another origin");
  }
}

/** Whether a URL's host is this one, which is a right one. Most begin by it; only others need be parsed. */
const isOf = (host: string, url: string) => url.startsWith(`http://${host}/`) || new URL(url).host === host;

function bearer(c: Request): string {
  return /^Bearer ([^\s]{1,256})$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
}

function identify(c: Request, tokens: Verifier): Identity {
  const given = bearer(c);
  return tokens.verifyToken(given) ?? denied(given);
}

function denied(given = ""): never {
  const why = given === "" ? "no token was given" : "the token is none of this host's";
  throw new EngramError("unauthorized", `Cannot answer: ${why}`);
}

function checkScope(c: Request, needed: Scope): void {
  const identity = c.get("identity") ?? denied();
  if (mayDo(identity.scope, needed)) return;
  throw new EngramError(
    "scope_insufficient",
    `Cannot ${c.req.method} ${c.req.path}: it needs a token of scope ${needed}, this one has ${identity.scope}`,
    { needed, scope: identity.scope },
  );
}

function idempotencyKey(c: Request): string | undefined {
  const key = c.req.header("idempotency-key");
  if (key === undefined || /^[\w.:-]{1,128}$/.test(key)) return key;
  throw new EngramError(
    "invalid_argument",
    "Cannot take the command: Idempotency-Key must be 1 to 128 letters, digits or . _ : -",
  );
}

/** The query's parameters, each given once; with a list, no others. */
function queryOf(c: Request, known: readonly string[] | null = null): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, values] of Object.entries(c.req.queries())) {
    const [value = "", second] = values;
    if (second !== undefined) {
      throw new EngramError("invalid_argument", `Cannot read: ${name} is given twice`);
    }
    if (known !== null && !known.includes(name)) {
      throw new EngramError("invalid_argument", `Cannot read: unknown field ${JSON.stringify(name)}`);
    }
    query[name] = value;
  }
  return query;
}

/** Where a stream of events begins: after the last one a client saw, at `from`, or with the next tick. */
async function firstTick(c: Request, from: string | undefined, port: Reading): Promise<number> {
  const last = c.req.header("last-event-id");
  if (last !== undefined && last !== "") return readTick(last, "Last-Event-ID") + 1;
  if (from !== undefined) return readTick(from, "from");
  return (await port.view({ view: "status" })).tick + 1;
}
