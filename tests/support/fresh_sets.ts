/**
 * Fresh sets: notes of people the agents were not written on, with what should be found in them, and how much of
 * it was. The sets of `held_back` were looked at only to measure.
 *
 * `things` are names to find, `optional` may be found or not, `same` are other names for a thing; `supersedes` and
 * `contradicts` are pairs of words from the newer and the older sentence, `duplicates` and `different` pairs of
 * paths; `digest` is what its page quotes, and tasks it must not; a question's `answer` is what a quotation must
 * contain, null that there is none.
 */
import { parse } from "yaml";
import * as z from "zod";
import { formatTime } from "../../src/kernel/times.ts";
import { readJsonl, readNote } from "../../src/input/mod.ts";
import type { Runtime, WriteOp } from "../../src/mod.ts";
import { act, thingsOf } from "./agent_host.ts";
import { actIn, prepare, type Told, toldBy } from "./curator_notes_heldback/read.ts";
import { withRuntime } from "./runtimes.ts";

const pairs = z.array(z.tuple([z.string(), z.string()]));
const names = z.array(z.string());
const setForm = z.object({
  about: z.string(),
  notes: z.array(z.object({ path: z.string(), text: z.string() })),
  things: names,
  optional: names,
  same: z.record(z.string(), z.string()).default({}),
  aliases: z.record(z.string(), names),
  supersedes: pairs,
  contradicts: pairs,
  duplicates: pairs,
  different: pairs,
  digest: z.object({ decisions: names, tasks: names, closed: names }),
  questions: z.array(z.object({ ask: z.string(), answer: names.nullable() })),
});

/** Notes with what should be found in them. */
export type FreshSet = z.infer<typeof setForm> & { readonly name: string };

const folder = new URL("../fixtures/fresh/", import.meta.url);

/** The sets that were looked at, or those held back, by name. */
export function freshSets(part: "looked_at" | "held_back"): FreshSet[] {
  return setsIn(part === "held_back" ? new URL("held_back/", folder) : folder, setForm);
}

/** The sets of a folder in this form, by file name. */
export function setsIn<Form extends z.ZodType<object>>(
  folder: URL,
  form: Form,
): (z.infer<Form> & { readonly name: string })[] {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".yaml")
  );
  return files.sort().map((name) => ({
    ...form.parse(parse(Deno.readTextFileSync(new URL(name, folder)))),
    name,
  }));
}

/** What was right of what was made, and of what was wanted. */
export interface Count {
  right: number;
  made: number;
  wanted: number;
}

/** What became of one set: counts by what was looked for, and in words what was wrong or missed. */
export interface Score {
  readonly counts: Readonly<Record<string, Count>>;
  readonly faults: readonly string[];
  /** What the agents made, free of ids and in order. */
  readonly picture: readonly string[];
  /** Memories and connections that a second run of every agent added, changed or removed. */
  readonly secondRun: number;
}

/** Imports the notes, runs the agents twice, asks and searches. */
export function scored(set: FreshSet, notes = set.notes): Promise<Score> {
  const sheet = new Sheet(set);
  return ranTwice(sheet, notes, (before) => {
    const pages = before.made.filter(({ kind }) => kind === "digest");
    sheet.digested(pages.map(({ content }) => content).join("\n"));
  });
}

/** Imports the notes in this order, runs the agents twice, and fills in the sheet; `more` is told what the first run made. */
export async function ranTwice(
  sheet: Tally,
  notes: FreshSet["notes"],
  more: (before: Awaited<ReturnType<typeof toldBy>>) => void,
): Promise<Score> {
  let score: Score | undefined;
  await withRuntime(async (runtime) => {
    await prepare(runtime, ["linker", "curator", "digest"]);
    await addNotes(runtime, notes);
    await runAgents(runtime);
    const before = await toldBy(runtime);
    await runAgents(runtime);
    const after = await toldBy(runtime);
    const was = new Set([...before.engrams, ...before.connections].map((one) => JSON.stringify(one)));
    const is = new Set([...after.engrams, ...after.connections].map((one) => JSON.stringify(one)));
    await sheet.linked(runtime);
    sheet.curated(before.told);
    more(before);
    await sheet.asked(runtime);
    score = {
      counts: sheet.counts,
      faults: sheet.faults,
      picture: before.picture,
      secondRun: was.symmetricDifference(is).size,
    };
  });
  if (score === undefined) throw new Error("nothing was scored");
  return score;
}

