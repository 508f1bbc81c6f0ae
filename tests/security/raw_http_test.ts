/** HTTP by hand: what breaks the protocol, comes slowly, or says one thing twice; against a real host. */
import assert from "node:assert/strict";
import { type TestHost, withHost } from "../support/ports.ts";

interface Wire extends Disposable {
  readonly send: (text: string) => Promise<void>;
  /** What came until `isEnough` or the end of the connection. */
  readonly read: (isEnough?: (text: string) => boolean) => Promise<string>;
  /** Ends the sending half only. */
  readonly endSending: () => Promise<void>;
}

async function wire({ address }: TestHost): Promise<Wire> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(address).port) });
  let text = "";
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(65_536);
  return {
    send: async (given) => {
      const rest = new TextEncoder().encode(given);
      for (let at = 0; at < rest.length;) at += await connection.write(rest.subarray(at));
    },
    read: async (isEnough = () => false) => {
      while (!isEnough(text)) {
        const count = await connection.read(bytes).catch(() => null); // a reset is an end too
        if (count === null) break;
        text += decoder.decode(bytes.subarray(0, count), { stream: true });
      }
      return text;
    },
    endSending: () => connection.closeWrite(),
    [Symbol.dispose]: () => connection.close(),
  };
}

/** An answer without the word that its body may be sent, which comes before it. */
const answerOf = (text: string) => text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, "");

/** Whether an answer with a length is there to its end. */
function isWhole(text: string): boolean {
  const [head = "", ...rest] = answerOf(text).split("\r\n\r\n");
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  const body = new TextEncoder().encode(rest.join("\r\n\r\n"));
  return length !== undefined && body.length >= Number(length);
}

/** Nothing of what a host is made of may be in an answer. */
function tellsNothing(text: string, { token, data }: TestHost): void {
  assert(!text.includes(token), "the answer holds the token");
  assert(!text.includes(data), "the answer holds the data folder's path");
  assert.doesNotMatch(text, /\n\s+at |\.ts\b|file:\/\/|node_modules|Error:|panick/);
}

const stateOf = async ({ port }: TestHost) => {
  const { stateHash, tick } = await port.view({ view: "status" });
  return { stateHash, tick };
};

const add = '{"content":"x"}';

interface Case {
  readonly what: string;
  /** HOST and TOKEN stand for the host's own. */
  readonly sent: string;
  /** The status line's number; 0: the connection ends without an answer. */
  readonly status: number;
  readonly code?: string;
}

const right = "Host: HOST\r\nAuthorization: Bearer TOKEN\r\n";
const post = `POST /v1/engrams HTTP/1.1\r\n${right}Content-Type: application/json\r\n`;
const status = `GET /v1/status HTTP/1.1\r\n${right}`;

