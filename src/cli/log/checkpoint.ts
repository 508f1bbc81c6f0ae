/**
 * engramlt checkpoint: the memory graph of a tick, kept to begin from.
 *
 * Invariant: it works on the folder itself, whether a host runs or not: one is made from a read of its own.
 */
import { EngramError } from "../../kernel/errors.ts";
import type { CheckpointView } from "../../runtime/checkpoint/checkpoint.ts";
import type { CheckpointVerdict } from "../../runtime/checkpoint/use.ts";
import { type DataPaths, dataPaths, exists } from "../../runtime/data_folder.ts";
import { type Call, type Group, type Leaf, usage } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { count, plural, size } from "../terminal/screen.ts";
import { minute } from "../terminal/shown.ts";

function pathsOf(call: Call): DataPaths {
  const { data } = connectOptions(call);
  if (exists(data)) return dataPaths(data);
  throw new EngramError(
    "data_folder_missing",
    `Cannot look for checkpoints: there is no data folder ${data}`,
    {},
    "engramlt up makes it",
  );
}

/** A checkpoint as it is named: a tick, or the newest. */
export function whichCheckpoint(call: Call, name: string): number | "latest" | null {
  const text = call.text(name);
  if (text === null || text === "latest") return text;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw usage(
    `Cannot run "${call.path}": ${JSON.stringify(text)} is neither a tick nor "latest"`,
    "engramlt checkpoint list shows them",
  );
}

const create: Leaf = {
  name: "create",
  says: "keep the memory graph as it is now: a replay and a rebuild can begin there",
  examples: ["checkpoint create", "checkpoint create --json"],
  notes:
    "It changes nothing that is remembered, and nobody waits for it. The newest 8 are kept: of more, the oldest go.\n" +
    "Each takes as much of the disk as graph.db. engramlt erase removes those that hold what it erases.",
  async run(call) {
    const port = await call.port(); // where no host runs, the folder is opened: the graph is what the log says
    await port.view({ view: "status" });
    const { makeCheckpoint } = await import("../../runtime/checkpoint/checkpoint.ts");
    const made = makeCheckpoint({ paths: pathsOf(call) });
    call.screen.result(made, () => call.screen.line(`${made.tick}\t${made.stateHash}`));
    const { tick, bytes, created, removed } = made;
    const gone = removed.length === 0 ? "" : `; removed the oldest: tick ${removed.map(count).join(", ")}`;
    call.screen.summary(
      `tick ${count(tick)}${created ? "" : " had one already"}: ${size(bytes)}${gone}`,
    );
  },
};

const list: Leaf = {
  name: "list",
  says: "show the checkpoints in the data folder, and what is wrong with one",
  examples: ["checkpoint list", "checkpoint list --json"],
  notes: "This looks at each and at the log; engramlt checkpoint verify reads them.",
  async run(call) {
    const { listCheckpoints } = await import("../../runtime/checkpoint/checkpoint.ts");
    const rows = listCheckpoints(pathsOf(call));
    call.screen.list<CheckpointView>("checkpoints", rows, {}, () => {
      if (rows.length === 0) return;
      call.screen.table(rows, [
        { title: "TICK", text: ({ tick }) => String(tick), right: true },
        { title: "MADE", text: ({ madeAt }) => madeAt === "" ? "" : minute(madeAt) },
        { title: "SIZE", text: ({ bytes }) => size(bytes), right: true },
        { title: "STATE HASH", text: ({ stateHash }) => stateHash.slice(0, 16) },
        { title: "PROBLEM", text: ({ problem }) => problem ?? "", fills: true },
      ]);
    });
    call.screen.summary(
      rows.length > 0 ? plural(rows.length, "checkpoint") : "no checkpoint; engramlt checkpoint create",
    );
  },
};

/** The refusal for a verdict that is not good, or null. */
export function refusalOf({ tick, ok, problem, first }: CheckpointVerdict): EngramError | null {
  if (ok) return null;
  if (problem !== null) {
    const message = `Cannot trust the checkpoint of tick ${tick}: ${problem}`;
    return new EngramError("checkpoint_corrupt", message, { tick }, `engramlt checkpoint rm ${tick}`);
  }
  const message =
    `Cannot trust the memory graph: its ${first?.kind} are not those of the checkpoint of tick ${tick}`;
  return new EngramError(
    "graph_corrupt",
    message,
    { tick, ...first },
    "engramlt replay says which of the two the log made; a graph.db that is removed is made again",
  );
}

const verify: Leaf = {
  name: "verify",
  says: "read a checkpoint, and compare the memory graph with it",
  places: [{ name: "tick", says: "its tick; latest is the newest", optional: true, noFlag: true }],
  examples: ["checkpoint verify", "checkpoint verify 120 --json"],
  notes:
    "It reads every byte of the checkpoint, and every row of the graph as it was at that tick. The first row that\n" +
    "differs is named. Vectors are not compared: they may be made anew.",
  async run(call) {
    const { screen } = call;
    const { verifyCheckpoint } = await import("../../runtime/checkpoint/use.ts");
    const verdict = verifyCheckpoint({
      paths: pathsOf(call),
      which: whichCheckpoint(call, "tick") ?? "latest",
    });
    screen.result(verdict, () => {
      const { tick, graph, first } = verdict;
      if (verdict.ok) {
        screen.line(`${screen.paint("green", "✓")} tick ${count(tick)}: the checkpoint is whole`);
      }
      if (graph === "equal") screen.line(`${screen.paint("green", "✓")} the memory graph has the same rows`);
      if (first === undefined) return;
      screen.line(`${screen.paint("red", "✗")} the first of the ${first.kind} that differs`);
      screen.line(`  checkpoint ${JSON.stringify(first.expected)}`);
      screen.line(`  now        ${JSON.stringify(first.actual)}`);
    });
    screen.summary(verdict.ok ? "all is well" : "something is wrong");
    const refusal = refusalOf(verdict);
    if (refusal !== null) throw refusal;
  },
};

const remove: Leaf = {
  name: "rm",
  says: "remove a checkpoint; the log has everything that is in it",
  places: [{ name: "tick", says: "its tick", noFlag: true }],
  examples: ["checkpoint rm 120"],
  async run(call) {
    const { removeCheckpoint } = await import("../../runtime/checkpoint/checkpoint.ts");
    const tick = whichCheckpoint(call, "tick");
    if (typeof tick !== "number") throw usage('Cannot run "checkpoint rm": it takes the tick of one');
    const removed = removeCheckpoint(pathsOf(call), tick);
    call.screen.result(removed, () => call.screen.line(String(removed.tick)));
    call.screen.summary(`the checkpoint of tick ${count(tick)} is removed`);
  },
};

/** engramlt checkpoint … */
export const checkpoint: Group = {
  name: "checkpoint",
  says: "the memory graph of a tick, kept so that a replay or a rebuild can begin there",
  commands: [create, list, verify, remove],
};