/** The counts of several sets together. */
export function sum(scores: readonly Score[]): Record<string, Count> {
  const total: Record<string, Count> = {};
  for (const { counts } of scores) {
    for (const [what, { right, made, wanted }] of Object.entries(counts)) {
      const one = total[what] ??= { right: 0, made: 0, wanted: 0 };
      one.right += right;
      one.made += made;
      one.wanted += wanted;
    }
  }
  return total;
}

/** Of what was made, how much is right. */
export const precision = ({ right, made }: Count): number => made === 0 ? 1 : right / made;
/** Of what was wanted, how much was made. */
export const recall = ({ right, wanted }: Count): number => wanted === 0 ? 1 : right / wanted;

/** Runs linker, curator and digest once. */
async function runAgents(runtime: Runtime): Promise<void> {
  await act(runtime, "linker", "link");
  await actIn(runtime, "curator", "curate");
  await actIn(runtime, "digest", "digest");
}

/** Adds notes as an import does, in this order. */
export async function addNotes(runtime: Runtime, notes: FreshSet["notes"]): Promise<void> {
  const ops: WriteOp[] = notes.flatMap(({ path, text }) => {
    const bytes = new TextEncoder().encode(text);
    const { drafts } = path.endsWith(".jsonl")
      ? readJsonl(path, bytes)
      : readNote({ path, bytes, modifiedAt: null });
    return drafts.map((
      { content, title, source, ref, thread, position, metadata, observedAt, timeSource },
    ) => ({
      op: "upsert" as const,
      kind: "note" as const,
      context: "notes",
      ...{ content, title, source, ref, thread, position, metadata },
      ...(observedAt === null ? {} : { time: formatTime(observedAt), timeSource }),
    }));
  });
  await runtime.submit({ kind: "write", ops });
}

/** What is counted of one set, and what was wrong. */
export abstract class Tally {
  readonly counts: Record<string, Count> = {};
  readonly faults: string[] = [];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  abstract linked(runtime: Runtime): Promise<void>;
  abstract curated(told: readonly Told[]): void;
  abstract asked(runtime: Runtime): Promise<void>;

  protected count(what: string, made: readonly boolean[], wanted: number): void {
    this.counts[what] = { right: made.filter((one) => one).length, made: made.length, wanted };
  }

  protected fault(text: string): void {
    this.faults.push(`${this.#name}: ${text}`);
  }
}

class Sheet extends Tally {
  readonly #set: FreshSet;

  constructor(set: FreshSet) {
    super(set.name);
    this.#set = set;
  }

  override async linked(runtime: Runtime): Promise<void> {
    const { things, optional, same, aliases } = this.#set;
    const found = await thingsOf(runtime);
    const named = found.map(({ name }) => same[name] ?? name).filter((name) => !optional.includes(name));
    for (const name of things) if (!named.includes(name)) this.fault(`no thing ${name}`);
    for (const name of named) if (!things.includes(name)) this.fault(`wrong thing ${name}`);
    this.count("things", named.map((name) => things.includes(name)), things.length);
    const wanted = Object.entries(aliases).flatMap(([name, list]) => list.map((alias) => [name, alias]));
    const has = wanted.map(([name, alias]) => {
      const thing = found.find((one) => (same[one.name] ?? one.name) === name);
      // A title before a name is kept apart: "Dr. Blum" is found as "Blum".
      const bare = (alias ?? "").replace(/^(?:Dr|Prof|Mrs|Mr|Ms)\.?\s+/, "");
      const is = JSON.stringify(thing?.metadata["aliases"] ?? []).includes(JSON.stringify(bare));
      if (!is) this.fault(`${name} lacks the alias ${alias}`);
      return is;
    });
    this.count("aliases", has.filter((one) => one), wanted.length);
    this.#links(found);
  }

