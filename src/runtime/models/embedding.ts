/**
 * Embedding: texts become vectors in the background, and questions where they are asked.
 *
 * Owns: which texts are given to a model (the whole, and windows of a long one), batches and back-pressure, and adding
 * a question's vector to a recall.
 * Does not own: models and sessions (src/model), what is done with vectors (graph).
 *
 * Invariants:
 * 1. Vectors enter by logged commands like everything else; one for a text that changed meanwhile is dropped.
 * 2. One batch is under way at most, so a write never waits for more than the command that stores one batch.
 * 3. A text that no model takes is passed over, and counted; the others go on. A model that can't be opened or run is
 *    no text's fault: embedding stops and says so, and everything still waits. A question is answered without it.
 */
import { toInt8, vectorLimits } from "../../graph/mod.ts";
import { EngramError, parseId } from "../../kernel/mod.ts";
import { status } from "../../sandbox/abi.ts";
import type { TextAnswer, TextSource } from "./desk.ts";
import type { ModelUsed, Port, Progress, QuestionVector } from "../port.ts";
import type { WriteOp } from "../requests.ts";

/** Bounds of embedding. */
const embeddingLimits = {
  /** Memories of one batch: one command, one entry. */
  batchMemories: 16,
  /** Words of a window of a long text; about 128 tokens. */
  windowWords: 90,
  /** ms that nothing was written before the background begins. */
  quietMs: 300,
  /** ms between two looks for a model that was pulled or removed meanwhile. */
  modelPollMs: 2000,
} as const;

/** Vectors of texts, of length 1, and who made them. */
export interface Embedded {
  readonly vectors: readonly Float32Array[];
  readonly model: { readonly name: string; readonly hash: string; readonly dimensions: number };
  readonly provider: string;
  /** The sha256, in hex, of what the model was given. */
  readonly inputHash: string;
}

/** What embeds: src/model's store, narrowed to what is needed here. */
export interface Embedder {
  /** The model that embeds now, or null where none is in the store. */
  embeddingModel(): { readonly name: string; readonly hash: string } | null;
  embed(texts: readonly string[]): Promise<Embedded>;
}

/** What a model is given of a memory: title and text as a whole, then windows of a text longer than one. */
export function textsToEmbed(
  { title, content }: { readonly title: string | null; readonly content: string },
): string[] {
  const head = title === null || title === "" ? "" : `${title}. `;
  const words = content.split(/\s+/).filter((word) => word !== "");
  const texts = [`${head}${content}`];
  if (words.length <= embeddingLimits.windowWords * 1.5) return texts;
  for (
    let at = 0;
    at < words.length && texts.length < vectorLimits.perVersionMax;
    at += embeddingLimits.windowWords
  ) {
    texts.push(`${head}${words.slice(at, at + embeddingLimits.windowWords).join(" ")}`);
  }
  return texts;
}

const base64 = (vectors: readonly Float32Array[]): string => {
  const [first] = vectors;
  const dimensions = first?.length ?? 0;
  const bytes = new Int8Array(vectors.length * dimensions);
  vectors.forEach((vector, at) => bytes.set(toInt8(vector), at * dimensions));
  return new Uint8Array(bytes.buffer).toBase64();
};

/** Whether an error says that a text cannot be embedded: what is wrong with a model says nothing of the texts. */
function isTexts(error: unknown): boolean {
  return error instanceof EngramError &&
    (error.code === "invalid_argument" || error.code === "payload_too_large");
}

/** Vectors of one memory's texts, or null where no model takes them. */
async function tryEmbed(embedder: Embedder, texts: readonly string[]): Promise<Embedded | null> {
  try {
    return await embedder.embed(texts);
  } catch (error) {
    if (isTexts(error)) return null;
    throw error;
  }
}

/** How far an embedding came. */
export interface EmbeddingReport {
  readonly embedded: number;
  /** Memories whose text the model refuses. */
  readonly skipped: number;
}

/** Embeds what waits, batch after batch, until nothing does or the signal aborts. */
export async function embedWaiting(
  port: Port,
  embedder: Embedder,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (progress: Progress) => void } = {},
): Promise<EmbeddingReport> {
  const model = embedder.embeddingModel();
  if (model === null) throw noModel();
  const { count: total } = await port.view({ view: "unembedded", model: model.hash, limit: 1 });
  let after = 0, embedded = 0, skipped = 0;
  while (options.signal?.aborted !== true) {
    const limit = embeddingLimits.batchMemories;
    const { engrams, next } = await port.view({ view: "unembedded", model: model.hash, after, limit });
    if (engrams.length === 0) break;
    after = next;
    const ops: WriteOp[] = [];
    for (const engram of engrams) {
      const made = await tryEmbed(embedder, textsToEmbed(engram));
      if (made === null) {
        skipped++;
        continue;
      }
      const { hash, dimensions } = made.model;
      const { id, updatedTick } = engram;
      ops.push({ op: "embed", id, updatedTick, model: hash, dimensions, vectors: base64(made.vectors) });
    }
    if (ops.length > 0) await port.submit({ kind: "write", ops }, { client: "model" });
    embedded += ops.length;
    options.onProgress?.({
      done: embedded + skipped,
      total: Math.max(total, embedded + skipped),
      what: "memories",
    });
  }
  return { embedded, skipped };
}

