/** What host.json says. Imports nothing: `engramlt mcp` reads it at every start of a client. */

/** How to reach a running host. */
export interface HostFile {
  readonly address: string;
  readonly nonce: string;
  readonly version: string;
  /** Where MCP clients connect: `unix:PATH` or `tcp:PORT`; null of a host that offers none. */
  readonly mcp: string | null;
  /** Its process, for people: the lock says whether it lives. */
  readonly pid: number | null;
  /** When it began, ISO 8601. */
  readonly since: string | null;
  /** Who started it: a person or service by `up`, or a client that found none. */
  readonly startedBy: StartedBy | null;
}

/** Who started a host. */
export type StartedBy = "up" | "client";

/** The content of host.json; null where it is none, as one half written by a process that was killed. */
export function parseHostFile(text: string): HostFile | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const { address, nonce, version, mcp, pid, since, startedBy } = value as Record<string, unknown>;
    if (typeof address !== "string" || typeof nonce !== "string" || typeof version !== "string") return null;
    return {
      address,
      nonce,
      version,
      mcp: typeof mcp === "string" ? mcp : null,
      pid: typeof pid === "number" ? pid : null,
      since: typeof since === "string" ? since : null,
      startedBy: startedBy === "up" || startedBy === "client" ? startedBy : null,
    };
  } catch {
    return null; // the lock decides who is the host
  }
}
