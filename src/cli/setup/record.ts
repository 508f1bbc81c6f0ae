/**
 * What setup did to the settings of other programs, and how each was before: DATA/setup/record.json and backups beside
 * it, so that `setup --undo` can give every file back.
 *
 * Invariants:
 * 1. A change is recorded, with its backup, before it is made: after a crash it can still be undone.
 * 2. A backup is given back only if the file is byte for byte what setup left there.
 * 3. Backups are for their owner alone: other programs keep secrets in these files.
 */
import { join } from "node:path";
import { isObject } from "../../input/json.ts";
import { EngramError } from "../../kernel/errors.ts";
import { writePrivate } from "../../runtime/data_folder.ts";
import { makePrivate } from "../../runtime/platform.ts";
import { hashOf } from "./client_files.ts";
import type { ClientName } from "./clients.ts";
import { clientNames } from "./clients.ts";

/** A file that setup changed. */
export interface Changed {
  readonly client: ClientName;
  readonly path: string;
  readonly what: "entry" | "hooks";
  /** The file was made by setup. */
  readonly created: boolean;
  /** Folders made for it, the innermost first. */
  readonly folders: readonly string[];
  /** Name of the backup, or null where there is none to give back: the file was made, or others changed it since. */
  readonly backup: string | null;
  /** sha256 of the text that setup left, in hex. */
  readonly after: string;
}

/** The record of a data folder. */
export class SetupRecord {
  readonly folder: string;
  #files: Changed[];

  constructor(data: string) {
    this.folder = join(data, "setup");
    this.#files = read(join(this.folder, "record.json"));
  }

  get files(): readonly Changed[] {
    return this.#files;
  }

  /** The path of a backup. */
  backupPath(changed: Changed): string | null {
    return changed.backup === null ? null : join(this.folder, changed.backup);
  }

  /** Records a change that is about to be made; gives what is recorded of the file. */
  add(
    change: { readonly client: ClientName; readonly path: string; readonly what: Changed["what"] },
    before: string | null,
    after: string,
  ): Changed {
    const known = this.#files.find(({ path }) => path === change.path);
    const own = known !== undefined && before !== null && known.after === hashOf(before);
    let backup: string | null = null;
    if (own) backup = known.backup;
    else if (before !== null && known === undefined) backup = this.#store(change.path, before);
    const changed: Changed = {
      ...change,
      created: own ? known.created : before === null,
      folders: own ? known.folders : [],
      backup,
      after: hashOf(after),
    };
    this.#replace(changed);
    return changed;
  }

  /** Notes the folders that were made for a file. */
  addFolders(changed: Changed, folders: readonly string[]): void {
    if (folders.length > 0) this.#replace({ ...changed, folders: [...changed.folders, ...folders] });
  }

  /** Takes back {@link add} for a change that was not made. */
  restore(path: string, known: Changed | null): void {
    const added = this.#files.find((one) => one.path === path);
    if (added !== undefined && added.backup !== known?.backup) this.drop(added);
    this.#files = this.#files.filter((one) => one.path !== path);
    if (known !== null) this.#files.push(known);
    this.#write();
  }

  /** Forgets a file that was undone, and its backup. */
  drop(changed: Changed): void {
    this.#files = this.#files.filter(({ path }) => path !== changed.path);
    this.#write();
    const backup = this.backupPath(changed);
    if (backup !== null) Deno.removeSync(backup);
  }

  #replace(changed: Changed): void {
    this.#files = [...this.#files.filter(({ path }) => path !== changed.path), changed];
    this.#write();
  }

  #store(path: string, text: string): string {
    const name = `${hashOf(path).slice(0, 16)}-${hashOf(text).slice(0, 16)}.backup`;
    this.#makeFolder();
    writePrivate(join(this.folder, name), text);
    return name;
  }

  #write(): void {
    this.#makeFolder();
    writePrivate(
      join(this.folder, "record.json"),
      `${JSON.stringify({ format: 1, files: this.#files }, null, 2)}\n`,
    );
  }

  #makeFolder(): void {
    Deno.mkdirSync(this.folder, { recursive: true });
    makePrivate(this.folder, "folder");
  }
}

function read(path: string): Changed[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    const files = isObject(value) && value["format"] === 1 ? value["files"] : null;
    if (Array.isArray(files)) return files.map(changedOf);
  } catch {
    // told below
  }
  throw new EngramError(
    "io_failed",
    `Cannot read ${path}: it is no record of engramlt setup`,
    { path },
    "The backups lie beside it; put them back by hand",
  );
}

function changedOf(value: unknown): Changed {
  if (!isObject(value)) throw new TypeError("a file of the record");
  const { path, what, created, folders, backup, after } = value;
  const client = clientNames.find((name) => name === value["client"]);
  const known = what === "entry" || what === "hooks";
  if (
    client === undefined || !known || typeof path !== "string" || typeof created !== "boolean" ||
    typeof after !== "string" || !Array.isArray(folders) ||
    !folders.every((one) => typeof one === "string") ||
    !(backup === null || typeof backup === "string" && /^[\w.-]+$/.test(backup))
  ) throw new TypeError("a file of the record");
  return { client, path, what, created, folders, backup, after };
}
