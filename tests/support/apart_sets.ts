/**
 * Folders of notes kept apart: those of `dev` were looked at while rules were written, those of `held_out` only
 * measured. What should be found was written down before anything was run on them.
 *
 * `things` are names with other spellings (`as`), and the notes that speak of them (`in`, or those in which a
 * spelling stands); `supersedes` and `contradicts` are pairs of words from the newer and the older sentence, `maybe`
 * pairs that count neither way; `duplicates` and `different` are pairs of paths; a question has words of which the
 * right sentence holds one, `stale` words of sentences that held before, or null where nothing answers it.
 */
import * as z from "zod";
import type { Runtime } from "../../src/mod.ts";
import { exportOf, thingsOf } from "./agent_host.ts";
import type { Told } from "./curator_notes_heldback/read.ts";
import { ranTwice, type Score, setsIn, Tally } from "./fresh_sets.ts";

const names = z.array(z.string());
const pairs = z.array(z.tuple([z.string(), z.string()]));
const setForm = z.strictObject({
  about: z.string(),
  notes: z.array(z.strictObject({ path: z.string(), text: z.string() })),
  things: z.array(
    z.strictObject({ name: z.string(), as: names.default([]), in: names.optional() }),
  ),
  optional: names,
  same: z.record(z.string(), z.string()).default({}),
  supersedes: pairs,
  contradicts: pairs,
  maybe: pairs,
  duplicates: pairs,
  different: pairs,
  questions: z.array(
    z.strictObject({ ask: z.string(), answer: names.nullable(), stale: names.default([]) }),
  ),
});

/** A folder of notes with what should be found in it. */
export type ApartSet = z.infer<typeof setForm> & { readonly name: string };

export type ApartPart = "dev" | "held_out";
/** `strangers` were written later, in voices and domains that no rule had met. */
export type ApartOf = "apart" | "strangers";

const fixtures = new URL("../fixtures/", import.meta.url);

/** The folders of a part, by name. */
export function apartSets(part: ApartPart, of: ApartOf = "apart"): ApartSet[] {
  return apartSetsIn(new URL(`${of}/${part}/`, fixtures));
}

/** The sets of any folder in this form, by name; the URL ends in a slash. */
export function apartSetsIn(folder: URL): ApartSet[] {
  return setsIn(folder, setForm).map((set) => ({
    ...set,
    name: set.name.replace(/\.yaml$/, ""),
  }));
}

/** What became of one folder. */
export interface ApartScore extends Score {
  readonly name: string;
  /** Proposals that wait for a person. */
  readonly proposed: number;
}

/** Imports the notes in this order, runs the agents twice, and asks. */
export async function apartScore(set: ApartSet, notes = set.notes): Promise<ApartScore> {
  let proposed = 0;
  const score = await ranTwice(new Sheet(set), notes, ({ told }) => {
    proposed = told.filter(({ type }) => type === "proposed").length;
  });
  return { ...score, name: set.name, proposed };
}

const pairKey = (a: string, b: string) => [a, b].sort().join("\0");

/** Every pair of these. */
function pairsOf(paths: Iterable<string>): string[] {
  const list = [...new Set(paths)];
  return list.flatMap((a, at) => list.slice(at + 1).map((b) => pairKey(a, b)));
}

class Sheet extends Tally {
  readonly #set: ApartSet;

  constructor(set: ApartSet) {
    super(set.name);
    this.#set = set;
  }

  override async linked(runtime: Runtime): Promise<void> {
    const { things, optional, same } = this.#set;
    const wanted = things.map(({ name }) => name);
    const known = (name: string) =>
      same[name] ?? things.find((one) => one.name === name || one.as.includes(name))?.name ?? name;
    const found = (await thingsOf(runtime)).filter(({ name }) => !optional.includes(name));
    const named = found.map(({ name }) => known(name));
    for (const name of wanted) if (!named.includes(name)) this.fault(`no thing ${name}`);
    for (const name of named) if (!wanted.includes(name)) this.fault(`wrong thing ${name}`);
    this.count(
      "things",
      named.map((name, at) => wanted.includes(name) && named.indexOf(name) === at),
      wanted.length,
    );
    await this.#shared(runtime);
  }

