/**
 * Tokens: who may use the doors of a host, and for what. The same for every door.
 *
 * Owns: DATA/token (the first token, of scope admin, as it is sent) and DATA/tokens.json (all others, hashed).
 * Does not own: which scope a route or a tool needs.
 *
 * Invariants:
 * 1. A token that was made is shown once; stored is its sha256. Both files are for their owner alone.
 * 2. Given tokens are compared by their hashes, in constant time, with every stored one.
 * 3. The files decide at each request: what was revoked or rotated in any process holds for no request after it.
 * 4. A file that cannot be read lets nobody in.
 */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { existsSync } from "node:fs";
import { EngramError, formatTime, requireTime } from "../../kernel/mod.ts";
import { type DataPaths, exists, folderRefusal, writePrivate } from "../../runtime/data_folder.ts";
import { os } from "../../runtime/platform.ts";
import { readToken, unreadable } from "./file.ts";

/** What a token may be used for, each more than the one before. */
export const scopes = ["read", "operate", "admin"] as const;
/** One of {@link scopes}. */
export type Scope = typeof scopes[number];

/** Whose token it is. */
export interface Identity {
  readonly scope: Scope;
  /** "owner" for the first token. */
  readonly name: string;
}

/** A token as lists show it. */
export interface TokenView {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  /** ISO 8601. */
  readonly created: string;
  readonly expires: string | null;
}

interface Stored extends TokenView {
  /** Of the token as it is sent, in hex. */
  readonly sha256: string;
}

/** Tokens of a folder at most. */
export const tokensMax = 256;

/** Whether a token of one scope may do what another scope is needed for. */
export function mayDo(scope: Scope, needed: Scope): boolean {
  return scopes.indexOf(scope) >= scopes.indexOf(needed);
}

/**
 * The folder's first token: what is there is kept, so that clients stay configured, unless others could read it.
 * A file of the name it had before is taken over.
 */
export function ownToken(paths: DataPaths): string {
  const former = `${paths.root}/host.token`;
  if (!exists(paths.token) && exists(former)) Deno.renameSync(former, paths.token);
  const found = readToken(paths);
  const isPrivate = os === "windows" || !exists(paths.token) ||
    ((Deno.statSync(paths.token).mode ?? 0) & 0o077) === 0;
  return found !== null && isPrivate ? found : rotateToken(paths);
}

/** Replaces the first token; the former one holds for no request after it. */
export function rotateToken(paths: DataPaths): string {
  const token = randomHex();
  writing(paths, () => writePrivate(paths.token, `${token}\n`));
  return token;
}

/** The tokens beside the first one. */
export function listTokens(paths: DataPaths): readonly TokenView[] {
  return readStored(paths).map(viewOf);
}

/** What a token may be called. "owner" is the first one's. */
function checkTokenName(name: string): string {
  if (/^[\w.:@/ -]{1,48}$/.test(name) && name !== "owner") return name;
  throw new EngramError(
    "invalid_argument",
    "Cannot make the token: its name must be 1 to 48 letters, digits, spaces or . _ : @ / -, and not owner",
    { field: "name" },
  );
}

/** When a token ends, from a date or time that a person gave; null: never. Refuses one that is past. */
export function tokenEnd(given: string | null, what: string): string | null {
  if (given === null) return null;
  const at = requireTime(given, what).ms;
  if (at > Date.now()) return new Date(at).toISOString();
  throw new EngramError("invalid_time", `Cannot make the token: ${what} ${given} is past`);
}

/**
 * Makes a token and stores its hash. `expires` is ISO 8601. Errors: `invalid_argument` where the name is none,
 * `conflict` where it is taken.
 */
export function createToken(
  paths: DataPaths,
  { name, scope, expires }: { readonly name: string; readonly scope: Scope; readonly expires: string | null },
): TokenView & { readonly token: string } {
  checkTokenName(name);
  return changing(paths, (stored) => {
    if (stored.length >= tokensMax) {
      throw new EngramError("limit_reached", `Cannot make the token: there are ${tokensMax} (tokensMax)`);
    }
    if (stored.some((one) => one.name === name)) {
      throw new EngramError(
        "conflict",
        `Cannot make the token: one is named ${JSON.stringify(name)}`,
        {},
        "Choose another --name, or revoke that one first",
      );
    }
    const [made, token] = newToken({ name, scope, expires });
    return [[...stored, made], { ...viewOf(made), token }];
  });
}

/** Removes a token by id or name. Errors: `token_not_found`. */
export function revokeToken(paths: DataPaths, which: string): TokenView {
  return changing(paths, (stored) => {
    const found = foundIn(stored, which, "revoke");
    return [stored.filter((one) => one !== found), viewOf(found)];
  });
}

/** Replaces a token by another of the same name, scope and end, in one change. Errors: `token_not_found`. */
export function replaceToken(paths: DataPaths, which: string): TokenView & { readonly token: string } {
  return changing(paths, (stored) => {
    const { sha256: _, ...former } = foundIn(stored, which, "replace");
    const [made, token] = newToken(former);
    return [[...stored.filter(({ id }) => id !== former.id), made], { ...viewOf(made), token }];
  });
}

