/**
 * The demo on a person's own folder: what the agents find in their notes, each finding with file and line.
 *
 * Invariants:
 * 1. The folder is only read; everything is written into the demo's temporary folder.
 * 2. Every text shown is a sentence of theirs, word for word; a question is only shown if its answer was found.
 */
import { EngramError } from "../../kernel/errors.ts";
import type { Connection, Engram } from "../../kernel/records.ts";
import type { Port, Quotation } from "../../runtime/port.ts";
import { findFiles } from "../memory/import.ts";
import { count, duration, oneLine, plural } from "../terminal/screen.ts";
import { day, placeOf } from "../terminal/shown.ts";
import { questionsOf } from "./questions.ts";
import { askQuestion, type DemoParts, placeOfQuotation, startHost } from "./run.ts";
import type { Story } from "./screen.ts";
import {
  client,
  figuresLine,
  figuresOf,
  loadAgents,
  type LoadedAgent,
  notesContext,
  type NotesReport,
  takeNotes,
} from "./steps.ts";

/** Findings of one kind that are shown; all are counted. */
const shownMax = 5;
const questionsMax = 3;
/** Fuel an agent gets for a folder, however many notes there are: about half a minute. */
const runFuelMax = 30_000_000_000;

/** An agent's run. */
interface RunReport {
  readonly agent: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly figures: Readonly<Record<string, number>>;
  readonly message: string | null;
}

/** A sentence and where it stands. */
interface Found {
  readonly text: string;
  readonly place: string;
  readonly date: string;
}

/** Two sentences or notes that have to do with each other. */
interface Pair {
  readonly newer: Found;
  readonly older: Found;
  readonly why: string;
}

/** What the agents found. */
interface Findings {
  readonly things: readonly {
    readonly name: string;
    readonly type: string;
    readonly places: readonly string[];
  }[];
  readonly duplicates: readonly Pair[];
  readonly reversals: readonly Pair[];
  readonly contradictions: readonly Pair[];
  readonly tasks: readonly Found[];
}

/** Every figure of the demo on a folder, as --json prints it. */
export interface FolderReport {
  readonly ok: boolean;
  readonly ms: number;
  readonly folder: string;
  readonly notes: NotesReport;
  readonly agents: readonly LoadedAgent[];
  readonly runs: readonly RunReport[];
  readonly findings: Findings;
  readonly questions: readonly { readonly question: string; readonly answer: Quotation }[];
  readonly data: string;
}

/** Runs the demo on a folder; `shown` is its path as it was given. */
export async function runFolderDemo(parts: DemoParts, folder: string, shown: string): Promise<FolderReport> {
  const start = performance.now();
  const { story } = parts;
  if ((await findFiles([folder])).length === 0) throw empty(shown);
  story.gap();
  const { value: host } = await story.working("starting a host", () => startHost(parts));
  const { port } = host;
  const notes = await takeNotes(story, port, folder, shown);
  if (notes.memories === 0) throw unreadable(shown, notes.files);
  const agents = await loadAgents(story, port);
  const runs: RunReport[] = [];
  for (const [agent, action] of [["linker", "link"], ["curator", "curate"], ["digest", "digest"]] as const) {
    runs.push(await runAgent(story, port, agent, action));
  }
  const { engrams, connections } = await readAll(port);
  const findings = findingsOf(engrams, connections);
  showFindings(story, findings);
  const questions = await answerable(story, port, engrams);
  await host.stop();
  const ok = runs.every((run) => run.ok);
  const ms = performance.now() - start;
  return { ok, ms, folder, notes, agents, runs, findings, questions, data: `${parts.folder}/data` };
}

function empty(shown: string): EngramError {
  return new EngramError(
    "file_not_found",
    `Cannot run the demo on ${shown}: there are no notes in it`,
    { path: shown },
    "Notes are .md, .markdown, .txt, .jsonl or .ndjson files; engramlt demo alone uses notes of its own",
  );
}

function unreadable(shown: string, files: number): EngramError {
  const message = `Cannot run the demo on ${shown}: nothing was read of its ${plural(files, "note")}`;
  return new EngramError("invalid_note", message, { path: shown }, "Notes are text in UTF-8, and not empty");
}

async function runAgent(story: Story, port: Port, agent: string, action: string): Promise<RunReport> {
  const { value, ms } = await story.working(`${agent} works through the notes`, async () => {
    try {
      const { result } = await port.submit({
        kind: "execute",
        agent,
        action,
        context: notesContext,
        fuel: runFuelMax,
      }, {
        client,
      });
      return { ok: true, figures: figuresOf(result), message: null };
    } catch (error) {
      if (!(error instanceof EngramError) || !error.code.startsWith("agent_")) throw error;
      return { ok: false, figures: {}, message: error.message };
    }
  });
  const words = value.message ?? figuresLine(value.figures);
  story.check(value.ok, `${agent.padEnd(9)} ${words === "" ? "found nothing" : words}`, duration(ms));
  return { agent, ms, ...value };
}

