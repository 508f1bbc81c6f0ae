/**
 * Reads a request's JSON body within the limits.
 *
 * Invariants:
 * 1. A length that is told is judged before anything is read; one that is not told, while it is read.
 * 2. A body that does not come, or comes slowly, waits for `bodyWaitMsMax` and no longer than the host.
 */
import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { EngramError } from "../../kernel/mod.ts";
import type { ApiLimits } from "../limits.ts";
import type { Wire } from "./wire.ts";

/** What bounds a body, by the names of the limits. */
export interface BodyBounds {
  readonly limits: Pick<ApiLimits, "bodyWaitMsMax" | "bodyDepthMax">;
  readonly bytesMax: number;
  /** What the limit of its size is called. */
  readonly bytesMaxName: string;
  readonly stopping: AbortSignal;
}

/** Whose body it is. */
export interface Body extends Pick<Wire, "incoming"> {
  readonly request: Request;
}

function tooLarge({ bytesMax, bytesMaxName }: BodyBounds): EngramError {
  return new EngramError(
    "payload_too_large",
    `Cannot read the request: its body is larger than ${bytesMax} bytes (${bytesMaxName})`,
  );
}

/** Refuses a body whose told length is above the limit. */
export function checkLength(request: Request, bounds: BodyBounds): void {
  if (Number(request.headers.get("content-length") ?? 0) > bounds.bytesMax) {
    throw tooLarge(bounds);
  }
}

/** Whether a Content-Type is that of JSON. */
export function isJsonType(type: string | null): boolean {
  return type?.split(";")[0]?.trim().toLowerCase() === "application/json";
}

/** The JSON of a body. Refuses another media type, a size, a depth, and what is no UTF-8 or no JSON. */
export async function readBody(body: Body, bounds: BodyBounds): Promise<unknown> {
  if (!isJsonType(body.request.headers.get("content-type"))) {
    throw new EngramError(
      "media_type_unsupported",
      "Cannot read the request: its Content-Type must be application/json",
    );
  }
  const text = await readText(body, bounds);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new EngramError("invalid_json", `Cannot read the request: ${words}`);
  }
}

/** The text of a body that is to be JSON. Refuses a size, a depth, and what is no UTF-8. */
export async function readText(body: Body, bounds: BodyBounds): Promise<string> {
  checkLength(body.request, bounds);
  const text = await readAll(body, bounds);
  checkDepth(text, bounds.limits.bodyDepthMax);
  return text;
}

async function readAll({ request, incoming }: Body, bounds: BodyBounds): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const take = (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > bounds.bytesMax) throw tooLarge(bounds);
    chunks.push(chunk);
  };
  if (incoming === undefined) await readStream(request, bounds, take);
  else await readIncoming(incoming, bounds, take);
  try {
    return utf8.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes));
  } catch {
    throw new EngramError("invalid_encoding", "Cannot read the request: its body is not UTF-8");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

const brokeOff = (error: unknown) =>
  new EngramError(
    "invalid_json",
    `Cannot read the request: its body broke off: ${error instanceof Error ? error.message : String(error)}`,
  );

/** Calls `end` with why nobody waits for a body any longer; what it gives takes that back. */
function whenOver({ limits, stopping }: BodyBounds, end: (why: EngramError) => void): () => void {
  const timer = setTimeout(() => {
    const message =
      `Cannot read the request: its body took longer than ${limits.bodyWaitMsMax} ms (bodyWaitMsMax)`;
    end(new EngramError("request_timeout", message));
  }, limits.bodyWaitMsMax);
  const stop = () => end(new EngramError("host_stopping", "Cannot read the request: the host is stopping"));
  if (stopping.aborted) stop();
  else stopping.addEventListener("abort", stop, { once: true });
  return () => {
    clearTimeout(timer);
    stopping.removeEventListener("abort", stop);
  };
}

/** Reads node's own side of a request: the stream of the web's Request over it costs more than most bodies. */
async function readIncoming(
  incoming: IncomingMessage,
  bounds: BodyBounds,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  await null; // after it there is what came in one piece with the head
  if (incoming.destroyed) throw brokeOff("the connection is closed");
  if (incoming.complete && !bounds.stopping.aborted) {
    for (let chunk = incoming.read(); chunk !== null; chunk = incoming.read()) take(chunk);
    return;
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onData = (chunk: Uint8Array) => {
    try {
      take(chunk);
    } catch (error) {
      reject(error);
    }
  };
  const onEnd = () => resolve();
  const onError = (error: Error) => reject(brokeOff(error));
  const onClose = () => {
    if (!incoming.readableEnded) reject(brokeOff("the connection is closed"));
  };
  const forget = whenOver(bounds, reject);
  incoming.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
  try {
    await promise;
  } finally {
    forget();
    incoming.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
    incoming.pause(); // the server lets go of what nobody reads
  }
}

async function readStream(
  request: Request,
  bounds: BodyBounds,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = (request.body ?? new Blob([]).stream()).getReader();
  let over: EngramError | null = null;
  const cancel = () => {
    reader.cancel().catch(() => {/* the connection is gone already */});
  };
  const forget = whenOver(bounds, (why) => {
    over ??= why;
    cancel();
  });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw brokeOff(error);
      });
      if (over !== null) throw over;
      if (done) return;
      take(value);
    }
  } catch (error) {
    cancel();
    throw error;
  } finally {
    forget();
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
