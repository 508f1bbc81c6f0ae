/** engramlt mcp: as the command line knows it. The plain call goes through mcp_pipe.ts alone (main.ts). */
import type { Leaf } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { mcpPipe, tokenGiven } from "./mcp_pipe.ts";

/** engramlt mcp */
export const mcp: Leaf = {
  name: "mcp",
  says: "serve an assistant over standard input and output (MCP); starts the host if none runs",
  examples: ["mcp", "mcp --context work"],
  notes:
    "Clients start it themselves: engramlt setup writes it into their configuration. What it remembers and recalls\n" +
    "belongs to the folder it is started in, unless --context names another. With the token in ENGRAMLT_TOKEN it may\n" +
    "do what that token may: one of scope read can change nothing.",
  async run(call) {
    const { data } = connectOptions(call);
    const { terminal } = call.screen;
    const say = (text: string) => terminal.err(`${text}\n`);
    const context = call.text("context");
    const code = await mcpPipe({ data, folder: terminal.folder, context, token: tokenGiven(), say });
    if (code !== 0) Deno.exit(code);
  },
};
