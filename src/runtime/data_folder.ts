/**
 * The data folder: what lies where, and who owns it.
 *
 * Invariants:
 * 1. One owner: an exclusive lock on DATA/lock, held for the owner's life and released by the system at its end.
 * 2. host.json is believed only while the lock is held and the host answers with the nonce in it.
 */
import { EngramError } from "../kernel/mod.ts";
import { type HostFile, parseHostFile } from "./host_file.ts";
import { isOutOfFiles, makePrivate } from "./platform.ts";

/** Paths below the data folder. */
export interface DataPaths {
  readonly root: string;
  readonly lock: string;
  readonly host: string;
  /** The first token, of scope admin, as it is sent. */
  readonly token: string;
  /** Where MCP clients of this machine connect, on systems that have such sockets. */
  readonly socket: string;
  /** What the host says of itself, for people: the newest file. */
  readonly hostLog: string;
  /** Held by whoever starts a host, until it is ready. */
  readonly startLock: string;
  /** The settings a person may write. */
  readonly config: string;
  /** The other tokens, hashed. */
  readonly tokens: string;
  readonly graph: string;
  readonly log: string;
  readonly blobs: string;
  readonly checkpoints: string;
}

/** The paths of a data folder. */
export function dataPaths(root: string): DataPaths {
  const at = (name: string) => `${root}/${name}`;
  return {
    root,
    lock: at("lock"),
    startLock: at("start.lock"),
    host: at("host.json"),
    socket: at("host.sock"),
    hostLog: at("host.log"),
    config: at("config.toml"),
    token: at("token"),
    tokens: at("tokens.json"),
    graph: at("graph.db"),
    log: at("log"),
    blobs: at("blobs"),
    checkpoints: at("checkpoints"),
  };
}

export type { HostFile };

/** The refusal for an error of the system in a data folder. */
export function folderRefusal(root: string, error: unknown): EngramError {
  if (
    error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable ||
    (error instanceof Error && "code" in error && error.code === "EROFS")
  ) {
    const message = `Cannot open data folder ${root}: it may not be read and written by you`;
    return new EngramError("data_folder_read_only", message);
  }
  if (isOutOfFiles(error)) {
    return new EngramError(
      "limit_reached",
      `Cannot open data folder ${root}: too many files are open already`,
    );
  }
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    const message = `Cannot open data folder ${root}: a file stands there, or on the way to it`;
    return new EngramError("io_failed", message, {}, "Choose another folder with --data");
  }
  const words = error instanceof Error ? error.message : String(error);
  if (/no space|quota exceeded|file too large|ENOSPC|EDQUOT|EFBIG/i.test(words)) {
    return new EngramError("disk_full", `Cannot open data folder ${root}: the disk is full`);
  }
  const hint = "The message has the operating system's words; another folder is named with --data";
  return new EngramError("io_failed", `Cannot open data folder ${root}: ${words}`, {}, hint);
}

/** Makes the folder if needed, and takes its lock; null if another process holds it. */
export const lockFolder = (paths: DataPaths): Deno.FsFile | null => lockFile(paths, paths.lock);

/** The same for the right to start a host of the folder: one starter is enough. */
export const lockStart = (paths: DataPaths): Deno.FsFile | null => lockFile(paths, paths.startLock);

function lockFile(paths: DataPaths, path: string): Deno.FsFile | null {
  try {
    const isNew = !exists(paths.root);
    Deno.mkdirSync(paths.root, { recursive: true });
    if (isNew) makePrivate(paths.root, "folder");
    const file = Deno.openSync(path, { read: true, write: true, create: true });
    if (file.tryLockSync(true)) return file;
    file.close();
    return null;
  } catch (error) {
    throw folderRefusal(paths.root, error);
  }
}

/**
 * The lock of a folder in which nothing can be written, so that nobody writes it meanwhile; null where it has none or may
 * not even be opened. Refuses `data_folder_in_use`.
 */
export function lockToRead(paths: DataPaths): Deno.FsFile | null {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(paths.lock, { read: true });
  } catch {
    return null; // who cannot write has no lock to make: what is read is the log, of which no entry ever changes
  }
  if (file.tryLockSync(true)) return file;
  file.close();
  throw new EngramError(
    "data_folder_in_use",
    `Cannot open data folder ${paths.root}: another process owns it`,
  );
}

/** Whether there is anything at a path. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Whether a host may run here: host.json is there. */
export function hostMayRun(paths: DataPaths): boolean {
  try {
    return exists(paths.host);
  } catch (error) {
    throw folderRefusal(paths.root, error);
  }
}

/** Reads host.json, or null where there is none or it is no such file. */
export function readHostFile(paths: DataPaths): HostFile | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(paths.host);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw folderRefusal(paths.root, error);
  }
  return parseHostFile(text);
}

/** Writes a private file under another name, then renames it into place. */
export function writePrivate(path: string, text: string): void {
  const temporary = `${path}.new`;
  Deno.writeTextFileSync(temporary, text, { mode: 0o600 });
  makePrivate(temporary, "file");
  Deno.renameSync(temporary, path);
}