function foundIn(stored: readonly Stored[], which: string, verb: string): Stored {
  const found = stored.find((one) => one.id === which || one.name === which);
  if (found !== undefined) return found;
  throw new EngramError(
    "token_not_found",
    `Cannot ${verb} token ${JSON.stringify(which)}: there is none of that id or name`,
  );
}

/** A token as it is stored, and as it is sent. */
function newToken(
  { name, scope, expires }: Pick<TokenView, "name" | "scope" | "expires">,
): readonly [Stored, string] {
  const token = `elt_${randomHex()}`;
  const stored = {
    id: randomHex().slice(0, 8),
    name,
    scope,
    created: formatTime(Date.now()),
    expires,
    sha256: digest(token).toString("hex"),
  };
  return [stored, token];
}

/** Knows who holds a token. */
export interface Verifier {
  /** Whose token it is, or null. */
  verifyToken(given: string): Identity | null;
}

/** The verifier of a folder. */
export function openTokens(paths: DataPaths): Verifier {
  return new FolderTokens(paths);
}

interface Known {
  readonly identity: Identity;
  readonly hash: Buffer;
  readonly expires: number | null;
}

class FolderTokens implements Verifier {
  readonly #paths: DataPaths;
  #stamp = "";
  #known: readonly Known[] = [];

  constructor(paths: DataPaths) {
    this.#paths = paths;
  }

  verifyToken(given: string): Identity | null {
    const hash = digest(given);
    const now = Date.now();
    let found: Identity | null = null;
    for (const one of this.#read()) {
      const isIt = timingSafeEqual(hash, one.hash) && (one.expires === null || now < one.expires);
      if (isIt) found = one.identity;
    }
    return found;
  }

  #read(): readonly Known[] {
    const { token, tokens } = this.#paths;
    // Most folders have no second file: to find that by an error costs more than all else here.
    const stamp = `${stampOf(token)} ${existsSync(tokens) ? stampOf(tokens) : "none"}`;
    if (stamp === this.#stamp) return this.#known;
    const first = readToken(this.#paths);
    const owner = first === null ? [] : [{
      identity: { scope: "admin" as const, name: "owner" },
      hash: digest(first),
      expires: null,
    }];
    const others = storedOr(this.#paths, []).map(({ name, scope, expires, sha256 }) => ({
      identity: { scope, name },
      hash: Buffer.from(sha256, "hex"),
      expires: expires === null ? null : Date.parse(expires),
    }));
    this.#known = [...owner, ...others];
    this.#stamp = stamp;
    return this.#known;
  }
}

/** Changes whenever the file does: it is always written under another name and renamed. */
function stampOf(path: string): string {
  try {
    const { ino, mtime, size } = Deno.statSync(path);
    return `${ino}:${mtime?.getTime()}:${size}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "none";
    throw unreadable(path, error);
  }
}

function storedOr<T>(paths: DataPaths, otherwise: T): readonly Stored[] | T {
  try {
    return readStored(paths);
  } catch (error) {
    if (error instanceof EngramError) return otherwise;
    throw error;
  }
}

function readStored(paths: DataPaths): readonly Stored[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(paths.tokens);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw unreadable(paths.tokens, error);
  }
  try {
    const value: unknown = JSON.parse(text);
    const list = typeof value === "object" && value !== null && "tokens" in value ? value.tokens : null;
    if (Array.isArray(list) && list.every(isStored)) return list;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new EngramError(
    "io_failed",
    `Cannot read ${paths.tokens}: it is no list of tokens`,
    {},
    "Remove it and make the tokens again: engramlt token create",
  );
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== "object" || value === null) return false;
  const { id, name, scope, created, expires, sha256 } = value as Record<string, unknown>;
  return typeof id === "string" && typeof name === "string" && typeof created === "string" &&
    (expires === null || (typeof expires === "string" && !Number.isNaN(Date.parse(expires)))) &&
    scopes.some((one) => one === scope) && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
}

/** Reads, changes and writes the list while no other process does. */
function changing<T>(paths: DataPaths, change: (stored: readonly Stored[]) => readonly [Stored[], T]): T {
  const options = { read: true, write: true, create: true, mode: 0o600 };
  const lock = writing(paths, () => Deno.openSync(`${paths.tokens}.lock`, options));
  try {
    lock.lockSync(true);
    const [tokens, result] = change(readStored(paths));
    const text = `${JSON.stringify({ version: 1, tokens }, null, 2)}\n`;
    writing(paths, () => writePrivate(paths.tokens, text));
    return result;
  } finally {
    lock.close();
  }
}

/** What the system says of the folder is no fault of the program. */
function writing<T>(paths: DataPaths, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw folderRefusal(paths.root, error);
  }
}

function viewOf({ id, name, scope, created, expires }: Stored): TokenView {
  return { id, name, scope, created, expires };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
const randomHex = () => crypto.getRandomValues(new Uint8Array(32)).toHex();
