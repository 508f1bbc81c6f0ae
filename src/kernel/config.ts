/**
 * Everything by which the kernel, the host and the sandbox decide: state, not code.
 *
 * The first entry of a log holds the whole configuration; a `configure` command changes it; nothing else reads
 * a build's default. How many workers run and how large caches are is outside, and may not matter.
 *
 * Invariant: every number here is a named limit with its unit last, and reaching it is a refusal or a status.
 */

/** The configuration of a data folder, as recorded. */
export interface Config {
  /** Number of the fuel rules (docs/determinism.md). */
  readonly costModel: number;
  /** Version of the agent ABI. */
  readonly abi: number;
  /** Number of the rules by which steps behave; old logs replay under their own. */
  readonly behaviour: number;
  /** Fuel that stands for one millisecond where a document gives a time. */
  readonly fuelPerMs: number;
  readonly stepFuelMax: number;
  readonly linearMemoryPagesMax: number;
  /** Pages of all agents together: a step that would grow beyond fails. None until `configure` sets it. */
  readonly linearMemoryPagesAllMax?: number;
  /**
   * Bytes of memories and links that one agent may write, over all its steps since its load, or since `configure` set
   * this: a step that would write beyond fails. None until then.
   */
  readonly agentWrittenBytesMax?: number;
  readonly stackDepthMax: number;
  readonly moduleBytesMax: number;
  readonly commandsPerTickMax: number;
  readonly stepsPerTickMax: number;
  readonly conflictRetriesMax: number;
  readonly workerLossMax: number;
  /** Every so many completed steps an agent's image goes to the blobs and its digest into the entry. */
  readonly imageStepsMax: number;
  readonly agentsMax: number;
  readonly mailboxMessagesMax: number;
  /** Bytes of the messages that wait for one agent; a folder begun before there was this limit has none. */
  readonly mailboxBytesMax?: number;
  /**
   * Messages that wait for all agents together, those of steps carried over among them, and their bytes: in a tick that
   * begins with as many, nothing is sent. A folder begun before there were these limits has none.
   */
  readonly mailMessagesMax?: number;
  readonly mailBytesMax?: number;
  readonly messagesPerStepMax: number;
  readonly sendsPerStepMax: number;
  readonly messageBytesMax: number;
  readonly writesPerStepMax: number;
  readonly hostCallsPerStepMax: number;
  /**
   * What a step's host calls may take of the engine, in units of about a microsecond (src/host/work.ts). A folder begun
   * before there was this limit has none.
   */
  readonly hostWorkPerStepMax?: number;
  /** Bytes of texts, messages and log lines one step may stage. */
  readonly stagedBytesPerStepMax: number;
  /** Bytes of one tick's commands, and of what its steps staged: what is beyond waits for the next tick. */
  readonly tickBytesMax: number;
  readonly contentBytesMax: number;
  readonly metadataBytesMax: number;
  readonly nameBytesMax: number;
  readonly paramsBytesMax: number;
  readonly resultBytesMax: number;
  /** Characters of JSON one host call may answer with. */
  readonly answerBytesMax: number;
  readonly recordedBytesPerStepMax: number;
  readonly logLinesPerStepMax: number;
  readonly logLineBytesMax: number;
  readonly savepointDepthMax: number;
  readonly opsPerCommandMax: number;
  readonly workflowStepsMax: number;
  readonly workflowRunsMax: number;
  readonly searchLimitMax: number;
  readonly pathDepthMax: number;
  readonly pathsMax: number;
  readonly connectedMax: number;
  readonly contextEngramsMax: number;
  readonly changesLimitMax: number;
  /** The module profile's limits, by name (src/wasm/limits.ts). */
  readonly profile: Readonly<Record<string, number>>;
}

/** The configuration a new data folder begins with. */
export const defaultConfig: Config = {
  costModel: 1,
  abi: 1,
  behaviour: 1,
  fuelPerMs: 1_000_000,
  stepFuelMax: 1_000_000_000,
  linearMemoryPagesMax: 1024,
  stackDepthMax: 262_144,
  moduleBytesMax: 16 * 1024 * 1024,
  commandsPerTickMax: 1024,
  stepsPerTickMax: 16_384,
  conflictRetriesMax: 8,
  workerLossMax: 2,
  imageStepsMax: 64,
  agentsMax: 100_000,
  mailboxMessagesMax: 100_000,
  mailboxBytesMax: 64 * 1024 * 1024,
  mailMessagesMax: 500_000,
  mailBytesMax: 128 * 1024 * 1024,
  messagesPerStepMax: 256,
  sendsPerStepMax: 1024,
  messageBytesMax: 64 * 1024,
  writesPerStepMax: 50_000,
  hostCallsPerStepMax: 1_000_000,
  hostWorkPerStepMax: 10_000_000,
  stagedBytesPerStepMax: 64 * 1024 * 1024,
  tickBytesMax: 128 * 1024 * 1024,
  contentBytesMax: 1024 * 1024,
  metadataBytesMax: 64 * 1024,
  nameBytesMax: 1024,
  paramsBytesMax: 4 * 1024 * 1024,
  resultBytesMax: 4 * 1024 * 1024,
  answerBytesMax: 16 * 1024 * 1024,
  recordedBytesPerStepMax: 64 * 1024 * 1024,
  logLinesPerStepMax: 1000,
  logLineBytesMax: 8192,
  savepointDepthMax: 16,
  opsPerCommandMax: 4096,
  workflowStepsMax: 1000,
  workflowRunsMax: 1000,
  searchLimitMax: 1000,
  pathDepthMax: 8,
  pathsMax: 100,
  connectedMax: 1000,
  contextEngramsMax: 1000,
  changesLimitMax: 10_000,
  profile: {},
};

/** Numbers of rules, not limits: the build has them, a folder keeps the ones it began with. */
const rules: readonly string[] = ["costModel", "abi", "behaviour"];
/** Limits that a folder lacks until `configure` sets them: it began before there were any, or none is the default. */
const laterLimits: readonly string[] = [
  "mailboxBytesMax",
  "mailMessagesMax",
  "mailBytesMax",
  "hostWorkPerStepMax",
  "linearMemoryPagesAllMax",
  "agentWrittenBytesMax",
];

/** Whether changes decide how modules are made ready: agents that are loaded keep the form they began with. */
export function changesModules(changes: Readonly<Record<string, number>>): boolean {
  return Object.keys(changes).some((key) =>
    key === "linearMemoryPagesMax" || key === "stackDepthMax" || key.startsWith("profile.")
  );
}

/**
 * The configuration with `changes`, or the name of a key that does not exist or has a value out of range.
 * A key of the module profile is written `profile.KEY`.
 */
export function configure(
  config: Config,
  changes: Readonly<Record<string, number>>,
): Config | { readonly wrong: string } {
  const { profile, ...numbers } = config;
  const next: { [key in keyof typeof numbers]: number } = { ...numbers };
  const nextProfile: Record<string, number> = { ...profile };
  const isKey = (key: string): key is keyof typeof numbers =>
    (Object.hasOwn(numbers, key) && !rules.includes(key)) || laterLimits.includes(key);
  for (const [key, value] of Object.entries(changes)) {
    if (!Number.isSafeInteger(value) || value < 1) return { wrong: key };
    const inProfile = key.startsWith("profile.") ? key.slice("profile.".length) : null;
    if (inProfile !== null && Object.hasOwn(profile, inProfile)) nextProfile[inProfile] = value;
    else if (isKey(key)) next[key] = value;
    else return { wrong: key };
  }
  return { ...next, profile: nextProfile };
}
