/**
 * Refusals: what a caller or the environment got wrong, as one closed table.
 *
 * Owns: every refusal code, whether a retry can help, its exit code and HTTP status, and its hint.
 * Does not own: faults (assertions, see {@link assert}) and outcomes (how untrusted code ended, see entry.ts).
 *
 * Invariants:
 * 1. A code appears once; docs/errors.md is generated from this table.
 * 2. Throwing an EngramError never loses anything that was durable.
 * 3. Messages say what could not be done, then the state: `Cannot load agent "scout": import "env.time" is not offered`.
 */

/** Process exit codes, by kind of failure (documented in docs/errors.md). */
export const exitCodes = {
  ok: 0,
  fault: 1,
  usage: 2,
  notFound: 3,
  invalid: 4,
  conflict: 5,
  denied: 6,
  limit: 7,
  unavailable: 8,
  corrupt: 9,
  agent: 10,
  partial: 11,
  mismatch: 12,
  interrupted: 130,
} as const;

/** The name of an exit code. */
export type ExitKind = keyof typeof exitCodes;

interface Refusal {
  readonly exit: ExitKind;
  readonly http: number;
  readonly retry: boolean;
  readonly hint: string;
}

const refusal = (exit: ExitKind, http: number, hint: string, retry = false): Refusal => ({
  exit,
  http,
  retry,
  hint,
});

