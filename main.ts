// Clients wait for `engramlt mcp` whenever they start: it has a way of its own that loads little.
const [command, ...rest] = Deno.args;
const code = command === "mcp" ? await (await import("./src/cli/host/mcp_pipe.ts")).mcpFast(rest) : null;

Deno.exit(code ?? await (await import("./src/cli/main.ts")).main(Deno.args));
