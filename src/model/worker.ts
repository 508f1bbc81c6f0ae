/**
 * The model worker: onnxruntime sessions and tokenizers. A run blocks this thread and no other.
 *
 * Invariants:
 * 1. One text a run: models quantised at run time scale by the whole batch, so an embedding would depend on what
 *    else was in it; and a batch is no faster on the CPU (bench/model_bench.ts).
 * 2. On the CPU: one thread, sequential, deterministic kernels. The same text gives the same bits on one machine.
 * 3. It writes nothing and reaches no network.
 * 4. It steps back: no tick and no answer waits for a core that works on vectors.
 */
import { Tokenizer } from "@huggingface/tokenizers";
import * as ort from "onnxruntime-node";
import { join } from "node:path";
import { EngramError } from "../kernel/errors.ts";
import { modelLimits } from "./limits.ts";
import { stepBack } from "./low_priority.ts";
import type {
  Asked,
  Opened,
  Provider,
  Replied,
  RunInputs,
  RunOutputs,
  TensorValue,
  WorkerCall,
} from "./calls.ts";

interface Session {
  readonly ort: ort.InferenceSession;
  readonly tokenizer: Tokenizer | null;
  readonly tokensMax: number;
  readonly pooling: "mean" | "cls";
  /** The output that holds the embedding, or token by token what it is pooled from. */
  readonly output: string;
  readonly labels: readonly string[];
  readonly provider: Provider;
}

const sessions = new Map<string, Session>();

const words = (error: unknown) => error instanceof Error ? error.message : String(error);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function broken(name: string, state: string): EngramError {
  return new EngramError("model_invalid", `Cannot open the model ${name}: ${state}`, { model: name });
}

/** A JSON file of the model's folder, or null where there is none. */
function readJson(name: string, folder: string, file: string): Readonly<Record<string, unknown>> | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(join(folder, file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw broken(name, `${file} is not a JSON object`);
}

function readTokenizer(name: string, folder: string): Tokenizer | null {
  const tokenizer = readJson(name, folder, "tokenizer.json");
  if (tokenizer === null) return null;
  // What a packaged tokenizer cuts and pads to is another one's choice; the sequence limit here is the model's.
  const config = readJson(name, folder, "tokenizer_config.json") ?? {};
  try {
    return new Tokenizer({ ...tokenizer, truncation: null, padding: null }, config);
  } catch (error) {
    throw broken(name, `its tokenizer cannot be read: ${words(error)}`);
  }
}

function options(provider: Provider): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 4,
    extra: { session: { use_deterministic_compute: "1", intra_op: { allow_spinning: "0" } } },
  };
}

async function create(
  name: string,
  path: string,
  wanted: Provider,
): Promise<[ort.InferenceSession, Provider, string | null]> {
  let reason: string | null = null;
  if (wanted !== "cpu") {
    try {
      return [await ort.InferenceSession.create(path, options(wanted)), wanted, null];
    } catch (error) {
      reason = words(error);
    }
  }
  try {
    return [await ort.InferenceSession.create(path, options("cpu")), "cpu", reason];
  } catch (error) {
    throw broken(name, words(error).slice(0, 500));
  }
}

type OpenCall = Extract<WorkerCall, { call: "open" }>;

const wholeOf = (value: unknown, max: number): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0 && value <= max ? value : null;

function tokensMaxOf(call: OpenCall): number {
  const said = readJson(call.name, call.folder, "sentence_bert_config.json")?.["max_seq_length"];
  const positions = readJson(call.name, call.folder, "config.json")?.["max_position_embeddings"];
  const most = wholeOf(positions, 1_000_000) ?? modelLimits.sequenceTokensMax;
  return Math.min(
    most,
    wholeOf(said, 1_000_000) ?? modelLimits.sequenceTokensMax,
    modelLimits.sequenceTokensMax * 2,
  );
}

function labelsOf(call: OpenCall): string[] {
  const labels = readJson(call.name, call.folder, "config.json")?.["id2label"];
  return isObject(labels) ? Object.values(labels).map(String) : [];
}