/** Every refusal the program can give. Add a row here before throwing a new code. */
export const refusals = {
  // usage
  usage: refusal("usage", 400, "engramlt help COMMAND shows what it takes"),
  // what was named does not exist
  engram_not_found: refusal("notFound", 404, "engramlt memory search WORDS finds ids"),
  connection_not_found: refusal("notFound", 404, "engramlt memory neighbors ID lists the links of a memory"),
  context_not_found: refusal("notFound", 404, "engramlt context list shows them"),
  agent_not_found: refusal("notFound", 404, "engramlt agent list shows them"),
  file_not_found: refusal(
    "notFound",
    404,
    "Check the path; relative paths start at the folder you call from",
  ),
  job_not_found: refusal("notFound", 404, "GET /v1/jobs lists them; they end with the host"),
  checkpoint_not_found: refusal("notFound", 404, "engramlt checkpoint list shows them"),
  token_not_found: refusal("notFound", 404, "engramlt token list shows them"),
  tick_not_found: refusal("notFound", 404, "engramlt status shows the last tick"),
  route_not_found: refusal("notFound", 404, "engramlt api GET /openapi.json lists the routes"),
  method_not_allowed: refusal(
    "notFound",
    405,
    "The Allow header of the answer lists the methods of the route",
  ),
  id_ambiguous: refusal("notFound", 409, "Give more characters of the id"),
  // invalid input
  invalid_argument: refusal("invalid", 422, "The message says which value is wrong"),
  invalid_json: refusal("invalid", 400, "Check quoting: on most shells JSON goes in single quotes"),
  invalid_confidence: refusal("invalid", 422, "Give a number from 0 to 1"),
  invalid_time: refusal("invalid", 422, "Give ISO 8601, like 2026-03-14 or 2026-03-14T09:30:00Z"),
  invalid_note: refusal("invalid", 422, "Mend the line, then import again: what went in stays as it is"),
  invalid_config: refusal(
    "invalid",
    422,
    "Mend the file at the place named; docs/host.md says what it may hold",
  ),
  invalid_encoding: refusal("invalid", 400, "Save the file as UTF-8"),
  media_type_unsupported: refusal("invalid", 415, "Send JSON, with Content-Type: application/json"),
  invalid_manifest: refusal("invalid", 422, "docs/agents.md and the JSON schema say what a manifest holds"),
  workflow_invalid: refusal("invalid", 422, "The line named in the message is where to look"),
  workflow_cycle: refusal("invalid", 422, "Remove one of the named dependencies"),
  workflow_unknown_agent: refusal("invalid", 422, "Load the agent first: engramlt agent load"),
  client_file_refused: refusal(
    "invalid",
    422,
    "Nothing was written; docs/clients.md shows each entry to add by hand",
  ),
  // modules
  module_invalid: refusal("invalid", 422, "The file is not a WebAssembly core module this host can read"),
  module_refused: refusal("invalid", 422, "docs/determinism.md lists the module profile"),
  module_too_large: refusal("limit", 413, "Build it smaller, or split it"),
  module_import_unknown: refusal("invalid", 422, "docs/abi.md lists every import this host offers"),
  module_export_missing: refusal("invalid", 422, "docs/abi.md lists the exports an agent must have"),
  abi_unsupported: refusal("invalid", 422, "This build speaks ABI version 1"),
  agent_initialize_failed: refusal("invalid", 422, "The agent's initialize must return 0 or more"),
  agent_exists: refusal("conflict", 409, "Unload it first: engramlt agent unload ID"),
  action_unknown: refusal("invalid", 422, "engramlt agent list --json shows each agent's actions"),
  // models
  model_not_found: refusal(
    "notFound",
    404,
    "engramlt model list shows what is there; engramlt model pull NAME adds one",
  ),
  model_invalid: refusal("invalid", 422, "Take another file: this is no ONNX model that this build can run"),
  model_source_invalid: refusal("invalid", 502, "Check the address: it must answer as a model hub does"),
  model_source_failed: refusal("unavailable", 502, "Try again: what has come already is kept", true),
  model_hash_mismatch: refusal(
    "mismatch",
    409,
    "If the new file is wanted, give its hash by --sha256, or engramlt model rm NAME first",
  ),
  model_busy: refusal("unavailable", 429, "Try again shortly", true),
  model_failed: refusal(
    "unavailable",
    422,
    "The message has the model's words; engramlt model list shows others",
  ),
  // state
  conflict: refusal("conflict", 409, "Something else changed it in the same moment; try again", true),
  wrong_state: refusal("conflict", 409, "The message says what must come first"),
  context_exists: refusal("conflict", 409, "Use the existing one, or choose another name"),
  command_id_reused: refusal("conflict", 409, "Use a new command id for a different command"),
  // capability
  denied: refusal("denied", 403, "Grant it when the agent is loaded: engramlt agent load --grant"),
  unauthorized: refusal("denied", 401, "The token is in the file token in the data folder"),
  scope_insufficient: refusal("denied", 403, "engramlt token create --scope operate makes one that may"),
  origin_refused: refusal("denied", 403, "Call from this machine, at the address in host.json"),
  // limits
  limit_reached: refusal("limit", 429, "The message names the limit; engramlt info shows all of them"),
  inbox_full: refusal("limit", 429, "The host is busy; try again shortly", true),
  request_timeout: refusal("limit", 408, "Send the whole body at once", true),
  payload_too_large: refusal("limit", 413, "Split it into smaller parts"),
  // environment
  data_folder_in_use: refusal(
    "unavailable",
    503,
    "Another process owns the folder; wait for it, or choose another with --data",
    true,
  ),
  checkpoint_busy: refusal("conflict", 409, "Try again when the other one is done", true),
  data_folder_read_only: refusal(
    "unavailable",
    503,
    "Give write permission, or choose another folder with --data",
  ),
  data_folder_newer: refusal("unavailable", 503, "It was written by a newer engramlt; upgrade this one"),
  data_folder_missing: refusal("unavailable", 503, "The folder was removed while in use; start again"),
  disk_full: refusal("unavailable", 507, "Free some space; nothing that was acknowledged is lost", true),
  io_failed: refusal("unavailable", 503, "The message has the operating system's words"),
  host_unreachable: refusal("unavailable", 503, "engramlt status shows whether a host is running", true),
  host_stopping: refusal("unavailable", 503, "The host is shutting down; try again", true),
  version_older: refusal("unavailable", 503, "Upgrade this engramlt to the host's version, or stop the host"),
  not_available: refusal("unavailable", 501, "The message says what is missing"),
  outcome_unknown: refusal("unavailable", 500, "The disk refused a sync; restart and look before repeating"),
  // corruption
  executable_corrupt: refusal("corrupt", 500, "Download it again, or build it again with deno task compile"),
  log_corrupt: refusal(
    "corrupt",
    500,
    "engramlt log verify names the place; engramlt log repair copies the segment aside",
  ),
  log_missing: refusal(
    "corrupt",
    500,
    "Restore the log from a backup; or move graph.db away, and it is made again from what the log has",
  ),
  graph_corrupt: refusal("corrupt", 500, "Remove graph.db and open again: it is rebuilt from the log"),
  checkpoint_corrupt: refusal(
    "corrupt",
    500,
    "engramlt checkpoint rm TICK removes it: the log has everything that is in it",
  ),
  blob_missing: refusal(
    "corrupt",
    500,
    "engramlt agent load with the same file mends a module; else restore the blobs folder from a backup",
  ),
  cannot_verify: refusal("corrupt", 500, "It was written under rules this build does not have"),
  // what untrusted code did, told to the caller of a command
  agent_failed: refusal("agent", 422, "The agent itself said it failed; its writes were rolled back"),
  agent_trapped: refusal("agent", 422, "The agent crashed; its writes were rolled back"),
  agent_out_of_fuel: refusal("agent", 422, "Give it more with --fuel, or limits.stepFuelMax in its manifest"),
  agent_denied: refusal("agent", 403, "The agent may not do this; see its grants with engramlt agent list"),
  agent_conflicted: refusal("agent", 409, "Others changed what it read, again and again; try later", true),
  agent_killed: refusal("agent", 422, "The worker that ran it was lost; its writes were rolled back"),
  workflow_step_failed: refusal("agent", 422, "The message names the step; nothing after it ran"),
  // results that are not success
  import_incomplete: refusal("partial", 207, "What failed is listed by file and line; the rest went in"),
  setup_incomplete: refusal(
    "partial",
    207,
    "What failed is named; the rest is done, engramlt setup --undo takes it back",
  ),
  replay_mismatch: refusal(
    "mismatch",
    409,
    "The first difference is named; docs/determinism.md says what may differ",
  ),
  demo_failed: refusal("mismatch", 409, "Please report it, with the output of engramlt demo --json"),
  interrupted: refusal("interrupted", 499, "Stopped on request"),
} as const satisfies Record<string, Refusal>;

