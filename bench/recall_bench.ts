/**
 * How well search and recall rank, on public sets: nDCG@10 and recall@10 beside plain BM25.
 *
 *   deno run -A bench/recall_bench.ts [--smoke] [--model FOLDER]
 *
 * Forms: `plain` BM25, `search`, `recall` by words and links, and with a model (a folder as `engramlt model pull` takes
 * one, such as ../shared/tools/minilm/hub lays out) `vectors` alone and `recall+` with all three.
 * Needs the sets in ../shared/bench-data (SciFact in BEIR's layout, Cranfield in TREC's); says so when they are
 * absent. Prints a hash of the ranked ids: equal runs give equal hashes. Times are of one run, noise included.
 */
import { createHash } from "node:crypto";
import { type Graph, openGraph, toInt8 } from "../src/graph/mod.ts";
import { countWords, eachWord } from "../src/graph/index/words.ts";
import { formatId } from "../src/kernel/ids.ts";
import { Payload } from "../src/kernel/payload.ts";
import type { Write } from "../src/kernel/records.ts";
import { textsToEmbed } from "../src/runtime/models/embedding.ts";
import { type Models, openDataModels } from "../src/runtime/models/models.ts";

interface Text {
  readonly name: string;
  readonly title: string;
  readonly text: string;
}

interface Question {
  readonly text: string;
  /** Grade by name of a text. */
  readonly relevant: ReadonlyMap<string, number>;
}

interface Collection {
  readonly texts: readonly Text[];
  readonly questions: readonly Question[];
}

const folder = new URL("../../shared/bench-data/", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, folder));
const lines = (path: string) => read(path).split("\n").filter((line) => line.trim() !== "");

function field(record: unknown, name: string): string {
  const value: unknown = typeof record === "object" && record !== null
    ? Reflect.get(record, name)
    : undefined;
  return typeof value === "string" ? value : "";
}

function scifact(): Collection {
  const texts = lines("scifact/corpus.jsonl").map((line) => {
    const record: unknown = JSON.parse(line);
    return { name: field(record, "_id"), title: field(record, "title"), text: field(record, "text") };
  });
  const queries = new Map(
    lines("scifact/queries.jsonl").map((line) => {
      const record: unknown = JSON.parse(line);
      return [field(record, "_id"), field(record, "text")];
    }),
  );
  const relevant = new Map<string, Map<string, number>>();
  for (const line of lines("scifact/qrels/test.tsv").slice(1)) {
    const [query = "", text = "", grade = ""] = line.split("\t");
    relevant.set(query, (relevant.get(query) ?? new Map()).set(text, Number(grade)));
  }
  return {
    texts,
    questions: [...relevant].map(([query, grades]) => ({ text: queries.get(query) ?? "", relevant: grades })),
  };
}

function between(text: string, tag: string): string {
  return new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1]?.trim() ?? "";
}

function cranfield(): Collection {
  const texts = read("cranfield/cran.all.1400.xml").split("<doc>").slice(1).map((doc) => {
    const title = between(doc, "title"), text = between(doc, "text");
    return {
      name: between(doc, "docno"),
      title,
      text: text.startsWith(title) ? text.slice(title.length).trim() : text,
    };
  });
  const relevant = new Map<number, Map<string, number>>();
  for (const line of lines("cranfield/cranqrel.trec.txt")) {
    const [query = "", , text = "", grade = ""] = line.trim().split(/\s+/);
    if (Number(grade) < 1) continue;
    const number = Number(query);
    relevant.set(number, (relevant.get(number) ?? new Map()).set(text, Number(grade)));
  }
  // The judgments number the queries by their order, not by <num>.
  const questions = read("cranfield/cran.qry.xml").split("<top>").slice(1).map((top, at) => ({
    text: between(top, "title"),
    relevant: relevant.get(at + 1) ?? new Map<string, number>(),
  }));
  return { texts, questions: questions.filter((question) => question.relevant.size > 0) };
}