/** The refusal where a model is needed and none is there. */
export function noModel(): EngramError {
  return new EngramError(
    "model_not_found",
    "Cannot embed: there is no model for it",
    {},
    "engramlt model pull all-MiniLM-L6-v2 fetches one; words and links work without",
  );
}

/** A question's vector; null where no model can make one: then words and links answer. */
export async function questionVector(embedder: Embedder, question: string): Promise<QuestionVector | null> {
  if (embedder.embeddingModel() === null || question.trim() === "") return null;
  let made: Embedded;
  try {
    made = await embedder.embed([question]);
  } catch (error) {
    if (error instanceof EngramError) return null;
    throw error;
  }
  const { name, hash } = made.model;
  const model: ModelUsed = { name, hash, provider: made.provider };
  return { model, numbers: base64(made.vectors) };
}

/**
 * Answers the texts that agents ask a model for, one after the other, until the runtime is closed. A text that a model
 * refuses and a model that can't answer are statuses: an agent's step always ends.
 */
export async function serveTexts(
  source: TextSource,
  embedder: Embedder,
  onProblem: (error: unknown) => void,
): Promise<void> {
  try {
    for (let wanted = await source.wantedTexts(); wanted !== null; wanted = await source.wantedTexts()) {
      for (const { id, text } of wanted) {
        await source.answerText(id, await answerOf(embedder, text, onProblem));
      }
    }
  } catch (error) {
    const isOver = error instanceof EngramError && error.code === "host_stopping";
    if (!isOver) onProblem(error);
  }
}

async function answerOf(
  embedder: Embedder,
  text: string,
  onProblem: (error: unknown) => void,
): Promise<TextAnswer> {
  if (embedder.embeddingModel() === null) return status.notAvailable;
  try {
    const { vectors, model: { name, hash, dimensions }, provider, inputHash } = await embedder.embed([text]);
    return { vector: base64(vectors), dimensions, model: { name, hash }, provider, input: inputHash };
  } catch (error) {
    if (isTexts(error)) return status.invalidArgument;
    onProblem(error);
    return status.notAvailable;
  }
}

/** A port whose recalls know what their questions mean. */
export function withModel(port: Port, embedder: Embedder): Port {
  return {
    where: port.where,
    submit: (request, options) => port.submit(request, options),
    events: (from, signal) => port.events(from, signal),
    idle: () => port.idle(),
    close: () => port.close(),
    async view(view) {
      const question = view.view === "recall"
        ? view.question
        : view.view === "timeline" && parseId(view.about) === null
        ? view.about
        : null;
      if (question === null || ("vector" in view && view.vector !== undefined)) return await port.view(view);
      const vector = await questionVector(embedder, question);
      return await port.view(vector === null ? view : { ...view, vector });
    },
  };
}

/** Embeds in the background for as long as a host lives. */
export class BackgroundEmbedding {
  readonly #port: Port;
  readonly #embedder: Embedder;
  readonly #stop = new AbortController();
  readonly #onProblem: (error: unknown) => void;
  #running: Promise<void> | null = null;
  #again = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #poll: ReturnType<typeof setInterval>;
  #model: string | null = null;

  constructor(port: Port, embedder: Embedder, onProblem: (error: unknown) => void) {
    this.#port = port;
    this.#embedder = embedder;
    this.#onProblem = onProblem;
    this.#poll = setInterval(() => this.#look(), embeddingLimits.modelPollMs);
    this.#look();
    this.#follow();
  }

  /** A model came or was changed: everything it has not read waits. */
  #look(): void {
    const found = this.#embedder.embeddingModel()?.hash ?? null;
    if (found !== null && found !== this.#model) this.#soon();
    this.#model = found;
  }

  async #follow(): Promise<void> {
    try {
      const { tick } = await this.#port.view({ view: "status" });
      for await (const { entry } of this.#port.events(tick + 1, this.#stop.signal)) {
        const writes = entry.steps.some((step) => step.writes > 0);
        const isOwn = entry.commands.length > 0 && entry.commands.every(({ client }) => client === "model");
        if (writes && !isOwn) this.#soon();
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#onProblem(error);
    }
  }

  #soon(): void {
    if (this.#stop.signal.aborted) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), embeddingLimits.quietMs);
  }

  #run(): void {
    this.#timer = null;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    if (this.#embedder.embeddingModel() === null) return;
    this.#running = embedWaiting(this.#port, this.#embedder, { signal: this.#stop.signal })
      .then(() => {}, (error) => {
        if (!this.#stop.signal.aborted) this.#onProblem(error);
      }).finally(() => {
        this.#running = null;
        if (this.#again) {
          this.#again = false;
          this.#soon();
        }
      });
  }

  /** Stops after the batch under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#poll);
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }
}
