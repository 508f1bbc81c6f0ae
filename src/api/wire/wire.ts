/**
 * The wire under a request: node's own request and response, where http/server.ts took it.
 *
 * Owns: how a text leaves in one piece. As the body of a web Response it would go through a stream, which costs more
 * than most answers.
 * Does not own: what is answered (http.ts), how a body is read (body.ts).
 */
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";

/** node's sides of a request; both are absent where a handler is called directly or by another server. */
export interface Wire {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}

/** Headers by name, each once. */
export type HeaderTexts = Readonly<Record<string, string>>;

/** Answers with a text: written at once where there is a wire, else a Response. Called once for a request, as its last. */
export function answerText(
  { outgoing }: Wire,
  { status, headers, text }: {
    readonly status: number;
    readonly headers: HeaderTexts;
    readonly text: string | Uint8Array<ArrayBuffer>;
  },
): Response {
  if (outgoing === undefined) return new Response(text, { status, headers });
  outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) });
  outgoing.end(text);
  return RESPONSE_ALREADY_SENT;
}
