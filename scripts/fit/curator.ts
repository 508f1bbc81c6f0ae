/**
 * Fits the weights by which the curator says that a later sentence supersedes an earlier one where no rule says it
 * (agents/curator/assembly/weights.ts), to the folders of tests/fixtures that may be looked at and the demo's notes, and
 * says how good such weights are on folders they were not fitted to.
 *
 *   deno run -A scripts/fit/curator.ts [--judge]  each folder judged by trees fitted to the others, by threshold
 *   deno run -A scripts/fit/curator.ts --write    fits to all of them and writes the weights
 *   … --faults N                                  what a threshold of N says wrongly, and what it does not find
 *   … --only NAME,NAME                            judges these folders by trees fitted to all but these
 *   … --trees 300 --depth 3 --rate 0.04 --penalty 3 --features 0.5 --samples 0.7     other settings
 *
 * The agents do not run here: sentences that a copy of a note repeats count twice.
 */
import * as z from "zod";
import { formatTime } from "../../src/kernel/times.ts";
import { readJsonl, readNote } from "../../src/input/mod.ts";
import { apartSets } from "../../tests/support/apart_sets.ts";
import { folderNotes } from "../../tests/support/curator_notes_heldback/read.ts";
import { freshSets } from "../../tests/support/fresh_sets.ts";
import { build } from "../build_agents.ts";
import { fitTrees, sumOf, type TreeSample } from "./boosted_trees.ts";
import { weightsSource } from "./curator_weights.ts";

const option = (name: string, other: string) => Deno.args[Deno.args.indexOf(name) + 1 || Infinity] ?? other;
const settings = {
  trees: Number(option("--trees", "300")),
  depth: Number(option("--depth", "3")),
  rate: Number(option("--rate", "0.04")),
  penalty: Number(option("--penalty", "3")),
  curveMin: 1,
  boundsMax: 24,
  featureShare: Number(option("--features", "0.5")),
  sampleShare: Number(option("--samples", "0.7")),
};
const only = new Set(option("--only", "").split(",").filter((one) => one !== ""));
/** Beside the best candidate of a sentence, others so near are ended with it. */
const besides = 300;
/** On folders not fitted to: how much is to be right of what is acted on, and of that with what is only proposed. */
const actedRight = 0.965, proposedRight = 0.94;
const thresholds = Array.from({ length: 41 }, (_, at) => at * 100 - 2000);
const weightsPath = new URL("../../agents/curator/assembly/weights.ts", import.meta.url);

type Told = readonly (readonly [newer: string, older: string])[];
interface Notes {
  readonly name: string;
  readonly part: string;
  readonly notes: readonly { readonly path: string; readonly text: string }[];
  readonly supersedes: Told;
  readonly maybe: Told;
}
const statementForm = z.object({
  text: z.string(),
  links: z.array(z.object({ type: z.string(), to: z.number(), certainty: z.number() })),
});
const readForm = z.object({
  features: z.string(),
  statements: z.array(statementForm),
  pairs: z.array(z.array(z.number())),
});
type Statement = z.infer<typeof statementForm>;
interface Row extends TreeSample {
  readonly newer: number;
  readonly older: number;
  /** Never connected, whatever it weighs. */
  readonly isVoid: boolean;
  readonly maybe: boolean;
}
interface Folder extends Notes {
  readonly statements: readonly Statement[];
  readonly rows: readonly Row[];
  /** What the rules connect, as [newer, older]. */
  readonly ruled: readonly (readonly [number, number])[];
}
interface Count {
  right: number;
  wrong: number;
  wanted: number;
}

/** Notes as the agent gets them: engrams in JSON. */
function engramsOf(notes: Notes["notes"]) {
  return notes.flatMap(({ path, text }) => {
    const bytes = new TextEncoder().encode(text);
    const { drafts } = path.endsWith(".jsonl")
      ? readJsonl(path, bytes)
      : readNote({ path, bytes, modifiedAt: null });
    return drafts.map(({ content, title, source, ref, position, metadata, observedAt }, at) => ({
      ...{ id: `${path} ${at}`, kind: "note", content, title, source, ref, position, metadata },
      ...(observedAt === null ? {} : { observedAt: formatTime(observedAt) }),
    }));
  });
}

