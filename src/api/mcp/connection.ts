/** The protocol over a stream: stdio framing, both eras; the first message decides. */
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { Duplex } from "node:stream";
import type { McpCaller } from "./caller.ts";
import { mcpLimits } from "./limits.ts";
import { mcpServer } from "./server.ts";

/** A stream that ends with its protocol: the SDK only stops to read, and the client would write into nothing. */
class StreamTransport extends StdioServerTransport {
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    super(stream, stream, { maxBufferSize: mcpLimits.messageBytesMax });
    this.#stream = stream;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#stream.end(() => this.#stream.destroy());
  }
}

/** Serves one client on a stream until either ends it. */
export function serveStdioOn(stream: Duplex, caller: McpCaller, onFault: (error: unknown) => void): void {
  stream.setMaxListeners(0); // every answer that waits for the stream to drain listens
  serveStdio(() => mcpServer(caller, onFault), {
    transport: new StreamTransport(stream),
    maxSubscriptions: mcpLimits.listenersMax,
    onerror: () => {/* a bad line is the client's, and the protocol tells it */},
  });
  stream.resume();
}
