/** What `status` says of a folder. */
import type { Graph } from "../../graph/mod.ts";
import type { State } from "../../kernel/mod.ts";
import { type Log, toHex } from "../../log/mod.ts";
import { buildInfo } from "../assets.ts";
import type { DataPaths } from "../data_folder.ts";
import type { StatusView } from "../port.ts";

/** Facts of whoever has the folder open. */
export type LiveFacts = Pick<StatusView, "workers" | "executionMs" | "inbox" | "restored">;

/** The status of a folder whose graph and log stand at the state's tick. */
export function statusOf(
  { state, graph, log, paths, live }: {
    readonly state: State;
    readonly graph: Graph;
    readonly log: Log;
    readonly paths: DataPaths;
    readonly live: LiveFacts;
  },
): StatusView {
  const { engrams, connections, contexts } = graph.counts();
  const pages = [...state.agents.values()].reduce((sum, agent) => sum + agent.pages, 0);
  return {
    version: buildInfo().version,
    tick: state.tick,
    stateHash: toHex(log.hash),
    time: new Date(state.time).toISOString(),
    agents: state.agents.size,
    engrams,
    connections,
    contexts,
    memoryBytes: pages * 65_536,
    functionCalls: state.functionCalls,
    waitingMessages: [...state.mail.values()].reduce((sum, box) => sum + box.length, 0),
    workflows: state.runs.size,
    folder: state.folder,
    data: paths.root,
    cut: log.report.cut,
    ...live,
  };
}
