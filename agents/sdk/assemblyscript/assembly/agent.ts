/**
 * What an agent is made of: actions by name, a query, mail, a start and an end. The exports are in exports.ts.
 *
 * Invariants:
 * 1. Handlers are plain functions (AssemblyScript has no closures); what they must remember stands in globals,
 *    which the host keeps between steps, restarts and kills.
 * 2. `return fail("why")` ends a step as failed: the host undoes all it did.
 */
import { Json } from "./json";
import { logger } from "./memory";

/** Takes the params as the caller gave them, gives the result (JSON by custom). */
export type Handler = (params: string) => string;

/** One message: who sent it, in which tick, and its text. */
export class Message {
  constructor(readonly from: string, readonly tick: i64, readonly body: string) {}
}

const actions = new Map<string, Handler>();
let queryHandler: Handler | null = null;
let initializeHandler: ((config: Json) => void) | null = null;
let receiveHandler: ((message: Message) => void) | null = null;
let releaseHandler: (() => void) | null = null;
let failure = false;

/** Names an action of `execute`. The last registration of a name counts. */
export function registerAction(name: string, handler: Handler): void {
  actions.set(name, handler);
}
/** What answers `query`; it may read, not write. */
export function onQuery(handler: Handler): void {
  queryHandler = handler;
}
/** Runs once at load with `{agent, version, contexts, grants, limits, config}`. */
export function onInitialize(handler: (config: Json) => void): void {
  initializeHandler = handler;
}
/** Runs for each message, in order of arrival. Export `receive` too: see exports.ts. */
export function onMessage(handler: (message: Message) => void): void {
  receiveHandler = handler;
}
/** Runs once at unload. */
export function onRelease(handler: () => void): void {
  releaseHandler = handler;
}
/** Ends the step as failed, with a line in the agent's log: `return fail("no such note")`. */
export function fail(message: string): string {
  logger.error(message);
  failure = true;
  return "";
}

/** True once if the step called {@link fail}. */
export function takeFailure(): bool {
  const failed = failure;
  failure = false;
  return failed;
}
export function runInitialize(config: Json): void {
  const handler = initializeHandler;
  if (handler !== null) handler(config);
}
export function runAction(name: string, params: string): string {
  if (!actions.has(name)) return fail('Cannot execute "' + name + '": this agent has no such action');
  return actions.get(name)(params);
}
export function runQuery(query: string): string {
  const handler = queryHandler;
  return handler === null ? fail("Cannot query: this agent answers no queries") : handler(query);
}
export function runReceive(messages: Json): void {
  const handler = receiveHandler;
  if (handler === null) return;
  for (let i = 0; i < messages.length; i++) {
    const message = messages.at(i);
    handler(
      new Message(
        message.get("from").asText(),
        message.get("tick").asInteger(),
        message.get("body").asText(),
      ),
    );
  }
}
export function runRelease(): void {
  const handler = releaseHandler;
  if (handler !== null) handler();
}

/** Named by `--use abort=`: a failed check logs where it was, then traps. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message === null ? "aborted" : message;
  const where = file === null ? "" : file;
  logger.error(what + " at " + where + ":" + line.toString() + ":" + column.toString());
  unreachable();
}
