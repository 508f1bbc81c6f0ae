/** How much a line of a host's log matters, the most first. Each level tells those before it as well. */
export const logLevels = ["error", "warn", "info", "debug"] as const;
/** One of {@link logLevels}. */
export type LogLevel = typeof logLevels[number];
