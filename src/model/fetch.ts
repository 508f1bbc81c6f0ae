/**
 * One file over HTTP: bounded, resumed where it broke off, hashed as it comes.
 *
 * Owns: redirects, tries, ranges, what an answer must look like.
 * Does not own: which files, and where they go in the end (pull.ts, store.ts).
 *
 * Invariants:
 * 1. No more than `bytesMax` is written; a body that is shorter or longer than announced is no file.
 * 2. At most `redirectsMax` redirects; never from https to http, never from elsewhere to this machine.
 * 3. What is kept of a broken download is kept together with the ETag it belongs to; another ETag starts again.
 */
import { createHash } from "node:crypto";
import { EngramError } from "../kernel/errors.ts";
import { modelLimits } from "./limits.ts";

/** A file that was fetched. */
export interface Fetched {
  readonly bytes: number;
  readonly sha256: string;
}

/** How to fetch. */
export interface FetchOptions {
  readonly bytesMax: number;
  readonly signal: AbortSignal | undefined;
  /** The sha256 that the hub's model-info route states. */
  readonly stated: string | undefined;
  readonly onBytes: (done: number, total: number | null) => void;
  /** Tests shorten the wait. */
  readonly idleMsMax: number;
}

const failed = (url: string, state: string) =>
  new EngramError("model_source_failed", `Cannot fetch ${shown(url)}: ${state}`, { url: shown(url) });
const wrong = (url: string, state: string) =>
  new EngramError("model_source_invalid", `Cannot use ${shown(url)}: ${state}`, { url: shown(url) });

/** A URL without its query, which may hold a signature. */
const shown = (url: string) => url.replace(/[?#].*$/s, "");

const isLoopback = ({ hostname }: URL) =>
  hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.") || hostname === "0.0.0.0";

/** A try that may be repeated. */
class Broken extends Error {
  override readonly name = "Broken";
}

interface Answer {
  readonly response: Response;
  readonly url: string;
  /** Of all answers on the way: a hub states a file's hash on its redirect. */
  readonly sha256: string | undefined;
}

const hex64 = /^(?:W\/)?"?(?:sha256:)?([0-9a-f]{64})"?$/i;

async function request(
  start: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  let url = new URL(start);
  let sha256: string | undefined;
  for (let hops = 0;; hops++) {
    let response: Response;
    try {
      response = await fetch(url, { headers, redirect: "manual", signal });
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw failed(url.href, error.message);
      throw new Broken(words(error));
    }
    const linked = response.headers.get("x-linked-etag") ?? response.headers.get("etag") ?? "";
    sha256 ??= hex64.exec(linked)?.[1]?.toLowerCase();
    if (![301, 302, 303, 307, 308].includes(response.status)) return { response, url: url.href, sha256 };
    await response.body?.cancel();
    const location = response.headers.get("location");
    if (location === null || hops >= modelLimits.redirectsMax) {
      throw wrong(
        start,
        `it redirects ${location === null ? "nowhere" : `more than ${modelLimits.redirectsMax} times`}`,
      );
    }
    url = redirected(url, location, start);
  }
}

function redirected(from: URL, location: string, start: string): URL {
  if (!URL.canParse(location, from)) throw wrong(start, "it redirects to what is no URL");
  const to = new URL(location, from);
  if (to.protocol !== "https:" && to.protocol !== "http:") {
    throw wrong(start, `it redirects to ${to.protocol}`);
  }
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw wrong(start, "it redirects from https to http");
  }
  if (isLoopback(to) && !isLoopback(from)) throw wrong(start, "it redirects to this machine");
  return to;
}

const words = (error: unknown) => error instanceof Error ? error.message : String(error);

/** Ends a request that gives no byte for a while; `fed()` starts the wait again. */
function watch(outer: AbortSignal | undefined, idleMsMax: number) {
  const controller = new AbortController();
  const stop = () => controller.abort(outer?.reason);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const fed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(new Broken(`nothing came for ${idleMsMax} ms`)), idleMsMax);
  };
  outer?.addEventListener("abort", stop, { once: true });
  if (outer?.aborted === true) stop();
  fed();
  return {
    signal: controller.signal,
    fed,
    end() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", stop);
    },
  };
}

