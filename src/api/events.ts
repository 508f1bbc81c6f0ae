/**
 * Events over HTTP: one server-sent event a tick, its id the tick, so that a client can go on where it stopped.
 *
 * Invariants:
 * 1. A slow client slows only itself: the next tick is read from the port when the last one was taken.
 * 2. A stream ends cleanly: at the host's stop by its end, at the client's by its signal.
 */
import { EngramError } from "../kernel/mod.ts";
import type { Port, RuntimeEvent } from "../runtime/port.ts";

const encoder = new TextEncoder();

/** The body of `GET /v1/events`. `ended` is called once, whatever ends it. */
export function eventStream(
  port: Port,
  from: number,
  signal: AbortSignal,
  ended: () => void,
): ReadableStream<Uint8Array> {
  const cancelled = new AbortController();
  const events = port.events(from, AbortSignal.any([signal, cancelled.signal]))[Symbol.asyncIterator]();
  let isEnded = false;
  const end = () => {
    if (!isEnded) ended();
    isEnded = true;
  };
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(": ticks\n\n"));
    },
    async pull(controller) {
      try {
        const next = await events.next();
        if (next.done !== true) return controller.enqueue(encode(next.value));
      } catch (error) {
        if (!(error instanceof EngramError)) throw error;
        controller.enqueue(encoder.encode(`event: error\ndata: ${JSON.stringify({ error })}\n\n`));
      }
      end();
      controller.close();
    },
    cancel() {
      cancelled.abort();
      end();
    },
  });
}

function encode(event: RuntimeEvent): Uint8Array {
  return encoder.encode(
    `id: ${event.entry.tick}\nevent: ${event.event}\ndata: ${JSON.stringify(event.entry)}\n\n`,
  );
}

/** Reads server-sent events back: the data of each, and its event name. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ readonly event: string; readonly data: string }, void> {
  let rest = "";
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + part).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data !== undefined) yield { event: field("event") ?? "message", data };
    }
  }
}
