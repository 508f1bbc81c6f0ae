/** The command tree: every command, in the order help shows them. */
import { agent } from "./agent/agent.ts";
import { workflow } from "./agent/workflow.ts";
import type { Node } from "./command.ts";
import { demo } from "./demo/demo.ts";
import { completions } from "./help/completions.ts";
import { help } from "./help/help.ts";
import { doctor } from "./host/doctor.ts";
import { api, down, metrics, status } from "./host/host.ts";
import { logs } from "./host/logs.ts";
import { mcp } from "./host/mcp.ts";
import { hostRun } from "./host/run.ts";
import { service } from "./host/service.ts";
import { config } from "./host/settings.ts";
import { token } from "./host/token.ts";
import { up } from "./host/up.ts";
import { checkpoint } from "./log/checkpoint.ts";
import { log } from "./log/log.ts";
import { replay } from "./log/replay.ts";
import { context } from "./memory/context.ts";
import { erase, forget } from "./memory/forget.ts";
import { memory } from "./memory/memory.ts";
import { ask, info, remember, search, why } from "./memory/people.ts";
import { recall } from "./memory/recall.ts";
import { review } from "./memory/review.ts";
import { supersede } from "./memory/supersede.ts";
import { timeline } from "./memory/timeline.ts";
import { model } from "./model/model.ts";
import { brief } from "./sessions/brief.ts";
import { hook } from "./sessions/hook.ts";
import { importSessions } from "./sessions/import.ts";
import { setup } from "./setup/setup.ts";

/** All commands. */
export const tree: readonly Node[] = [
  remember,
  search,
  ask,
  recall,
  timeline,
  why,
  brief,
  setup,
  importSessions,
  hook,
  supersede,
  forget,
  erase,
  review,
  demo,
  memory,
  context,
  agent,
  workflow,
  model,
  log,
  checkpoint,
  replay,
  status,
  metrics,
  info,
  doctor,
  up,
  down,
  hostRun,
  logs,
  config,
  service,
  mcp,
  token,
  api,
  completions(() => tree),
  help(() => tree),
];
