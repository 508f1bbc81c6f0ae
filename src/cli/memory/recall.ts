/** engramlt recall: what answers a question, with the parts each hit's place is explained by. */
import type { Port, ViewResults } from "../../runtime/port.ts";
import { type Call, given, type Leaf } from "../command.ts";
import { dataFolder } from "../paths.ts";
import { allFlag, readContexts, whereElse } from "../project.ts";
import { oneLine, plural, type Screen } from "../terminal/screen.ts";
import { day, placeOf } from "../terminal/shown.ts";

type Recalled = ViewResults["recall"];
type Hit = Recalled["hits"][number];

function author({ by }: Hit): string {
  return by.agent ?? by.client ?? "a message";
}

function show(screen: Screen, { hits }: Recalled, explains: boolean): void {
  if (hits.length === 0) return screen.line("nothing found");
  for (const hit of hits) {
    const { id, snippet, score, parts, observedAt, supersededBy, facts } = hit;
    if (!screen.isTerminal && !explains) {
      screen.line([id, String(score), oneLine(snippet), placeOf(hit), observedAt ?? ""].join("\t"));
      continue;
    }
    const text = `"${oneLine(snippet)}"`;
    screen.line(
      `${screen.paint("bold", id)}  ${supersededBy === null ? text : screen.paint("strike", text)}`,
    );
    const when = observedAt === null ? "" : ` · ${day(observedAt)}`;
    const newer = supersededBy === null ? "" : ` · superseded by ${supersededBy}`;
    screen.line(
      screen.paint("dim", `        ${placeOf(hit) || "no source"}${when} · by ${author(hit)}${newer}`),
    );
    if (!explains) continue;
    const { lexical, vector, graph } = parts;
    screen.line(`        score ${score}: words ${lexical}, meaning ${vector}, links ${graph} (of 1000 each)`);
    for (const fact of facts) {
      const old = fact.supersededBy === null ? "" : `  (superseded by ${fact.supersededBy})`;
      screen.line(`        fact ${fact.id}: "${oneLine(fact.content)}"${old}`);
    }
  }
}

/** engramlt recall */
export const recall: Leaf = {
  name: "recall",
  says: "find the memories that answer a question, by words, meaning and links",
  places: [{ name: "question", says: "what you want to know", many: true, noFlag: true }],
  flags: [
    { flags: "--k N", says: "how many at most, 1 to 100 (default: 10)" },
    { flags: "--at WHEN", says: "as known at a tick or a date (a day alone: its end)" },
    { flags: "--min-confidence C", says: "leave out what is less certain, from 0 to 1" },
    { flags: "--explain", says: "show what each hit's score is made of" },
    allFlag,
  ],
  examples: ['recall "what did we decide about the gateway?"', 'recall "who leads Heron" --k 3 --explain'],
  notes:
    "Meaning takes part where a model is in the store (engramlt model) and has read the memories; words and links\n" +
    "always do. The same question over the same memories gives the same order. Scores compare within one answer only.",
  async run(call) {
    const question = call.needAll("question").join(" ");
    await withMeaning(call, (port) => answer(call, port, question));
  },
};

/** Does work with a port that knows what questions mean: a host has its own model; here the folder's is opened for it. */
export async function withMeaning(call: Call, work: (port: Port) => Promise<void>): Promise<void> {
  const port = await call.port();
  if (port.where === "host") return await work(port);
  const { openDataModels } = await import("../../runtime/models/models.ts");
  const models = openDataModels(dataFolder(call.screen.terminal, call.text("data")), {});
  if (models.embeddingModel() === null) return await work(port);
  try {
    const { withModel } = await import("../../runtime/models/embedding.ts");
    await work(withModel(port, models));
  } finally {
    models.close();
  }
}

async function answer(call: Call, port: Port, question: string): Promise<void> {
  const more = given({
    k: call.whole("k", 1),
    at: call.at(),
    minConfidence: call.number("min-confidence"),
  });
  const scope = await readContexts(call, port);
  const found = await port.view({ view: "recall", question, ...scope, ...more });
  call.screen.result(found, () => show(call.screen, found, call.has("explain")));
  const by = found.model === null ? "words and links" : `words, links and ${found.model.name}`;
  const elsewhere = found.hits.length === 0 ? whereElse(scope) : "";
  call.screen.summary(`${plural(found.hits.length, "memory", "memories")} by ${by}${elsewhere}`);
  if (found.hits.length === 0 && found.model === null) await noteModel(call);
}

/** What a person who found nothing may lack. */
async function noteModel(call: Call): Promise<void> {
  const { dataModelStatus } = await import("../../runtime/models/models.ts");
  const { model, offer } = dataModelStatus(dataFolder(call.screen.terminal, call.text("data")));
  if (model === null) call.screen.note(`What was said in other words is found with a model: ${offer}`);
}
