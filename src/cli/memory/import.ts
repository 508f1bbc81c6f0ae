/**
 * engramlt memory import: folders of notes and JSONL become memories and links.
 *
 * Invariants:
 * 1. What is broken is a failure with file and line; everything else goes in. A command is never half done:
 *    a batch the runtime refuses is split until the one memory that is wrong stands alone.
 * 2. The same files again change nothing: a memory is known by its context, source and ref.
 * 3. Files are taken in the order of their paths, whatever the disk says.
 */
import {
  type EngramDraft,
  type Failure,
  isImportable,
  isImportableFolder,
  type LinkDraft,
  linkType,
  readJsonl,
  readNote,
  type Redactions,
  resolveLinks,
} from "../../input/mod.ts";
import { EngramError, type RefusalCode, refusals } from "../../kernel/errors.ts";
import { formatTime } from "../../kernel/times.ts";
import type { Port } from "../../runtime/port.ts";
import type { WriteOp } from "../../runtime/requests.ts";
import type { Call } from "../command.ts";
import { contextId, contextOf } from "../ids.ts";
import { basename, dirname, fileRefusal, fromCaller, join, statOf } from "../paths.ts";
import { redactedIn, tellRedacted } from "../submit.ts";
import { count, plural } from "../terminal/screen.ts";
import { linkLines } from "./link_lines.ts";

const opsPerBatch = 200;
const bytesPerBatch = 1024 * 1024;
const pieceBytes = 8 * 1024 * 1024;

/** A file to take in. `shown` is its path from the import root, with forward slashes. */
interface Found {
  readonly path: string;
  readonly shown: string;
  readonly form: "note" | "jsonl";
  /** Whether it lies behind a link out of the folder, which nobody asked to follow: it is not read. */
  readonly isOutside?: true;
}

/** What an import came to. */
export interface ImportReport {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** What was forgotten before, and stays so. */
  readonly forgotten: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
  readonly files: number;
  /** Links made now; those that stood already are not counted. */
  readonly links: number;
  /** What was private and left out: how often, by what it was. */
  readonly redacted: Readonly<Record<string, number>>;
  readonly tick: number | null;
}

/** What an import needs besides files: how to ask for a change, and whom to tell. */
export interface ImportParts {
  readonly port: Port;
  /** Full id of the context for what names none, or null for "personal". */
  readonly context: string | null;
  readonly prefix: string;
  /** Whether contexts that lines name are made where they are not there. */
  readonly createContexts: boolean;
  readonly onProgress: (files: number, total: number, memories: number) => void;
  readonly client: string;
  /** Whether what was forgotten is taken in again. */
  readonly again?: boolean;
}

/**
 * Finds the files of paths. Refuses a path that is not there. A symbolic link out of its folder is found, but not
 * followed unless asked to; a path that is given is taken as it is.
 */
export async function findFiles(
  paths: readonly string[],
  { followLinks = false }: { readonly followLinks?: boolean } = {},
): Promise<Found[]> {
  const found: Found[] = [];
  for (const path of paths) {
    const stat = await statOf(path);
    if (stat === null) throw fileRefusal("import", path, new Deno.errors.NotFound());
    if (stat.isDirectory) {
      const root = followLinks ? null : await Deno.realPath(path);
      await walk(path, "", { root, found, visited: new Set() });
    } else if (!stat.isFile) {
      throw new EngramError("io_failed", `Cannot import ${path}: it is neither a file nor a folder`, {
        path,
      });
    } else found.push({ path, shown: basename(path), form: isImportable(basename(path)) ?? "note" });
  }
  return found;
}

/** A walk over a folder. */
interface Walk {
  /** The folder's real path, which links may not leave; null: they may. */
  readonly root: string | null;
  readonly found: Found[];
  /** Real paths of the folders it was in. */
  readonly visited: Set<string>;
}

