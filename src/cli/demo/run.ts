/** The demo on the bundled notes: the whole system once, for real. */
import { readWorkflow } from "../../input/mod.ts";
import type { Port, Quotation, WhyView } from "../../runtime/port.ts";
import { readText } from "../paths.ts";
import { count, duration, oneLine, plural } from "../terminal/screen.ts";
import { dayWords, placeOf } from "../terminal/shown.ts";
import {
  faceHostile,
  type HostileReport,
  killHost,
  type KillReport,
  type ReplayedReport,
  replayLog,
} from "./checks.ts";
import { DemoHost, type OnChild } from "./host.ts";
import { quoted, type Story } from "./screen.ts";
import {
  assetPath,
  client,
  figuresLine,
  figuresOf,
  loadAgents,
  type LoadedAgent,
  notesContext,
  type NotesReport,
  takeNotes,
} from "./steps.ts";

const notesFolder = "agents/demo/notes";
const liveWorkers = 1;
/** Sentences shown that do not agree with an answer. */
const othersMax = 2;

/** One agent's step of the workflow. */
interface StepReport {
  readonly id: string;
  readonly agent: string;
  readonly tick: number;
  readonly fuel: number;
  readonly figures: Readonly<Record<string, number>>;
}

interface WorkflowReport {
  readonly ok: boolean;
  readonly ms: number;
  readonly id: string;
  readonly steps: readonly StepReport[];
}

interface AnswerReport {
  readonly ok: boolean;
  readonly question: string;
  /** Whether the quotation stands in the file and line it names, word for word. */
  readonly verbatim: boolean;
  /** Whether it is the answer that a person found in the notes, and what it replaced is told. */
  readonly right: boolean;
  readonly answer: Quotation | null;
  readonly superseded: readonly Quotation[];
  readonly contradicts: readonly Quotation[];
}

interface WhyReport {
  readonly ok: boolean;
  readonly ms: number;
  readonly id: string;
  readonly links: number;
  readonly check: WhyView["check"];
}

/** Every figure of the demo, as --json prints it. */
export interface DemoReport {
  readonly ok: boolean;
  readonly ms: number;
  readonly notes: NotesReport;
  readonly agents: readonly LoadedAgent[];
  readonly workflow: WorkflowReport;
  readonly questions: readonly AnswerReport[];
  readonly why: WhyReport | null;
  readonly hostile: HostileReport;
  readonly kill: KillReport;
  readonly replay: ReplayedReport;
  /** The data folder; removed at the end unless it is kept. */
  readonly data: string;
}

/** What a demo runs in. */
export interface DemoParts {
  readonly story: Story;
  /** A temporary folder of the demo's own. */
  readonly folder: string;
  readonly replayWorkers: number;
  readonly onChild: OnChild;
}

/** Starts a host on the demo's data folder. */
export function startHost({ folder, onChild }: DemoParts): Promise<DemoHost> {
  return DemoHost.start(`${folder}/data`, liveWorkers, onChild);
}

/** Runs the demo. */
export async function runDemo(parts: DemoParts): Promise<DemoReport> {
  const { story, folder, replayWorkers, onChild } = parts;
  const start = performance.now();
  story.gap();
  const { value: first } = await story.working("starting a host", () => startHost(parts));
  const notes = await takeNotes(story, first.port, assetPath(notesFolder), notesFolder);
  const agents = await loadAgents(story, first.port);
  const workflow = await runWorkflow(story, first.port);
  const questions = await askQuestions(story, first.port);
  const why = await showWhy(story, first.port, questions);
  const hostile = await faceHostile(story, first.port);
  const { host, report: kill } = await killHost(story, first, () => startHost(parts), folder);
  const { stateHash } = await host.port.view({ view: "status" });
  await host.stop();
  const data = `${folder}/data`;
  const replay = await replayLog(
    story,
    data,
    stateHash,
    { live: liveWorkers, replay: replayWorkers },
    onChild,
  );
  const checks = [notes, workflow, ...questions, ...(why === null ? [] : [why]), hostile, kill, replay];
  const ok = why !== null && checks.every((one) => one.ok);
  const ms = performance.now() - start;
  return { ok, ms, notes, agents, workflow, questions, why, hostile, kill, replay, data };
}

async function runWorkflow(story: Story, port: Port): Promise<WorkflowReport> {
  const path = assetPath("agents/demo/weekly-review.yaml");
  const { workflow } = readWorkflow(await readText(path, "read workflow"), "weekly-review.yaml");
  const { value: receipt, ms } = await story.working(
    `${workflow.id} runs ${plural(workflow.steps.length, "agent")}`,
    () => port.submit({ kind: "workflow", context: notesContext, workflow }, { client }),
  );
  const given = new Map(Object.entries(Object(receipt["steps"])));
  const steps = workflow.steps.map(({ id, agent }): StepReport => {
    const { tick, fuel, result } = Object(given.get(id));
    return { id, agent, tick: Number(tick), fuel: Number(fuel), figures: figuresOf(result) };
  });
  const ok = steps.every(({ tick }) => tick > 0);
  story.check(ok, workflow.id, duration(ms));
  for (const { agent, figures } of steps) story.under(`${agent.padEnd(9)} ${figuresLine(figures)}`.trimEnd());
  return { ok, ms, id: workflow.id, steps };
}

