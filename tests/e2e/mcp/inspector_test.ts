/**
 * The command line of the official MCP inspector against a real host, by both ways in and in both eras.
 *
 * ENGRAMLT_TEST_INSPECTOR names the folder of @modelcontextprotocol/inspector (2.12.0), which needs node. It is no
 * dependency: with what it brings along it is larger than all others together.
 */
import assert from "node:assert/strict";
import { selfCommand } from "../../../src/runtime/assets.ts";
import { type TestHost, withHost } from "../../support/ports.ts";

const folder = Deno.env.get("ENGRAMLT_TEST_INSPECTOR") ?? "";
const ignore = folder === "";
const needs = ignore
  ? " (skipped: needs ENGRAMLT_TEST_INSPECTOR=node_modules/@modelcontextprotocol/inspector)"
  : "";

/** Runs the inspector once; what it printed. */
async function inspect(server: readonly string[], more: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await new Deno.Command("node", {
    args: [`${folder}/clients/launcher/build/index.js`, "--cli", ...server, ...more],
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(code, 0, `${more.join(" ")}: ${text}${new TextDecoder().decode(stderr)}`);
  return JSON.parse(text);
}

const ways: Readonly<Record<string, (host: TestHost) => readonly string[]>> = {
  "/mcp": ({ address, token }) => [
    `${address}/mcp`,
    "--transport",
    "http",
    "--header",
    `Authorization: Bearer ${token}`,
  ],
  "engramlt mcp": ({ data }) => {
    const { command, args } = selfCommand();
    const engramlt = { command, args: [...args, "mcp", "--data", data, "--context", "personal"] };
    const path = `${data}/inspector.json`;
    Deno.writeTextFileSync(path, JSON.stringify({ mcpServers: { engramlt } }));
    return ["--config", path, "--server", "engramlt"];
  },
};

for (const [way, serverOf] of Object.entries(ways)) {
  for (const era of ["legacy", "modern"]) {
    Deno.test({
      name: `the inspector lists, calls and reads through ${way} (${era} era)${needs}`,
      ignore,
      fn: () =>
        withHost(async (host) => {
          const ask = (method: string, ...more: string[]) =>
            inspect(serverOf(host), ["--protocol-era", era, "--method", method, ...more]);
          const { tools } = await ask("tools/list", "--strict");
          assert(Array.isArray(tools) && tools.length === 9);
          const content = "content=Heron launches on 12 May";
          const made = await ask("tools/call", "--tool-name", "remember", "--tool-arg", content);
          const { id } = made["structuredContent"] as { id: string };
          const question = "question=When does Heron launch?";
          const found = await ask("tools/call", "--tool-name", "recall", "--tool-arg", question);
          const { hits: [hit] } = found["structuredContent"] as { hits: { id: string }[] };
          assert.equal(hit?.id, id);
          const brief = await ask("resources/read", "--uri", "memory://brief");
          assert.match(JSON.stringify(brief), /Heron launches on 12 May/);
          const prompt = await ask(
            "prompts/get",
            "--prompt-name",
            "recall",
            "--prompt-args",
            "question=Heron",
          );
          assert.match(JSON.stringify(prompt), /Heron launches on 12 May/);
        }),
    });
  }
}