/** Whether a link's end is not beneath a folder; of a link without an end, reading will say what is wrong. */
async function leaves(path: string, root: string): Promise<boolean> {
  const real = await Deno.realPath(path).catch(() => root);
  const beneath = /[/\\]$/.test(root) ? root : root + (Deno.build.os === "windows" ? "\\" : "/");
  return real !== root && !real.startsWith(beneath);
}

async function walk(folder: string, shown: string, { root, found, visited }: Walk): Promise<void> {
  const entries: Deno.DirEntry[] = [];
  try {
    const real = await Deno.realPath(folder);
    if (visited.has(real)) return;
    visited.add(real);
    for await (const entry of Deno.readDir(folder)) entries.push(entry);
  } catch (error) {
    if (shown === "") throw fileRefusal("import", folder, error);
    found.push({ path: folder, shown, form: "note" }); // reading it will say what is wrong
    return;
  }
  entries.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  for (const { name, isSymlink, ...kind } of entries) {
    const path = join(folder, name);
    const inner = shown === "" ? name : `${shown}/${name}`;
    const endless = { isFile: true, isDirectory: false }; // a link without an end: reading it will say so
    const stat = isSymlink ? await statOf(path).catch(() => null) ?? endless : kind;
    const isFolder = stat.isDirectory && isImportableFolder(name);
    const form = stat.isFile ? isImportable(inner) : null;
    if (!isFolder && form === null) continue;
    if (isSymlink && root !== null && await leaves(path, root)) {
      found.push({ path, shown: inner, form: form ?? "note", isOutside: true });
    } else if (isFolder) await walk(path, inner, { root, found, visited });
    else if (form !== null) found.push({ path, shown: inner, form });
  }
}

/** Takes files in. */
export async function importFiles(files: readonly Found[], parts: ImportParts): Promise<ImportReport> {
  const work = new Import(parts);
  const taken = new Map<string, string>();
  for (const [at, file] of files.entries()) {
    parts.onProgress(at, files.length, work.written);
    const shown = parts.prefix + file.shown;
    const other = taken.get(shown);
    if (other === file.path) continue;
    if (other !== undefined) {
      const message =
        `Cannot import ${file.path}: ${other} has the same path from its folder; tell them apart with --prefix`;
      work.failures.push({ path: file.shown, line: null, code: "invalid_argument", message });
      continue;
    }
    taken.set(shown, file.path);
    await work.take(file, shown);
  }
  const report = await work.finish(files.length);
  parts.onProgress(files.length, files.length, work.written);
  return report;
}

type Upsert = Extract<WriteOp, { op: "add" | "upsert" }>;
interface Pending {
  readonly op: WriteOp;
  /** The context a line named, or null. */
  readonly context?: string | null;
  readonly path: string;
  readonly line: number;
  readonly bytes: number;
}

/** Where a failure lies that the runtime told: its file and line. */
const environment: ReadonlySet<string> = new Set([
  "unavailable",
  "corrupt",
  "denied",
  "usage",
  "interrupted",
]);

/** Takes in drafts that were read elsewhere, in the same way. */
export function openImport(parts: ImportParts): Import {
  return new Import(parts);
}

/** An import under way. */
export class Import {
  readonly failures: Failure[] = [];
  readonly #parts: ImportParts;
  readonly #pending: Pending[] = [];
  #pendingBytes = 0;
  readonly #links: LinkDraft[] = [];
  readonly #notes: EngramDraft[] = [];
  readonly #contexts = new Map<string, string | EngramError>();
  readonly #counts = { created: 0, updated: 0, unchanged: 0, forgotten: 0 };
  readonly #ids = new Map<string, string>();
  readonly #madeLinks: Pending[] = [];
  readonly #redactions: Redactions = new Map();
  #linkCount = 0;
  #tick: number | null = null;

  constructor(parts: ImportParts) {
    this.#parts = parts;
  }

  /** Takes in drafts of one file. */
  async addDrafts(drafts: readonly EngramDraft[], path: string): Promise<void> {
    for (const draft of drafts) await this.#add(draft, path);
  }

