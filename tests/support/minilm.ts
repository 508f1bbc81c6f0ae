/**
 * The folder of a hub with the real all-MiniLM-L6-v2, for the tests and benches that need it.
 *
 * ENGRAMLT_TEST_MODEL_HUB names it; `../shared/tools/minilm/hub DIR` lays it out. It is never made unasked.
 */
export const miniLm = "sentence-transformers/all-MiniLM-L6-v2";

/** What a test that needs it says when it is not there. */
export const miniLmNeeds =
  "needs all-MiniLM-L6-v2: ../shared/tools/minilm/hub DIR, then ENGRAMLT_TEST_MODEL_HUB=DIR";

/** The model's files by path, or null where they are not there. */
export function miniLmFolder(): string | null {
  const hub = Deno.env.get("ENGRAMLT_TEST_MODEL_HUB") ?? "";
  if (hub === "") return null;
  const folder = `${hub}/${miniLm}`;
  try {
    return Deno.statSync(`${folder}/onnx/model_quantized.onnx`).isFile ? folder : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The files that a hub serves of it. */
export function miniLmFiles(folder: string): Record<string, Uint8Array<ArrayBuffer>> {
  const paths = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "onnx/model_quantized.onnx",
  ];
  return Object.fromEntries(paths.map((path) => [path, Deno.readFileSync(`${folder}/${path}`)]));
}