/** A refusal code. */
export type RefusalCode = keyof typeof refusals;

/** Facts that go with a refusal, shown with `--json`. */
export type RefusalData = Readonly<Record<string, unknown>>;

/** A refusal: `code` from {@link refusals}, a message, a hint, and data. */
export class EngramError extends Error {
  override readonly name = "EngramError";
  readonly code: RefusalCode;
  readonly hint: string;
  readonly data: RefusalData;

  constructor(code: RefusalCode, message: string, data: RefusalData = {}, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint ?? refusals[code].hint;
    this.data = data;
  }

  /** Whether the same request may succeed later without change. */
  get retry(): boolean {
    return refusals[this.code].retry;
  }

  /** The process exit code for this refusal. */
  get exitCode(): number {
    return exitCodes[refusals[this.code].exit];
  }

  /** The HTTP status for this refusal. */
  get httpStatus(): number {
    return refusals[this.code].http;
  }

  /** The form shown with `--json` and by the API. */
  toJSON(): { code: RefusalCode; message: string; hint: string } & Record<string, unknown> {
    return { ...this.data, code: this.code, message: this.message, hint: this.hint };
  }

  /** Makes an error again from its wire form; an unknown code becomes `not_available`. */
  static fromJSON(value: unknown): EngramError {
    const { code, message, hint, ...data } =
      (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
    const known = typeof code === "string" && Object.hasOwn(refusals, code);
    return new EngramError(
      known ? code as RefusalCode : "not_available",
      typeof message === "string" ? message : "The host gave no reason",
      data,
      typeof hint === "string" ? hint : undefined,
    );
  }
}

/** Throws a fault, our bug: the engine stops and keeps the log. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Fault: ${message}`);
}
