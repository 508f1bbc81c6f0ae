/** Official MCP clients of both eras, over HTTP and over `engramlt mcp`. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { selfCommand } from "../../src/runtime/assets.ts";

export { StdioClientTransport };

/** The eras of the protocol: sessions opened by `initialize`, and requests that stand alone. */
export const eras = ["2025-11-25", "2026-07-28"] as const;
/** One of {@link eras}. */
export type Era = typeof eras[number];

/** A client that speaks one era. */
export function clientOf(era: Era, name = "tester"): Client {
  return new Client({ name, version: "1.0.0" }, {
    versionNegotiation: { mode: era === "2025-11-25" ? "legacy" : { pin: era } },
    capabilities: { elicitation: {} },
  });
}

/** A transport to a host's /mcp. */
export function httpTransport(
  address: string,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL("/mcp", address), {
    requestInit: { headers: { authorization: `Bearer ${token}`, ...headers } },
  });
}

/** A transport through `engramlt mcp` as a process of its own. */
export function stdioTransport(
  data: string,
  args: readonly string[] = [],
  cwd?: string,
  env: Readonly<Record<string, string>> = {},
): StdioClientTransport {
  const { command, args: before } = selfCommand();
  return new StdioClientTransport({
    command,
    args: [...before, "mcp", "--data", data, ...args],
    env: { ...Deno.env.toObject(), ...env },
    stderr: "pipe",
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** What a tool's call gave: its structured result and its text. */
export interface Called {
  readonly structured: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly isError: boolean;
  readonly bytes: number;
}

/** Calls a tool. */
export async function callTool(
  client: Pick<Client, "callTool">,
  name: string,
  args: Readonly<Record<string, unknown>>,
): Promise<Called> {
  const result = await client.callTool({ name, arguments: args });
  const texts = (result.content ?? []).flatMap((part) => part.type === "text" ? [part.text] : []);
  const { _meta: _, ...rest } = result;
  const structured = result.structuredContent;
  return {
    structured: typeof structured === "object" && structured !== null
      ? Object.fromEntries(Object.entries(structured))
      : {},
    text: texts.join("\n"),
    isError: result.isError === true,
    bytes: JSON.stringify(rest).length,
  };
}