/** The curator's reading of notes, in a module of its own: no runtime, nothing recorded. */
async function reader(): Promise<(notes: Notes["notes"]) => unknown> {
  const source = "agents/curator/assembly/fit.ts";
  const { bytes } = await build({ name: "curator", source, module: source });
  const module = await WebAssembly.compile(bytes);
  return (notes) => {
    const imports: Record<string, Record<string, () => number>> = {};
    for (const one of WebAssembly.Module.imports(module)) (imports[one.module] ??= {})[one.name] = () => -1;
    const exports = new WebAssembly.Instance(module, imports).exports;
    const call = (name: string, ...args: readonly number[]): number => {
      const called = exports[name];
      if (typeof called !== "function") throw new Error(`Cannot read notes: ${source} exports no ${name}`);
      return Number(called(...args));
    };
    const memory = () => {
      if (!(exports["memory"] instanceof WebAssembly.Memory)) throw new Error("Cannot read notes: no memory");
      return exports["memory"].buffer;
    };
    const put = (text: string): [number, number] => {
      const utf8 = new TextEncoder().encode(text);
      const at = call("engram_alloc", utf8.length);
      new Uint8Array(memory(), at, utf8.length).set(utf8);
      return [at, utf8.length];
    };
    const answer = call("execute", ...put("read"), ...put(JSON.stringify({ notes: engramsOf(notes) })));
    if (answer < 0) throw new Error("Cannot read notes: the action failed");
    const length = new DataView(memory()).getInt32(answer, true);
    return JSON.parse(new TextDecoder().decode(new Uint8Array(memory(), answer + 4, length)));
  };
}

const holds = (told: Told, newer: string, older: string) =>
  told.some(([a, b]) => newer.includes(a) && older.includes(b));

function folderOf(notes: Notes, read: Awaited<ReturnType<typeof reader>>, names: string[]): Folder {
  const { features, statements, pairs } = readForm.parse(read(notes.notes));
  names.splice(0, names.length, ...features.split(","));
  const ruled = statements.flatMap(({ links }, newer) =>
    links.filter(({ type, certainty }) => type === "supersedes" && certainty >= 0.9)
      .map(({ to }) => [newer, to] as const)
  );
  const rows = pairs.map(([newer = 0, older = 0, isVoid, ...of]): Row => {
    if (of.length !== names.length) throw new Error(`${of.length} features, ${names.length} names`);
    const a = statements[newer]?.text ?? "", b = statements[older]?.text ?? "";
    // Of the demo's notes the rules have found what there is.
    const right = notes.part === "demo"
      ? ruled.some(([one, other]) => one === newer && other === older)
      : holds(notes.supersedes, a, b);
    const maybe = holds(notes.maybe, a, b) || holds(notes.maybe, b, a);
    return { newer, older, isVoid: isVoid === 1, features: of, right, maybe };
  });
  return { ...notes, statements, rows, ruled };
}

/** What is connected in a folder by rules, and by sums from a threshold on up to another. */
function madeOf({ rows, ruled, statements }: Folder, sums: readonly number[], from: number, to = Infinity) {
  const made = new Map(ruled.map((one) => [one.join(" "), one]));
  const acting = new Set(ruled.map(([newer]) => newer));
  const byNewer = Map.groupBy(rows.map((row, at) => ({ ...row, sum: sums[at] ?? 0 })), ({ newer }) => newer);
  for (const [newer, all] of byNewer) {
    const open = all.filter(({ isVoid }) => !isVoid);
    const best = Math.max(...open.map(({ sum }) => sum));
    if (acting.has(newer) || best < from || best >= to) continue;
    for (const { older, sum } of open) {
      if (sum >= from && sum >= best - besides) made.set(`${newer} ${older}`, [newer, older]);
    }
  }
  return [...made.values()].map(([newer, older]) => ({
    newer,
    older,
    key: `${statements[newer]?.text}\n${statements[older]?.text}`,
  }));
}

/** What is right of what was made; copies of a sentence count once. */
function judged(folder: Folder, sums: readonly number[], from: number, to?: number) {
  const { statements, supersedes, maybe, ruled, part } = folder;
  const made = madeOf(folder, sums, from, to);
  const texts = made.map((
    { newer, older },
  ) => [statements[newer]?.text ?? "", statements[older]?.text ?? ""]);
  const missed = supersedes.filter(([a, b]) =>
    part !== "demo" && !texts.some(([newer = "", older = ""]) => newer.includes(a) && older.includes(b))
  );
  const wrong = [
    ...new Set(
      made.filter(({ newer, older, key }) => {
        const [a = "", b = ""] = key.split("\n");
        const text = [statements[newer]?.text ?? a, statements[older]?.text ?? b] as const;
        return part === "demo"
          ? !ruled.some(([one, other]) => one === newer && other === older)
          : !holds(supersedes, ...text) && !holds(maybe, ...text);
      }).map(({ key }) => key),
    ),
  ];
  return { right: supersedes.length - missed.length, wanted: supersedes.length, wrong, missed };
}

