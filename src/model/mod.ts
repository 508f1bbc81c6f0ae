/**
 * Models: a store of ONNX models, and sessions in a worker of their own. See docs/models.md.
 *
 * Owns: DATA/models, the model worker. Does not own: recording what a model gave (the runtime's requests do).
 *
 * Invariants:
 * 1. Nothing is pulled unasked; only `pull` reaches the network.
 * 2. Importing this file loads neither onnxruntime nor a tokenizer: the worker does, at the first use.
 * 3. Another program may change the store: every call reads the index anew.
 */
import { EngramError } from "../kernel/errors.ts";
import type { Provider, RunInputs, RunOutputs } from "./calls.ts";
import { modelLimits } from "./limits.ts";
import { pull, type Pulled, type PullOptions } from "./pull.ts";
import { type ModelEvent, type SessionOf, Sessions } from "./sessions.ts";
import { defaultEndpoint, defaultModel, parseSource, type Source } from "./source.ts";
import {
  embeddingModel,
  findModel,
  type Found,
  type ModelKind,
  readIndex,
  StoreChange,
  versionPath,
} from "./store.ts";
import { checkTexts, inputHash } from "./texts.ts";

export { type Provider, providers, type RunInputs, type TensorValue } from "./calls.ts";
export { modelLimits } from "./limits.ts";
export type { ModelEvent } from "./sessions.ts";
export { defaultEndpoint, defaultModel } from "./source.ts";
export { textRefusal } from "./texts.ts";

/** A model of the store, one row a version. */
export interface ListedModel {
  readonly name: string;
  readonly hash: string;
  readonly bytes: number;
  readonly kind: ModelKind;
  readonly dimensions: number;
  readonly source: string;
  /** What the name alone means. */
  readonly isCurrent: boolean;
  /** Opened when a host starts. */
  readonly preload: boolean;
  /** Open here and now. */
  readonly isLoaded: boolean;
}

/** Which model gave an answer. */
export interface ModelRef {
  readonly name: string;
  /** sha256 of its weights. */
  readonly hash: string;
  readonly dimensions: number;
}

/** Vectors of length 1, in the order of the texts. */
export interface Embedded {
  readonly vectors: Float32Array[];
  readonly model: ModelRef;
  /** Where it ran. */
  readonly provider: Provider;
  /** sha256 of the texts (see `inputHash`). */
  readonly inputHash: string;
}

/** What a model gave for one input. */
export interface Ran {
  readonly outputs: RunOutputs;
  /** Of a text, where the model embeds: the vector that `embed` gives. */
  readonly embedding?: readonly number[];
  /** Of a classifier, by its configuration: the most likely first. */
  readonly labels?: readonly { readonly label: string; readonly score: number }[];
  readonly model: ModelRef;
  readonly provider: Provider;
  readonly inputHash: string;
}

/** How models are opened. */
export interface ModelsOptions {
  /** The store: `models` in the data folder. */
  readonly folder: string;
  /** URL of worker.ts as this build has it. */
  readonly worker: URL;
  /** Where to run; anything but `cpu` falls back to it. */
  readonly provider?: Provider;
  readonly onEvent?: (event: ModelEvent) => void;
  readonly sessionBytesMax?: number;
  readonly textsWaitingMax?: number;
}

/** A pull as callers give it. */
export interface PullRequest extends PullOptions {
  /** The hub; without it, Hugging Face's. */
  readonly endpoint?: string | undefined;
  /** What a path is relative to. */
  readonly resolve?: (path: string) => string;
}

/** Models of one store. */
export interface Models {
  /** Refuses what `pull` would refuse before it reaches for anything: a name, a path, a hash that is none. */
  check(given: string, request?: PullRequest): Promise<void>;
  /** Takes a model into the store. Errors: see pull.ts. */
  pull(given: string, options?: PullRequest): Promise<Pulled>;
  list(): readonly ListedModel[];
  /** Removes a model, or with `NAME@HASH` a version. */
  remove(name: string): Promise<{ readonly name: string; readonly removed: readonly string[] }>;
  /** Opens a model now, and whenever a host starts. */
  load(name: string): Promise<ListedModel>;
  /** Closes it, and no longer opens it when a host starts. */
  unload(name: string): Promise<ListedModel>;
  /** Opens every model that is to be open when a host starts; gives why one could not be, by name. */
  preload(): Promise<readonly { readonly name: string; readonly reason: string }[]>;
  /** The model that `embed` uses where none is named, or null. */
  embeddingModel(): ModelRef | null;
  /** Errors: `model_not_found` without a model, `model_busy`, `model_failed`, and `textRefusal`'s. */
  embed(texts: readonly string[], options?: { readonly model?: string }): Promise<Embedded>;
  run(name: string, inputs: RunInputs): Promise<Ran>;
  close(): void;
}

