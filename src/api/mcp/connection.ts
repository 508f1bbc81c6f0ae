/** The protocol over a stream: stdio framing, both eras; the first message decides. */
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { Buffer } from "node:buffer";
import { type Duplex, Readable } from "node:stream";
import type { McpCaller } from "./caller.ts";
import { mcpLimits } from "./limits.ts";
import { mcpServer } from "./server.ts";

/** Bytes of a line's beginning and end in which the id of a message that is too long is looked for. */
const idWithinBytes = 512;

/**
 * The lines of a stream, each of `messageBytesMax` at most, each whole: the SDK would copy what it has of one with
 * every piece that comes, and end the connection where one is longer. Of such a one nothing is kept but its ends;
 * `onTooLong` hears of it, and the next is read as if it had not been.
 */
function boundedLines(stream: Duplex, onTooLong: (id: string | number | null) => void): Readable {
  const lines = new Readable({ read() {/* what comes is given at once */} });
  let pieces: Buffer[] = [], length = 0, head = Buffer.alloc(0), tail = Buffer.alloc(0);
  const take = (piece: Buffer) => {
    if (length < idWithinBytes) head = Buffer.concat([head, piece.subarray(0, idWithinBytes - length)]);
    length += piece.length;
    if (length <= mcpLimits.messageBytesMax) pieces.push(piece);
    else {
      pieces = [];
      tail = Buffer.from(Buffer.concat([tail, piece.subarray(-idWithinBytes)]).subarray(-idWithinBytes));
    }
    if (piece[piece.length - 1] !== 10) return;
    if (length <= mcpLimits.messageBytesMax) lines.push(pieces.length === 1 ? piece : Buffer.concat(pieces));
    else onTooLong(idOf(head.toString("latin1"), tail.toString("latin1")));
    pieces = [];
    length = 0;
    head = tail = Buffer.alloc(0);
  };
  stream.on("data", (data: Buffer) => {
    for (let at = 0; at < data.length;) {
      const end = data.indexOf(10, at);
      const next = end < 0 ? data.length : end + 1;
      take(data.subarray(at, next));
      at = next;
    }
  });
  stream.on("end", () => lines.push(null));
  stream.on("close", () => lines.destroy());
  return lines;
}

/** The id of a message by its beginning or its end, where writers of JSON-RPC put it. */
function idOf(head: string, tail: string): string | number | null {
  const id = '"id"\\s*:\\s*("[\\w.:/-]{1,128}"|\\d{1,15})';
  const found = new RegExp(`^\\s*\\{\\s*(?:"jsonrpc"\\s*:\\s*"2\\.0"\\s*,\\s*)?${id}\\s*,`).exec(head) ??
    new RegExp(`${id}\\s*(?:,\\s*"jsonrpc"\\s*:\\s*"2\\.0"\\s*)?\\}\\s*$`).exec(tail);
  return found?.[1] === undefined ? null : JSON.parse(found[1]);
}

/** A stream that ends with its protocol: the SDK only stops to read, and the client would write into nothing. */
class StreamTransport extends StdioServerTransport {
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    super(boundedLines(stream, (id) => this.#refuse(id)), stream, {
      maxBufferSize: mcpLimits.messageBytesMax,
    });
    this.#stream = stream;
  }

  #refuse(id: string | number | null): void {
    const message =
      `Cannot read the message: it is over messageBytesMax (${mcpLimits.messageBytesMax} bytes)`;
    const answer = { jsonrpc: "2.0", id, error: { code: -32600, message } };
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(answer)}\n`);
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
