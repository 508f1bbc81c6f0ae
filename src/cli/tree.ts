/** The command tree: every command, in the order help shows them. */
import { agent } from "./agent.ts";
import { brief } from "./brief.ts";
import { checkpoint } from "./checkpoint.ts";
import type { Node } from "./command.ts";
import { completions } from "./completions.ts";
import { context } from "./context.ts";
import { demo } from "./demo.ts";
import { doctor } from "./doctor.ts";
import { erase, forget } from "./forget.ts";
import { help } from "./help.ts";
import { api, down, metrics, status } from "./host.ts";
import { hostRun } from "./host_run.ts";
import { hook } from "./hook.ts";
import { importSessions } from "./import.ts";
import { log } from "./log.ts";
import { logs } from "./logs.ts";
import { mcp } from "./mcp.ts";
import { memory } from "./memory.ts";
import { ask, info, remember, search, why } from "./people.ts";
import { recall } from "./recall.ts";
import { model } from "./model.ts";
import { replay } from "./replay.ts";
import { review } from "./review.ts";
import { service } from "./service.ts";
import { config } from "./settings.ts";
import { setup } from "./setup.ts";
import { supersede } from "./supersede.ts";
import { timeline } from "./timeline.ts";
import { token } from "./token.ts";
import { up } from "./up.ts";
import { workflow } from "./workflow.ts";

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
