/**
 * engramlt setup: assistants are told of this memory, in their own settings.
 *
 * Owns: the order of things: plan every change, show it, ask, record, write, check.
 * Does not own: paths and entries (clients.ts), files (client_files.ts), backups (record.ts).
 *
 * Invariants:
 * 1. Nothing is written before all changes were planned and shown, and a person or --yes agreed.
 * 2. One client that can't be set up keeps no other from it; what failed is told, and the exit code says so.
 * 3. The same setup again writes nothing.
 */
import { EngramError } from "../../kernel/errors.ts";
import { os } from "../../runtime/platform.ts";
import { type Call, usage } from "../command.ts";
import { offerModel } from "../model/offer.ts";
import { dataFolder, statOf } from "../paths.ts";
import { plural } from "../terminal/screen.ts";
import type { Checked } from "./check.ts";
import {
  type Change,
  diffLines,
  entryIn,
  readClientFile,
  withEntry,
  withHooks,
  writeChange,
} from "./client_files.ts";
import { type Client, clientNames, clientPlaces, clientsAt, type Started } from "./clients.ts";
import { type Changed, SetupRecord } from "./record.ts";
import { registered } from "./registered.ts";
import { undo } from "./undo.ts";

/** Runs `engramlt setup` as its flags say. */
export async function runSetup(call: Call): Promise<void> {
  await (call.has("undo") ? undo(call, chosen(call)) : setUp(call));
}

/** The clients named, or null for all. */
function chosen(call: Call): readonly Client[] | null {
  const names = call.all("client");
  const all = allClients(call);
  if (names.length === 0) return null;
  return names.map((name) => {
    const found = all.find((client) => client.name === name);
    if (found !== undefined) return found;
    throw usage(`Cannot set up ${JSON.stringify(name)}: it is none of ${clientNames.join(", ")}`);
  });
}

function allClients(call: Call): readonly Client[] {
  return clientsAt(clientPlaces((name) => call.screen.terminal.env(name), os));
}

interface Planned {
  readonly client: Client;
  readonly what: Changed["what"];
  readonly change: Change;
}

interface Done {
  readonly client: string;
  readonly title: string;
  readonly files: readonly { readonly path: string; readonly what: string; readonly changed: boolean }[];
  readonly command: Started | null;
  readonly check: Checked | null;
  readonly note: string;
  readonly error: string | null;
}

async function setUp(call: Call): Promise<void> {
  const { screen } = call;
  const { program, says } = registered();
  const clients = chosen(call) ?? await present(allClients(call));
  if (clients.length === 0) {
    throw new EngramError(
      "file_not_found",
      "Cannot set up an assistant: none of their settings is on this machine",
      {},
      `Name one to set it up all the same: engramlt setup ${clientNames.join(" | ")}`,
    );
  }
  const failures = new Map<string, EngramError>();
  const planned: Planned[] = [];
  for (const client of clients) {
    const changes = await attempt(failures, client, () => plan(call, client, program));
    planned.push(...(changes ?? []));
  }
  const wanted = planned.filter(({ change: { before, after } }) => before !== after);
  show(call, wanted);
  for (const [name, { message, hint }] of failures) {
    screen.note(`${titleOf(clients, name)}: ${message}\n  ${hint}`);
  }
  if (says !== null) screen.note(says);
  if (!call.has("dry-run")) {
    if (wanted.length > 0) agree(call, wanted.length);
    await write(call, wanted, failures);
  }
  const done: Done[] = [];
  for (const client of clients) done.push(await finish(call, client, planned, failures));
  tell(call, done, wanted.length);
  if (call.has("dry-run")) return;
  const { model, offer } = await offerModel(call, dataFolder(call.screen.terminal, call.text("data")));
  if (model === null) call.screen.note(`There is no model yet: ${offer} lets recall find by meaning`);
}

/** The clients that are on this machine. */
async function present(clients: readonly Client[]): Promise<readonly Client[]> {
  const found: Client[] = [];
  for (const client of clients) {
    const signs = await Promise.all(client.signs.map(statOf));
    if (signs.some((sign) => sign !== null)) found.push(client);
  }
  return found;
}

async function attempt<T>(
  failures: Map<string, EngramError>,
  { name }: Client,
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    failures.set(name, error);
    return null;
  }
}

/** A data folder that is not the usual one is named to the client as well. */
function dataArguments(call: Call): readonly string[] {
  const { terminal } = call.screen;
  const given = call.text("data");
  return given === null ? [] : ["--data", dataFolder(terminal, given)];
}

async function plan(call: Call, client: Client, program: Started): Promise<Planned[]> {
  const data = dataArguments(call);
  const entry = { command: program.command, args: [...program.args, "mcp", ...data] };
  const { text, mode } = await readClientFile(client.file.path);
  const changes: Planned[] = [{
    client,
    what: "entry",
    change: { path: client.file.path, before: text, after: withEntry(text ?? "", client.file, entry), mode },
  }];
  if (client.hooks !== null) {
    const { path } = client.hooks;
    const old = await readClientFile(path);
    const after = withHooks(old.text ?? "", client, {
      command: program.command,
      args: [...program.args, ...data],
    });
    changes.push({ client, what: "hooks", change: { path, before: old.text, after, mode: old.mode } });
  }
  return changes;
}