  get written(): number {
    const { created, updated, unchanged, forgotten } = this.#counts;
    return created + updated + unchanged + forgotten;
  }

  async take(file: Found, shown: string): Promise<void> {
    if (file.isOutside === true) {
      const message = "Cannot import the link: it leads out of its folder; --follow-links takes it in";
      this.failures.push({ path: shown, line: null, code: "invalid_argument", message });
      return;
    }
    try {
      if (file.form === "jsonl") await this.#takeJsonl(file.path, shown);
      else await this.#takeNote(file.path, shown);
    } catch (error) {
      const isFile = error instanceof Error && !(error instanceof EngramError) &&
        (Object.values(Deno.errors).some((kind) => error instanceof kind) || "code" in error);
      if (!isFile) throw error;
      const { code, message } = fileRefusal("read", shown, error);
      this.failures.push({ path: shown, line: null, code, message });
    }
  }

  async #takeNote(path: string, shown: string): Promise<void> {
    const bytes = await Deno.readFile(path);
    const modifiedAt = (await Deno.stat(path)).mtime?.getTime() ?? null;
    const read = readNote({ path: shown, bytes, modifiedAt }, undefined, this.#redactions);
    this.failures.push(...read.failures);
    this.#links.push(...read.links);
    for (const draft of read.drafts) {
      this.#notes.push({ ...draft, content: "" });
      await this.#add(draft, shown);
    }
  }

