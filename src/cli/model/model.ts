/**
 * engramlt model: the models in the data folder, and what one gives for an input.
 *
 * Invariant: it works on the folder's store itself, whether a host runs or not; a host sees a change at its next use.
 */
import { tensorOf } from "../../input/tensors.ts";
import { EngramError } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/records.ts";
import type { ListedModel, Models, Provider, Ran, RunInputs } from "../../runtime/models/models.ts";
import type { Call, Group, Leaf } from "../command.ts";
import { dataFolder, fromCaller } from "../paths.ts";
import { count, oneLine, plural, size } from "../terminal/screen.ts";

const example = "Xenova/all-MiniLM-L6-v2";
const providers: readonly Provider[] = ["cpu", "webgpu", "cuda"];

async function withModels<T>(call: Call, work: (models: Models) => Promise<T>): Promise<T> {
  const { openDataModels } = await import("../../runtime/models/models.ts");
  const provider = call.choice("provider", providers) ?? "cpu";
  const models = openDataModels(dataFolder(call.screen.terminal, call.text("data")), {
    provider,
    onEvent(event) {
      switch (event.event) {
        case "model_fallback":
          return call.screen.note(
            `${event.wanted} is not there: ${oneLine(event.reason)}; ${event.model} runs on the CPU`,
          );
        case "model_worker_lost":
          return call.screen.note(`The model's thread ended: ${oneLine(event.reason)}`);
        default:
          return event satisfies never;
      }
    },
  });
  try {
    return await work(models);
  } finally {
    models.close();
  }
}

/** Takes a model into the store, with progress. */
export async function pullModel(call: Call, given: string): Promise<Awaited<ReturnType<Models["pull"]>>> {
  const { terminal } = call.screen;
  const endpoint = call.text("endpoint") ?? (terminal.env("HF_ENDPOINT") || undefined);
  return await withModels(call, (models) =>
    models.pull(given, {
      endpoint,
      sha256: call.text("sha256") ?? undefined,
      resolve: (path) => fromCaller(terminal, path),
      onProgress: ({ file, done, total }) =>
        call.screen.progress({ done, total: total ?? done, what: `bytes of ${file}` }),
    }));
}

const short = (hash: string) => hash.slice(0, 12);

const pull: Leaf = {
  name: "pull",
  says: "take a model into the data folder: from a hub, a URL, or a folder or file of yours",
  places: [{ name: "name", says: "OWNER/NAME on the hub, a URL, or a path" }],
  flags: [
    { flags: "--endpoint URL", says: "the hub (default: HF_ENDPOINT, else https://huggingface.co)" },
    { flags: "--sha256 H", says: "what the weights must hash to" },
  ],
  examples: [`model pull ${example}`, "model pull ./my-model", "model pull all-MiniLM-L6-v2 --endpoint URL"],
  notes:
    "The weights are onnx/model_quantized.onnx, else onnx/model.onnx. The first pull records every file's hash, and\n" +
    "later pulls must equal it. A download that breaks off goes on where it ended. Nothing else reaches a network.",
  async run(call) {
    const pulled = await pullModel(call, call.need("name"));
    call.screen.result(pulled, () => call.screen.line(`${pulled.name}\t${pulled.hash}`));
    const { name, hash, bytes, dimensions, isNew } = pulled;
    const gives = dimensions > 0 ? `, ${dimensions} dimensions` : "";
    call.screen.summary(`${name} ${short(hash)}${isNew ? "" : " was there already"}: ${size(bytes)}${gives}`);
  },
};

function show(call: Call, models: readonly ListedModel[]): void {
  call.screen.table(models, [
    { title: "NAME", text: ({ name }) => name, fills: true },
    { title: "HASH", text: ({ hash }) => short(hash) },
    { title: "SIZE", text: ({ bytes }) => size(bytes), right: true },
    { title: "GIVES", text: ({ kind, dimensions }) => dimensions > 0 ? `${dimensions} dimensions` : kind },
    {
      title: "STATE",
      text: (one) => !one.isCurrent ? "older version" : one.preload ? "loaded with a host" : "",
    },
  ]);
}