/** Whether there is a model for sentences, and what to say where there is none. Reads one small file. */
export function modelStatus(folder: string): { readonly model: ModelRef | null; readonly offer: string } {
  const found = embeddingModel(readIndex(folder));
  return { model: found === null ? null : refOf(found), offer: `engramlt model pull ${defaultModel}` };
}

const refOf = ({ name, version }: Found): ModelRef => ({
  name,
  hash: version.hash,
  dimensions: version.dimensions,
});

async function placeOf(path: string): Promise<"file" | "folder" | null> {
  try {
    return (await Deno.stat(path)).isDirectory ? "folder" : "file";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    // A path that is too long, that holds a NUL, or that this user may not look at.
    const words = error instanceof Error ? error.message : String(error);
    throw new EngramError("invalid_argument", `Cannot read the model ${path}: ${words}`);
  }
}

async function sourceOf(
  given: string,
  { endpoint = defaultEndpoint, resolve = (path) => path, sha256 }: PullRequest,
): Promise<Source> {
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new EngramError(
      "invalid_argument",
      "Cannot pull the model: the sha256 is not 64 hex digits",
      {},
      "sha256sum FILE prints it",
    );
  }
  const path = resolve(given);
  const isThere = /:\/\//.test(given) || given === "" ? null : await placeOf(path);
  return parseSource(given, { endpoint, path, isThere });
}

/** Opens the models of a store. Nothing is read, started or made until something is asked for. */
export function openModels(options: ModelsOptions): Models {
  const { folder } = options;
  const sessions = new Sessions({
    worker: options.worker,
    provider: options.provider ?? "cpu",
    onEvent: options.onEvent ?? (() => {}),
    sessionBytesMax: options.sessionBytesMax ?? modelLimits.sessionBytesMax,
    textsWaitingMax: options.textsWaitingMax ?? modelLimits.textsWaitingMax,
  });
  const sessionOf = ({ name, version }: Found): SessionOf => ({
    name,
    hash: version.hash,
    bytes: version.bytes,
    folder: versionPath(folder, name, version.hash),
    weights: version.weights,
  });
  const change = async <T>(work: (store: StoreChange) => T): Promise<T> => {
    const store = await StoreChange.begin(folder);
    try {
      return work(store);
    } finally {
      store.end();
    }
  };
  /** Closes sessions of versions that are no longer in the store. */
  const forgetRemoved = async () => {
    const { models } = readIndex(folder);
    const there = new Set(
      Object.entries(models).flatMap(([name, { versions }]) => versions.map(({ hash }) => `${name}@${hash}`)),
    );
    await sessions.unload((key) => there.has(key));
  };
  const list = () => listOf(folder, sessions);
  const listed = (found: Found): ListedModel => {
    const one = list().find(({ name, hash }) => name === found.name && hash === found.version.hash);
    if (one === undefined) {
      throw new EngramError(
        "model_not_found",
        `Cannot find the model ${found.name}: it was removed meanwhile`,
      );
    }
    return one;
  };
  return {
    async check(given, request = {}) {
      await sourceOf(given, request);
    },
    async pull(given, request = {}) {
      const sha256 = request.sha256?.toLowerCase();
      return await pull(folder, sessions, await sourceOf(given, request), { ...request, sha256 });
    },
    list,
    async remove(name) {
      const removed = await change((store) => store.remove(name));
      await forgetRemoved();
      return removed;
    },
    async load(name) {
      const found = findModel(readIndex(folder), name);
      await sessions.load(sessionOf(found));
      await change((store) => store.preload(name, true));
      return listed(found);
    },
    async unload(name) {
      const found = await change((store) => store.preload(name, false));
      await sessions.unload((key) => !key.startsWith(`${found.name}@`));
      return listed(found);
    },
    async preload() {
      const failed: { name: string; reason: string }[] = [];
      const index = readIndex(folder);
      for (const [name, { preload }] of Object.entries(index.models)) {
        if (!preload) continue;
        await sessions.load(sessionOf(findModel(index, name))).catch((error: unknown) => {
          failed.push({ name, reason: error instanceof Error ? error.message : String(error) });
        });
      }
      return failed;
    },
    embeddingModel() {
      const found = embeddingModel(readIndex(folder));
      return found === null ? null : refOf(found);
    },
    async embed(texts, { model } = {}) {
      const index = readIndex(folder);
      const found = model === undefined ? embeddingModel(index) : findModel(index, model);
      if (found === null) {
        throw new EngramError(
          "model_not_found",
          "Cannot embed: there is no model for it",
          {},
          `engramlt model pull ${defaultModel}`,
        );
      }
      if (found.version.kind !== "embed") {
        throw new EngramError(
          "model_failed",
          `Cannot embed with the model ${found.name}: it gives no embeddings`,
          { model: found.name },
        );
      }
      checkTexts(texts);
      const given = await sessions.embed(sessionOf(found), texts);
      const wrong = given.vectors.find((vector) => vector.length !== found.version.dimensions);
      if (wrong !== undefined) {
        throw new EngramError(
          "model_failed",
          `Cannot embed with the model ${found.name}: it gives ${wrong.length} dimensions, not ${found.version.dimensions}`,
        );
      }
      return { ...given, model: refOf(found), inputHash: inputHash(texts) };
    },
    async run(name, inputs) {
      const found = findModel(readIndex(folder), name);
      checkInputs(inputs);
      const { outputs, labels, provider } = await sessions.run(sessionOf(found), inputs);
      const answer = { outputs, model: refOf(found), provider, inputHash: inputHash(inputs) };
      if ("text" in inputs && found.version.kind === "embed") {
        const { vectors } = await sessions.embed(sessionOf(found), [inputs.text]);
        return { ...answer, embedding: Array.from(vectors[0] ?? []) };
      }
      const scores = found.version.kind === "classify" ? labelled(outputs, labels) : null;
      return scores === null ? answer : { ...answer, labels: scores };
    },
    close: () => sessions.close(),
  };
}