  async #takeJsonl(path: string, shown: string): Promise<void> {
    let firstLine = 1;
    for await (const piece of pieces(path)) {
      const { links, rest } = linkLines(piece, firstLine);
      const read = readJsonl(shown, rest, undefined, firstLine);
      this.failures.push(...read.failures);
      for (const draft of read.drafts) await this.#add(draft, shown);
      for (const link of links) {
        if ("message" in link) this.failures.push({ path: shown, ...link });
        else {
          await this.#flush();
          this.#addLink(link, shown);
        }
      }
      firstLine += lineCount(piece);
    }
  }

  #addLink(
    link: Exclude<ReturnType<typeof linkLines>["links"][number], { message: string }>,
    path: string,
  ): void {
    const [source, target] = [link.from, link.to].map((end) => this.#ids.get(JSON.stringify(end)));
    if (source === undefined || target === undefined) {
      const message = "Cannot take the link: one of its ends is not among the memories of this import";
      this.failures.push({ path, line: link.line, code: "engram_not_found", message });
      return;
    }
    const { type, weight, metadata, line } = link;
    this.#madeLinks.push({
      op: { op: "connect", source, target, type, weight, metadata },
      path,
      line,
      bytes: 200,
    });
  }

  async #add(draft: EngramDraft, path: string): Promise<void> {
    const context = draft.context === null ? this.#parts.context : await this.#contextOf(draft.context);
    if (context instanceof EngramError) {
      this.failures.push({
        path,
        line: draft.line,
        code: context.code,
        message: `${context.message}; --create-contexts makes it`,
      });
      return;
    }
    const op: Upsert = {
      op: "upsert",
      kind: draft.kind,
      content: draft.content,
      title: draft.title,
      source: draft.source,
      ref: draft.ref,
      thread: draft.thread,
      position: draft.position,
      confidence: draft.confidence,
      metadata: draft.metadata,
      context,
      time: timeOf(draft.observedAt),
      timeSource: draft.timeSource,
      validFrom: timeOf(draft.validFrom),
      validTo: timeOf(draft.validTo),
    };
    const bytes = draft.content.length;
    this.#pending.push({ op, path, line: draft.line, bytes, context: draft.context });
    this.#pendingBytes += bytes;
    if (this.#pending.length >= opsPerBatch || this.#pendingBytes >= bytesPerBatch) await this.#flush();
  }

  async #contextOf(named: string): Promise<string | EngramError> {
    const known = this.#contexts.get(named);
    if (known !== undefined) return known;
    let found: string | EngramError;
    try {
      found = await contextId(this.#parts.port, named);
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      const isNew = error.code === "context_not_found" && this.#parts.createContexts;
      found = isNew ? await this.#createContext(named) : error;
    }
    this.#contexts.set(named, found);
    return found;
  }

  async #createContext(name: string): Promise<string> {
    const { port, client } = this.#parts;
    const receipt = await port.submit({ kind: "context_create", name }, { client });
    return String(receipt["id"]);
  }

  async #flush(): Promise<void> {
    const batch = this.#pending.splice(0);
    this.#pendingBytes = 0;
    const again: Pending[] = [];
    const done = ({ status, id }: Result, one: Pending) => {
      const { op, context } = one;
      if (status === "forgotten" && this.#parts.again === true && op.op === "upsert") {
        again.push({ ...one, op: { ...op, op: "add" } });
        return;
      }
      if (isCounted(status)) this.#counts[status] += 1;
      // Of what stays forgotten there is nothing to link.
      if (op.op !== "upsert" && op.op !== "add" || status === "forgotten") return;
      this.#ids.set(JSON.stringify([op.source, op.ref]), id);
      this.#ids.set(JSON.stringify([op.source, op.ref, context ?? "personal"]), id);
    };
    await this.#submit(batch, done);
    await this.#submit(again, done);
  }

  async #submit(batch: readonly Pending[], done: (result: Result, one: Pending) => void): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    try {
      const request = { kind: "write" as const, ops: batch.map(({ op }) => op) };
      const receipt = await this.#parts.port.submit(request, { client: this.#parts.client });
      this.#tick = receipt.tick;
      for (const [what, times] of redactedIn(receipt)) {
        this.#redactions.set(what, (this.#redactions.get(what) ?? 0) + times);
      }
      for (const [at, result] of resultsOf(receipt["results"]).entries()) {
        const one = batch[at];
        if (one !== undefined) done(result, one);
      }
    } catch (error) {
      if (!(error instanceof EngramError) || environment.has(refusals[error.code].exit)) throw error;
      if (batch.length === 1) {
        const { path, line } = first;
        this.failures.push({ path, line, code: error.code, message: error.message });
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await this.#submit(batch.slice(0, half), done);
      await this.#submit(batch.slice(half), done);
    }
  }

  async finish(files: number): Promise<ImportReport> {
    await this.#flush();
    const { resolved } = resolveLinks(this.#links, this.#notes);
    const links: Pending[] = resolved.map(({ from, to, link }) => ({
      op: { op: "link", type: linkType, from: [from.source, from.ref], to: [to.source, to.ref] },
      path: link.source,
      line: link.line,
      bytes: 200,
    }));
    const all = [...links, ...this.#madeLinks];
    for (let at = 0; at < all.length; at += opsPerBatch) {
      await this.#submit(all.slice(at, at + opsPerBatch), ({ status }) => {
        if (status === "created" || status === "updated") this.#linkCount += 1;
      });
    }
    return {
      ...this.#counts,
      failed: this.failures.length,
      failures: this.failures,
      files,
      links: this.#linkCount,
      redacted: Object.fromEntries(this.#redactions),
      tick: this.#tick,
    };
  }
}

const isCounted = (status: string): status is "created" | "updated" | "unchanged" | "forgotten" =>
  ["created", "updated", "unchanged", "forgotten"].includes(status);

interface Result {
  readonly id: string;
  readonly status: string;
}

function resultsOf(value: unknown): Result[] {
  if (!Array.isArray(value)) throw new Error("Fault: a write's receipt without results");
  return value.map((item: unknown) => {
    const { id, status } = typeof item === "object" && item !== null ? item as Record<string, unknown> : {};
    if (typeof id !== "string" || typeof status !== "string") {
      throw new Error("Fault: a result without id and status");
    }
    return { id, status };
  });
}

const timeOf = (ms: number | null): string | null => ms === null ? null : formatTime(ms);

/** How many lines end in these bytes. */
export function lineCount(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}

