/**
 * Sets of notes and questions that measure `ask`: one to develop on, one held out.
 *
 * A set is a YAML file: `notes` (path and text, read as an import reads them) and `questions`. A question's `answer`
 * lists what the quotation must contain, one of them; null (alone or in the list) means that nothing found is right.
 */
import { parse } from "yaml";
import * as z from "zod";
import { type Graph, openGraph } from "../../src/graph/mod.ts";
import { type EngramDraft, readJsonl, readNote } from "../../src/input/mod.ts";
import { formatId, Payload, type Write } from "../../src/kernel/mod.ts";
import type { AskView } from "../../src/runtime/port.ts";
import { ask } from "../../src/runtime/ask/ask.ts";

const answers = z.union([z.null(), z.array(z.string().nullable())]);
const setForm = z.object({
  notes: z.array(z.object({ path: z.string(), text: z.string() })),
  questions: z.array(z.object({ ask: z.string(), answer: answers })),
});
/** Notes and the questions on them. */
export type AskSet = z.infer<typeof setForm> & { readonly name: string };

const folder = new URL("../fixtures/ask/", import.meta.url);

/** The sets of `development` or `held_out`, by name. */
export function askSets(part: "development" | "held_out"): AskSet[] {
  const at = new URL(`${part}/`, folder);
  const names = [...Deno.readDirSync(at)].map(({ name }) => name).filter((name) => name.endsWith(".yaml"))
    .sort();
  return names.map((name) => ({ ...setForm.parse(parse(Deno.readTextFileSync(new URL(name, at)))), name }));
}

/** A graph in memory that holds notes as an import would, without any agent having run. */
export function graphOfNotes(notes: AskSet["notes"]): Graph {
  const encoder = new TextEncoder();
  const drafts = notes.flatMap(({ path, text }) => {
    const bytes = encoder.encode(text);
    const read = path.endsWith(".jsonl")
      ? readJsonl(path, bytes)
      : readNote({ path, bytes, modifiedAt: null });
    if (read.failures.length > 0) throw new Error(`${path}: ${read.failures[0]?.message}`);
    return read.drafts;
  });
  const graph = openGraph({ path: ":memory:" });
  const author = { agent: null, client: "test", tick: 0, seat: 0 };
  graph.commit({
    index: 0,
    hash: new Uint8Array(32),
    tick: 0,
    steps: [{ author, writes: drafts.map(writeOf) }],
    rows: [],
  });
  return graph;
}

function writeOf(draft: EngramDraft, at: number): Write {
  const { content, title, source, ref, thread, metadata, kind, confidence, position } = draft;
  const { observedAt, timeSource, validFrom, validTo } = draft;
  return {
    op: "engram_put",
    id: formatId("engram", 0, 0, at),
    kind,
    confidence,
    position,
    observedAt,
    timeSource,
    validFrom,
    validTo,
    texts: Payload.text(JSON.stringify({ content, title, source, ref, thread, metadata })),
  };
}

/** What became of one question. */
export interface Asked {
  readonly set: string;
  readonly question: string;
  readonly wanted: AskSet["questions"][number]["answer"];
  readonly view: AskView;
  readonly outcome: "right" | "wrong" | "missed" | "rightly nothing" | "wrongly answered";
}

/** Asks every question of the sets. */
export function askAll(sets: readonly AskSet[]): Asked[] {
  return sets.flatMap(({ name, notes, questions }) => {
    const graph = graphOfNotes(notes);
    try {
      return questions.map(({ ask: question, answer: wanted }) => {
        const view = ask(graph, { question, context: null, at: null, limit: 3 });
        return { set: name, question, wanted, view, outcome: outcomeOf(wanted, view.answer?.text ?? null) };
      });
    } finally {
      graph.close();
    }
  });
}

function outcomeOf(wanted: Asked["wanted"], text: string | null): Asked["outcome"] {
  if (wanted === null) return text === null ? "rightly nothing" : "wrongly answered";
  if (text === null) return wanted.includes(null) ? "rightly nothing" : "missed";
  return wanted.some((one) => one !== null && text.includes(one)) ? "right" : "wrong";
}

/** Of the answers given, how many are right; of the questions that have an answer, how many got it. */
export function quality(asked: readonly Asked[]): { precision: number; recall: number; questions: number } {
  const count = (...outcomes: Asked["outcome"][]) =>
    asked.filter((one) => outcomes.includes(one.outcome)).length;
  const right = count("right"), given = count("right", "wrong", "wrongly answered");
  const answerable = asked.filter(({ wanted }) => wanted !== null && !wanted.includes(null)).length;
  const got = asked.filter((one) => one.outcome === "right" && one.wanted?.includes(null) === false).length;
  return { precision: given === 0 ? 1 : right / given, recall: got / answerable, questions: asked.length };
}