function listOf(folder: string, sessions: Sessions): ListedModel[] {
  const loaded = new Set(sessions.loaded);
  return Object.entries(readIndex(folder).models).sort(([a], [b]) => a < b ? -1 : 1).flatMap((
    [name, model],
  ) =>
    model.versions.map(({ hash, bytes, kind, dimensions, source }) => ({
      name,
      hash,
      bytes,
      kind,
      dimensions,
      source,
      isCurrent: hash === model.current,
      preload: model.preload && hash === model.current,
      isLoaded: loaded.has(`${name}@${hash}`),
    }))
  );
}

/** The likelihood of each label: softmax of the logits. */
function labelled(outputs: RunOutputs, labels: readonly string[]): { label: string; score: number }[] | null {
  const logits = outputs["logits"]?.data ?? [];
  if (logits.length === 0 || logits.length > 10_000) return null;
  const most = Math.max(...logits);
  const weights = logits.map((one) => Math.exp(one - most));
  const sum = weights.reduce((total, one) => total + one, 0);
  return weights.map((one, at) => ({ label: labels[at] ?? String(at), score: one / sum })).sort((a, b) =>
    b.score - a.score
  );
}

function checkInputs(inputs: RunInputs): void {
  if ("text" in inputs) return checkTexts([inputs.text]);
  let elements = 0;
  for (const [name, { dims, data }] of Object.entries(inputs.tensors)) {
    elements += data.length;
    const size = dims.reduce((product, dim) => product * dim, 1);
    const isShape = dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0) && size === data.length;
    const wrong = !isShape
      ? `${data.length} numbers do not fill the shape [${dims.join(", ")}]`
      : data.some((one) => !Number.isFinite(one))
      ? "it holds what is no number"
      : null;
    if (wrong !== null) {
      throw new EngramError(
        "invalid_argument",
        `Cannot run the model on the input ${JSON.stringify(name)}: ${wrong}`,
      );
    }
  }
  if (elements > modelLimits.tensorElementsMax) {
    throw new EngramError(
      "payload_too_large",
      `Cannot run the model: its inputs hold more than ${modelLimits.tensorElementsMax} numbers`,
    );
  }
}