const interrupted = () => new EngramError("interrupted", "Cannot pull the model: stopped on request");

/** Tries again what broke off, up to `fetchTriesMax`. */
async function withTries<T>(url: string, options: FetchOptions, once: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await once();
    } catch (error) {
      if (options.signal?.aborted === true) throw interrupted();
      if (!(error instanceof Broken)) throw error;
      if (tries >= modelLimits.fetchTriesMax) throw failed(url, `${error.message}, after ${tries} tries`);
      await new Promise((resolve) => setTimeout(resolve, tries * modelLimits.fetchPauseMs));
    }
  }
}

const isHtml = (response: Response) => /^\s*text\/html/i.test(response.headers.get("content-type") ?? "");

/** Whether an answer is the file; false where there is no such file. Errors: `model_source_failed`, `…_invalid`. */
function accept(url: string, response: Response): boolean {
  const { status } = response;
  if (status === 404) return false;
  if (status === 401 || status === 403) {
    throw failed(url, `the hub answers ${status}: it wants a login, or has no such model`);
  }
  if (status === 408 || status === 429 || status >= 500) throw new Broken(`the hub answers ${status}`);
  if (status !== 200 && status !== 206) throw wrong(url, `the hub answers ${status}`);
  if (isHtml(response)) throw wrong(url, "the hub answers a web page");
  return true;
}

/** A JSON document of at most `infoBytesMax`; null where there is none. */
export async function fetchJson(url: string, options: FetchOptions): Promise<unknown> {
  const text = await withTries(url, options, async () => {
    const idle = watch(options.signal, options.idleMsMax);
    try {
      const { response } = await request(url, { accept: "application/json" }, idle.signal);
      if (!accept(url, response)) {
        await response.body?.cancel();
        return null;
      }
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const part of body(response, idle.signal)) {
        idle.fed();
        size += part.length;
        if (size > modelLimits.infoBytesMax) {
          throw wrong(url, `it is longer than ${modelLimits.infoBytesMax} bytes`);
        }
        parts.push(part);
      }
      return await new Blob(parts.map((part) => new Uint8Array(part))).text();
    } finally {
      idle.end();
    }
  });
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    throw wrong(url, "it is not JSON");
  }
}

/** The parts of a body; what the network breaks is a try that may be repeated. */
async function* body(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const part = await reader.read().catch((error: unknown) => {
        throw signal.reason instanceof Broken
          ? signal.reason
          : new Broken(`the connection broke: ${words(error)}`);
      });
      if (part.done) return;
      yield part.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // it is broken already, or read to its end
  }
}

const tagPath = (path: string) => `${path}.etag`;

