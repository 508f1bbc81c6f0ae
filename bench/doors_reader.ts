/**
 * A client in a thread of its own that reads as fast as it gets answers, until it is told to stop: for doors_bench.ts.
 * It is told what to read, `{address, token, what}`, and says "reading" after its first answer.
 */
import { readEvents } from "../src/api/http/events.ts";

interface Told {
  readonly address: string;
  readonly token: string;
  readonly what: "memories" | "events";
}

const self = globalThis as unknown as {
  onmessage: (event: MessageEvent<Told | "stop">) => void;
  postMessage: (message: string) => void;
};
let stop = new AbortController();

async function readMemories({ address, token }: Told, signal: AbortSignal): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  for (let at = 0; !signal.aborted; at++) {
    const question = `w${(at * 7919) % 5000} w${(at * 104_729) % 5000}`;
    const answer = await fetch(`${address}/v1/search?q=${question}`, { headers, signal });
    await answer.text();
    if (at === 0) self.postMessage("reading");
  }
}

/** Events read before a stream is opened anew. */
const eventsOfARound = 2000;

/** Events from the first on, over and over. */
async function readAllEvents({ address, token }: Told, signal: AbortSignal): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  for (let round = 0; !signal.aborted; round++) {
    const answer = await fetch(`${address}/v1/events?from=0`, { headers, signal });
    let read = 0;
    for await (const _ of readEvents(answer.body ?? new Blob([]).stream())) {
      if (read++ === 0 && round === 0) self.postMessage("reading");
      if (read === eventsOfARound) break;
    }
  }
}

self.onmessage = ({ data }) => {
  if (data === "stop") return stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  const read = data.what === "memories" ? readMemories : readAllEvents;
  read(data, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
};
