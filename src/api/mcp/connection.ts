/** The protocol over a stream: stdio framing, both eras; the first message decides. */
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { Duplex } from "node:stream";
import type { McpCaller } from "./caller.ts";
import { mcpLimits } from "./limits.ts";
import { mcpServer } from "./server.ts";

/** Serves one client on a stream until either ends it. */
export function serveStdioOn(stream: Duplex, caller: McpCaller, onFault: (error: unknown) => void): void {
  stream.setMaxListeners(0); // every answer that waits for the stream to drain listens
  const transport = new StdioServerTransport(stream, stream, { maxBufferSize: mcpLimits.messageBytesMax });
  serveStdio(() => mcpServer(caller, onFault), {
    transport,
    maxSubscriptions: mcpLimits.listenersMax,
    onerror: () => {/* a bad line is the client's, and the protocol tells it */},
  });
  stream.resume();
}
