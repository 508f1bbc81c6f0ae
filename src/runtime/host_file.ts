/** What host.json says. Imports nothing: `engramlt mcp` reads it at every start of a client. */

/** How to reach a running host. */
export interface HostFile {
  readonly address: string;
  readonly nonce: string;
  readonly version: string;
  /** Where MCP clients connect: `unix:PATH` or `tcp:PORT`; null of a host that offers none. */
  readonly mcp: string | null;
}

/** The content of host.json; null where it is none, as one half written by a process that was killed. */
export function parseHostFile(text: string): HostFile | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const { address, nonce, version, mcp } = value as Record<string, unknown>;
    const texts = typeof address === "string" && typeof nonce === "string" && typeof version === "string";
    return texts ? { address, nonce, version, mcp: typeof mcp === "string" ? mcp : null } : null;
  } catch {
    return null; // the lock decides who is the host
  }
}