const list: Leaf = {
  name: "list",
  says: "show the models in the data folder",
  examples: ["model list", "model list --json"],
  async run(call) {
    await withModels(call, (models) => {
      const rows = models.list();
      call.screen.list<ListedModel>("models", rows, {}, () => {
        if (rows.length > 0) show(call, rows);
      });
      call.screen.summary(
        rows.length > 0 ? plural(rows.length, "model") : `no model; engramlt model pull ${example}`,
      );
      return Promise.resolve();
    });
  },
};

const namePlace = { name: "name", says: "a model of the list; NAME@HASH is one version" } as const;

function loads(name: "load" | "unload", says: string): Leaf {
  return {
    name,
    says,
    places: [namePlace],
    examples: [`model ${name} ${example}`],
    async run(call) {
      const given = call.need("name");
      const model = await withModels(call, (models) => models[name](given));
      call.screen.result(model, () => call.screen.line(model.name));
      call.screen.summary(`${model.name} is ${name === "load" ? "" : "no longer "}opened when a host starts`);
    },
  };
}

const remove: Leaf = {
  name: "rm",
  says: "remove a model, or NAME@HASH one version of it, and forget its recorded hash",
  places: [namePlace],
  examples: [`model rm ${example}`],
  async run(call) {
    const given = call.need("name");
    const removed = await withModels(call, (models) => models.remove(given));
    call.screen.result(removed, () => call.screen.line(removed.name));
    call.screen.summary(`${removed.name}: ${plural(removed.removed.length, "version")} removed`);
  },
};

function inputsOf(call: Call): RunInputs {
  const text = call.text("text");
  const tensors: JsonObject | null = call.object("inputs");
  if ((text === null) === (tensors === null)) {
    throw new EngramError(
      "usage",
      "Cannot run the model: it takes TEXT, or --inputs JSON",
      {},
      `For example: engramlt model run ${example} "a text"`,
    );
  }
  if (tensors === null) return { text: text ?? "" };
  return {
    tensors: Object.fromEntries(
      Object.entries(tensors).map(([name, value]) => [name, tensorOf(name, value)]),
    ),
  };
}

/** Numbers shown to a person of one output. */
const shownMax = 8;

function showRun(call: Call, ran: Ran): void {
  for (const { label, score } of ran.labels ?? []) call.screen.line(`${score.toFixed(4)}\t${oneLine(label)}`);
  if (ran.embedding !== undefined) {
    const some = ran.embedding.slice(0, shownMax).map((one) => Number(one.toPrecision(6))).join(" ");
    call.screen.line(`embedding\t[${ran.embedding.length}]\t${some} …`);
  }
  for (const [name, { dims, type, data }] of Object.entries(ran.outputs)) {
    const some = data.slice(0, shownMax).map((one) => Number(one.toPrecision(6))).join(" ");
    call.screen.line(
      `${oneLine(name)}\t${type} [${dims.join(", ")}]\t${some}${data.length > shownMax ? " …" : ""}`,
    );
  }
}

const run: Leaf = {
  name: "run",
  says: "run a model on a text, or on inputs of your own, and print what it gives",
  places: [namePlace, { name: "text", says: "the text", optional: true }],
  flags: [
    { flags: "--inputs JSON", says: 'lists of numbers by input, such as {"x": [[1, 2]]}' },
    { flags: "--provider P", says: "where to run; what is not there is the CPU", choices: providers },
  ],
  examples: [`model run ${example} "the cat sat on the mat" --json`],
  async run(call) {
    const name = call.need("name");
    const inputs = inputsOf(call);
    const ran = await withModels(call, (models) => models.run(name, inputs));
    call.screen.result(ran, () => showRun(call, ran));
    const numbers = Object.values(ran.outputs).reduce((sum, { data }) => sum + data.length, 0);
    call.screen.summary(
      `${count(numbers)} numbers from ${ran.model.name} ${short(ran.model.hash)} on ${ran.provider}`,
    );
  },
};

/** engramlt model … */
export const model: Group = {
  name: "model",
  says: "models for embeddings: pull, list, run",
  commands: [
    pull,
    list,
    loads("load", "open a model now, and whenever a host starts"),
    loads("unload", "no longer open a model when a host starts"),
    remove,
    run,
  ],
};
