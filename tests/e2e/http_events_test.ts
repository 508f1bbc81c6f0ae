/** GET /v1/events over real sockets: where a stream begins, what it leaves out, and how it ends. */
import assert from "node:assert/strict";
import { readEvents } from "../../src/api/http/events.ts";
import { openRuntime } from "../../src/mod.ts";
import type { Port } from "../../src/runtime/port.ts";
import { testAgentBase64 } from "../support/agents.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { type TestHost, withHost } from "../support/ports.ts";

type Events = AsyncGenerator<{ readonly event: string; readonly data: string }, void>;

/** A stream that is open; `text` is what came of it, comments among it. */
interface Stream extends Disposable {
  readonly events: Events;
  readonly text: () => string;
}

async function open(
  { address, token }: Pick<TestHost, "address" | "token">,
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Stream> {
  const abort = new AbortController();
  const answer = await fetch(`${address}/v1/events${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: abort.signal,
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/event-stream; charset=utf-8");
  let text = "";
  const decoder = new TextDecoder();
  const body = answer.body ?? new Blob([]).stream();
  const seen = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        text += decoder.decode(part, { stream: true });
        controller.enqueue(part);
      },
    }),
  );
  return { events: readEvents(seen), text: () => text, [Symbol.dispose]: () => abort.abort() };
}

/** The ticks of the next events. */
async function ticks({ events }: Stream, count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const { value } = await events.next();
    assert(value !== undefined, `the stream ended after ${found.length} of ${count} events`);
    assert.equal(value.event, "tick");
    found.push(JSON.parse(value.data).tick);
  }
  return found;
}

const add = (port: Port, content: string, client?: string) =>
  port.submit({ kind: "write", ops: [{ op: "add", content }] }, client === undefined ? {} : { client });

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("events begin at `from`, after Last-Event-ID, or with the next tick, and miss none", () =>
  withHost(async (host) => {
    const made: number[] = [];
    for (const content of ["a", "b", "c"]) made.push((await add(host.port, content)).tick);
    const [first = 0, second = 0, third = 0] = made;
    using all = await open(host, "?from=1");
    using from = await open(host, `?from=${second}`);
    using after = await open(host, "", { "last-event-id": String(first) });
    using both = await open(host, `?from=0`, { "last-event-id": String(second) });
    using next = await open(host, "");
    const fourth = (await add(host.port, "d")).tick;
    assert.deepEqual(await ticks(all, 4), [first, second, third, fourth]);
    assert.deepEqual(await ticks(from, 3), [second, third, fourth]);
    assert.deepEqual(await ticks(after, 3), [second, third, fourth]);
    assert.deepEqual(await ticks(both, 2), [third, fourth]);
    assert.deepEqual(await ticks(next, 1), [fourth]);
  }));

Deno.test("a client that goes on from the id it saw last meets every tick once, wherever it broke off", () =>
  withHost(async (host) => {
    for (let at = 0; at < 9; at++) await add(host.port, `memory ${at}`);
    const seen: number[] = [];
    const { tick } = await host.port.view({ view: "status" });
    while (seen.length < tick) {
      using stream = await open(
        host,
        "?from=1",
        seen.length === 0 ? {} : {
          "last-event-id": String(seen.at(-1)),
        },
      );
      seen.push(...await ticks(stream, Math.min(2, tick - seen.length)));
    }
    assert.deepEqual(seen, Array.from({ length: tick }, (_, at) => at + 1));
  }));

Deno.test("a client that begins far back meets every tick in order, those that come meanwhile too", () =>
  withHost(async (host) => {
    for (let at = 0; at < 300; at++) await add(host.port, `memory ${at}`);
    using stream = await open(host, "?from=1");
    const seen = await ticks(stream, 10);
    const more = Array.from({ length: 100 }, (_, at) => add(host.port, `meanwhile ${at}`));
    await Promise.all(more);
    const { tick } = await host.port.view({ view: "status" });
    seen.push(...await ticks(stream, tick - 10));
    assert.deepEqual(seen, Array.from({ length: tick }, (_, at) => at + 1));
  }));

Deno.test("a place that is no tick is refused", () =>
  withHost(async ({ address, token }) => {
    const headers = { authorization: `Bearer ${token}` };
    for (
      const [query, more] of [["?from=x", {}], ["?from=-1", {}], ["?from=1e3", {}], ["?since=1", {}], ["", {
        "last-event-id": "1; drop",
      }]] as const
    ) {
      const answer = await fetch(`${address}/v1/events${query}`, { headers: { ...headers, ...more } });
      assert.deepEqual([answer.status, (await answer.json()).code], [422, "invalid_argument"], query);
    }
  }));

Deno.test("filters leave out what a client does not want, and all of them must fit", () =>
  withHost(async (host) => {
    const { port } = host;
    await port.submit({ kind: "agent_load", agent: "tester", wasm: testAgentBase64 });
    const noted = (await add(port, "a", "anna")).tick;
    const ran = (await port.submit({ kind: "execute", agent: "tester", action: "echo", params: "1" })).tick;
    await port.submit({ kind: "execute", agent: "tester", action: "trap", params: "1" }).catch(() => {
      /* the trap is what is looked for */
    });
    const trapped = (await port.view({ view: "status" })).tick;
    const last = (await add(port, "b", "ben")).tick;
    const filters: readonly (readonly [string, readonly number[]])[] = [
      ["client=anna", [noted]],
      ["client=anna,ben", [noted, last]],
      ["kind=execute", [ran, trapped]],
      ["agent=tester&outcome=trapped", [trapped]],
      ["kind=write&client=ben", [last]],
    ];
    for (const [filter, expected] of filters) {
      using stream = await open(host, `?from=0&${filter}`);
      assert.deepEqual(await ticks(stream, expected.length), expected, filter);
    }
    using nobody = await open(host, "?from=0&client=nobody");
    using all = await open(host, `?from=${last}`);
    assert.deepEqual(await ticks(all, 1), [last]);
    assert.doesNotMatch(nobody.text(), /^id:/m);
  }));

Deno.test("a stream where nothing happens says that it is still there", () =>
  withHost(async (host) => {
    using stream = await open(host, "");
    const next = stream.events.next();
    await until(() => stream.text().split(": still here\n\n").length > 3);
    assert.doesNotMatch(stream.text(), /^data:/m);
    const { tick } = await add(host.port, "then something");
    assert.equal(JSON.parse((await next).value?.data ?? "{}").tick, tick);
  }, { limits: { eventsHeartbeatMs: 20 } }));

Deno.test("a stream ends cleanly when the host stops", () =>
  withHost(async (host) => {
    using stream = await open(host, "");
    const next = stream.events.next();
    host.stop();
    assert.equal((await next).done, true);
  }));

/** Fills a folder with more events than the system keeps for a client that does not read. */
async function fill(data: string): Promise<void> {
  const runtime = await openRuntime({ data, workers: 1 });
  try {
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from(
          { length: 1000 },
          (_, at) =>
            runtime.submit({ kind: "write", ops: [{ op: "add", content: `${round} ${at}` }] }, {
              client: "x".repeat(64),
              commandId: `${round}-${at}-`.padEnd(128, "x"),
            }),
        ),
      );
    }
  } finally {
    await runtime.close();
  }
}

// proves: mentat-practices4-degradation
Deno.test("a client that never reads is dropped and waited for by nobody, and reads why when it reads again", async () => {
  using folder = temporaryFolder();
  await fill(folder.path);
  await withHost(async (host) => {
    const { port: tcpPort, host: authority } = new URL(host.address);
    const authorization = `Bearer ${host.token}`;
    using lazy = await Deno.connect({ hostname: "127.0.0.1", port: Number(tcpPort) });
    const head = `GET /v1/events?from=0 HTTP/1.1\r\nHost: ${authority}\r\nAuthorization: ${authorization}`;
    await lazy.write(new TextEncoder().encode(`${head}\r\n\r\n`));
    /** The refusal of another stream, "" where there is room. */
    const refusal = async () => {
      const answer = await fetch(`${host.address}/v1/events`, { headers: { authorization } });
      if (answer.status !== 200) return String((await answer.json()).detail);
      await answer.body?.cancel();
      return "";
    };
    let refused = "";
    while (!refused.includes("eventsDroppedMax")) refused = await refusal();
    for (let at = 0; at < 20; at++) await add(host.port, `written meanwhile ${at}`);
    let text = "";
    for await (const part of lazy.readable.pipeThrough(new TextDecoderStream())) {
      text = (text + part).slice(-2000);
      if (text.endsWith("\r\n0\r\n\r\n")) break;
    }
    assert.match(text, /event: dropped\ndata: {"reason":"slow",.*eventsStallMsMax/);
    while (await refusal() !== "");
  }, { folder: folder.path, limits: { eventsStallMsMax: 200, eventsDroppedMax: 1 } });
});
