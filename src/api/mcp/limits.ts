/** Limits of the MCP door. Each is named where it bites. */
export const mcpLimits = {
  /** Sessions of the 2025 protocol over HTTP at once; the one unused for longest makes room. */
  sessionsMax: 64,
  /** ms that an HTTP session may be unused. */
  sessionIdleMsMax: 30 * 60_000,
  /** Messages kept for a client that reconnects, of one session. */
  storedEventsMax: 256,
  /** Bytes of the messages kept, of one session. */
  storedEventsBytesMax: 4 * 1024 * 1024,
  /** Bytes of one message, over HTTP and over the socket. */
  messageBytesMax: 10 * 1024 * 1024,
  /** Streams of changes at once, of one connection over the socket or of all over HTTP. */
  listenersMax: 64,
  /** Connections over the host's socket at once. */
  connectionsMax: 256,
  /** Bytes of the first line a connection sends. */
  helloBytesMax: 8192,
  /** ms for the first line of a connection. */
  helloWaitMsMax: 5000,
  /** Tokens of a reply unless its call says otherwise. */
  replyTokensDefault: 1500,
  /** Tokens that a call may ask for at most. */
  replyTokensMax: 50_000,
  /** Memories that a list of resources shows. */
  listedResourcesMax: 100,
  /** Proposals of a completion; the protocol allows 100. */
  completionsMax: 100,
} as const;
