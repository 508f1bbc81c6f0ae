/**
 * The doors: what a request that is answered with nothing takes of CPU time, of our server beside Deno.serve and bare
 * node:http; a read and a durable write over HTTP and MCP beside an empty route of the same host; the official MCP memory
 * server beside ours at the same number of entities; `engramlt mcp` from its start to connected.
 *
 * The host is a process of its own. Where dist/engramlt is there, it is what is started; else the program from source.
 */
import { fileURLToPath } from "node:url";
import { assert } from "../src/kernel/errors.ts";
import { dataPaths, exists } from "../src/runtime/data_folder.ts";
import {
  callTool,
  clientOf,
  eras,
  httpTransport,
  StdioClientTransport,
} from "../tests/support/mcp_clients.ts";
import { bench, figureOf, report, runBenches, smoke, temporary } from "./measure.ts";

const given = Deno.args.find((arg) => arg.startsWith("--entities="))?.slice("--entities=".length);
const entities = smoke ? 100 : Number(given ?? 10_000);
/** Requests under way at once, where many are. */
const parallel = 16;
const rootOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const executable = rootOf("dist/engramlt");
const isBuilt = exists(executable);
const program = isBuilt ? executable : Deno.execPath();
const programArgs = isBuilt ? [] : ["run", "-A", "--quiet", rootOf("main.ts")];

/** Words of a seeded generator: the same entities for both servers. */
function words(seed: number, count: number): string {
  let state = seed * 2654435761 >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return `w${(state >>> 16) % 5000}`;
  }).join(" ");
}
const nameAt = (at: number) => `entity ${at}`;
const textAt = (at: number) => `${nameAt(at)} is known for ${words(at, 12)}`;

const folder = temporary();
const data = `${folder}/data`;
const host = new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", "--quiet", rootOf("tests/support/host_process.ts"), data],
  stdout: "piped",
}).spawn();
const lines = host.stdout.pipeThrough(new TextDecoderStream()).getReader();
const address = ((await lines.read()).value ?? "").trim();
const token = Deno.readTextFileSync(dataPaths(data).token).trim();
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