/** Opens a session, or finds it open. */
async function open(call: OpenCall): Promise<Opened> {
  const [session, provider, fellBack] = await create(
    call.name,
    join(call.folder, call.weights),
    call.provider,
  );
  const names = session.outputNames;
  const preferred = ["sentence_embedding", "last_hidden_state", "token_embeddings", "logits"];
  const output = preferred.find((name) => names.includes(name)) ?? names[0] ?? "";
  const pooling =
    readJson(call.name, call.folder, "1_Pooling/config.json")?.["pooling_mode_cls_token"] === true
      ? "cls"
      : "mean";
  const one: Session = {
    ort: session,
    tokenizer: readTokenizer(call.name, call.folder),
    tokensMax: tokensMaxOf(call),
    pooling,
    output,
    labels: labelsOf(call),
    provider,
  };
  const kind = one.tokenizer === null ? "other" : output === "logits" ? "classify" : "embed";
  const dimensions = kind === "embed" ? (await embedOne(call.name, one, "a sentence")).length : 0;
  const said = readJson(call.name, call.folder, "config.json")?.["hidden_size"];
  if (kind === "embed" && said !== undefined && said !== dimensions) {
    await session.release();
    throw broken(
      call.name,
      `it gives ${dimensions} dimensions, and its configuration says ${JSON.stringify(said)}`,
    );
  }
  await sessions.get(call.key)?.ort.release();
  sessions.set(call.key, one);
  return { kind, dimensions, provider, fellBack, inputs: [...session.inputNames], outputs: [...names] };
}

function need(key: string): Session {
  const session = sessions.get(key);
  if (session === undefined) throw new Error(`Fault: the session ${key} is not open`);
  return session;
}

/** The tokens of a text, cut to the model's limit with the last one (the closing mark) kept. */
function tokensOf(session: Session, tokenizer: Tokenizer, text: string): number[] {
  const { ids } = tokenizer.encode(text.slice(0, modelLimits.textReadCharactersMax));
  const last = ids.at(-1);
  if (ids.length <= session.tokensMax || last === undefined) return ids;
  return [...ids.slice(0, session.tokensMax - 1), last];
}

function feedsOf(session: Session, ids: readonly number[]): Record<string, ort.Tensor> {
  const tensor = (value: (at: number) => bigint) =>
    new ort.Tensor("int64", BigInt64Array.from({ length: ids.length }, (_, at) => value(at)), [
      1,
      ids.length,
    ]);
  const feeds: Record<string, ort.Tensor> = {};
  for (const name of session.ort.inputNames) {
    switch (name) {
      case "input_ids":
        feeds[name] = tensor((at) => BigInt(ids[at] ?? 0));
        break;
      case "attention_mask":
        feeds[name] = tensor(() => 1n);
        break;
      case "token_type_ids":
        feeds[name] = tensor(() => 0n);
        break;
      case "position_ids":
        feeds[name] = tensor((at) => BigInt(at));
        break;
      default:
        throw new EngramError(
          "model_failed",
          `Cannot run the model: it wants an input ${JSON.stringify(name)}, which texts do not give`,
        );
    }
  }
  return feeds;
}

async function runTokens(
  name: string,
  session: Session,
  text: string,
): Promise<ort.InferenceSession.OnnxValueMapType> {
  if (session.tokenizer === null) {
    throw new EngramError("model_failed", `Cannot embed with the model ${name}: it has no tokenizer.json`, {
      model: name,
    });
  }
  const feeds = feedsOf(session, tokensOf(session, session.tokenizer, text));
  try {
    return await session.ort.run(feeds);
  } catch (error) {
    throw new EngramError("model_failed", `Cannot run the model ${name}: ${words(error).slice(0, 500)}`, {
      model: name,
    });
  }
}

/** Pools over the tokens (there is no padding: each is real), then makes the length 1. */
function pooled(name: string, session: Session, value: ort.OnnxValue | undefined): Float32Array {
  if (!(value instanceof ort.Tensor) || !(value.data instanceof Float32Array)) {
    throw broken(name, "its output is not float32");
  }
  const { data, dims } = value;
  const [tokens, size] = dims.length === 3 ? [dims[1] ?? 0, dims[2] ?? 0] : [1, dims.at(-1) ?? 0];
  if (
    dims[0] !== 1 || tokens < 1 || size < 1 || size > modelLimits.dimensionsMax ||
    data.length !== tokens * size
  ) {
    throw broken(name, `its output has the shape [${dims.join(", ")}]`);
  }
  const vector = new Float32Array(size);
  const rows = session.pooling === "cls" ? 1 : tokens;
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < size; at++) vector[at] = (vector[at] ?? 0) + (data[row * size + at] ?? 0);
  }
  let square = 0;
  for (const one of vector) square += (one / rows) ** 2;
  const length = Math.sqrt(square);
  if (!Number.isFinite(length) || length === 0) {
    throw new EngramError("model_failed", `Cannot embed with the model ${name}: it gives no direction`);
  }
  return vector.map((one) => one / rows / length);
}