function show({ screen }: Call, wanted: readonly Planned[]): void {
  for (const { change } of wanted) {
    screen.line(screen.paint("bold", `${change.path}${change.before === null ? " (new)" : ""}`));
    for (const line of diffLines(change)) {
      const style = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : "dim";
      screen.line(screen.paint(style, `  ${line}`));
    }
  }
}

function agree(call: Call, count: number): void {
  const { terminal } = call.screen;
  if (call.has("yes")) return;
  if (!terminal.inIsTerminal || !terminal.errIsTerminal) {
    throw usage(
      `Cannot ask whether to write ${plural(count, "file")}: there is no terminal`,
      "Look with --dry-run, then say --yes",
    );
  }
  const answer = terminal.ask(`Write ${count === 1 ? "this file" : `these ${count} files`}? [Y/n]`);
  if (answer === null || !/^\s*(?:y(?:es)?)?\s*$/i.test(answer)) {
    throw new EngramError("interrupted", "Nothing was written", {}, "engramlt setup --dry-run only shows");
  }
}

async function write(
  call: Call,
  wanted: readonly Planned[],
  failures: Map<string, EngramError>,
): Promise<void> {
  if (wanted.length === 0) return;
  const record = new SetupRecord(dataFolder(call.screen.terminal, call.text("data")));
  for (const { client, what, change } of wanted) {
    const { path, before, after } = change;
    if (after === null || failures.has(client.name)) continue;
    await attempt(failures, client, async () => {
      const known = record.files.find((one) => one.path === path) ?? null;
      const recorded = record.add({ client: client.name, path, what }, before, after);
      try {
        record.addFolders(recorded, await writeChange(change));
      } catch (error) {
        record.restore(path, known);
        throw error;
      }
    });
  }
}

async function finish(
  call: Call,
  client: Client,
  planned: readonly Planned[],
  failures: Map<string, EngramError>,
): Promise<Done> {
  const own = planned.filter((one) => one.client === client);
  const dry = call.has("dry-run");
  let command: Started | null = null, check: Checked | null = null;
  if (!failures.has(client.name) && !dry) {
    const { text } = await readClientFile(client.file.path);
    command = entryIn(text ?? "", client.file);
    if (command !== null && !call.has("no-check")) {
      const started = command;
      check = await attempt(failures, client, async () => {
        call.screen.note(`${client.title}: trying ${started.command} …`);
        const { checkCommand } = await import("./check.ts");
        const data = dataFolder(call.screen.terminal, call.text("data"));
        return await checkCommand(started, data, () => call.screen.terminal.now());
      });
    }
  }
  return {
    client: client.name,
    title: client.title,
    files: own.map(({ what, change: { path, before, after } }) => ({
      path,
      what,
      changed: before !== after,
    })),
    command,
    check,
    note: client.note,
    error: failures.get(client.name)?.message ?? null,
  };
}

/** Two sentences to paste into the assistant: the first keeps something, the second finds it. */
const sentences = [
  "Remember with engramlt: in this project we write tests before we fix a bug.",
  "What do you know of this project from engramlt, and what did we decide?",
] as const;

function tell(call: Call, done: readonly Done[], wanted: number): void {
  const { screen } = call;
  const dry = call.has("dry-run");
  const failed = done.filter(({ error }) => error !== null);
  screen.result({ dryRun: dry, clients: done, sentences }, () => {
    for (const { title, error, check, files, note } of done) {
      if (error !== null) {
        screen.line(`${screen.paint("red", "✗")} ${title}: ${error}`);
        continue;
      }
      const changed = files.some((file) => file.changed);
      const state = dry
        ? changed ? "would be set up" : "is set up"
        : changed
        ? "set up"
        : "was set up already";
      const tried = check === null ? "" : `, tried in ${check.ms} ms: remembered and recalled`;
      screen.line(`${screen.paint("green", "✓")} ${title} ${state}${tried}`);
      if (changed && !dry) screen.line(screen.paint("dim", `  ${note}`));
    }
    if (dry || failed.length === done.length) return;
    screen.line();
    screen.line("Paste these into your assistant, one after the other:");
    for (const sentence of sentences) screen.line(`  ${sentence}`);
    screen.line(
      "engramlt agent list shows the agents that work on what is remembered, and what each may do.",
    );
  });
  screen.summary(dry ? `${plural(wanted, "file")} would change` : `${plural(wanted, "file")} changed`);
  if (failed.length === 0) return;
  throw new EngramError(
    "setup_incomplete",
    `Cannot set up ${failed.map(({ title }) => title).join(", ")}: ${failed[0]?.error ?? ""}`,
    { clients: failed.map(({ client }) => client) },
  );
}

const titleOf = (clients: readonly Client[], name: string): string =>
  clients.find((client) => client.name === name)?.title ?? name;