async function request(path: string, body: unknown = null): Promise<void> {
  const response = await fetch(`${address}${path}`, {
    headers,
    ...(body === null ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
}

/** Fills the host: in commands of a thousand. */
for (let from = 0; from < entities; from += 1000) {
  const ops = Array.from(
    { length: Math.min(1000, entities - from) },
    (_, at) => ({ op: "add", content: textAt(from + at) }),
  );
  await request("/v1/commands", { kind: "write", ops });
}

/** The official server on the same entities, in the file it keeps them in. */
const theirFile = `${folder}/memory.jsonl`;
Deno.writeTextFileSync(
  theirFile,
  Array.from({ length: entities }, (_, at) =>
    JSON.stringify({
      type: "entity",
      name: nameAt(at),
      entityType: "thing",
      observations: [textAt(at)],
    })).join("\n"),
);
const theirs = () =>
  new StdioClientTransport({
    command: Deno.execPath(),
    args: ["run", "-A", "--quiet", rootOf("node_modules/@modelcontextprotocol/server-memory/dist/index.js")],
    env: { ...Deno.env.toObject(), MEMORY_FILE_PATH: theirFile },
    stderr: "ignore",
  });
const ours = () =>
  new StdioClientTransport({
    command: program,
    args: [...programArgs, "mcp", "--data", data, "--context", "personal"],
    env: Deno.env.toObject(),
    stderr: "ignore",
  });

const clients = [];
for (const era of eras) {
  const overHttp = clientOf(era), overStdio = clientOf(era);
  await overHttp.connect(httpTransport(address, token));
  await overStdio.connect(ours());
  clients.push({ way: `/mcp ${era}`, client: overHttp }, { way: `engramlt mcp ${era}`, client: overStdio });
}
const official = clientOf("2025-11-25");
await official.connect(theirs());

let number = 0;
const question = () => words(number++ % entities, 3);
/** A durable write. */
const write = () =>
  request("/v1/commands", { kind: "write", ops: [{ op: "add", content: textAt(number++) }] });
const many = (one: () => Promise<unknown>) => () => Promise.all(Array.from({ length: parallel }, one));

for (const [what, operations] of [["one at a time", 1], [`${parallel} at once`, parallel]] as const) {
  const of = (one: () => Promise<unknown>) => operations === 1 ? one : many(one);
  const readGroup = `a read, ${what}`, writeGroup = `a durable write, ${what}`;
  const empty = of(() => request("/v1/health"));
  bench({ group: readGroup, name: "an empty route", baseline: true, operations, fn: empty });
  bench({
    group: readGroup,
    name: "POST /v1/view recall",
    operations,
    fn: of(() => request("/v1/view", { view: "recall", question: question() })),
  });
  bench({ group: writeGroup, name: "an empty route", baseline: true, operations, fn: empty });
  bench({
    group: writeGroup,
    name: "POST /v1/commands",
    operations,
    fn: of(write),
  });
  for (const { way, client } of clients) {
    const recall = () => callTool(client, "recall", { question: question() });
    const remember = () => callTool(client, "remember", { content: textAt(number++) });
    bench({ group: readGroup, name: `${way} recall`, operations, fn: of(recall) });
    bench({ group: writeGroup, name: `${way} remember`, operations, fn: of(remember) });
  }
}

const mine = clients.find(({ way }) => way.startsWith("engramlt mcp"))?.client;
assert(mine !== undefined, "there is a client of ours to measure");
const insertGroup = `one more of ${entities} entities`, searchGroup = `a search in ${entities} entities`;
bench({
  group: insertGroup,
  name: "server-memory create_entities",
  baseline: true,
  fn: () => {
    const name = `more ${number++}`;
    const entity = { name, entityType: "thing", observations: [textAt(number)] };
    return callTool(official, "create_entities", { entities: [entity] });
  },
});
bench({
  group: insertGroup,
  name: "ours, remember (durable)",
  fn: () => callTool(mine, "remember", { content: textAt(number++) }),
});
bench({
  group: searchGroup,
  name: "server-memory search_nodes",
  baseline: true,
  fn: () => callTool(official, "search_nodes", { query: words(number++ % entities, 1) }),
});
bench({
  group: searchGroup,
  name: "ours, recall",
  fn: () => callTool(mine, "recall", { question: question() }),
});

/** From the start of a process to connected; its end is not waited for. */
const ending: Promise<void>[] = [];
const connect = (transport: () => StdioClientTransport) => async () => {
  const client = clientOf("2025-11-25");
  await client.connect(transport());
  ending.push(client.close());
};
const startGroup = `from start to connected, ${isBuilt ? "the executable" : "from source"}`;
bench({ group: startGroup, name: "server-memory", baseline: true, fn: connect(theirs) });
bench({ group: startGroup, name: "engramlt mcp, host running", fn: connect(ours) });
bench({
  group: startGroup,
  name: "a Deno that does nothing",
  fn: () => new Deno.Command(Deno.execPath(), { args: ["eval", "--no-config", ""] }).output(),
});

/** CPU time of a request that is answered with nothing, by server; in turns. */
async function emptyRoutes(): Promise<void> {
  const servers = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", rootOf("bench/doors_servers.ts")],
    stdout: "piped",
  }).spawn();
  const told = servers.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const ports: Readonly<Record<string, number>> = JSON.parse((await told.read()).value ?? "");
    const ask = async (port: number | undefined, init: RequestInit = {}) =>
      await (await fetch(`http://127.0.0.1:${port}/`, init)).text();
    const usedUs = async () => Number(await ask(ports["cpu"]));
    const names = { deno: "Deno.serve", node: "node:http alone", ours: "ours" };
    const turns = smoke ? 1 : 21, each = smoke ? 2 : 100;
    for (const [what, init] of [["GET", {}], ["POST of 200 bytes", postOf(200)]] as const) {
      const samples: Record<string, number[]> = { deno: [], node: [], ours: [] };
      for (let turn = -1; turn < turns; turn++) {
        for (const [name, of] of Object.entries(samples)) {
          const before = await usedUs();
          const client = async () => {
            for (let left = each; left > 0; left--) await ask(ports[name], init);
          };
          await Promise.all(Array.from({ length: parallel }, client));
          if (turn >= 0) of.push((await usedUs() - before) / (parallel * each));
        }
      }
      const group = `CPU time of the server for an empty route, ${what}, ${parallel} at once`;
      const base = figureOf("", "", samples["deno"] ?? []).p50;
      report(
        group,
        Object.entries(names).map(([name, words]) => {
          const figure = figureOf(group, words, samples[name] ?? []);
          return { ...figure, ratio: name === "deno" ? null : figure.p50 / base };
        }),
      );
    }
  } finally {
    servers.kill("SIGTERM");
    await servers.status;
    await told.cancel();
  }
}

function postOf(bytes: number): RequestInit {
  return { method: "POST", body: "x".repeat(bytes) };
}

/** A durable write alone, and while another client reads as fast as it gets answers; in turns. */
async function besideReaders(): Promise<void> {
  const group = "a durable write, and who reads meanwhile";
  const modes = ["nobody", "memories", "events"] as const;
  const samples: Record<typeof modes[number], number[]> = { nobody: [], memories: [], events: [] };
  const reader = new Worker(new URL("doors_reader.ts", import.meta.url), { type: "module" });
  const turns = smoke ? 1 : 12, writes = smoke ? 5 : 150;
  for (let turn = 0; turn < turns; turn++) {
    for (const what of modes) {
      if (what !== "nobody") {
        const reading = new Promise((resolve) => reader.onmessage = resolve);
        reader.postMessage({ address, token, what });
        await reading;
      }
      for (let left = writes; left > 0; left--) {
        const started = performance.now();
        await write();
        samples[what].push((performance.now() - started) * 1000);
      }
      reader.postMessage("stop");
    }
  }
  reader.terminate();
  const names = {
    nobody: "nobody",
    memories: "a client searches at full speed",
    events: "a client reads events",
  };
  const base = figureOf("", "", samples.nobody).p99;
  const figures = modes.map((mode) => {
    const figure = figureOf(group, names[mode], samples[mode]);
    return { ...figure, ratio: mode === "nobody" ? null : figure.p99 / base };
  });
  console.log("\n(× is the ratio of the p99 here)");
  report(group, figures);
}

try {
  await emptyRoutes();
  await runBenches();
  await besideReaders();
} finally {
  await Promise.all(ending);
  for (const { client } of clients) await client.close();
  await official.close();
  host.kill("SIGTERM");
  await host.status;
  await lines.cancel();
}