async function embedOne(name: string, session: Session, text: string): Promise<Float32Array> {
  return pooled(name, session, (await runTokens(name, session, text))[session.output]);
}

function tensorOf(name: string, value: TensorValue, type: string): ort.Tensor {
  const given = value.data;
  switch (type) {
    case "float32":
      return new ort.Tensor("float32", Float32Array.from(given), value.dims);
    case "float64":
      return new ort.Tensor("float64", Float64Array.from(given), value.dims);
    case "int32":
      return new ort.Tensor("int32", Int32Array.from(given), value.dims);
    case "int64":
      return new ort.Tensor("int64", BigInt64Array.from(given, (one) => BigInt(Math.trunc(one))), value.dims);
    case "bool":
      return new ort.Tensor("bool", Uint8Array.from(given, (one) => one === 0 ? 0 : 1), value.dims);
    default:
      throw new EngramError(
        "model_failed",
        `Cannot run the model: its input ${JSON.stringify(name)} is ${type}, which is not offered`,
      );
  }
}

function outputsOf(values: ort.InferenceSession.OnnxValueMapType): RunOutputs {
  const outputs: Record<string, { dims: number[]; type: string; data: number[] }> = {};
  for (const [name, value] of Object.entries(values)) {
    if (!(value instanceof ort.Tensor) || value.data.length > modelLimits.tensorElementsMax) {
      throw new EngramError(
        "model_failed",
        `Cannot give the output ${JSON.stringify(name)}: it is no tensor, or too large`,
      );
    }
    const data = Array.from(value.data as ArrayLike<number | bigint | string>, Number);
    outputs[name] = { dims: [...value.dims], type: value.type, data };
  }
  return outputs;
}

async function run(call: Extract<WorkerCall, { call: "run" }>): Promise<RunOutputs> {
  const session = need(call.key);
  if ("text" in call.inputs) return outputsOf(await runTokens(call.name, session, call.inputs.text));
  const feeds: Record<string, ort.Tensor> = {};
  const given: RunInputs & { readonly tensors: Readonly<Record<string, TensorValue>> } = call.inputs;
  for (const { name, ...meta } of session.ort.inputMetadata) {
    const value = Object.hasOwn(given.tensors, name) ? given.tensors[name] : undefined;
    if (value === undefined) throw wrongInput(call.name, `the input ${JSON.stringify(name)} is missing`);
    feeds[name] = tensorOf(name, value, meta.isTensor ? meta.type : "none");
  }
  const extra = Object.keys(given.tensors).find((name) => !Object.hasOwn(feeds, name));
  if (extra !== undefined) throw wrongInput(call.name, `it has no input ${JSON.stringify(extra)}`);
  try {
    return outputsOf(await session.ort.run(feeds));
  } catch (error) {
    if (error instanceof EngramError) throw error;
    throw wrongInput(call.name, words(error).slice(0, 500));
  }
}

const wrongInput = (name: string, state: string) =>
  new EngramError("invalid_argument", `Cannot run the model ${name}: ${state}`, { model: name });

async function answer(call: WorkerCall): Promise<unknown> {
  switch (call.call) {
    case "open":
      return await open(call);
    case "close":
      await sessions.get(call.key)?.ort.release();
      sessions.delete(call.key);
      return null;
    case "embed": {
      const session = need(call.key);
      const vectors: Float32Array[] = [];
      for (const text of call.texts) vectors.push(await embedOne(call.name, session, text));
      return vectors;
    }
    case "run":
      return { outputs: await run(call), labels: need(call.key).labels };
    default:
      return call satisfies never;
  }
}

/** The types of a window are the ones in force here; a worker's own postMessage takes a message alone. */
function say(message: Replied): void {
  Reflect.apply(Reflect.get(globalThis, "postMessage"), globalThis, [message]);
}

stepBack();
let last: Promise<void> = Promise.resolve();
globalThis.addEventListener("message", (event) => {
  const { id, call }: Asked = Reflect.get(event, "data");
  last = last.then(async () => {
    try {
      say({ id, value: await answer(call) });
    } catch (error) {
      say({ id, error: error instanceof EngramError ? error.toJSON() : null, words: words(error) });
    }
  });
});
