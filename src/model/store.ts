/**
 * The model store on disk: DATA/models.
 *
 *     index.json              what is there, by name
 *     versions/NAME@HASH/     a version: the weights, what stands beside them; HASH is the sha256 of the weights
 *     partial/                downloads that broke off, to go on with
 *     lock                    held while the store changes
 *
 * Invariants:
 * 1. A version's folder takes its name when all its files are written and synced; the index names it after that.
 * 2. index.json is replaced whole. A folder the index does not name is not there, and is removed at the next change.
 * 3. What the first pull of a name recorded, later pulls must equal; `remove` forgets it.
 * 4. Readers take no lock: they see the index before a change or after it.
 */
import { join } from "node:path";
import { EngramError } from "../kernel/errors.ts";
import { modelLimits } from "./limits.ts";
import { defaultModel, fullName } from "./source.ts";

/** What a model is for, told by its outputs. */
export type ModelKind = "embed" | "classify" | "other";

/** A version of a model. */
export interface ModelVersion {
  /** sha256 of the weights, in hex. */
  readonly hash: string;
  /** Length of the weights. */
  readonly bytes: number;
  readonly kind: ModelKind;
  /** Length of an embedding; 0 where the model gives none. */
  readonly dimensions: number;
  /** Path of the weights in the version's folder. */
  readonly weights: string;
  /** sha256 of every file, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Where it came from, for people. */
  readonly source: string;
}

/** A model, as the index has it. */
export interface StoredModel {
  /** The version that its name means now. */
  readonly current: string;
  readonly versions: readonly ModelVersion[];
  /** Opened when a host starts. */
  readonly preload: boolean;
}

/** The index. */
export interface StoreIndex {
  readonly format: 1;
  readonly models: Readonly<Record<string, StoredModel>>;
}

const emptyIndex: StoreIndex = { format: 1, models: {} };

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isHash = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

function isVersion(value: unknown): value is ModelVersion {
  return isObject(value) && isHash(value["hash"]) && typeof value["bytes"] === "number" &&
    (value["kind"] === "embed" || value["kind"] === "classify" || value["kind"] === "other") &&
    typeof value["dimensions"] === "number" && typeof value["weights"] === "string" &&
    isObject(value["files"]) && Object.values(value["files"]).every(isHash) &&
    typeof value["source"] === "string";
}

function isModel(value: unknown): value is StoredModel {
  return isObject(value) && isHash(value["current"]) && Array.isArray(value["versions"]) &&
    value["versions"].every(isVersion) && typeof value["preload"] === "boolean" &&
    value["versions"].some(({ hash }) => hash === value["current"]);
}

/** Reads the index; a store that is not there is empty. Errors: `model_invalid` for one that can't be read. */
export function readIndex(folder: string): StoreIndex {
  const path = join(folder, "index.json");
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return emptyIndex;
    }
    throw storeRefusal("read the model store", error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value) && value["format"] === 1 && isObject(value["models"])) {
      const models = Object.entries(value["models"]).filter((pair): pair is [string, StoredModel] =>
        isModel(pair[1])
      );
      if (models.length === Object.keys(value["models"]).length) {
        return { format: 1, models: Object.fromEntries(models) };
      }
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new EngramError(
    "model_invalid",
    `Cannot read the model store: ${path} is damaged`,
    { path },
    "Remove the folder models in the data folder, then pull again",
  );
}

/** The refusal for an error of the operating system. */
export function storeRefusal(action: string, error: unknown): Error {
  if (error instanceof EngramError || !(error instanceof Error)) {
    return error instanceof Error ? error : new Error(String(error));
  }
  const code: unknown = Reflect.get(error, "code");
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new EngramError("disk_full", `Cannot ${action}: the disk is full`);
  }
  if (error instanceof Deno.errors.PermissionDenied || code === "EROFS") {
    return new EngramError("data_folder_read_only", `Cannot ${action}: it may not be written`);
  }
  return new EngramError("io_failed", `Cannot ${action}: ${error.message}`);
}

/** A model and its version, found by name or `NAME@HASH` (a beginning of the hash will do). */
export interface Found {
  readonly name: string;
  readonly version: ModelVersion;
  readonly stored: StoredModel;
}

/** Finds a model. Errors: `model_not_found`. */
export function findModel(index: StoreIndex, given: string): Found {
  const [short = "", hash] = given.split("@");
  const name = Object.hasOwn(index.models, short) ? short : fullName(short);
  const stored = Object.hasOwn(index.models, name) ? index.models[name] : undefined;
  if (stored === undefined) throw notFound(given);
  const version = stored.versions.find((one) =>
    hash === undefined ? one.hash === stored.current : one.hash.startsWith(hash)
  );
  if (version === undefined || hash === "") throw notFound(given);
  return { name, version, stored };
}

const notFound = (given: string) =>
  new EngramError(
    "model_not_found",
    `Cannot find the model ${JSON.stringify(given)}: it is not in the store`,
    { model: given },
  );

/** The model for sentences where none is named: the default one, else the first by name that embeds; null: none. */
export function embeddingModel(index: StoreIndex): Found | null {
  const names = Object.keys(index.models).sort();
  if (names.includes(defaultModel)) names.unshift(defaultModel);
  for (const name of names) {
    const found = findModel(index, name);
    if (found.version.kind === "embed") return found;
  }
  return null;
}

