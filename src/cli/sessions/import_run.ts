/**
 * Past sessions of an assistant become memories, each turn in the project of the folder it was said in.
 *
 * Owns: which files, since when, which project.
 * Does not own: the formats (input/transcripts.ts), storing (memory/import.ts), secrets (the request path
 * redacts).
 *
 * Invariants:
 * 1. The same transcripts again change nothing: a turn is known by its context, client and ref.
 * 2. Files are taken oldest first, and those a Codex session was forked from before it: of a turn that stands in two
 *    files the one first said counts.
 */
import { isAbsolute } from "node:path";
import { type TranscriptClient, transcriptClients, TranscriptReader } from "../../input/mod.ts";
import { EngramError } from "../../kernel/errors.ts";
import { parseTime } from "../../kernel/times.ts";
import { os } from "../../runtime/platform.ts";
import type { Port } from "../../runtime/port.ts";
import { projectContext } from "../../runtime/projects.ts";
import { type Call, usage } from "../command.ts";
import { contextOf } from "../ids.ts";
import {
  type ImportReport,
  incomplete,
  lineCount,
  openImport,
  pieces,
  showReport,
} from "../memory/import.ts";
import { basename, fileRefusal, fromCaller, join, statOf } from "../paths.ts";
import { clientPlaces } from "../setup/clients.ts";
import { plural } from "../terminal/screen.ts";
import { CodexFamilies } from "./codex_families.ts";

/** Transcripts of one import. */
const filesMax = 100_000;
const depthMax = 12;

interface Transcript {
  readonly path: string;
  readonly modifiedAt: number;
}

/** Runs `engramlt import`. */
export async function runImport(call: Call): Promise<void> {
  const { screen } = call;
  const client = clientOf(call.need("client"));
  const since = sinceOf(call.text("since"), Date.now());
  const path = call.text("path");
  const roots = path === null ? defaultRoots(call, client) : [fromCaller(screen.terminal, path)];
  const files: Transcript[] = [];
  for (const root of roots) await find(client, root, files, path !== null);
  if (files.length === 0) {
    throw new EngramError(
      "file_not_found",
      `Cannot import sessions of ${client}: there is no transcript in ${roots.join(" or ")}`,
      {},
      "Name a transcript or a folder of them, if yours lie elsewhere",
    );
  }
  const wanted = files.filter(({ modifiedAt }) => since === null || modifiedAt >= since);
  const report = await take(call, client, wanted, since);
  screen.result(report, () => showReport(call, report));
  screen.summary(`${plural(report.files, "transcript")} of ${client}`);
  if (report.failed > 0) throw incomplete(report);
}

/** Takes in one transcript that a client's hook named. */
export async function captureTranscript(call: Call, name: string, path: string): Promise<void> {
  const client = clientOf(name);
  const files: Transcript[] = [];
  await find(client, fromCaller(call.screen.terminal, path), files, true);
  const report = await take(call, client, files, null);
  if (report.failed > 0) throw incomplete(report);
}

function clientOf(name: string): TranscriptClient {
  const found = transcriptClients.find((one) => one === name);
  if (found !== undefined) return found;
  throw usage(
    `Cannot import sessions of ${JSON.stringify(name)}: it is none of ${transcriptClients.join(", ")}`,
    "engramlt memory import takes in notes and JSON Lines",
  );
}

const unitsMs = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** `30d`, `12h`, `8w` before now, or a time; null where nothing was said. */
function sinceOf(text: string | null, now: number): number | null {
  if (text === null) return null;
  const [, count, unit] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (count !== undefined && (unit === "h" || unit === "d" || unit === "w")) {
    return now - Number(count) * unitsMs[unit];
  }
  const time = parseTime(text);
  if (time !== null) return time.ms;
  throw usage(
    `Cannot import since ${JSON.stringify(text)}: it is neither a number of days nor a date`,
    "30d, 12h, 8w, or 2026-03-14",
  );
}

function defaultRoots(call: Call, client: TranscriptClient): string[] {
  const { claudeFolder, codexFolder } = clientPlaces((name) => call.screen.terminal.env(name), os);
  return client === "claude-code"
    ? [join(claudeFolder, "projects")]
    : [join(codexFolder, "sessions"), join(codexFolder, "archived_sessions")];
}

/** Finds transcripts below a path. A file that is named is taken whatever its name. */
async function find(
  client: TranscriptClient,
  root: string,
  found: Transcript[],
  named: boolean,
): Promise<void> {
  const stat = await statOf(root);
  if (stat === null) {
    if (named) throw fileRefusal("import", root, new Deno.errors.NotFound());
    return;
  }
  if (stat.isFile) found.push({ path: root, modifiedAt: stat.mtime?.getTime() ?? 0 });
  else await walk(client, root, found, 0);
  found.sort((a, b) => a.modifiedAt - b.modifiedAt || (a.path < b.path ? -1 : 1));
}