/** What a broken download left, if it is of a known version. */
async function left(path: string): Promise<{ readonly size: number; readonly etag: string } | null> {
  try {
    const { size } = await Deno.stat(path);
    const etag = await Deno.readTextFile(tagPath(path));
    return size > 0 && etag !== "" ? { size, etag } : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Removes a download and what belongs to it. */
export async function dropDownload(path: string): Promise<void> {
  for (const one of [path, tagPath(path)]) {
    await Deno.remove(one).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

async function hashOf(path: string, size: number): Promise<ReturnType<typeof createHash>> {
  const hash = createHash("sha256");
  if (size > 0) { for await (const part of (await Deno.open(path)).readable) hash.update(part); }
  return hash;
}

async function once(url: string, path: string, options: FetchOptions): Promise<Fetched | null> {
  const before = await left(path);
  const idle = watch(options.signal, options.idleMsMax);
  try {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (before !== null) Object.assign(headers, { range: `bytes=${before.size}-`, "if-range": before.etag });
    const { response, sha256 } = await request(url, headers, idle.signal);
    if (response.status === 416 && before !== null) {
      await response.body?.cancel();
      await dropDownload(path);
      throw new Broken("the hub has no such range");
    }
    if (!accept(url, response)) {
      await response.body?.cancel();
      return null;
    }
    const resumed = response.status === 206 ? before?.size ?? 0 : 0;
    if (response.status === 206) checkRange(url, response, resumed);
    const announced = announcedBytes(response);
    const total = announced === null ? null : announced + resumed;
    if (total !== null && total > options.bytesMax) {
      await response.body?.cancel();
      throw tooLarge(url, options.bytesMax);
    }
    const got = await take({
      url,
      path,
      options,
      response,
      resumed,
      total,
      signal: idle.signal,
      fed: idle.fed,
    });
    const stated = options.stated ?? sha256;
    if (stated !== undefined && got.sha256 !== stated) {
      await dropDownload(path);
      throw mismatch(shown(url), stated, got.sha256, "the hub states");
    }
    return got;
  } finally {
    idle.end();
  }
}

/** The refusal of a file that is not what it should be. */
export function mismatch(what: string, wanted: string, got: string, who: string): EngramError {
  return new EngramError(
    "model_hash_mismatch",
    `Cannot take ${what}: its sha256 is ${got}, ${who} ${wanted}`,
    { wanted, got },
  );
}

const tooLarge = (url: string, bytesMax: number) =>
  new EngramError("payload_too_large", `Cannot fetch ${shown(url)}: it is longer than ${bytesMax} bytes`, {
    bytesMax,
  });

function announcedBytes(response: Response): number | null {
  const text = response.headers.get("content-length");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function checkRange(url: string, response: Response, resumed: number): void {
  const from = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (resumed === 0 || from !== String(resumed)) {
    throw wrong(url, "it answers a range that was not asked for");
  }
}

interface Taking {
  readonly url: string;
  readonly path: string;
  readonly options: FetchOptions;
  readonly response: Response;
  readonly resumed: number;
  readonly total: number | null;
  readonly signal: AbortSignal;
  readonly fed: () => void;
}

async function take({ url, path, options, response, resumed, total, signal, fed }: Taking): Promise<Fetched> {
  if (resumed === 0) await dropDownload(path);
  const etag = response.headers.get("etag") ?? "";
  if (etag !== "" && !etag.startsWith("W/")) await Deno.writeTextFile(tagPath(path), etag);
  const hash = await hashOf(path, resumed);
  const file = await Deno.open(path, { write: true, create: true, append: true });
  let size = resumed;
  try {
    for await (const part of body(response, signal)) {
      fed();
      if (size === 0 && looksLikeHtml(part)) throw wrong(url, "the hub answers a web page");
      size += part.length;
      if (size > options.bytesMax) throw tooLarge(url, options.bytesMax);
      if (total !== null && size > total) throw wrong(url, "it is longer than announced");
      hash.update(part);
      for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
      options.onBytes(size, total);
    }
    if (total !== null && size < total) throw new Broken(`it ended after ${size} of ${total} bytes`);
    await file.sync();
  } catch (error) {
    if (!(error instanceof Broken) && options.signal?.aborted !== true) await dropDownload(path);
    throw error;
  } finally {
    file.close();
  }
  return { bytes: size, sha256: hash.digest("hex") };
}

const looksLikeHtml = (part: Uint8Array) =>
  /^\s*<(!doctype|html)/i.test(new TextDecoder().decode(part.subarray(0, 64)));

/** Fetches a file to a path; null where the source has none. What broke off stays there for the next time. */
export function fetchFile(url: string, path: string, options: FetchOptions): Promise<Fetched | null> {
  return withTries(url, options, () => once(url, path, options));
}
