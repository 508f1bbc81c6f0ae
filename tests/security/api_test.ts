/** Hostile requests against a real host: nothing is answered that should not be, and nothing changes. */
import assert from "node:assert/strict";
import { withHost } from "../support/ports.ts";
import { sendRaw } from "../support/raw_http.ts";

interface Hostile {
  readonly what: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
  readonly expected: readonly [number, string];
  /** What the message must say. */
  readonly says?: RegExp;
}

const add = '{"kind":"write","ops":[{"op":"add","content":"x"}]}';
const command = { method: "POST", path: "/v1/commands" } as const;

/** Headers: the right ones, but for those given; null leaves one out. HOST stands for the address. */
const hostile: readonly Hostile[] = [
  { what: "no token", headers: { authorization: null }, expected: [401, "unauthorized"] },
  {
    what: "a wrong token",
    headers: { authorization: `Bearer ${"0".repeat(64)}` },
    expected: [401, "unauthorized"],
  },
  {
    what: "a token cut short",
    headers: { authorization: "Bearer TOKEN31" },
    expected: [401, "unauthorized"],
  },
  {
    what: "the token as a Basic password",
    headers: { authorization: "Basic TOKEN" },
    expected: [401, "unauthorized"],
  },
  {
    what: "the token in the address",
    path: "/v1/status?token=TOKEN",
    headers: { authorization: null },
    expected: [401, "unauthorized"],
  },
  {
    what: "the token in a cookie",
    headers: { authorization: null, cookie: "token=TOKEN" },
    expected: [401, "unauthorized"],
  },
  {
    what: "an unknown route without a token",
    path: "/nothing",
    headers: { authorization: null },
    expected: [
      401,
      "unauthorized",
    ],
  },
  {
    what: "another Host (DNS rebinding)",
    headers: { host: "evil.example" },
    expected: [403, "origin_refused"],
  },
  { what: "a Host without the port", headers: { host: "127.0.0.1" }, expected: [403, "origin_refused"] },
  {
    what: "an address of another host",
    path: "http://evil.example/v1/status",
    expected: [403, "origin_refused"],
  },
  {
    what: "a foreign Origin",
    headers: { origin: "https://evil.example" },
    expected: [403, "origin_refused"],
  },
  { what: "the Origin null", headers: { origin: "null" }, expected: [403, "origin_refused"] },
  {
    what: "a foreign Origin at /v1/health",
    path: "/v1/health",
    headers: { authorization: null, origin: "https://evil.example" },
    expected: [403, "origin_refused"],
  },
  {
    what: "a preflight",
    method: "OPTIONS",
    headers: { authorization: null },
    expected: [401, "unauthorized"],
  },
  { what: "a method a route does not have", method: "DELETE", expected: [405, "method_not_allowed"] },
  { what: "a path with dots", path: "/v1/../../token", expected: [404, "route_not_found"] },
  {
    what: "a path with escaped dots",
    path: "/v1/%2e%2e/%2e%2e/token",
    expected: [404, "route_not_found"],
  },
  {
    what: "an id that is a path",
    path: "/v1/engrams/..%2f..%2ftoken",
    expected: [404, "engram_not_found"],
  },
  { what: "an id with a NUL", path: "/v1/engrams/%00", expected: [404, "engram_not_found"] },
  { what: "an id that is SQL", path: "/v1/engrams/e'%20or%201=1--", expected: [404, "engram_not_found"] },
  {
    what: "a body that is a form (a page can send it unasked)",
    ...command,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "kind=write",
    expected: [415, "media_type_unsupported"],
    says: /Content-Type must be application\/json/,
  },
  {
    what: "a body without a type",
    ...command,
    headers: { "content-type": null },
    body: add,
    expected: [415, "media_type_unsupported"],
  },
  { what: "a body that is not JSON", ...command, body: "{", expected: [400, "invalid_json"] },
  { what: "an empty body", ...command, body: "", expected: [400, "invalid_json"] },
  {
    what: "a body larger than the limit",
    ...command,
    body: JSON.stringify({ kind: "write", ops: [{ op: "add", content: "x".repeat(5000) }] }),
    expected: [413, "payload_too_large"],
    says: /bodyBytesMax/,
  },
  {
    what: "a body of POST /v1/agents larger than its own limit",
    method: "POST",
    path: "/v1/agents",
    body: JSON.stringify({ id: "x", wasm: "x".repeat(9000) }),
    expected: [413, "payload_too_large"],
    says: /agentBodyBytesMax/,
  },
  {
    what: "a length larger than the limit, with no body behind it",
    ...command,
    headers: { "content-length": "9999999999" },
    body: "",
    expected: [413, "payload_too_large"],
  },
  {
    what: "a body that nests deeper than the limit",
    ...command,
    body: `{"kind":"write","ops":${"[".repeat(500)}${"]".repeat(500)}}`,
    expected: [400, "invalid_json"],
    says: /bodyDepthMax/,
  },
  {
    what: "an unknown field",
    ...command,
    body: '{"kind":"write","ops":[],"admin":true}',
    expected: [422, "invalid_argument"],
    says: /unknown field "admin"/,
  },
  {
    what: "an unknown field of an op",
    ...command,
    body: '{"kind":"write","ops":[{"op":"add","content":"x","tick":3}]}',
    expected: [422, "invalid_argument"],
    says: /unknown field "tick" in ops\[0\]/,
  },
  {
    what: "a field named __proto__",
    ...command,
    body: '{"kind":"write","ops":[],"__proto__":{"kind":"configure"}}',
    expected: [422, "invalid_argument"],
    says: /__proto__/,
  },
  { what: "an unknown kind", ...command, body: '{"kind":"erase_all"}', expected: [422, "invalid_argument"] },
  { what: "a list for a command", ...command, body: "[]", expected: [422, "invalid_argument"] },
  {
    what: "a command id with a line break",
    ...command,
    body: '{"kind":"write","ops":[],"commandId":"a\\nb"}',
    expected: [422, "invalid_argument"],
    says: /commandId/,
  },
  {
    what: "an unknown query parameter",
    path: "/v1/search?q=x&sql=1",
    expected: [422, "invalid_argument"],
    says: /unknown field "sql"/,
  },
  {
    what: "a query parameter given twice",
    path: "/v1/search?q=x&q=y",
    expected: [422, "invalid_argument"],
    says: /q is given twice/,
  },
];

