/** The limits of the HTTP door, by name. */

/** Limits of the HTTP API. */
export const apiLimits = {
  /** Bytes of a request's body. */
  bodyBytesMax: 16 * 1024 * 1024,
  /** Bytes of the body of POST /v1/agents: a module of 32 MiB in base64 fits, with its manifest. */
  agentBodyBytesMax: 64 * 1024 * 1024,
  /** ms for a body to arrive. */
  bodyWaitMsMax: 30_000,
  /** ms for the head of a request to arrive, from the first moment of its connection or the end of the answer before. */
  headersWaitMsMax: 15_000,
  /** Headers of a request. */
  headersMax: 200,
  /** Bytes of the head of a request. */
  headerBytesMax: 64 * 1024,
  /** ms without a request after which a connection is closed. */
  idleConnectionMsMax: 60_000,
  /** Connections at once. */
  connectionsMax: 2048,
  /** Levels of lists and objects in a body. */
  bodyDepthMax: 64,
  /** Requests under way at once. */
  requestsMax: 1024,
  /** Streams of events at once. */
  eventsClientsMax: 32,
  /** ms for a client to take an event that waits for it; then it is dropped. */
  eventsStallMsMax: 10_000,
  /** Streams that were dropped and whose clients have neither read why nor gone. */
  eventsDroppedMax: 32,
  /** ms without an event after which a stream says that it is still there. */
  eventsHeartbeatMs: 15_000,
  /** ms between two looks whether the tokens of streams, sessions and connections still hold. */
  tokenLookMs: 1000,
  /** Jobs that run at once: replays, pulls of models, checkpoints. */
  jobsRunningMax: 2,
  /** Jobs that are known, those that ended among them. */
  jobsKeptMax: 64,
  /** ms that a request may wait for a job's end. */
  jobWaitMsMax: 30_000,
  /** Threads for agents of one replay. */
  replayWorkersMax: 16,
  /** Things of a page at most. */
  pageMax: 1000,
} as const;

/** Files a host keeps for log, graph, agents' images, assistants and itself: no connection takes them. */
const filesKept = 192;

/** The most connections where a process may have some files open: null says that nobody knows. */
export function connectionsIn(filesMax: number | null): number {
  return filesMax === null ? Infinity : Math.max(16, filesMax - filesKept);
}

/** The names of {@link apiLimits}; a host may be told other values. */
export type ApiLimits = { readonly [Name in keyof typeof apiLimits]: number };
