/**
 * Which assistants know of this memory: read from their settings files, as setup wrote them or a person did.
 *
 * Owns: what is found of each, and whether its command is still there. Changes nothing.
 * Does not own: the files and entries (clients.ts, client_files.ts), writing them (run.ts).
 */
import { delimiter, isAbsolute, join } from "node:path";
import { EngramError } from "../../kernel/errors.ts";
import { defaultDataFolder, os } from "../../runtime/platform.ts";
import { fileRefusal, statOf } from "../paths.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type Client, clientPlaces, clientsAt, type Started } from "./clients.ts";

/** An assistant that is on this machine. */
export interface ClientState {
  readonly client: string;
  readonly title: string;
  readonly path: string;
  /** What its entry starts; null where it has none. */
  readonly command: Started | null;
  /** Whether that program is there. */
  readonly commandExists: boolean;
  /** The data folder of its entry. */
  readonly data: string | null;
  /** Whether every hook is there; null of a client that has none. */
  readonly hooks: boolean | null;
  /** Why its settings cannot be read, or null. */
  readonly problem: string | null;
}

/** Looks at every assistant on this machine. */
export async function clientStates(terminal: Terminal): Promise<readonly ClientState[]> {
  let clients: readonly Client[];
  try {
    clients = clientsAt(clientPlaces((name) => terminal.env(name), os));
  } catch (error) {
    if (error instanceof EngramError) return []; // no variable names a home folder
    throw error;
  }
  const states: ClientState[] = [];
  for (const client of clients) {
    const signs = await Promise.all(client.signs.map(statOf));
    if (signs.some((sign) => sign !== null)) states.push(await stateOf(client, terminal));
  }
  return states;
}

async function stateOf(client: Client, terminal: Terminal): Promise<ClientState> {
  const { entryIn, hasHooks } = await import("./client_files.ts"); // readers of every format: not for each start
  const { path } = client.file;
  const state = { client: client.name, title: client.title, path };
  try {
    const command = entryIn(await textOf(path), client.file);
    return {
      ...state,
      command,
      commandExists: command !== null && await programExists(command.command, terminal),
      data: command === null ? null : dataOf(command),
      hooks: client.hooks === null ? null : hasHooks(await textOf(client.hooks.path), client),
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    return { ...state, command: null, commandExists: false, data: null, hooks: null, problem: error.message };
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw fileRefusal("read", path, error);
  }
}

function dataOf({ args }: Started): string | null {
  const at = args.indexOf("--data");
  return at < 0 ? defaultDataFolder() : args[at + 1] ?? null;
}

/** Whether a command can be started: a path that is there, or a name on PATH. */
async function programExists(command: string, terminal: Terminal): Promise<boolean> {
  if (isAbsolute(command)) return (await statOf(command))?.isFile === true;
  return await findProgram(command, terminal) !== null;
}

/** The path of a program by its name, or null where PATH has none. */
export async function findProgram(name: string, terminal: Terminal): Promise<string | null> {
  const endings = os === "windows" ? [".exe", ".cmd", ""] : [""];
  for (const folder of (terminal.env("PATH") ?? "").split(delimiter)) {
    for (const ending of folder === "" ? [] : endings) {
      const path = join(folder, name + ending);
      if ((await statOf(path))?.isFile === true) return path;
    }
  }
  return null;
}

/** Something that is not as it could be, and the command that mends it. */
export interface Missing {
  readonly what: string;
  readonly next: string;
}

/** What an assistant lacks for this memory; null: nothing. */
export function missingOf(state: ClientState, data: string): Missing | null {
  const next = `engramlt setup ${state.client}`;
  const { title, command, problem } = state;
  if (problem !== null) return { what: `${title}: ${problem}`, next };
  if (command === null) return { what: `${title} does not know of this memory`, next };
  if (!state.commandExists) return { what: `${title} starts ${command.command}, which is not there`, next };
  if (state.data !== data) {
    return { what: `${title} keeps its memory in ${state.data ?? "another folder"}`, next };
  }
  if (state.hooks === false) {
    return { what: `${title} has no hooks: its sessions begin without a brief`, next };
  }
  return null;
}