  /** Pairs of notes that share a thing, and those that meet in one in the graph. */
  async #shared(runtime: Runtime): Promise<void> {
    const { things, notes } = this.#set;
    const wanted = new Set(things.flatMap((thing) => pairsOf(thing.in ?? this.#notesWith(thing))));
    const { engrams, connections } = await exportOf(runtime);
    const by = new Map(engrams.map((one) => [one.id, one]));
    const pathOf = (source: string | null) =>
      notes.find(({ path }) => source === path || source?.startsWith(`${path}#`) === true)?.path;
    const meeting = new Map<string, string[]>();
    for (const { source, target, type } of connections) {
      const path = pathOf(by.get(source)?.source ?? null);
      if (type !== "mentions" || path === undefined) continue;
      meeting.set(target, [...meeting.get(target) ?? [], path]);
    }
    const made = new Set([...meeting.values()].flatMap((paths) => pairsOf(paths)));
    const right = [...wanted].filter((pair) => made.has(pair)).length;
    this.counts["note pairs"] = { right, made: made.size, wanted: wanted.size };
    if (made.size === 0) this.fault("no two notes meet in a thing");
  }

  #notesWith({ name, as }: ApartSet["things"][number]): string[] {
    const spelled = [name, ...as].map((one) =>
      new RegExp(`(?<![\\p{L}\\p{N}])${RegExp.escape(one)}(?![\\p{L}\\p{N}])`, "u")
    );
    return this.#set.notes.filter(({ text }) => spelled.some((one) => one.test(text))).map(({ path }) =>
      path
    );
  }

  override curated(told: readonly Told[]): void {
    const { supersedes, contradicts, maybe, duplicates, different } = this.#set;
    const holds = (one: Told, [newer, older]: readonly [string, string]) =>
      one.newer.includes(newer) && one.older.includes(older);
    const copies = (one: Told, [a, b]: readonly [string, string]) =>
      pairKey(one.newerFile, one.olderFile) === pairKey(a, b);
    const either = (one: Told, [a, b]: readonly [string, string]) => holds(one, [a, b]) || holds(one, [b, a]);
    this.#told("supersedes", told, supersedes, holds, maybe);
    this.#told("contradicts", told, contradicts, either, maybe);
    this.#told("duplicates", told, duplicates, copies, []);
    this.#proposed(told);
    for (const one of told) {
      if (one.type === "duplicates" && different.some((pair) => copies(one, pair))) {
        this.fault(`twins joined: ${one.newerFile}`);
      }
    }
    this.counts["twins joined"] = {
      right: 0,
      made:
        told.filter((one) => one.type === "duplicates" && different.some((pair) => copies(one, pair))).length,
      wanted: different.length,
    };
  }

  #proposed(told: readonly Told[]): void {
    for (const one of told) {
      if (one.type === "proposed") this.fault(`proposed: ${one.newer} | ${one.older}`);
    }
  }

  #told(
    type: string,
    told: readonly Told[],
    wanted: readonly (readonly [string, string])[],
    same: (one: Told, pair: readonly [string, string]) => boolean,
    maybe: readonly (readonly [string, string])[],
  ): void {
    const made = told.filter((one) =>
      one.type === type && (wanted.some((pair) => same(one, pair)) || !maybe.some((pair) => same(one, pair)))
    );
    const right = made.map((one) => wanted.some((pair) => same(one, pair)));
    made.forEach((one, at) => {
      if (!right[at]) this.fault(`wrong ${type}: ${one.newer} | ${one.older} (${one.newerFile})`);
    });
    const found = wanted.filter((pair) => made.some((one) => same(one, pair)));
    for (const pair of wanted) {
      if (!found.includes(pair)) this.fault(`not ${type}: ${pair.join(" | ")}`);
    }
    const wrong = right.filter((one) => !one).length;
    this.counts[type] = { right: found.length, made: found.length + wrong, wanted: wanted.length };
  }

  override async asked(runtime: Runtime): Promise<void> {
    let right = 0, stale = 0, refused = 0, answerable = 0, withStale = 0, unanswerable = 0, given = 0;
    for (const { ask: question, answer: wanted, stale: before } of this.#set.questions) {
      const { answer } = await runtime.view({ view: "ask", question, context: "notes" });
      const text = answer?.text ?? "";
      const fits = wanted?.some((one) => text.includes(one)) ?? false;
      const old = !fits && before.some((one) => text.includes(one));
      if (answer !== null) given++;
      if (wanted === null) unanswerable++;
      else answerable++;
      if (before.length > 0) withStale++;
      if (wanted === null && answer === null) refused++;
      if (fits) right++;
      if (old) stale++;
      if (wanted === null ? answer !== null : !fits) {
        this.fault(`asked "${question}": ${old ? "STALE " : ""}${answer?.text ?? "nothing"}`);
      }
    }
    this.counts["ask: right first"] = { right, made: given, wanted: answerable };
    this.counts["ask: stale first"] = { right: stale, made: given, wanted: withStale };
    this.counts["ask: refused"] = { right: refused, made: refused, wanted: unanswerable };
  }
}