/** Syncs a folder's names. Windows has no handle on a folder that can be flushed. */
function syncFolder(path: string): void {
  if (Deno.build.os === "windows") return;
  const file = Deno.openSync(path, { read: true });
  try {
    file.syncSync();
  } finally {
    file.close();
  }
}

function writeIndex(folder: string, index: StoreIndex): void {
  const path = join(folder, "index.json");
  const part = `${path}.new`;
  const file = Deno.openSync(part, { write: true, create: true, truncate: true, mode: 0o600 });
  try {
    const bytes = new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
  } finally {
    file.close();
  }
  Deno.renameSync(part, path);
  syncFolder(folder);
}

/** Where versions and downloads lie. */
export const versionPath = (folder: string, name: string, hash: string): string =>
  join(folder, "versions", versionFolder(name, hash));
const versionFolder = (name: string, hash: string) => `${name.replace("/", "+")}@${hash}`;
export const partialFolder = (folder: string): string => join(folder, "partial");

/** The store while it is changed: held by one program at a time. */
export class StoreChange {
  readonly folder: string;
  readonly #lock: Deno.FsFile;

  private constructor(folder: string, lock: Deno.FsFile) {
    this.folder = folder;
    this.#lock = lock;
  }

  /** Waits for the store up to `storeWaitMsMax`. Errors: `model_busy`, and those of the disk. */
  static async begin(folder: string, waitMsMax: number = modelLimits.storeWaitMsMax): Promise<StoreChange> {
    try {
      for (const one of [folder, join(folder, "versions"), partialFolder(folder)]) {
        Deno.mkdirSync(one, { recursive: true, mode: 0o700 });
      }
      const lock = Deno.openSync(join(folder, "lock"), { read: true, write: true, create: true });
      for (let waited = 0; !lock.tryLockSync(true); waited += 50) {
        if (waited >= waitMsMax) {
          lock.close();
          throw new EngramError(
            "model_busy",
            "Cannot change the model store: another program is changing it",
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return new StoreChange(folder, lock);
    } catch (error) {
      throw storeRefusal(`open the model store ${folder}`, error);
    }
  }

  get index(): StoreIndex {
    return readIndex(this.folder);
  }

  /** Makes the folder `from`, whose files are synced, a version of a model, and the one its name means. */
  install(from: string, name: string, version: ModelVersion): void {
    const { models } = this.index;
    const known = Object.hasOwn(models, name) ? models[name] : undefined;
    if (known === undefined && Object.keys(models).length >= modelLimits.modelsMax) {
      throw new EngramError(
        "limit_reached",
        `Cannot keep the model ${name}: the store holds ${modelLimits.modelsMax}`,
        { modelsMax: modelLimits.modelsMax },
        "Remove one: engramlt model rm NAME",
      );
    }
    const to = versionPath(this.folder, name, version.hash);
    for (const path of foldersOf(from)) syncFolder(path);
    if (exists(to)) Deno.removeSync(to, { recursive: true }); // left by a kill before the index named it
    Deno.renameSync(from, to);
    syncFolder(join(this.folder, "versions"));
    const others = (known?.versions ?? []).filter(({ hash }) => hash !== version.hash);
    const model: StoredModel = {
      current: version.hash,
      versions: [...others, version],
      preload: known?.preload ?? false,
    };
    this.#write({ ...models, [name]: model });
  }

  /** Removes a model, or with `NAME@HASH` one version of it. Errors: `model_not_found`. */
  remove(given: string): { readonly name: string; readonly removed: readonly string[] } {
    const { models } = this.index;
    const { name, version, stored } = findModel({ format: 1, models }, given);
    const kept = given.includes("@") ? stored.versions.filter(({ hash }) => hash !== version.hash) : [];
    const removed = stored.versions.filter((one) => !kept.includes(one)).map(({ hash }) => hash);
    const { [name]: _gone, ...rest } = models;
    const last = kept.at(-1);
    if (last === undefined) this.#write(rest);
    else {
      const current = kept.some(({ hash }) => hash === stored.current) ? stored.current : last.hash;
      this.#write({ ...rest, [name]: { ...stored, current, versions: kept } });
    }
    return { name, removed };
  }

  /** Says whether a model is opened when a host starts. */
  preload(given: string, preload: boolean): Found {
    const { models } = this.index;
    const found = findModel({ format: 1, models }, given);
    this.#write({ ...models, [found.name]: { ...found.stored, preload } });
    return found;
  }

  #write(models: StoreIndex["models"]): void {
    writeIndex(this.folder, { format: 1, models });
    this.sweep();
  }

  /** Removes folders of versions that no model has. */
  sweep(): void {
    const named = new Set(
      Object.entries(this.index.models).flatMap(([name, { versions }]) =>
        versions.map(({ hash }) => versionFolder(name, hash))
      ),
    );
    const versions = join(this.folder, "versions");
    for (const { name } of Deno.readDirSync(versions)) {
      if (!named.has(name)) Deno.removeSync(join(versions, name), { recursive: true });
    }
  }

  end(): void {
    this.#lock.close();
  }
}

/** A folder and those below it, the deepest first. */
function foldersOf(folder: string): string[] {
  const below = [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory);
  return [...below.flatMap(({ name }) => foldersOf(join(folder, name))), folder];
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