/** Every text's vectors, as the host makes them; the writes that store them, and the model. */
async function embedded(models: Models, texts: readonly Text[]): Promise<Write[]> {
  const writes: Write[] = [];
  for (const [at, { title, text }] of texts.entries()) {
    if (`${title}${text}`.trim() === "") continue; // no model takes an empty text
    const { vectors, model } = await models.embed(textsToEmbed({ title, content: text }));
    const bytes = new Uint8Array(vectors.length * model.dimensions);
    vectors.forEach((vector, nth) =>
      bytes.set(new Uint8Array(toInt8(vector).buffer), nth * model.dimensions)
    );
    writes.push({
      op: "vector_put",
      id: formatId("engram", 1, 0, at),
      tick: 0,
      model: model.hash,
      dimensions: model.dimensions,
      vectors: new Payload(bytes),
    });
    if (at % 100 === 99) {
      await Deno.stderr.write(new TextEncoder().encode(`\rembedded ${at + 1} of ${texts.length} `));
    }
  }
  await Deno.stderr.write(new TextEncoder().encode("\r"));
  return writes;
}

/** Questions as the model sees them, made before anything is timed. */
async function questionVectors(
  models: Models,
  questions: readonly Question[],
): Promise<Map<string, Int8Array>> {
  const vectors = new Map<string, Int8Array>();
  for (const { text } of questions) {
    const [vector] = (await models.embed([text])).vectors;
    if (vector !== undefined) vectors.set(text, toInt8(vector));
  }
  return vectors;
}

type Rank = (query: string) => readonly string[];

/** Recall with a model, and its vectors alone. */
async function withVectors(
  models: Models,
  graph: Graph,
  names: ReadonlyMap<string, string>,
  { texts, questions }: Collection,
): Promise<Readonly<Record<string, Rank>>> {
  const model = models.embeddingModel();
  if (model === null) throw new Error("Cannot measure: the model gives no embeddings");
  const author = { agent: null, client: "bench", tick: 1, seat: 0 };
  const writes = await embedded(models, texts);
  graph.commit({ index: 1, hash: new Uint8Array(32), tick: 1, steps: [{ author, writes }], rows: [] });
  const asked = await questionVectors(models, questions);
  const recall = (question: string, words: string) => {
    const numbers = asked.get(question);
    const vector = numbers === undefined ? null : { model: model.hash, numbers };
    return graph.recall({ question: words, k: 10, vector }).hits.map((hit) => names.get(hit.id) ?? "");
  };
  // A question of a word that no text has leaves the ranking to the vectors.
  return { vectors: (text) => recall(text, "zqxjkvwzq"), "recall+": (text) => recall(text, text) };
}

async function openModel(folder: string): Promise<Models> {
  const models = openDataModels(Deno.makeTempDirSync({ prefix: "engramlt-bench-" }));
  await models.pull(folder);
  return models;
}

function fill(graph: Graph, texts: readonly Text[]): Map<string, string> {
  const names = new Map<string, string>();
  const writes = texts.map(({ name, title, text }, at): Write => {
    const id = formatId("engram", 1, 0, at);
    names.set(id, name);
    const json = JSON.stringify({
      content: text,
      title,
      source: null,
      ref: null,
      thread: null,
      metadata: {},
    });
    return {
      op: "engram_put",
      id,
      kind: "note",
      confidence: 1,
      position: null,
      observedAt: null,
      timeSource: "none",
      validFrom: null,
      validTo: null,
      texts: Payload.text(json),
    };
  });
  const author = { agent: null, client: "bench", tick: 0, seat: 0 };
  graph.commit({ index: 0, hash: new Uint8Array(32), tick: 0, steps: [{ author, writes }], rows: [] });
  return names;
}

