/**
 * ONNX models of a few hundred bytes, written by hand as protobuf: enough to prove a store, sessions and refusals.
 *
 * `embedder` gives, for token ids, rows of a table (Gather): [1, tokens, dimensions], as `last_hidden_state`.
 */

const encoder = new TextEncoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value;; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** A length-delimited field. */
function field(number: number, ...parts: (readonly number[] | Uint8Array | string)[]): number[] {
  const bytes = parts.flatMap((part) => typeof part === "string" ? [...encoder.encode(part)] : [...part]);
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

const number = (at: number, value: number) => [...varint(at * 8), ...varint(value)];

/** An input or output: element type (1 float32, 7 int64) and dimensions, a text being a name for any. */
function valueInfo(name: string, type: number, dims: readonly (number | string)[]): number[] {
  const shape = dims.flatMap((dim) => field(1, typeof dim === "number" ? number(1, dim) : field(2, dim)));
  return [...field(1, name), ...field(2, field(1, number(1, type), field(2, shape)))];
}

function model(graph: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...number(1, 8), ...field(7, graph), ...field(8, number(2, 13))]);
}

/** A model that looks token ids up in a table of `tokens` × `dimensions`; its numbers are made from `seed`. */
export function embedder(tokens: number, dimensions: number, seed = 1): Uint8Array<ArrayBuffer> {
  const numbers = Float32Array.from(
    { length: tokens * dimensions },
    (_, at) => Math.sin(seed * (at + 1) * 12.9898),
  );
  const table = [
    ...number(1, tokens),
    ...number(1, dimensions),
    ...number(2, 1),
    ...field(8, "table"),
    ...field(9, new Uint8Array(numbers.buffer)),
  ];
  return model([
    ...field(1, field(1, "table"), field(1, "input_ids"), field(2, "last_hidden_state"), field(4, "Gather")),
    ...field(2, "tiny"),
    ...field(5, table),
    ...field(11, valueInfo("input_ids", 7, ["batch", "sequence"])),
    ...field(12, valueInfo("last_hidden_state", 1, ["batch", "sequence", dimensions])),
  ]);
}

/** A model that gives its input `x` of [n, 2] back as `y`, its sign turned. */
export function negation(): Uint8Array<ArrayBuffer> {
  return model([
    ...field(1, field(1, "x"), field(2, "y"), field(4, "Neg")),
    ...field(2, "negation"),
    ...field(11, valueInfo("x", 1, ["n", 2])),
    ...field(12, valueInfo("y", 1, ["n", 2])),
  ]);
}

/** A model that multiplies `x` of [n, rows] by a matrix of `rows` × `columns` into `y`: sums whose order shows. */
export function product(rows: number, columns: number): Uint8Array<ArrayBuffer> {
  const numbers = Float32Array.from({ length: rows * columns }, (_, at) => Math.sin((at + 1) * 78.233));
  const matrix = [
    ...number(1, rows),
    ...number(1, columns),
    ...number(2, 1),
    ...field(8, "matrix"),
    ...field(9, new Uint8Array(numbers.buffer)),
  ];
  return model([
    ...field(1, field(1, "x"), field(1, "matrix"), field(2, "y"), field(4, "MatMul")),
    ...field(2, "product"),
    ...field(5, matrix),
    ...field(11, valueInfo("x", 1, ["n", rows])),
    ...field(12, valueInfo("y", 1, ["n", columns])),
  ]);
}

const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "dog", "sat", "ran", "the", "on", "mat", "hill"];

/** The tokenizer for {@link embedder}: a dozen words. */
function tinyTokenizer(): Uint8Array<ArrayBuffer> {
  const special = (id: number) => ({
    id,
    content: words[id],
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  const mark = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const ids = (id: number) => ({ id: words[id], ids: [id], tokens: [words[id]] });
  return encoder.encode(JSON.stringify({
    version: "1.0",
    truncation: { max_length: 3, strategy: "LongestFirst", stride: 0, direction: "Right" },
    padding: { strategy: { Fixed: 64 }, direction: "Right", pad_id: 0, pad_type_id: 0, pad_token: "[PAD]" },
    added_tokens: [0, 1, 2, 3].map(special),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [mark("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, mark("[SEP]")],
      pair: [],
      special_tokens: { "[CLS]": ids(2), "[SEP]": ids(3) },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
    },
  }));
}

/** The files of a small embedding model, as a hub has them. */
export function tinyModel(dimensions = 4, seed = 1): Record<string, Uint8Array<ArrayBuffer>> {
  return {
    "onnx/model_quantized.onnx": embedder(words.length, dimensions, seed),
    "tokenizer.json": tinyTokenizer(),
    "config.json": encoder.encode(JSON.stringify({ hidden_size: dimensions, max_position_embeddings: 16 })),
  };
}
