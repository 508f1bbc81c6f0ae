/**
 * Three servers that read a request's body and answer with nothing, in one process: for doors_bench.ts. Says their ports in one line
 * of JSON; `cpu` is one more server, which tells the µs of CPU time that this process has used.
 */
import { createServer, type RequestListener } from "node:http";
import process from "node:process";
import { readText } from "../src/api/wire/body.ts";
import { serveHttp } from "../src/api/http/server.ts";
import { apiLimits } from "../src/api/limits.ts";
import { answerText } from "../src/api/wire/wire.ts";

const hostname = "127.0.0.1", type = { "content-type": "text/plain" };

const bounds = {
  limits: apiLimits,
  bytesMax: apiLimits.bodyBytesMax,
  bytesMaxName: "bodyBytesMax",
  stopping: new AbortController().signal,
};

async function bare(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, hostname, () => resolve()));
  const address = server.address();
  return typeof address === "object" ? address?.port ?? 0 : 0;
}

const ours = await serveHttp({
  hostname,
  port: 0,
  limits: apiLimits,
  handler: async (request, wire) => {
    if (request.method === "POST") await readText({ request, incoming: wire.incoming }, bounds);
    return answerText(wire, { status: 200, headers: type, text: "" });
  },
});
const theirs = Deno.serve(
  { hostname, port: 0, onListen() {/* the line below says it */} },
  async (request) => {
    if (request.method === "POST") await request.text();
    return new Response("", { headers: type });
  },
);
const ports = {
  deno: theirs.addr.port,
  node: await bare((request, response) => {
    const answer = () => response.writeHead(200, { ...type, "content-length": 0 }).end();
    if (request.method === "POST") request.on("data", () => {/* read */}).on("end", answer);
    else answer();
  }),
  ours: ours.port,
  cpu: await bare((_, response) => {
    const { user, system } = process.cpuUsage();
    response.end(String(user + system));
  }),
};
console.log(JSON.stringify(ports));
