/** Tokens: what each scope reaches, and when one holds no more, against a real host. */
import assert from "node:assert/strict";
import { routeList } from "../../src/api/routes/list.ts";
import {
  createToken,
  listTokens,
  openTokens,
  revokeToken,
  rotateToken,
} from "../../src/api/tokens/tokens.ts";
import { dataPaths } from "../../src/runtime/data_folder.ts";
import { withHost } from "../support/ports.ts";
import { temporaryFolder } from "../support/runtimes.ts";

/** A data folder that is there. */
function dataFolder() {
  const folder = temporaryFolder();
  Deno.mkdirSync(folder.path, { recursive: true });
  return folder;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, "content-type": "application/json" });
const newToken = (data: string, scope: "read" | "operate" | "admin", expires: string | null = null) =>
  createToken(dataPaths(data), { name: `the ${scope} one`, scope, expires }).token;

async function codeOf(
  address: string,
  token: string,
  method: string,
  path: string,
): Promise<[number, unknown]> {
  const body = method === "GET" || method === "DELETE" ? null : "{}";
  const response = await fetch(address + path.replaceAll(/:\w+/g, "e9zzz"), {
    method,
    headers: bearer(token),
    body,
  });
  const answer = await response.json();
  return [response.status, answer.code];
}

// proves: engram-8.2-auth, engram-9.2-management
Deno.test("a token below a route's scope is refused by every one of them and changes nothing", () =>
  withHost(async ({ address, data, port }) => {
    const before = (await port.view({ view: "status" })).stateHash;
    const tokens = { read: newToken(data, "read"), operate: newToken(data, "operate") };
    for (const { method, path, scope } of routeList()) {
      const below = scope === "operate"
        ? ["read"] as const
        : scope === "admin"
        ? ["read", "operate"] as const
        : [];
      for (const one of below) {
        assert.deepEqual(await codeOf(address, tokens[one], method, path), [403, "scope_insufficient"], path);
      }
    }
    assert.equal((await port.view({ view: "status" })).stateHash, before);
  }));

Deno.test("a read token reads, and leaves no mark of when it looked", () =>
  withHost(async ({ address, data }) => {
    const token = newToken(data, "read");
    assert.deepEqual(await codeOf(address, token, "GET", "/v1/status"), [200, undefined]);
    for (
      const view of [{ view: "session", client: "x", context: "personal" }, { view: "brief", client: "x" }]
    ) {
      const body = JSON.stringify(view);
      const response = await fetch(`${address}/v1/view`, { method: "POST", headers: bearer(token), body });
      assert.equal((await response.json()).code, "scope_insufficient");
    }
  }));

Deno.test("an operate token writes, the log says by whose name, and it loads no agent", () =>
  withHost(async ({ address, data, port }) => {
    const token = newToken(data, "operate");
    const body = JSON.stringify({ content: "x" });
    const response = await fetch(`${address}/v1/engrams`, { method: "POST", headers: bearer(token), body });
    const { id } = await response.json();
    assert.equal((await port.view({ view: "engram", id })).by.client, "http:the operate one");
    const unload = JSON.stringify({ kind: "agent_unload", agent: "x" });
    const denied = await fetch(`${address}/v1/commands`, {
      method: "POST",
      headers: bearer(token),
      body: unload,
    });
    assert.equal((await denied.json()).code, "scope_insufficient");
  }));

Deno.test("a revoked token holds for no request after, and its stream of events ends", () =>
  withHost(async ({ address, data, port }) => {
    const token = newToken(data, "read");
    const events = await fetch(`${address}/v1/events?from=0`, { headers: bearer(token) });
    revokeToken(dataPaths(data), "the read one");
    assert.deepEqual(await codeOf(address, token, "GET", "/v1/status"), [401, "unauthorized"]);
    await port.submit({ kind: "write", ops: [{ op: "add", content: "after" }] });
    assert.match(await events.text(), /event: dropped\ndata: \{"reason":"token"/);
  }));

Deno.test("a rotated host token holds for no request after, and the new one does", () =>
  withHost(async ({ address, data, token }) => {
    const next = rotateToken(dataPaths(data));
    assert.deepEqual(await codeOf(address, token, "GET", "/v1/status"), [401, "unauthorized"]);
    assert.deepEqual(await codeOf(address, next, "GET", "/v1/status"), [200, undefined]);
  }));

Deno.test("createToken() stores no token, only its hash, for the owner alone", () => {
  using folder = dataFolder();
  const token = newToken(folder.path, "admin");
  const stored = Deno.readTextFileSync(`${folder.path}/tokens.json`);
  assert(!stored.includes(token) && !stored.includes(token.slice(4)));
  assert(!JSON.stringify(listTokens(dataPaths(folder.path))).includes("sha256"));
  if (Deno.build.os === "windows") return;
  assert.equal((Deno.statSync(`${folder.path}/tokens.json`).mode ?? 0) & 0o777, 0o600);
});

Deno.test("verifyToken() gives scope and name while a token has not expired, and null after", () => {
  using folder = dataFolder();
  const tokens = openTokens(dataPaths(folder.path));
  const good = newToken(folder.path, "operate", "2999-01-01T00:00:00Z");
  const past = newToken(folder.path, "read", "2001-01-01T00:00:00Z");
  assert.deepEqual(tokens.verifyToken(good), { scope: "operate", name: "the operate one" });
  assert.deepEqual([past, "", "x"].map((one) => tokens.verifyToken(one)), [null, null, null]);
});

Deno.test("verifyToken() lets nobody in by a tokens.json that cannot be read", () => {
  using folder = dataFolder();
  const token = newToken(folder.path, "admin");
  const tokens = openTokens(dataPaths(folder.path));
  assert.notEqual(tokens.verifyToken(token), null);
  Deno.writeTextFileSync(`${folder.path}/tokens.json`, '{"tokens": [{"scope": "root"}]}');
  assert.equal(tokens.verifyToken(token), null);
});

Deno.test("createToken() refuses a name that is taken", () => {
  using folder = dataFolder();
  newToken(folder.path, "read");
  assert.throws(() => newToken(folder.path, "read"), { code: "conflict" });
});