Deno.test("hostile requests are refused, tell nothing, and change nothing", (test) =>
  withHost(async ({ address, token, port }) => {
    const { host: authority, port: tcpPort } = new URL(address);
    const before = (await port.view({ view: "status" })).stateHash;
    for (const one of hostile) {
      await test.step(one.what, async () => {
        const body = one.body ?? "";
        const headers: Record<string, string | null> = {
          host: authority,
          authorization: `Bearer ${token}`,
          ...(one.body === undefined ? {} : {
            "content-type": "application/json",
            "content-length": String(body.length),
          }),
          connection: "close",
          ...one.headers,
        };
        const lines = Object.entries(headers).flatMap(([name, value]) =>
          value === null ? [] : `${name}: ${value}\r\n`
        );
        const text = `${one.method ?? "GET"} ${one.path ?? "/v1/status"} HTTP/1.1\r\n${
          lines.join("")
        }\r\n${body}`;
        const filled = text.replaceAll("TOKEN31", token.slice(0, 63)).replaceAll("TOKEN", token);
        const answer = await sendRaw(Number(tcpPort), filled);
        const problem = JSON.parse(answer.body);
        assert.deepEqual([answer.status, problem.code, problem.status], [...one.expected, answer.status]);
        assert.match(problem.detail, one.says ?? /^Cannot /);
        assert.match(answer.head, /^content-type: application\/problem\+json/im);
        assert.match(answer.head, new RegExp(`^x-request-id: ${problem.requestId}`, "im"));
        assert(!answer.head.includes(token) && !answer.body.includes(token), "the answer holds the token");
        assert.doesNotMatch(answer.head, /access-control|set-cookie/i);
      });
    }
    assert.equal((await port.view({ view: "status" })).stateHash, before);
  }, { limits: { bodyBytesMax: 4096, agentBodyBytesMax: 8192 } }));

Deno.test("answers may not be stored or guessed at, refused or not", () =>
  withHost(async ({ address, token }) => {
    for (const authorization of [`Bearer ${token}`, "Bearer x"]) {
      const response = await fetch(`${address}/v1/status`, { headers: { authorization } });
      await response.body?.cancel();
      assert.match(response.headers.get("cache-control") ?? "", /no-store/);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    }
  }));

Deno.test("/v1/health proves the nonce without telling it", () =>
  withHost(async ({ address, data }) => {
    const { nonce } = JSON.parse(Deno.readTextFileSync(`${data}/host.json`));
    const response = await fetch(`${address}/v1/health?challenge=${"ab".repeat(16)}`);
    const text = await response.text();
    assert.match(text, /^\{"ok":true,"proof":"[0-9a-f]{64}"\}$/);
    assert(!text.includes(nonce));
  }));

Deno.test(
  "token and host file are for their owner only",
  { ignore: Deno.build.os === "windows" },
  () =>
    withHost(({ data }) => {
      const modes = ["token", "host.json"].map((name) =>
        (Deno.statSync(`${data}/${name}`).mode ?? 0) & 0o777
      );
      assert.deepEqual(modes, [0o600, 0o600]);
      return Promise.resolve();
    }),
);

// proves: mentat-practices4-degradation
Deno.test("more requests than requestsMax are refused by that name", () =>
  withHost(async ({ address, token }) => {
    const headers = { authorization: `Bearer ${token}` };
    const answers = await Promise.all(Array.from({ length: 20 }, async () => {
      const response = await fetch(`${address}/v1/log`, { headers });
      return await response.json();
    }));
    assert(
      answers.some(({ code, detail }) => code === "limit_reached" && detail.includes("requestsMax")),
    );
  }, { limits: { requestsMax: 1 } }));

Deno.test("more event streams than eventsClientsMax are refused, and one that left makes room", () =>
  withHost(async ({ address, token }) => {
    const open = () =>
      fetch(`${address}/v1/events?from=0`, { headers: { authorization: `Bearer ${token}` } });
    const first = await open();
    const second = await open();
    assert.equal((await second.json()).code, "limit_reached");
    await first.body?.cancel();
    for (;;) {
      const third = await open();
      await third.body?.cancel();
      if (third.ok) return;
    }
  }, { limits: { eventsClientsMax: 1 } }));

Deno.test("a body that is still under way when the host stops is no fault of the host", async () => {
  const told: unknown[] = [];
  const { error } = console;
  console.error = (...words: unknown[]) => told.push(...words);
  try {
    await withHost(async ({ address, token, stop, ended }) => {
      const { port, host } = new URL(address);
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      const head = `POST /v1/commands HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n` +
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
      await connection.write(new TextEncoder().encode(head));
      await (await fetch(`${address}/v1/status`, { headers: { authorization: `Bearer ${token}` } })).body
        ?.cancel();
      stop();
      await ended;
    });
  } finally {
    console.error = error;
  }
  assert.deepEqual(told, []);
});
