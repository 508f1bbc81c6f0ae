/** A model in the place of a model: the vector of a text is made of its words alone, the same everywhere. */
import { createHash } from "node:crypto";
import type { Embedder } from "../../src/runtime/models/embedding.ts";

const dimensions = 16;

/** One of 16 directions for each word, added up. */
function vectorOf(text: string): Float32Array {
  const sum = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/\w+/g) ?? [text]) {
    const at = (createHash("sha256").update(word).digest()[0] ?? 0) % dimensions;
    sum[at] = (sum[at] ?? 0) + 1;
  }
  const length = Math.hypot(...sum);
  return sum.map((one) => one / length);
}

/** The model, and what it was asked. `before` runs before each answer. */
export function wordEmbedder(
  before: (texts: readonly string[]) => void | Promise<void> = () => {},
): Embedder & { readonly asked: string[] } {
  const hash = "b".repeat(64), asked: string[] = [];
  return {
    asked,
    embeddingModel: () => ({ name: "words", hash }),
    async embed(texts) {
      asked.push(...texts);
      await before(texts);
      const inputHash = createHash("sha256").update(JSON.stringify(texts)).digest("hex");
      const model = { name: "words", hash, dimensions };
      return { vectors: texts.map(vectorOf), model, provider: "cpu", inputHash };
    },
  };
}