const share = (part: number, all: number) => all === 0 ? "  - " : (part / all).toFixed(3);

function total(
  of: readonly Folder[],
  sums: ReadonlyMap<Folder, readonly number[]>,
  from: number,
  to?: number,
): Count {
  const sum = { right: 0, wrong: 0, wanted: 0 };
  for (const folder of of) {
    const { right, wrong, wanted } = judged(folder, sums.get(folder) ?? [], from, to);
    sum.right += right;
    sum.wrong += wrong.length;
    sum.wanted += wanted;
  }
  return sum;
}

const sets: Notes[] = [
  ...apartSets("dev", "strangers").map((set) => ({ ...set, part: "strangers" })),
  ...apartSets("dev").map((set) => ({ ...set, part: "apart" })),
  ...freshSets("looked_at").map((set) => ({ ...set, part: "fresh", maybe: [] })),
  {
    ...{ name: "demo", part: "demo", supersedes: [], maybe: [] },
    notes: folderNotes(new URL("../../agents/demo/notes/", import.meta.url)),
  },
];
const read = await reader();
const names: string[] = [];
const folders = sets.map((set) => folderOf(set, read, names));
const samples = (of: readonly Folder[]) => of.flatMap(({ rows }) => rows.filter(({ maybe }) => !maybe));
const isJudged = (folder: Folder) => only.size === 0 || only.has(folder.name);
const sums = new Map<Folder, readonly number[]>();
const unseen = only.size === 0 ? null : fitTrees(samples(folders.filter((one) => !isJudged(one))), settings);
for (const folder of folders.filter(isJudged)) {
  const trees = unseen ?? fitTrees(samples(folders.filter((one) => one !== folder)), settings);
  sums.set(folder, folder.rows.map(({ features }) => sumOf(trees, features)));
}
const of = (part: string) => folders.filter((folder) => isJudged(folder) && folder.part === part);
const shown = ["strangers", "apart", "fresh", "demo"].filter((part) => of(part).length > 0);
console.log(`threshold  ${shown.map((part) => `${part}: right found (made wrongly)`).join("   ")}`);
for (const from of [...thresholds, Infinity]) {
  const parts = shown.map((part) => {
    const { right, wrong, wanted } = total(of(part), sums, from);
    return `${share(right, right + wrong)} ${share(right, wanted)} (${wrong})`;
  });
  console.log(`${String(from).padStart(9)}  ${parts.join("   ")}`);
}
const judgedFolders = folders.filter(isJudged);
/** The lowest threshold from which on, at every one, enough is right on the strangers' folders. */
const lowest = (enough: number) => {
  const found = thresholds.findLastIndex((from) => {
    const { right, wrong } = total(of("strangers"), sums, from);
    return right / (right + wrong) < enough;
  });
  return thresholds[found + 1] ?? Infinity;
};
const act = lowest(actedRight), propose = lowest(proposedRight);
console.log(`acts from ${act}, proposes from ${propose}`);
const faults = Deno.args.includes("--faults") ? Number(option("--faults", "0")) : null;
if (faults !== null) {
  for (const folder of judgedFolders) {
    const { wrong, missed } = judged(folder, sums.get(folder) ?? [], faults);
    for (const one of wrong) console.log(`${folder.name}: wrong\n  ${one.replaceAll("\n", "\n  ")}`);
    for (const one of missed) console.log(`${folder.name}: not ${one.join(" | ")}`);
  }
}
if (Deno.args.includes("--write")) {
  const trees = fitTrees(samples(folders), settings);
  Deno.writeTextFileSync(
    weightsPath,
    weightsSource({ ...trees, width: names.length, act, propose, besides }),
  );
  const used = new Set(trees.features.filter((_, at) => trees.bounds[at] !== 32767).map((at) => names[at]));
  console.log(`not asked: ${names.filter((name) => !used.has(name)).join(", ")}`);
}
