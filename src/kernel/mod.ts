/** The kernel: pure functions over values. See docs/architecture.md. */
export {
  type AgentLimits,
  type Ask,
  type Command,
  type DirectOp,
  type Genesis,
  sendsMessages,
} from "./commands.ts";
export { type Config, configure, defaultConfig } from "./config.ts";
export {
  bodyBytes,
  commandAt,
  type Entry,
  entryFormat,
  type Message,
  type OutcomeKind,
  outcomeKinds,
  type StepRecord,
} from "./entry.ts";
export { type Erasure, erasureOf } from "./erasure.ts";
export { assert, EngramError, exitCodes, type RefusalCode, refusals } from "./errors.ts";
export { capabilities, type Capability, type Grant, holds } from "./grants.ts";
export { jsonDepthMax, nestsDeeper } from "./json_depth.ts";
export { formatId, type Id, type IdKind, idLetters, parseId, personalContextId } from "./ids.ts";
export { utf8 } from "./blocks.ts";
export { Payload } from "./payload.ts";
export { hasWork, parseOr, type Plan, plan, type Replayed } from "./plan.ts";
export { loadRefusal, refusalIn, settle, type Settled, type StepEnd } from "./settle.ts";
export {
  type Advance,
  advance,
  type AgentState,
  bytesIn,
  emptyState,
  homeOf,
  mailIsFull,
  type RunStep,
  type State,
  type Step,
  stepKey,
  type WorkflowRun,
} from "./state.ts";
export {
  type Author,
  type Change,
  type Connected,
  type Connection,
  connectionTypes,
  type Context,
  type Engram,
  type EngramKind,
  engramKinds,
  type EngramTexts,
  type Hit,
  type Json,
  type JsonObject,
  type Path,
  type TimeSource,
  timeSources,
  type Write,
} from "./records.ts";
export { endOf, formatDay, formatTime, parseTime, requireTime } from "./times.ts";
export { grantsOf, type Manifest, narrow, plainWords, type Subscription } from "./manifest.ts";
export { checkSteps, loggedWorkflow, type Workflow } from "./workflow.ts";
