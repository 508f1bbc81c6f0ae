/**
 * mcpServer(): what one MCP connection is served: tools, resources, prompts over a port.
 *
 * Owns: what is registered, and how a refusal is told.
 * Does not own: how a connection comes about (http.ts, socket.ts), what a command or a view means (runtime).
 *
 * Invariant: making one is cheap, since requests without a session make one each: schemas are made once.
 */
import { McpServer, type ServerContext } from "@modelcontextprotocol/server";
import { EngramError } from "../../kernel/mod.ts";
import { buildInfo } from "../../runtime/assets.ts";
import { McpCall, type McpCaller } from "./caller.ts";
import { readingTools } from "./reading_tools.ts";
import { refusalReply } from "./reply.ts";
import { addCompletion, addPrompts, addResources } from "./resources.ts";
import type { Tool, ToolResult } from "./tool.ts";
import { writingTools } from "./writing_tools.ts";

const instructions =
  "The user's lasting memory, kept on this machine. Recall before you answer about their work, people, decisions or " +
  "preferences. Remember what stays true: decisions with their reason, preferences, facts; one per call. When " +
  "something changed, supersede the old memory rather than adding beside it. Cite ids. `context` names a project " +
  '("*": all of them); `time` is ISO 8601; `budget` is how many tokens a reply may have; a `cursor` continues it.';

/** Makes the server of a connection. `onFault` is told of errors that are no refusals. */
export function mcpServer(caller: McpCaller, onFault: (error: unknown) => void): McpServer {
  const server = new McpServer(
    { name: "engramlt", title: "Engram-Lite", version: buildInfo().version },
    { capabilities: { tools: {} }, instructions },
  );
  const callOf = (context: ServerContext) => new McpCall(caller, server, context);
  const offered = caller.submit === null ? readingTools : [...writingTools, ...readingTools];
  for (const tool of offered) {
    server.registerTool(
      tool.name,
      tool.config,
      (args: unknown, context: ServerContext) => answer(tool, args, callOf(context), onFault),
    );
  }
  addResources(server, callOf);
  addPrompts(server, callOf, caller.submit !== null);
  addCompletion(server, callOf);
  return server;
}

async function answer(
  tool: Tool,
  args: unknown,
  call: McpCall,
  onFault: (error: unknown) => void,
): Promise<ToolResult> {
  try {
    return await tool.call(args, call);
  } catch (error) {
    if (error instanceof EngramError) return refusalReply(error);
    onFault(error);
    throw new Error("Fault: the host met an error of its own; see its output");
  }
}
