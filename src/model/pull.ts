/**
 * pull: from a hub, a mirror or a folder into the store.
 *
 * Owns: which files make a model, what each must hash to, the order of the steps.
 * Does not own: HTTP (fetch.ts), the folder (store.ts), opening models (sessions.ts).
 *
 * Invariants:
 * 1. A model is in the store whole or not at all: it was hashed and opened before the index names it.
 * 2. The weights' sha256 is the one the caller gives, and the one the hub states, and the one a former pull of this
 *    name recorded, where there is one; `sha256` given may differ from the record: it makes a new version.
 * 3. The network is used for a hub or a mirror, and only inside this call.
 */
import { dirname, join } from "node:path";
import { createHash } from "node:crypto";
import { EngramError } from "../kernel/errors.ts";
import { dropDownload, type Fetched, fetchFile, fetchJson, type FetchOptions, mismatch } from "./fetch.ts";
import { modelLimits } from "./limits.ts";
import type { Sessions } from "./sessions.ts";
import type { Source } from "./source.ts";
import {
  findModel,
  type ModelVersion,
  partialFolder,
  StoreChange,
  storeRefusal,
  versionPath,
} from "./store.ts";

/** How far a pull is. */
export interface PullProgress {
  readonly file: string;
  readonly done: number;
  /** Null where the source does not say. */
  readonly total: number | null;
}

/** A pull. */
export interface PullOptions {
  readonly sha256?: string | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly idleMsMax?: number;
}

/** What a pull gives. `bytes` and `hash` are those of the weights. */
export interface Pulled {
  readonly name: string;
  readonly hash: string;
  readonly bytes: number;
  readonly dimensions: number;
  /** False where this version was there already. */
  readonly isNew: boolean;
}

/** Weights by preference: the quantised ones are a quarter of the size, and lose little. */
const weightFiles = ["onnx/model_quantized.onnx", "onnx/model.onnx", "model_quantized.onnx", "model.onnx"];
/** What may stand beside the weights and is used. */
const sideFiles = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "sentence_bert_config.json",
  "1_Pooling/config.json",
];

