/**
 * Reads a request's JSON body within the limits.
 *
 * Invariants:
 * 1. A length that is told is judged before anything is read; one that is not told, while it is read.
 * 2. A body that does not come, or comes slowly, waits for `bodyWaitMsMax` and no longer than the host.
 */
import type { Context } from "hono";
import { Buffer } from "node:buffer";
import { EngramError } from "../kernel/mod.ts";
import type { ApiLimits } from "./limits.ts";

/** What bounds a body, by the names of the limits. */
export interface BodyBounds {
  readonly limits: Pick<ApiLimits, "bodyWaitMsMax" | "bodyDepthMax">;
  readonly bytesMax: number;
  /** What the limit of its size is called. */
  readonly bytesMaxName: string;
  readonly stopping: AbortSignal;
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
export async function readBody(c: Context, bounds: BodyBounds): Promise<unknown> {
  if (!isJsonType(c.req.header("content-type") ?? null)) {
    throw new EngramError(
      "media_type_unsupported",
      "Cannot read the request: its Content-Type must be application/json",
    );
  }
  const text = await readText(c.req.raw, bounds);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new EngramError("invalid_json", `Cannot read the request: ${words}`);
  }
}

/** The text of a body that is to be JSON. Refuses a size, a depth, and what is no UTF-8. */
export async function readText(request: Request, bounds: BodyBounds): Promise<string> {
  checkLength(request, bounds);
  const text = await readAll(request, bounds);
  checkDepth(text, bounds.limits.bodyDepthMax);
  return text;
}

async function readAll(request: Request, bounds: BodyBounds): Promise<string> {
  const { limits, bytesMax, stopping } = bounds;
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
        throw new EngramError("invalid_json", `Cannot read the request: its body broke off: ${words}`);
      });
      if (stopping.aborted) {
        throw new EngramError("host_stopping", "Cannot read the request: the host is stopping");
      }
      if (late) {
        const message =
          `Cannot read the request: its body took longer than ${limits.bodyWaitMsMax} ms (bodyWaitMsMax)`;
        throw new EngramError("request_timeout", message);
      }
      if (done) break;
      bytes += value.length;
      if (bytes > bytesMax) {
        await reader.cancel();
        throw tooLarge(bounds);
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
