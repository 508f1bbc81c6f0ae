/** engramlt memory embed: let the model in the store read the memories, so that recall finds by meaning. */
import type { Port } from "../../runtime/port.ts";
import type { Call, Leaf } from "../command.ts";
import { dataFolder } from "../paths.ts";
import { plural } from "../terminal/screen.ts";

/** ms between two looks at what a host still has to embed. */
const pollMs = 100;

/** How many memories wait for a host's model, until none does; those that a model refuses stay and are counted. */
async function untilDone(
  call: Call,
  port: Port,
  hash: string,
): Promise<{ embedded: number; skipped: number }> {
  const total = await waiting(port, hash);
  let left = total, same = 0;
  // A host that makes no progress for as long as a slow batch may take has only refused ones left.
  for (const sameMax = 10_000 / pollMs; left > 0 && same < sameMax;) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    const now = await waiting(port, hash);
    same = now === left ? same + 1 : 0;
    left = now;
    call.screen.progress({ done: Math.max(0, total - left), total, what: "memories" });
  }
  return { embedded: total - left, skipped: left };
}

async function waiting(port: Port, model: string): Promise<number> {
  return (await port.view({ view: "unembedded", model, limit: 1 })).count;
}

/** engramlt memory embed */
export const embed: Leaf = {
  name: "embed",
  says: "let the model in the store read the memories, so that recall finds by meaning",
  flags: [{ flags: "--wait", says: "return when nothing waits any more (without a host: always)" }],
  examples: ["memory embed", "memory embed --wait --json"],
  notes: "A running host does this by itself, in the background. engramlt model pull fetches a model.",
  async run(call) {
    const { openDataModels } = await import("../../runtime/models/models.ts");
    const { embedWaiting, noModel } = await import("../../runtime/models/embedding.ts");
    const models = openDataModels(dataFolder(call.screen.terminal, call.text("data")), {});
    try {
      const model = models.embeddingModel();
      if (model === null) throw noModel();
      const port = await call.port();
      const report = port.where === "here"
        ? await embedWaiting(port, models, { onProgress: (progress) => call.screen.progress(progress) })
        : call.has("wait")
        ? await untilDone(call, port, model.hash)
        : { embedded: 0, skipped: 0 };
      const left = await waiting(port, model.hash);
      const { name, hash } = model;
      call.screen.result({ ...report, waiting: left, model: { name, hash } }, () => {
        call.screen.line(`${plural(report.embedded, "memory", "memories")} read by ${name}`);
        if (report.skipped > 0) {
          call.screen.line(`${plural(report.skipped, "memory", "memories")} refused by it`);
        }
      });
      call.screen.summary(left === 0 ? "nothing waits" : `${plural(left, "memory", "memories")} wait`);
    } finally {
      models.close();
    }
  },
};