/** A sentence that should be found, and where it stands. */
interface Expected {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

/** A question of the demo's, with what is right. */
interface Asked {
  readonly question: string;
  readonly answer: Expected;
  readonly superseded: readonly Expected[];
}

async function readQuestions(): Promise<readonly Asked[]> {
  const path = assetPath("agents/demo/questions.json");
  const given: { readonly questions: readonly Asked[] } = JSON.parse(await readText(path, "read questions"));
  return given.questions;
}

function isExpected({ source, line, text }: Quotation, expected: Expected): boolean {
  return text === expected.text && source === expected.file && line === expected.line;
}

/** Where a quotation stands. */
export function placeOfQuotation({ source, line, ref }: Quotation): string {
  return source === null ? ref ?? "" : line === null ? source : `${source}:${line}`;
}

/** Whether a quotation stands in its note, at its line, word for word. */
async function isVerbatim({ source, line, text }: Quotation): Promise<boolean> {
  if (source === null || line === null) return false;
  const lines = (await readText(`${assetPath(notesFolder)}/${source}`, "read note")).split(/\r?\n/);
  // A sentence may go on in the lines below.
  return oneLine(lines.slice(line - 1, line + 9).join(" ")).includes(oneLine(text));
}

/** Asks a question and prints what is found, superseded quotations struck through. */
export async function askQuestion(story: Story, port: Port, question: string) {
  const found = await port.view({ view: "ask", question, context: notesContext });
  const { answer, superseded, contradicts } = found;
  story.question(question);
  if (answer === null) {
    story.under("nothing found");
    return found;
  }
  const year = (answer.observedAt ?? "").slice(0, 4);
  story.quotation(answer.text, placeOfQuotation(answer));
  for (const old of superseded) {
    const until = old.until ?? null;
    const note = until === null ? "" : `(until ${dayWords(until, year)})`;
    story.quotation(old.text, placeOfQuotation(old), note, true);
  }
  const told = new Set([answer, ...superseded].map(({ text }) => text));
  const others = contradicts.filter(({ text }) => !told.has(text));
  for (const other of others.slice(0, othersMax)) {
    story.quotation(other.text, placeOfQuotation(other), "(but also)");
  }
  return found;
}

async function askQuestions(story: Story, port: Port): Promise<AnswerReport[]> {
  const answers: AnswerReport[] = [];
  for (const { question, ...expected } of await readQuestions()) {
    const { answer, superseded, contradicts } = await askQuestion(story, port, question);
    const verbatim = answer !== null && await isVerbatim(answer);
    const right = answer !== null && isExpected(answer, expected.answer) &&
      expected.superseded.every((old) => superseded.some((one) => isExpected(one, old)));
    const { text, file, line } = expected.answer;
    if (!right) story.check(false, `expected ${quoted(text)}`, `${file}:${line}`);
    if (!verbatim) story.check(false, "that does not stand in a note, word for word");
    answers.push({ ok: verbatim && right, question, verbatim, right, answer, superseded, contradicts });
  }
  return answers;
}

/** Shows where the first answer that put an end to another comes from, and runs the step that wrote it again. */
async function showWhy(
  story: Story,
  port: Port,
  answers: readonly AnswerReport[],
): Promise<WhyReport | null> {
  const facts = answers.flatMap(({ answer, superseded }) =>
    answer?.kind === "fact" ? [{ answer, isNews: superseded.length > 0 }] : []
  );
  const chosen = (facts.find(({ isNews }) => isNews) ?? facts[0])?.answer;
  if (chosen === undefined) {
    story.check(false, "no answer is a fact: nothing to ask why");
    return null;
  }
  const { value: found, ms } = await story.working(
    "running the step that wrote it again",
    () => port.view({ view: "why", id: chosen.id, check: true }),
  );
  const ok = found.check?.identical === true;
  const again = ok ? "identical" : `different in ${found.check?.what ?? "what it did"}`;
  story.check(ok, `why ${quoted(chosen.text)}`, duration(ms));
  for (const [name, text] of whyRows(found)) story.under(`${name.padEnd(9)} ${text}`);
  story.under(`${"check".padEnd(9)} that step, run again: ${again}`);
  return { ok, ms, id: chosen.id, links: found.chain.length, check: found.check };
}

function whyRows({ chain }: WhyView): (readonly [string, string])[] {
  return chain.flatMap((link): (readonly [string, string])[] => {
    switch (link.link) {
      case "from": {
        const { file } = link.engram.metadata;
        const place = typeof file === "string" && link.line !== null
          ? `${file}:${link.line}`
          : placeOf(link.engram);
        return [["from", place]];
      }
      case "step": {
        const by = `${link.agent ?? "you"} ${link.agentVersion ?? ""}`.trimEnd();
        const module = link.module === null ? "" : ` · module ${link.module.slice(0, 12)}`;
        return [["by", `${by} · action ${link.action ?? link.entry}${module} · tick ${count(link.tick)}`]];
      }
      case "workflow":
        return [["in", `workflow ${link.name}, step ${link.step}`]];
      case "command":
        return [["asked by", `${link.client} · ${link.kind} at tick ${count(link.tick)}`]];
      default:
        return [];
    }
  });
}
