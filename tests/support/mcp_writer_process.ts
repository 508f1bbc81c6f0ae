/**
 * A client in a process of its own: `mcp_writer_process.ts DATA ERA NAME COUNT` remembers COUNT memories in parallel
 * through `engramlt mcp`, and prints `ID\tCONTENT` for each that was acknowledged, as soon as it was.
 */
import { callTool, clientOf, eras, stdioTransport } from "./mcp_clients.ts";

const [data = "", asked = "", name = "", count = "0"] = Deno.args;
const era = eras.find((one) => one === asked);
if (era === undefined) throw new RangeError(`Cannot speak ${asked}: it is no era`);
const client = clientOf(era, name);
await client.connect(stdioTransport(data, ["--context", "personal"]));
await Promise.all(Array.from({ length: Number(count) }, async (_, at) => {
  const content = `${name} remembers fact ${at}`;
  const { structured, isError, text } = await callTool(client, "remember", { content });
  if (isError) throw new Error(text);
  Deno.stdout.writeSync(new TextEncoder().encode(`${String(structured["id"])}\t${content}\n`));
}));
await client.close();
