import assert from "node:assert/strict";
import { filesHolding } from "../../support/folder_bytes.ts";
import { loadTestAgent, withRuntime } from "../../support/runtimes.ts";

const secret = ["ghp", "_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].join("");

Deno.test("submit() stores no credential of any request, and the receipt says what it left out", () =>
  withRuntime(async (runtime, path) => {
    await loadTestAgent(runtime);
    const op = {
      op: "add",
      content: `Deploys use ${secret}.`,
      title: secret,
      metadata: { token: secret },
    } as const;
    const added = await runtime.submit({ kind: "write", ops: [op] });
    assert.deepEqual(added.redacted, { "GitHub token": 3 });
    await runtime.submit({ kind: "execute", agent: "tester", action: "echo", params: `{"t": "${secret}"}` });
    await runtime.submit({ kind: "query", agent: "tester", query: secret }).catch(() => null);
    await runtime.submit({ kind: "query", agent: "tester", query: `{"q": "<private>mango-tree</private>"}` })
      .catch(() => null);
    await runtime.submit({ kind: "context_create", name: `x ${secret}`, description: secret });
    await runtime.submit({ kind: "write", ops: [{ op: "add", content: "x" }] }, { client: `mcp:${secret}` });
    await runtime.view({ view: "brief", context: "personal", client: secret, session: secret });
    const placed = { source: `s ${secret}`, ref: secret, thread: `t/${secret}.md` };
    await runtime.submit({
      kind: "write",
      ops: [
        { op: "upsert", content: "one", ...placed },
        { op: "upsert", content: "two", ...placed, ref: "r" },
        { op: "link", type: "links", from: [placed.source, secret], to: [placed.source, "r"] },
      ],
    });
    assert.notDeepEqual(filesHolding(path, "Deploys use [redacted: GitHub token]."), []);
    assert.deepEqual(filesHolding(path, secret), []);
    assert.deepEqual(filesHolding(path, "mango-tree"), []);
  }));

Deno.test("views that begin a session keep no credential, and know the session again by what is left", () =>
  withRuntime(async (runtime, path) => {
    const begin = (session: string) =>
      runtime.view({ view: "session", client: `of ${secret}`, context: "personal", session });
    await runtime.submit({ kind: "write", ops: [{ op: "add", content: "one" }] });
    assert.deepEqual(await begin(`first ${secret}`), { since: null });
    const { since } = await begin(`second ${secret}`);
    assert.equal(since?.tick, 1);
    assert.deepEqual(await begin(`second ${secret}`), { since });
    assert.notDeepEqual(filesHolding(path, "second [redacted: GitHub token]"), []);
    assert.deepEqual(filesHolding(path, secret), []);
  }));

Deno.test("submit() gives a receipt without redactions where nothing was private", () =>
  withRuntime(async (runtime) => {
    const added = await runtime.submit({ kind: "write", ops: [{ op: "add", content: "Tea at four." }] });
    assert.equal("redacted" in added, false);
  }));