  /** A note that has a thing's name, word for word, is linked to it. */
  #links(found: Awaited<ReturnType<typeof thingsOf>>): void {
    const { things, same, notes } = this.#set;
    const made: boolean[] = [];
    let wanted = 0;
    for (const { name, mentions, metadata } of found) {
      if (!things.includes(same[name] ?? name)) continue;
      const spelled = Array.isArray(metadata["aliases"]) ? metadata["aliases"].map(String) : [];
      const has = (text: string) =>
        [name, ...spelled].some((one) => text.toLowerCase().includes(one.toLowerCase()));
      made.push(...mentions.map(has));
      wanted += Math.max(
        mentions.filter(has).length,
        notes.filter(({ path, text }) => !path.endsWith(".jsonl") && bodies(text).includes(name)).length,
      );
    }
    this.count("links", made, wanted);
  }

  override curated(told: readonly Told[]): void {
    const { supersedes, contradicts, duplicates, different } = this.#set;
    const holds = (one: Told, [newer, older]: readonly string[]) =>
      one.newer.includes(newer ?? "") && one.older.includes(older ?? "");
    const copies = (one: Told, [newer, older]: readonly string[]) =>
      [one.newerFile, one.olderFile].sort().join() === [newer, older].sort().join();
    this.#pairs("supersedes", told, supersedes, holds);
    this.#pairs("contradicts", told, contradicts, holds);
    this.#pairs("duplicates", told, duplicates, copies);
    for (const one of told) {
      if (one.type === "duplicates" && different.some((pair) => copies(one, pair))) {
        this.fault(`joined: ${one.newerFile}`);
      }
    }
  }

  #pairs(
    type: string,
    told: readonly Told[],
    wanted: readonly (readonly string[])[],
    same: (one: Told, pair: readonly string[]) => boolean,
  ): void {
    const made = told.filter((one) => one.type === type);
    for (const pair of wanted) {
      if (!made.some((one) => same(one, pair))) this.fault(`not ${type}: ${pair.join(" | ")}`);
    }
    const right = made.map((one) => wanted.some((pair) => same(one, pair)));
    made.forEach((one, at) => {
      if (!right[at]) this.fault(`wrong ${type}: ${one.newer} | ${one.older} (${one.newerFile})`);
    });
    this.count(type, right, wanted.length);
  }

  /** What the page quotes of what it should, lines that are verbatim, and what it must not show as current. */
  digested(page: string): void {
    const { digest: { decisions, tasks, closed }, notes, supersedes } = this.#set;
    const wanted = [...decisions, ...tasks];
    for (const text of wanted) if (!page.includes(text)) this.fault(`not in the digest: ${text}`);
    this.count("digest", wanted.map((text) => page.includes(text)), wanted.length);
    const over = [...closed, ...supersedes.map(([, older]) => older)];
    const held = page.split("\n").filter((line) => !line.includes("~~"));
    // "X no longer gets it" has the words of "X gets it", and is what holds.
    const newer = new Map(supersedes.map(([now, older]) => [older, now]));
    const wrong = over.filter((text) =>
      held.some((line) => line.includes(text) && !line.includes(newer.get(text) ?? "\0"))
    );
    for (const text of wrong) this.fault(`shown in the digest as current: ${text}`);
    this.count("digest holds", over.map((text) => !wrong.includes(text)), over.length);
    const all = notes.map(({ text }) => text).join("\n");
    const quotes = [...page.matchAll(/"(.*)"/g)].map(([, quote]) => quote ?? "");
    const verbatim = quotes.map((quote) => all.includes(quote));
    quotes.forEach((quote, at) => verbatim[at] || this.fault(`not verbatim: ${quote}`));
    this.count("digest verbatim", verbatim, quotes.length);
  }

  override async asked(runtime: Runtime): Promise<void> {
    const given: boolean[] = [];
    const hits: boolean[] = [];
    for (const { ask: question, answer: wanted } of this.#set.questions) {
      const { answer } = await runtime.view({ view: "ask", question, context: "notes" });
      const fits = (text: string) => wanted?.some((one) => text.includes(one)) ?? false;
      if (answer !== null) given.push(fits(answer.text));
      if (answer === null ? wanted !== null : !fits(answer.text)) {
        this.fault(`asked "${question}": ${answer?.text ?? "nothing"}`);
      }
      if (wanted === null) continue;
      const found = await runtime.view({ view: "search", text: question, context: "notes", limit: 10 });
      const top = found.hits.filter(({ kind }) => kind === "note" || kind === "fact").slice(0, 3);
      hits.push(top.some(({ content }) => fits(content)));
      if (!hits.at(-1)) {
        this.fault(`searched "${question}": ${top.map((one) => one.content.slice(0, 60)).join(" / ")}`);
      }
    }
    this.count("ask", given, hits.length);
    this.count("search", hits, hits.length);
  }
}

/** A note without front matter, headings and tables, in which names are not looked for. */
function bodies(text: string): string {
  return text.replace(/^---\n[\s\S]*?\n---\n/, "").split("\n").filter((line) => !/^[#|]/.test(line)).join(
    "\n",
  );
}