/** Requests that change nothing, whatever they look like. */
const cases: readonly Case[] = [
  // What is no HTTP at all.
  { what: "a handshake of TLS", sent: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", status: 400 },
  { what: "a request of HTTP/0.9", sent: "GET /v1/status\r\n\r\n", status: 400 },
  { what: "a method with a space before it", sent: ` GET /v1/status HTTP/1.1\r\n${right}\r\n`, status: 400 },
  {
    what: "more headers than there may be",
    sent: `${status}${"A: b\r\n".repeat(200)}\r\n`,
    status: 400,
  },
  // Hosts.
  { what: "two Host headers", sent: `${status}Host: evil.example\r\n\r\n`, status: 400 },
  {
    what: "the same Host twice",
    sent: `${status}Host: HOST\r\n\r\n`,
    status: 400,
  },
  {
    what: "no Host",
    sent: "GET /v1/status HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\n\r\n",
    status: 400,
  },
  {
    what: "HTTP/1.0 without a Host",
    sent: "GET /v1/status HTTP/1.0\r\nAuthorization: Bearer TOKEN\r\n\r\n",
    status: 400,
  },
  {
    what: "a Host with a user before it",
    sent: "GET /v1/status HTTP/1.1\r\nHost: a@HOST\r\nAuthorization: Bearer TOKEN\r\n\r\n",
    status: 400,
  },
  {
    what: "a Host with a path after it",
    sent: "GET /v1/status HTTP/1.1\r\nHost: HOST/../v1\r\nAuthorization: Bearer TOKEN\r\n\r\n",
    status: 400,
  },
  {
    what: "a foreign address in the request line, the right Host beside it",
    sent: `GET http://evil.example/v1/status HTTP/1.1\r\n${right}\r\n`,
    status: 403,
    code: "origin_refused",
  },
  {
    what: "a path that begins with two slashes and a name",
    sent: `GET //evil.example/v1/status HTTP/1.1\r\n${right}\r\n`,
    status: 404,
    code: "route_not_found",
  },
  // Paths.
  {
    what: "the letters of a path escaped",
    sent: `DELETE /v1/%65ngrams/%2e%2e HTTP/1.1\r\n${right}\r\n`,
    status: 404,
  },
  { what: "a NUL in the path", sent: `GET /v1/\0status HTTP/1.1\r\n${right}\r\n`, status: 400 },
  {
    what: "an escape that is none",
    sent: `GET /v1/engrams/%zz HTTP/1.1\r\n${right}\r\n`,
    status: 404,
    code: "engram_not_found",
  },
  {
    what: "an escaped byte that is no UTF-8",
    sent: `GET /v1/engrams/%ff HTTP/1.1\r\n${right}\r\n`,
    status: 404,
    code: "engram_not_found",
  },
  {
    what: "a backslash for a slash",
    sent: `GET /v1\\status HTTP/1.1\r\n${right}\r\n`,
    status: 400,
  },
  {
    what: "an empty part of a path",
    sent: `GET /v1//status HTTP/1.1\r\n${right}\r\n`,
    status: 404,
    code: "route_not_found",
  },
  {
    what: "a path of 20,000 letters",
    sent: `GET /v1/engrams/${"e".repeat(20_000)} HTTP/1.1\r\n${right}\r\n`,
    status: 404,
  },
  // Headers.
  { what: "a NUL in a header", sent: `${status}X-A: b\0c\r\n\r\n`, status: 400 },
  { what: "a space before a header's colon", sent: `${status}X-A : b\r\n\r\n`, status: 400 },
  { what: "a header folded over two lines", sent: `${status}X-A: b\r\n c\r\n\r\n`, status: 400 },
  { what: "two thousand headers", sent: `${status}${"X-A: b\r\n".repeat(2000)}\r\n`, status: 400 },
  {
    what: "two tokens, the second one right",
    sent:
      `GET /v1/status HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer x\r\nAuthorization: Bearer TOKEN\r\n\r\n`,
    status: 401,
    code: "unauthorized",
  },
  {
    what: "a method told by a header",
    sent: `${post}X-HTTP-Method-Override: DELETE\r\nContent-Length: 2\r\n\r\n{}`,
    status: 422,
  },
  // Methods.
  {
    what: "TRACE",
    sent: `TRACE /v1/status HTTP/1.1\r\n${right}\r\n`,
    status: 405,
    code: "method_not_allowed",
  },
  { what: "CONNECT", sent: `CONNECT evil.example:443 HTTP/1.1\r\n${right}\r\n`, status: 400 },
  {
    what: "a method in lower case",
    sent: `delete /v1/engrams/x HTTP/1.1\r\n${right}\r\n`,
    status: 400,
  },
  { what: "OPTIONS of everything", sent: `OPTIONS * HTTP/1.1\r\n${right}\r\n`, status: 400 },
  // Bodies that lie about their length.
  {
    what: "a length twice, and not the same",
    sent: `${post}Content-Length: 15\r\nContent-Length: 16\r\n\r\n${add} `,
    status: 400,
  },
  {
    what: "a length and chunks (smuggling)",
    sent: `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  { what: "a length below zero", sent: `${post}Content-Length: -1\r\n\r\n${add}`, status: 400 },
  { what: "a length with a sign", sent: `${post}Content-Length: +15\r\n\r\n${add}`, status: 400 },
  { what: "a length in hex", sent: `${post}Content-Length: 0xf\r\n\r\n${add}`, status: 400 },
  {
    what: "a length that no number holds",
    sent: `${post}Content-Length: 99999999999999999999999\r\n\r\n${add}`,
    status: 400,
  },
  {
    what: "a length above the limit, asked with Expect",
    sent: `${post}Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n`,
    status: 413,
    code: "payload_too_large",
  },
  {
    what: "chunks above the limit",
    sent: `${post}Transfer-Encoding: chunked\r\n\r\n1388\r\n${"x".repeat(5000)}\r\n0\r\n\r\n`,
    status: 413,
    code: "payload_too_large",
  },
  {
    what: "an encoding of chunks that is none",
    sent: `${post}Transfer-Encoding: gzip\r\n\r\nx`,
    status: 400,
  },
  {
    what: "a body said to be compressed",
    sent: `${post}Content-Encoding: gzip\r\nContent-Length: 15\r\n\r\n\x1f\x8b0000000000000`,
    status: 400,
    code: "invalid_json",
  },
  {
    what: "a length told shorter than the body: the rest is no request",
    sent: `${post}Content-Length: 1\r\nConnection: close\r\n\r\n${add}`,
    status: 400,
    code: "invalid_json",
  },
];

// proves: adr-023-hosts
Deno.test("what breaks the protocol is refused, tells nothing of the host, and changes nothing", (test) =>
  withHost(async (host) => {
    const { host: authority } = new URL(host.address);
    const before = await stateOf(host);
    for (const one of cases) {
      await test.step(one.what, async () => {
        using line = await wire(host);
        await line.send(one.sent.replaceAll("HOST", authority).replaceAll("TOKEN", host.token));
        const text = answerOf(await line.read(isWhole));
        assert.match(text, new RegExp(`^HTTP/1\\.[01] ${one.status} `), text.slice(0, 300));
        tellsNothing(text, host);
        if (one.code !== undefined) assert.match(text, new RegExp(`"code":"${one.code}"`));
      });
    }
    assert.deepEqual(await stateOf(host), before);
  }, { limits: { bodyBytesMax: 4096 } }));

Deno.test("a body that is asked for by Expect is taken", () =>
  withHost(async (host) => {
    const { host: authority } = new URL(host.address);
    using line = await wire(host);
    await line.send(
      `${post}Expect: 100-continue\r\nContent-Length: 15\r\n\r\n`.replace("HOST", authority)
        .replace("TOKEN", host.token),
    );
    assert.match(await line.read((so) => so.includes("\r\n\r\n")), /^HTTP\/1\.1 100 /);
    await line.send(add);
    assert.match(await line.read((so) => so.includes('"tick"')), /HTTP\/1\.1 201 /);
  }));

Deno.test("a body that is too large is not asked for", () =>
  withHost(async (host) => {
    const { host: authority } = new URL(host.address);
    const head = post.replace("HOST", authority).replace("TOKEN", host.token);
    using line = await wire(host);
    await line.send(`${head}Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n`);
    const text = await line.read(); // to the end: the connection is closed
    assert.match(text, /^HTTP\/1\.1 413 .*"code":"payload_too_large"/s);
    using other = await wire(host);
    await other.send(
      `${head.replace(host.token, "wrong")}Expect: 100-continue\r\nContent-Length: 15\r\n\r\n`,
    );
    assert.match(await other.read(), /^HTTP\/1\.1 401 /);
    using kept = await wire(host);
    await kept.send(`${head}Expect: 100-continue\r\nContent-Length: 15\r\n\r\n`);
    assert.match(await kept.read((so) => so.includes("\r\n\r\n")), /^HTTP\/1\.1 100 /);
    await kept.send(`${add}GET /healthz HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    assert.match(await kept.read((so) => so.includes('"ok"')), /HTTP\/1\.1 201 .*HTTP\/1\.1 200 /s);
  }, { limits: { bodyBytesMax: 4096 } }));