/** A place that gives files by path: null where it has no such file. */
interface Files {
  readonly what: string;
  /** The files it is known to have, or null where it cannot tell. */
  readonly list: ReadonlySet<string> | null;
  readonly file: string | null;
  get(path: string, to: string, bytesMax: number): Promise<Fetched | null>;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a hub says of a model: its files with the hashes it states, and the commit. Null where there is no such route. */
function parseInfo(
  url: string,
  info: unknown,
): { files: Map<string, string | undefined>; sha: string | null } | null {
  if (info === null) return null;
  const wrong = (state: string) =>
    new EngramError("model_source_invalid", `Cannot use ${url}: ${state}`, { url });
  if (!isObject(info)) throw wrong("it is not a model's description");
  const siblings = info["siblings"];
  if (!Array.isArray(siblings)) return null;
  if (siblings.length > modelLimits.infoFilesMax) throw wrong("it names too many files");
  const files = new Map<string, string | undefined>();
  for (const one of siblings) {
    const path: unknown = isObject(one) ? one["rfilename"] : undefined;
    if (typeof path !== "string") throw wrong("it names a file without a name");
    const lfs: unknown = isObject(one) ? one["lfs"] : undefined;
    const stated: unknown = isObject(lfs) ? lfs["sha256"] ?? lfs["oid"] : undefined;
    files.set(path, typeof stated === "string" && /^[0-9a-f]{64}$/.test(stated) ? stated : undefined);
  }
  const sha = info["sha"];
  return { files, sha: typeof sha === "string" && /^[0-9a-zA-Z._-]{1,64}$/.test(sha) ? sha : null };
}

const escaped = (path: string) => path.split("/").map(encodeURIComponent).join("/");

async function hubFiles(source: Extract<Source, { from: "hub" }>, fetching: FetchOptions): Promise<Files> {
  const { endpoint, repo, revision } = source;
  const infoUrl = `${endpoint}/api/models/${repo}${revision === "main" ? "" : `/revision/${revision}`}`;
  const info = parseInfo(infoUrl, await fetchJson(`${infoUrl}?blobs=true`, fetching));
  return {
    what: `${endpoint}/${repo}`,
    list: info === null ? null : new Set(info.files.keys()),
    file: null,
    get: (path, to, bytesMax) =>
      fetchFile(`${endpoint}/${repo}/resolve/${revision}/${escaped(path)}`, to, {
        ...fetching,
        bytesMax,
        stated: info?.files.get(path),
        onBytes: (done, total) => fetching.onBytes(done, total),
      }),
  };
}

function mirrorFiles(source: Extract<Source, { from: "mirror" }>, fetching: FetchOptions): Files {
  return {
    what: source.base,
    list: null,
    file: source.file,
    get: (path, to, bytesMax) => fetchFile(new URL(path, source.base).href, to, { ...fetching, bytesMax }),
  };
}

function folderFiles(source: Extract<Source, { from: "folder" }>, fetching: FetchOptions): Files {
  const at = (path: string) => join(source.path, path);
  const get = async (path: string, to: string, bytesMax: number): Promise<Fetched | null> => {
    const from = await Deno.open(at(path), { read: true }).catch((error: unknown) => {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
      throw storeRefusal(`read ${at(path)}`, error);
    });
    return from === null ? null : await copy(from, at(path), to, bytesMax, fetching);
  };
  return { what: source.path, list: null, file: source.file, get };
}

async function copy(
  from: Deno.FsFile,
  path: string,
  to: string,
  bytesMax: number,
  fetching: FetchOptions,
): Promise<Fetched> {
  const { size: total, isFile } = await from.stat();
  if (!isFile || total > bytesMax) {
    from.close();
    throw new EngramError(
      "model_invalid",
      `Cannot read ${path}: ${isFile ? `it is longer than ${bytesMax} bytes` : "it is no file"}`,
    );
  }
  const hash = createHash("sha256");
  const file = await Deno.open(to, { write: true, create: true, truncate: true });
  let bytes = 0;
  try {
    for await (const part of from.readable) {
      fetching.signal?.throwIfAborted();
      hash.update(part);
      for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
      fetching.onBytes(bytes += part.length, total);
    }
    await file.sync();
  } finally {
    file.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Files fetched so far: path in the version → where it lies, its length and hash. */
type Got = Map<string, Fetched & { readonly at: string }>;

/** Downloads the files of a source one by one. A broken one stays for the next pull of the same source and file. */
class Gathering {
  readonly got: Got = new Map();
  readonly #files: Files;
  readonly #folder: string;
  readonly #isKept: boolean;
  readonly #at: (file: string) => void;

  constructor(files: Files, folder: string, isKept: boolean, at: (file: string) => void) {
    this.#files = files;
    this.#folder = folder;
    this.#isKept = isKept;
    this.#at = at;
  }

  async take(path: string, bytesMax: number): Promise<Fetched | null> {
    if (this.#files.list !== null && !this.#files.list.has(path)) return null;
    this.#at(path);
    const key = createHash("sha256").update(`${this.#files.what}\n${path}`).digest("hex").slice(0, 32);
    const at = join(this.#folder, `${key}.part`);
    try {
      const fetched = await this.#files.get(path, at, bytesMax);
      if (fetched !== null) this.got.set(path, { ...fetched, at });
      return fetched;
    } catch (error) {
      if (!this.#isKept) await dropDownload(at);
      throw error;
    }
  }

  async drop(): Promise<void> {
    for (const { at } of this.got.values()) await dropDownload(at);
  }

  /** The weights and what stands beside them. */
  async all(given: string): Promise<{ readonly path: string } & Fetched> {
    const wanted = this.#files.file === null ? weightFiles : [this.#files.file];
    for (const path of wanted) {
      const weights = await this.take(path, modelLimits.modelBytesMax);
      if (weights === null) continue;
      if (weights.bytes === 0) {
        throw new EngramError("model_invalid", `Cannot take ${path} of ${this.#files.what}: it is empty`);
      }
      for (const data of [`${path}_data`, `${path}.data`]) {
        if (this.#files.list?.has(data) === true) await this.take(data, modelLimits.modelBytesMax);
      }
      for (const side of sideFiles) await this.take(side, modelLimits.sideFileBytesMax);
      return { path, ...weights };
    }
    throw new EngramError(
      "model_not_found",
      `Cannot pull ${given}: ${this.#files.what} has no ${wanted.slice(0, 2).join(" and no ")}`,
      { source: this.#files.what },
      "Check the name; it must offer ONNX weights",
    );
  }
}

/** Refuses what differs from the caller's hash, or from what the first pull of this name recorded. */
function checkHashes(
  change: StoreChange,
  name: string,
  got: Got,
  weights: Fetched & { readonly path: string },
  sha256: string | undefined,
): ModelVersion | null {
  if (sha256 !== undefined && sha256 !== weights.sha256) {
    throw mismatch(name, sha256, weights.sha256, "the caller gives");
  }
  const { models } = change.index;
  if (!Object.hasOwn(models, name)) return null;
  const { stored, version: current } = findModel({ format: 1, models }, name);
  const known = stored.versions.find(({ hash }) => hash === weights.sha256);
  if (known === undefined) {
    if (sha256 !== undefined) return null;
    throw mismatch(name, current.hash, weights.sha256, "an earlier pull recorded");
  }
  for (const [path, { sha256: now }] of got) {
    const before = known.files[path];
    if (before !== undefined && before !== now) {
      throw mismatch(`${path} of ${name}`, before, now, "an earlier pull recorded");
    }
  }
  return known;
}

/** Moves the files to a folder of their own and opens the model there; null if that is no model. */
async function build(change: StoreChange, got: Got): Promise<string> {
  const folder = join(partialFolder(change.folder), "building");
  await Deno.remove(folder, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  for (const [path, { at }] of got) {
    const to = join(folder, path);
    await Deno.mkdir(dirname(to), { recursive: true });
    await Deno.rename(at, to);
    await dropDownload(at);
  }
  return folder;
}

function filesOf(source: Source, fetching: FetchOptions): Promise<Files> | Files {
  switch (source.from) {
    case "hub":
      return hubFiles(source, fetching);
    case "mirror":
      return mirrorFiles(source, fetching);
    case "folder":
      return folderFiles(source, fetching);
    default:
      return source satisfies never;
  }
}

/** Pulls. Errors: `model_not_found`, `model_source_failed`, `model_source_invalid`, `model_hash_mismatch`, `model_invalid`, `model_busy`, those of the disk. */
export async function pull(
  store: string,
  sessions: Sessions,
  source: Source,
  options: PullOptions,
): Promise<Pulled> {
  const change = await StoreChange.begin(store);
  try {
    return await pullInto(change, sessions, source, options);
  } catch (error) {
    if (options.signal?.aborted === true) {
      throw new EngramError("interrupted", "Cannot pull the model: stopped on request");
    }
    throw storeRefusal(`pull the model ${source.name}`, error);
  } finally {
    change.end();
  }
}

async function pullInto(
  change: StoreChange,
  sessions: Sessions,
  source: Source,
  options: PullOptions,
): Promise<Pulled> {
  const { name } = source;
  let file = "";
  const fetching: FetchOptions = {
    bytesMax: modelLimits.modelBytesMax,
    signal: options.signal,
    stated: undefined,
    idleMsMax: options.idleMsMax ?? modelLimits.fetchIdleMsMax,
    onBytes: (done, total) => options.onProgress?.({ file, done, total }),
  };
  const files = await filesOf(source, fetching);
  const isKept = source.from !== "folder";
  const gathering = new Gathering(files, partialFolder(change.folder), isKept, (path) => file = path);
  let weights: { readonly path: string } & Fetched;
  let known: ModelVersion | null;
  try {
    weights = await gathering.all(name);
    known = checkHashes(change, name, gathering.got, weights, options.sha256?.toLowerCase());
  } catch (error) {
    await gathering.drop();
    throw error;
  }
  if (known !== null && isWhole(change.folder, name, known)) {
    await gathering.drop();
    return { name, hash: known.hash, bytes: known.bytes, dimensions: known.dimensions, isNew: false };
  }
  const folder = await build(change, gathering.got);
  try {
    const path = weights.path;
    const opened = await sessions.probe({
      name,
      hash: weights.sha256,
      bytes: weights.bytes,
      folder,
      weights: path,
    });
    const hashes = Object.fromEntries([...gathering.got].map(([one, { sha256 }]) => [one, sha256]));
    const { kind, dimensions } = opened;
    const version: ModelVersion = {
      hash: weights.sha256,
      bytes: weights.bytes,
      kind,
      dimensions,
      weights: path,
      files: hashes,
      source: files.what,
    };
    change.install(folder, name, version);
    return { name, hash: version.hash, bytes: version.bytes, dimensions, isNew: true };
  } catch (error) {
    await Deno.remove(folder, { recursive: true }).catch((gone: unknown) => {
      if (!(gone instanceof Deno.errors.NotFound)) throw gone;
    });
    throw error;
  }
}

/** Whether every file of a version is there, of its length at least for the weights. */
function isWhole(store: string, name: string, version: ModelVersion): boolean {
  try {
    const folder = versionPath(store, name, version.hash);
    for (const path of Object.keys(version.files)) Deno.statSync(join(folder, path));
    return Deno.statSync(join(folder, version.weights)).size === version.bytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
