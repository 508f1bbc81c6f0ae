import assert from "node:assert/strict";
import { checkCommand } from "../../src/cli/setup/check.ts";
import { findHost } from "../../src/api/mod.ts";
import { selfCommand } from "../../src/runtime/assets.ts";
import { runCli } from "../support/terminal.ts";
import { temporaryFolder } from "../support/runtimes.ts";

const now = () => performance.now();

Deno.test("checkCommand() remembers and recalls over the command as written, and leaves no memory behind", async () => {
  const folder = temporaryFolder();
  try {
    const { command, args } = selfCommand();
    const found = await checkCommand(
      { command, args: [...args, "mcp", "--data", folder.path] },
      folder.path,
      now,
    );
    const port = await findHost(folder.path);
    assert.ok(port !== null, "the host that the command started");
    const { contexts } = await port.view({ view: "contexts" });
    const { hits } = await port.view({ view: "search", limit: 10 });
    await port.close();
    assert.match(found.id, /^e/);
    assert.ok(contexts.some(({ name }) => name === "setup-check"));
    assert.deepEqual(hits, []);
  } finally {
    await runCli(["down", "--data", folder.path]);
    folder[Symbol.dispose]();
  }
});

const broken: readonly (readonly [string, string, readonly string[], RegExp])[] = [
  ["is not there", "/nowhere/engramlt", [], /\/nowhere\/engramlt does not start/],
  [
    "ends at once",
    Deno.execPath(),
    ["eval", "console.error('no way'); Deno.exit(3)"],
    /ended before it answered: no way/,
  ],
  [
    "writes what is no message",
    Deno.execPath(),
    ["eval", "console.log('hello')"],
    /no message of the protocol: "hello"/,
  ],
  ["refuses", Deno.execPath(), [
    "eval",
    `console.log('{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"not today"}}'); await new Promise((r) => setTimeout(r, 100))`,
  ], /not today/],
];
for (const [what, command, args, message] of broken) {
  Deno.test(`checkCommand() tells of a command that ${what}`, async () => {
    const folder = temporaryFolder();
    try {
      await assert.rejects(checkCommand({ command, args }, folder.path, now), message);
    } finally {
      folder[Symbol.dispose]();
    }
  });
}