async function readAll(port: Port): Promise<{ engrams: Engram[]; connections: Connection[] }> {
  const engrams: Engram[] = [], connections: Connection[] = [];
  for (let after: string | null = null;;) {
    const page: { engrams: readonly Engram[]; connections: readonly Connection[]; next: string | null } =
      await port
        .view({ view: "export", limit: 1000, ...(after === null ? {} : { after }) });
    engrams.push(...page.engrams);
    connections.push(...page.connections);
    if (page.next === null) return { engrams, connections };
    after = page.next;
  }
}

function findingsOf(engrams: readonly Engram[], connections: readonly Connection[]): Findings {
  const byId = new Map(engrams.map((engram) => [engram.id, engram]));
  const pairs = (type: string): Pair[] =>
    connections.filter((one) => one.type === type).flatMap((one) => {
      const newer = byId.get(one.source), older = byId.get(one.target);
      if (newer === undefined || older === undefined) return [];
      return [{ newer: foundOf(newer), older: foundOf(older), why: String(one.metadata["why"] ?? "") }];
    }).sort((a, b) => a.newer.date < b.newer.date ? 1 : a.newer.date > b.newer.date ? -1 : 0);
  return {
    things: thingsOf(byId, connections),
    duplicates: pairs("duplicates"),
    reversals: distinct(pairs("supersedes")),
    contradictions: distinct(pairs("contradicts")),
    tasks: engrams.filter(({ kind }) => kind === "digest").flatMap(({ content }) => tasksOf(content)),
  };
}

/** Of pairs that say the same, the first: copies of a note say nothing more. */
function distinct(pairs: readonly Pair[]): Pair[] {
  const seen = new Set<string>();
  return pairs.filter(({ newer, older }) => {
    const key = JSON.stringify([newer.text, older.text]);
    return !seen.has(key) && seen.add(key);
  });
}

function foundOf(engram: Engram): Found {
  return { text: engram.content, place: placeOf(engram), date: day(engram.observedAt) };
}

function thingsOf(byId: ReadonlyMap<string, Engram>, connections: readonly Connection[]): Findings["things"] {
  const places = new Map<string, Set<string>>();
  for (const { type, source, target, metadata } of connections) {
    const note = byId.get(source);
    if (type !== "mentions" || note === undefined) continue;
    const found = places.get(target) ?? new Set();
    places.set(target, found.add(placeAt(note, metadata["start"])));
  }
  return [...places].flatMap(([id, found]) => {
    const thing = byId.get(id);
    if (thing === undefined) return [];
    const type = thing.metadata["type"];
    return [{
      name: thing.title ?? thing.content,
      type: typeof type === "string" ? type : "thing",
      places: [...found].sort(),
    }];
  }).sort((a, b) => b.places.length - a.places.length || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The file and line of a byte in a note. */
function placeAt(note: Engram, start: unknown): string {
  const { file, line } = note.metadata;
  if (typeof file !== "string" || typeof line !== "number" || typeof start !== "number") return placeOf(note);
  const before = new TextDecoder().decode(new TextEncoder().encode(note.content).slice(0, start));
  return `${file}:${line + before.split("\n").length - 1}`;
}

/** The open tasks on a digest's page: `- [ ] "TEXT" (DATE, PLACE)`. */
function tasksOf(page: string): Found[] {
  return page.split("\n").flatMap((line) => {
    const match = /^- \[ \] "(.*)" \(([0-9-]*), (.*)\)$/.exec(line);
    return match === null ? [] : [{ text: match[1] ?? "", date: match[2] ?? "", place: match[3] ?? "" }];
  });
}

function showFindings(story: Story, findings: Findings): void {
  const { things, duplicates, reversals, contradictions, tasks } = findings;
  const section = <T>(title: string, all: readonly T[], show: (one: T) => void) => {
    if (all.length === 0) return;
    story.gap();
    story.heading(
      title,
      all.length > shownMax ? `${count(shownMax)} of ${count(all.length)}` : count(all.length),
    );
    for (const one of all.slice(0, shownMax)) show(one);
  };
  section("Most linked", things, ({ name, type, places }) => {
    story.under(`${oneLine(name)}  (${type}, ${plural(places.length, "place")})`, places[0] ?? "");
  });
  section("Changed since", reversals, ({ newer, older }) => {
    story.quotation(newer.text, newer.place);
    story.quotation(older.text, older.place, "", true);
  });
  section("Do not agree", contradictions, ({ newer, older }) => {
    story.quotation(newer.text, newer.place);
    story.quotation(older.text, older.place, "(but also)");
  });
  section("Said twice", duplicates, ({ newer, older, why }) => {
    story.under(`${newer.place} and ${older.place}: ${why}`);
  });
  section("Still open", tasks, ({ text, place }) => story.quotation(text, place));
}

/** Questions made of their own facts, asked and shown where the answer is found. */
async function answerable(
  story: Story,
  port: Port,
  engrams: readonly Engram[],
): Promise<FolderReport["questions"]> {
  const answered: { question: string; answer: Quotation }[] = [];
  story.gap();
  for (const { question, ids } of questionsOf(engrams)) {
    if (answered.length >= questionsMax) break;
    const { answer } = await port.view({ view: "ask", question, context: notesContext });
    if (answer === null || !ids.has(answer.id) || placeOfQuotation(answer) === "") continue;
    await askQuestion(story, port, question);
    answered.push({ question, answer });
  }
  return answered;
}