// proves: adr-023-body_wait
Deno.test("a body that comes slowly or breaks off is refused in time, and nothing of it is stored", (test) =>
  withHost(async (host) => {
    const head = post.replace("HOST", new URL(host.address).host).replace("TOKEN", host.token);
    const before = await stateOf(host);
    await test.step("one that never comes", async () => {
      using line = await wire(host);
      await line.send(`${head}Content-Length: 15\r\n\r\n`);
      const text = await line.read((so) => so.includes('"requestId"'));
      assert.match(text, /^HTTP\/1\.1 408 .*"code":"request_timeout"/s);
      assert.match(text, /bodyWaitMsMax/);
      tellsNothing(text, host);
    });
    await test.step("one of /mcp that never comes", async () => {
      using line = await wire(host);
      await line.send(`${head.replace("/v1/engrams", "/mcp")}Content-Length: 15\r\n\r\n`);
      assert.match(await line.read(isWhole), /^HTTP\/1\.1 408 .*bodyWaitMsMax/s);
    });
    await test.step("one that comes byte by byte", async () => {
      using line = await wire(host);
      await line.send(`${head}Content-Length: 100000\r\n\r\n`);
      let isOver = false;
      const answer = line.read((so) => so.includes('"requestId"')).finally(() => isOver = true);
      while (!isOver) {
        await line.send(" ").catch(() => {/* the host has ended the connection */});
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.match(await answer, /^HTTP\/1\.1 408 /);
    });
    await test.step("one that breaks off", async () => {
      using line = await wire(host);
      await line.send(`${head}Content-Length: 100\r\n\r\n${add}`);
      await line.endSending();
      tellsNothing(await line.read(), host);
    });
    await test.step("chunks that break off", async () => {
      using line = await wire(host);
      await line.send(`${head}Transfer-Encoding: chunked\r\n\r\nf\r\n${add}\r\n`);
      await line.endSending();
      tellsNothing(await line.read(), host);
    });
    assert.deepEqual(await stateOf(host), before);
  }, { limits: { bodyWaitMsMax: 300 } }));

// proves: adr-023-half_open
Deno.test("sockets that send half a request, or nothing, delay nobody, and not the host's end", async () => {
  const lines: Wire[] = [];
  await withHost(async (host) => {
    for (let at = 0; at < 300; at++) {
      const line = await wire(host);
      lines.push(line);
      if (at % 3 !== 0) await line.send("GET /v1/status HTTP/1.1\r\nHo");
      if (at % 3 === 2) await line.endSending();
    }
    const { tick } = await host.port.submit({ kind: "write", ops: [{ op: "add", content: "x" }] });
    const answer = await fetch(`${host.address}/v1/status`, {
      headers: { authorization: `Bearer ${host.token}` },
    });
    assert.equal((await answer.json()).tick, tick);
    const from = performance.now();
    host.stop();
    await host.ended;
    const ms = performance.now() - from;
    assert(ms < 10_000, `the host took ${ms} ms to end`);
  });
  for (const line of lines) line[Symbol.dispose]();
});

// proves: adr-023-head_wait, adr-023-idle
Deno.test("a connection without a whole head or a next request is ended, with an answer where one may be", (test) =>
  withHost(async (host) => {
    const { host: authority } = new URL(host.address);
    const before = await stateOf(host);
    const ends = async (sent: string, answer: RegExp) => {
      using line = await wire(host);
      await line.send(sent);
      const text = await line.read();
      assert.match(text, answer);
      tellsNothing(text, host);
    };
    const late = /^HTTP\/1\.1 408 .*problem\+json.*"code":"request_timeout"/s;
    const health = `GET /healthz HTTP/1.1\r\nHost: ${authority}\r\n`;
    await test.step("nothing", () => ends("", late));
    await test.step("half a head", () => ends("GET /v1/status HTTP/1.1\r\nHo", late));
    await test.step(
      "half a next head",
      () => ends(`${health}\r\nGET /v1/st`, /^HTTP\/1\.1 200 .*HTTP\/1\.1 408 /s),
    );
    await test.step("no next request", () => ends(`${health}\r\n`, /^HTTP\/1\.1 200 (?!.*408)/s));
    assert.deepEqual(await stateOf(host), before);
  }, { limits: { headersWaitMsMax: 400, bodyWaitMsMax: 400, idleConnectionMsMax: 400 } }));

// proves: adr-023-head_size
Deno.test("a head that is too large is refused by name", () =>
  withHost(async (host) => {
    using line = await wire(host);
    await line.send(`${status}X-A: ${"b".repeat(9000)}\r\n\r\n`);
    const text = await line.read();
    assert.match(text, /^HTTP\/1\.1 431 .*"code":"payload_too_large"/s);
    assert.match(text, /headerBytesMax/);
  }, { limits: { headerBytesMax: 8192 } }));

// proves: adr-023-connections
Deno.test("a connection above the limit is answered 503, and one that ends makes room again", () =>
  withHost(async (host) => {
    const { host: authority } = new URL(host.address);
    const health = `GET /healthz HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`;
    const ask = async () => {
      using line = await wire(host);
      await line.send(health);
      return await line.read();
    };
    const lines: Wire[] = [];
    let answer = await ask();
    while (answer.startsWith("HTTP/1.1 200 ") && lines.length < 50) {
      lines.push(await wire(host));
      answer = await ask();
    }
    assert(lines.length > 1, "the first connections are within the limit");
    assert.match(answer, /^HTTP\/1\.1 503 .*retry-after: 1.*"code":"limit_reached"/is);
    assert.match(answer, /20 are open \(connectionsMax\)/);
    for (const line of lines) line[Symbol.dispose]();
    for (let at = 0; at < 50 && !answer.startsWith("HTTP/1.1 200 "); at++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      answer = await ask();
    }
    assert.match(answer, /^HTTP\/1\.1 200 /);
  }, { limits: { connectionsMax: 20 } }));
