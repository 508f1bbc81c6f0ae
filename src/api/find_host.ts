/**
 * findHost(): the host that owns a data folder, if one runs.
 *
 * Invariants:
 * 1. host.json is believed only while the folder's lock is held and whoever answers proves that it knows the nonce in
 *    it. The token goes to nobody else.
 * 2. Nothing is made or changed: a folder that is not there stays so.
 */
import { EngramError } from "../kernel/mod.ts";
import { type DataPaths, dataPaths, exists, type HostFile, readHostFile } from "../runtime/data_folder.ts";
import type { Port } from "../runtime/port.ts";
import { hostPort } from "./host_port.ts";
import { nonceProof } from "./nonce.ts";
import { readToken } from "./tokens/file.ts";

/** How long to look. */
export interface FindOptions {
  /** How long to wait where the lock is held but no host answers, in ms. Default 5,000. */
  readonly lockWaitMsMax?: number;
}

/** Between two looks, in ms. */
const lookPauseMs = 50;
/** For a host to prove itself, in ms. */
const healthWaitMsMax = 2000;

/** A host that proved itself, and the token that it takes. */
export interface FoundHost {
  readonly host: HostFile;
  readonly token: string;
}

/**
 * A port to the folder's host; null where nobody owns the folder.
 * Errors: `data_folder_in_use` where somebody does who is no host, for longer than `lockWaitMsMax`.
 */
export async function findHost(data: string, options: FindOptions = {}): Promise<Port | null> {
  const found = await lookForHost(data, options);
  return found === null ? null : hostPort(found.host.address, found.token);
}

/** The folder's host itself; null and errors as of {@link findHost}. */
export async function lookForHost(data: string, options: FindOptions = {}): Promise<FoundHost | null> {
  const paths = dataPaths(data);
  const waitMsMax = options.lockWaitMsMax ?? 5000;
  const end = performance.now() + waitMsMax;
  for (;;) {
    if (!isOwned(paths)) return null;
    const found = await answering(paths);
    if (found !== null) return found;
    if (performance.now() >= end) {
      const message =
        `Cannot use data folder ${paths.root}: another process has owned it for ${waitMsMax} ms`;
      throw new EngramError("data_folder_in_use", message);
    }
    await new Promise((resolve) => setTimeout(resolve, lookPauseMs));
  }
}

/** Whether some process holds the folder's lock. A shared lock is tried, so that many may look at once. */
function isOwned(paths: DataPaths): boolean {
  if (!exists(paths.lock)) return false;
  try {
    const file = Deno.openSync(paths.lock, { read: true });
    try {
      return !file.tryLockSync(false);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    const words = error instanceof Error ? error.message : String(error);
    const code = error instanceof Deno.errors.PermissionDenied ? "data_folder_read_only" : "io_failed";
    throw new EngramError(code, `Cannot open data folder ${paths.root}: ${words}`);
  }
}

async function answering(paths: DataPaths): Promise<FoundHost | null> {
  const host = readHostFile(paths);
  if (host === null || !/^http:\/\/(?:[\d.]+|\[[\da-f:.]+\]):\d{1,5}$/.test(host.address)) return null;
  if (!await proves(host)) return null;
  const token = readToken(paths);
  return token === null ? null : { host, token };
}

async function proves(host: HostFile): Promise<boolean> {
  const challenge = crypto.getRandomValues(new Uint8Array(32)).toHex();
  try {
    const signal = AbortSignal.timeout(healthWaitMsMax);
    const response = await fetch(`${host.address}/v1/health?challenge=${challenge}`, {
      signal,
      redirect: "error",
    });
    const answer: unknown = await response.json();
    if (typeof answer !== "object" || answer === null || !("proof" in answer)) return false;
    return answer.proof === await nonceProof(host.nonce, challenge);
  } catch {
    return false; // nobody there, or not a host: the lock decides how long to go on looking
  }
}
