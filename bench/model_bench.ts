/**
 * The rate of `Models.embed` beside bare onnxruntime on the same tokens, in the same run.
 *
 *   ENGRAMLT_TEST_MODEL_HUB=DIR deno task bench model
 *
 * Needs the real MiniLM (../shared/tools/minilm/hub DIR lays it out); with --smoke or without it, a tiny model that
 * shows only that the bench works. Bare: one session with the same settings in this thread, feeds made beforehand.
 */
import * as ort from "onnxruntime-node";
import { Tokenizer } from "@huggingface/tokenizers";
import { openDataModels } from "../src/runtime/models/models.ts";
import { miniLmFolder, miniLmNeeds } from "../tests/support/minilm.ts";
import { layOut } from "../tests/support/model_hub.ts";
import { tinyModel } from "../tests/support/onnx.ts";
import { bench, runBenches, smoke, temporary } from "./measure.ts";

const real = smoke ? null : miniLmFolder();
if (real === null && !smoke) console.log(`a tiny model stands in: the figures say nothing (${miniLmNeeds})`);
const root = temporary();
const folder = real ?? await layOut(`${root}/tiny`, tinyModel());

const models = openDataModels(`${root}/data`);
await models.pull(folder);
const tokenizer = new Tokenizer(JSON.parse(Deno.readTextFileSync(`${folder}/tokenizer.json`)), {});
const session = await ort.InferenceSession.create(`${folder}/onnx/model_quantized.onnx`, {
  executionProviders: ["cpu"],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  extra: { session: { use_deterministic_compute: "1", intra_op: { allow_spinning: "0" } } },
});

const sentence = "The library moved to the new building in March, and the opening hours changed with it.";
const short = Array.from({ length: 64 }, (_, at) => `Note ${at}. ${sentence}`);
const long = Array.from({ length: 4 }, (_, at) => `Note ${at}. ${`${sentence} `.repeat(10)}`);

function feeds(text: string): Record<string, ort.Tensor> {
  const { ids } = tokenizer.encode(text);
  const tensor = (value: (id: number) => number) =>
    new ort.Tensor("int64", BigInt64Array.from(ids, (id) => BigInt(value(id))), [1, ids.length]);
  const all: Record<string, ort.Tensor> = {
    input_ids: tensor((id) => id),
    attention_mask: tensor(() => 1),
    token_type_ids: tensor(() => 0),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => session.inputNames.includes(name)));
}

for (const [what, texts] of [["short", short], ["long", long]] as const) {
  const made = texts.map(feeds);
  const tokens = made[0]?.["input_ids"]?.dims[1] ?? 0;
  const group = `embedding ${what} texts (${tokens} tokens)`;
  bench({
    group,
    name: "bare onnxruntime, a text a run",
    baseline: true,
    operations: texts.length,
    fn: async () => {
      for (const one of made) await session.run(one);
    },
  });
  bench({
    group,
    name: "embed(), from text to vector",
    operations: texts.length,
    fn: () => models.embed(texts),
  });
}

bench({
  group: "one question",
  name: "embed() of one short text",
  fn: () => models.embed(["when did the library move"]),
});

await runBenches();
models.close();
Deno.exit(0);
