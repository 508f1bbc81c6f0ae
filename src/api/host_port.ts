/**
 * hostPort(): a port to a host in another process, over its HTTP API.
 *
 * Invariants:
 * 1. An answer that was lost is asked for again under the same command id: a command is done once.
 * 2. What the host refuses is thrown as the host's own EngramError; what it calls a fault is thrown as a fault.
 */
import { EngramError } from "../kernel/mod.ts";
import type { Port, RuntimeEvent, View, ViewResults } from "../runtime/port.ts";
import type { Receipt } from "../runtime/receipts.ts";
import type { Request } from "../runtime/requests.ts";
import { readEvents } from "./http/events.ts";
import { apiLimits } from "./limits.ts";
import { refusalIn } from "./wire/problem.ts";

/** A module whose base64 is longer goes by the route that takes larger bodies. */
const wasmTextMax = apiLimits.bodyBytesMax / 2;

/** Pauses before an unanswered request is sent again, in ms. */
const retryPausesMs = [50, 250] as const;

/** A port to the host at an address such as `http://127.0.0.1:4100`. Nothing is sent before it is used. */
export function hostPort(address: string, token: string): Port {
  return new HostPort(address, token);
}

class HostPort implements Port {
  readonly where = "host" as const;
  readonly #address: string;
  readonly #token: string;

  constructor(address: string, token: string) {
    this.#address = address;
    this.#token = token;
  }

  async submit(
    request: Request,
    options: { readonly client?: string; readonly commandId?: string } = {},
  ): Promise<Receipt> {
    // An id made up here travels beside the command: a seeded host does not record it.
    const headers = { "idempotency-key": options.commandId ?? crypto.randomUUID() };
    if (request.kind === "agent_load" && request.wasm.length > wasmTextMax) {
      const { kind: _, agent, ...load } = request;
      return await this.#post("/v1/agents", { id: agent, ...load, ...options }, headers) as Receipt;
    }
    return await this.#post("/v1/commands", { ...request, ...options }, headers) as Receipt;
  }

  async view<V extends View>(view: V): Promise<ViewResults[V["view"]]> {
    return await this.#post("/v1/view", view) as ViewResults[V["view"]];
  }

  async *events(from: number, signal: AbortSignal): AsyncGenerator<RuntimeEvent, void> {
    try {
      const response = await this.#send("GET", `/v1/events?from=${from}`, null, {}, signal);
      if (response.body === null) return;
      for await (const { event, data } of readEvents(response.body)) {
        if (event === "tick") yield { event, entry: JSON.parse(data) };
        else if (event === "error") throw EngramError.fromJSON(JSON.parse(data).error);
        else if (event === "dropped") throw new EngramError("host_unreachable", JSON.parse(data).message);
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error instanceof EngramError ? error : this.#unreachable(error);
    }
  }

  async idle(): Promise<void> {
    await this.#post("/v1/idle", {});
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
    const text = JSON.stringify(body);
    for (let sent = 0;; sent++) {
      try {
        const response = await this.#send("POST", path, text, headers);
        return await response.json();
      } catch (error) {
        // A TypeError is a broken connection, a SyntaxError an answer that broke off.
        if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error;
        const pauseMs = retryPausesMs[sent];
        if (pauseMs === undefined) throw this.#unreachable(error);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  async #send(
    method: string,
    path: string,
    body: string | null,
    headers: Record<string, string>,
    signal: AbortSignal | null = null,
  ): Promise<Response> {
    const response = await fetch(this.#address + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json", ...headers },
      body,
      signal,
      redirect: "error",
    });
    if (response.ok) return response;
    throw refusalIn(await response.json()) ?? this.#unreachable(`it answered ${response.status}`);
  }

  #unreachable(error: unknown): EngramError {
    const words = error instanceof Error ? error.message : String(error);
    return new EngramError("host_unreachable", `Cannot reach the host at ${this.#address}: ${words}`);
  }
}