/** A file in pieces that end at line ends; a line longer than a piece makes a longer piece. */
export async function* pieces(path: string): AsyncGenerator<Uint8Array> {
  const file = await Deno.open(path);
  try {
    yield* piecesOf(file);
  } finally {
    file.close();
  }
}

async function* piecesOf(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  let kept = new Uint8Array(0);
  for (;;) {
    const buffer = new Uint8Array(kept.length + pieceBytes);
    buffer.set(kept);
    let size = kept.length;
    while (size < buffer.length) {
      const taken = await file.read(buffer.subarray(size));
      if (taken === null) {
        if (size > 0) yield buffer.subarray(0, size);
        return;
      }
      size += taken;
    }
    const end = buffer.lastIndexOf(10) + 1;
    if (end > 0) yield buffer.subarray(0, end);
    kept = buffer.slice(end);
  }
}

/** The command. */
export async function importMemory(call: Call): Promise<void> {
  const { screen } = call;
  const paths = call.needAll("path").map((path) => fromCaller(screen.terminal, path));
  const files = await findFiles(paths, { followLinks: call.has("follow-links") });
  const port = await call.port();
  const report = await importFiles(files, {
    port,
    context: await contextOf(call, port),
    prefix: call.text("prefix") ?? "",
    createContexts: call.has("create-contexts"),
    client: "cli",
    again: call.has("again"),
    onProgress: (done, total, memories) =>
      screen.progress({
        done,
        total,
        what: `${done === 1 ? "file" : "files"}, ${plural(memories, "memory", "memories")}`,
      }),
  });
  screen.result(report, () => showReport(call, report));
  const from = paths.map((path) => basename(path) || dirname(path)).join(", ");
  screen.summary(`${plural(report.files, "file")} from ${from}`);
  if (report.failed > 0) throw incomplete(report);
}

/** Failures a terminal shows; a pipe gets all. */
const shownFailuresMax = 20;

/** Tells a person what an import came to. */
export function showReport({ screen }: Call, report: ImportReport): void {
  const { created, updated, unchanged, forgotten, failed, links } = report;
  const parts = [`${count(created)} created`, `${count(updated)} updated`, `${count(unchanged)} unchanged`];
  if (forgotten > 0) parts.push(`${count(forgotten)} forgotten before and left so (--again takes them in)`);
  if (links > 0) parts.push(plural(links, "link"));
  if (failed > 0) parts.push(screen.paint("red", `${count(failed)} failed`));
  screen.line(parts.join(", "));
  tellRedacted(screen, Object.entries(report.redacted));
  const told: readonly Told[] = screen.isTerminal ? oncePerMessage(report.failures) : report.failures;
  const shown = screen.isTerminal ? told.slice(0, shownFailuresMax) : told;
  let more = report.failures.length;
  for (const { path, line, message, also = 0 } of shown) {
    more -= 1 + also;
    const others = also === 0 ? "" : screen.paint("dim", `  (and ${plural(also, "other line")})`);
    screen.line(`  ${line === null ? path : `${path}:${line}`}  ${message}${others}`);
  }
  if (more > 0) screen.line(`  and ${count(more)} more; --json lists all`);
}

/** A failure, and how many more lines of its file have the same. */
interface Told extends Failure {
  readonly also?: number;
}

/** Failures of one file that say the same, told at the first of them. */
function oncePerMessage(failures: readonly Failure[]): readonly Told[] {
  const first = new Map<string, Failure & { also: number }>();
  for (const failure of failures) {
    const key = JSON.stringify([failure.path, failure.message]);
    const known = first.get(key);
    if (known === undefined) first.set(key, { ...failure, also: 0 });
    else known.also += 1;
  }
  return [...first.values()];
}

/** The refusal that ends an import of which some did not go in. */
export function incomplete(report: ImportReport): EngramError {
  const code: RefusalCode = "import_incomplete";
  return new EngramError(code, `Cannot import everything: ${plural(report.failed, "part")} did not go in`, {
    failed: report.failed,
  });
}