/** The baseline: BM25 (k1 1.2, b .75) over the same stems, title and text as one, every query word. */
function plain(texts: readonly Text[]): (query: string) => string[] {
  const counted = texts.map(({ title, text }) =>
    countWords({
      texts: { title: null, content: `${title} ${text}`, source: null, ref: null },
      observedAt: null,
      timeSource: "none",
    })
  );
  const having = new Map<string, number>();
  for (const { counts } of counted) {
    for (const stem of counts.keys()) having.set(stem, (having.get(stem) ?? 0) + 1);
  }
  const average = counted.reduce((sum, one) => sum + one.length, 0) / counted.length;
  return (query) => {
    const stems = new Set<string>();
    eachWord(query, (stem) => stems.add(stem));
    return counted.map(({ counts, length }, at) => {
      let score = 0;
      for (const stem of stems) {
        const count = counts.get(stem) ?? 0, n = having.get(stem) ?? 0;
        const weight = Math.log(1 + (counted.length - n + 0.5) / (n + 0.5));
        score += weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / average));
      }
      return { name: texts[at]?.name ?? "", score };
    }).sort((one, other) => other.score - one.score).slice(0, 10).map((one) => one.name);
  };
}

function judge(questions: readonly Question[], rank: (query: string) => readonly string[]) {
  let gain = 0, recall = 0;
  const hash = createHash("sha256"), start = performance.now();
  const ranked = questions.map((question) => rank(question.text).slice(0, 10));
  const ms = (performance.now() - start) / questions.length;
  questions.forEach(({ relevant }, at) => {
    const names = ranked[at] ?? [];
    hash.update(`${names.join(" ")}\n`);
    const dcg = (grades: readonly number[]) =>
      grades.reduce((sum, grade, place) => sum + grade / Math.log2(place + 2), 0);
    gain += dcg(names.map((name) => relevant.get(name) ?? 0)) /
      dcg([...relevant.values()].sort((a, b) => b - a).slice(0, 10));
    recall += names.filter((name) => relevant.has(name)).length / relevant.size;
  });
  const percent = (sum: number) => (100 * sum / questions.length).toFixed(1);
  return {
    ndcg: percent(gain),
    recall: percent(recall),
    ms: ms.toFixed(2),
    hash: hash.digest("hex").slice(0, 12),
  };
}

function present(): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) {
  const smoke = Deno.args.includes("--smoke");
  const at = Deno.args.indexOf("--model");
  const modelFolder = at === -1 ? null : Deno.args[at + 1] ?? null;
  if (!present()) console.log("skipped: needs the public sets in ../shared/bench-data");
  else {
    const models = modelFolder === null ? null : await openModel(modelFolder);
    if (models === null) console.log("vectors skipped: need --model FOLDER");
    console.log("set        form     nDCG@10  R@10   ms/query  hash");
    for (const [name, load] of [["cranfield", cranfield], ["scifact", scifact]] as const) {
      if (smoke && name !== "cranfield") continue;
      const { texts, questions } = load();
      const asked = smoke ? questions.slice(0, 20) : questions;
      const graph = openGraph({ path: ":memory:" });
      const names = fill(graph, texts);
      while (graph.maintain());
      const forms: Record<string, Rank> = {
        plain: plain(texts),
        search: (text: string) =>
          graph.search({ text, limit: 10 }).hits.map((hit) => names.get(hit.id) ?? ""),
        recall: (text: string) =>
          graph.recall({ question: text, k: 10 }).hits.map((hit) => names.get(hit.id) ?? ""),
        ...(models === null ? {} : await withVectors(models, graph, names, { texts, questions: asked })),
      };
      for (const [form, rank] of Object.entries(forms)) {
        const { ndcg, recall, ms, hash } = judge(asked, rank);
        console.log(
          `${name.padEnd(10)} ${form.padEnd(8)} ${ndcg.padStart(7)} ${recall.padStart(5)} ${
            ms.padStart(10)
          }  ${hash}`,
        );
      }
      graph.close();
    }
    models?.close();
  }
}