/** Sessions of subagents lie in folders of their own, and are left out. */
const isTranscript = (client: TranscriptClient, name: string): boolean =>
  client === "codex" ? /^rollout-.*\.jsonl$/.test(name) : /^(?!agent-).*\.jsonl$/.test(name);

async function walk(
  client: TranscriptClient,
  folder: string,
  found: Transcript[],
  depth: number,
): Promise<void> {
  try {
    for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (isDirectory && depth < depthMax && name !== "subagents") await walk(client, path, found, depth + 1);
      if (!isFile || !isTranscript(client, name)) continue;
      if (found.length >= filesMax) {
        throw new EngramError("limit_reached", `Cannot import more than ${filesMax} transcripts at once`);
      }
      found.push({ path, modifiedAt: (await Deno.stat(path)).mtime?.getTime() ?? 0 });
    }
  } catch (error) {
    throw error instanceof EngramError ? error : fileRefusal("read", folder, error);
  }
}

async function take(
  call: Call,
  client: TranscriptClient,
  files: readonly Transcript[],
  since: number | null,
): Promise<ImportReport> {
  const port = await call.port();
  const context = await contextOf(call, port);
  const contexts = new Contexts(port, context, client);
  const work = openImport({
    port,
    context,
    prefix: "",
    createContexts: false,
    client,
    again: call.has("again"),
    onProgress: () => undefined,
  });
  const seen = new Set<string>();
  const families = client === "codex" ? await familiesOf(call, files) : null;
  const paths = inOrder(files.map(({ path }) => path), families);
  const rootOf = (session: string) => families?.rootOf(session) ?? session;
  for (const [at, path] of paths.entries()) {
    call.screen.progress({
      done: at,
      total: paths.length,
      what: `transcripts, ${plural(work.written, "turn")}, ${basename(path)}`,
    });
    const reader = new TranscriptReader(client, path, { seen, rootOf });
    let firstLine = 1;
    try {
      for await (const piece of pieces(path)) {
        const { turns, failures } = reader.read(piece, firstLine);
        firstLine += lineCount(piece);
        work.failures.push(...failures);
        for (const { draft, cwd } of turns) {
          if (since !== null && (draft.observedAt ?? since) < since) continue;
          const context = await contexts.of(cwd);
          if (context instanceof EngramError) {
            const { code, message } = context;
            work.failures.push({ path, line: draft.line, code, message });
          } else await work.addDrafts([{ ...draft, context }], path);
        }
      }
    } catch (error) {
      if (error instanceof EngramError) throw error;
      const { code, message } = fileRefusal("read", path, error);
      work.failures.push({ path, line: null, code, message });
    }
  }
  const report = await work.finish(paths.length);
  call.screen.progress({ done: paths.length, total: paths.length, what: "transcripts" });
  return report;
}

/** What is known of forks, from every transcript there is; null where none of the files is one. */
async function familiesOf(call: Call, files: readonly Transcript[]): Promise<CodexFamilies | null> {
  const families = new CodexFamilies();
  if (!files.some(({ path }) => families.isFork(path))) return null;
  const all = [...files];
  for (const root of defaultRoots(call, "codex")) await find("codex", root, all, false);
  families.know(all.map(({ path }) => path));
  return families;
}

/** The transcripts with those they were forked from, each once and after its own ancestors. */
function inOrder(paths: readonly string[], families: CodexFamilies | null): readonly string[] {
  if (families === null) return paths;
  return [...new Set(paths.flatMap((path) => [...families.ancestors(path), path]))];
}

/** The contexts of folders, each asked for once. */
class Contexts {
  readonly #port: Port;
  readonly #given: string | null;
  readonly #client: string;
  readonly #known = new Map<string, string | EngramError>();

  constructor(port: Port, given: string | null, client: string) {
    this.#port = port;
    this.#given = given;
    this.#client = client;
  }

  /**
   * The id of a folder's context; the one that --context names for all; null, personal, where no folder of this system
   * is told; the refusal where the folder's own file is broken.
   */
  async of(cwd: string | null): Promise<string | EngramError | null> {
    if (this.#given !== null || cwd === null || !isAbsolute(cwd)) return this.#given;
    const known = this.#known.get(cwd);
    if (known !== undefined) return known;
    const found = await this.#ask(cwd);
    this.#known.set(cwd, found);
    return found;
  }

  async #ask(cwd: string): Promise<string | EngramError> {
    try {
      return await projectContext(this.#port, cwd, { client: this.#client });
    } catch (error) {
      const isFolders = error instanceof EngramError &&
        (error.code === "invalid_config" || error.code === "wrong_state");
      if (isFolders) return error;
      throw error;
    }
  }
}
