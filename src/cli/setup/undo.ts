/**
 * engramlt setup --undo: every file as it was.
 *
 * Invariants:
 * 1. A file that is what setup left gets its backup back, byte for byte; one that setup made goes, with its folders.
 * 2. Of a file that others changed since, our own entry alone goes, and that is said.
 */
import { EngramError } from "../../kernel/errors.ts";
import { os } from "../../runtime/platform.ts";
import type { Call } from "../command.ts";
import { dataFolder, readBytes } from "../paths.ts";
import { plural } from "../terminal/screen.ts";
import { hashOf, readClientFile, withoutEntry, withoutHooks, writeChange } from "./client_files.ts";
import { type Client, clientPlaces, clientsAt } from "./clients.ts";
import { type Changed, SetupRecord } from "./record.ts";

/** How a file was undone. */
type How = "restored" | "removed" | "entry_removed" | "was_gone";

interface Undone {
  readonly path: string;
  readonly client: string;
  readonly how: How | null;
  readonly error: string | null;
}

const words: Readonly<Record<How, string>> = {
  restored: "as it was, byte for byte",
  removed: "removed: setup had made it",
  entry_removed: "changed by others since: only the entry of engramlt was taken out",
  was_gone: "is gone: nothing to undo",
};

/** Undoes setup, of some clients or of all. */
export async function undo(call: Call, chosen: readonly Client[] | null): Promise<void> {
  const { screen } = call;
  const record = new SetupRecord(dataFolder(screen.terminal, call.text("data")));
  const clients = clientsAt(clientPlaces((name) => screen.terminal.env(name), os));
  const files = record.files.filter(({ client }) =>
    chosen === null || chosen.some(({ name }) => name === client)
  );
  const done: Undone[] = [];
  for (const changed of files) {
    const client = clients.find(({ name }) => name === changed.client);
    if (client === undefined) continue;
    done.push(await undoOne(record, changed, client, call.has("dry-run")));
  }
  const failed = done.filter(({ error }) => error !== null);
  screen.result({ dryRun: call.has("dry-run"), files: done }, () => {
    if (done.length === 0) screen.line("nothing to undo: setup changed no file");
    for (const { path, how, error } of done) {
      screen.line(how === null ? `${screen.paint("red", "✗")} ${path}: ${error}` : `${path}: ${words[how]}`);
    }
  });
  screen.summary(`${plural(done.length - failed.length, "file")} undone`);
  if (failed.length === 0) return;
  throw new EngramError(
    "setup_incomplete",
    `Cannot undo ${plural(failed.length, "file")}: ${failed[0]?.error}`,
    {},
    "What failed is named; mend it and run engramlt setup --undo again",
  );
}

async function undoOne(record: SetupRecord, changed: Changed, client: Client, dry: boolean): Promise<Undone> {
  const { path } = changed;
  try {
    const { text, mode } = await readClientFile(path);
    const { how, after } = await undoneText(record, changed, client, text);
    if (!dry) {
      if (after !== text) await writeChange({ path, before: text, after, mode });
      if (how === "removed") await removeEmpty(changed.folders);
      record.drop(changed);
    }
    return { path, client: client.name, how, error: null };
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    return { path, client: client.name, how: null, error: error.message };
  }
}

/** Every byte of it: a mark of the byte order too. */
const textOf = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

async function undoneText(
  record: SetupRecord,
  changed: Changed,
  client: Client,
  text: string | null,
): Promise<{ readonly how: How; readonly after: string | null }> {
  if (text === null) return { how: "was_gone", after: null };
  if (hashOf(text) === changed.after) {
    if (changed.created) return { how: "removed", after: null };
    const backup = record.backupPath(changed);
    if (backup !== null) {
      return { how: "restored", after: textOf(await readBytes(backup, "read the backup")) };
    }
  }
  const after = changed.what === "entry" ? withoutEntry(text, client.file) : withoutHooks(text, client);
  return { how: "entry_removed", after };
}

/** Removes folders that setup made, where nothing else was put into them. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await Deno.remove(folder);
    } catch {
      return; // others use it now
    }
  }
}
