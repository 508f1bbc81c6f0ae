/** The command line and the API, held together: whatever a command can do, a program can ask for. */
import assert from "node:assert/strict";
import { InMemoryTransport } from "@modelcontextprotocol/client";
import { mcpServer } from "../../../src/api/mcp/mod.ts";
import { routeList } from "../../../src/api/routes/list.ts";
import { isGroup } from "../../../src/cli/command.ts";
import { tree } from "../../../src/cli/tree.ts";
import { clientOf } from "../../support/mcp_clients.ts";
import { withRuntime } from "../../support/runtimes.ts";

/** The routes of a command; or, in words, why it has none. */
const routesOf: Readonly<Record<string, readonly string[] | string>> = {
  remember: ["POST /v1/engrams"],
  search: ["GET /v1/search"],
  ask: ["GET /v1/ask"],
  recall: ["POST /v1/recall"],
  timeline: ["GET /v1/timeline"],
  why: ["GET /v1/why/:id"],
  brief: ["GET /v1/brief"],
  supersede: ["POST /v1/engrams/:id/supersede"],
  forget: ["DELETE /v1/engrams/:id"],
  erase: ["POST /v1/erase"],
  "review list": ["GET /v1/review"],
  "review accept": ["POST /v1/review/:id/accept"],
  "review reject": ["POST /v1/review/:id/reject"],
  "review undo": ["POST /v1/review/:id/undo"],
  "memory add": ["POST /v1/engrams"],
  "memory get": ["GET /v1/engrams/:id"],
  "memory update": ["PATCH /v1/engrams/:id"],
  "memory delete": ["DELETE /v1/engrams/:id"],
  "memory search": ["GET /v1/search"],
  "memory connect": ["POST /v1/connections"],
  "memory disconnect": ["DELETE /v1/connections/:id"],
  "memory neighbors": ["GET /v1/neighbors/:id"],
  "memory paths": ["GET /v1/paths"],
  "memory history": ["GET /v1/engrams/:id/versions"],
  "memory embed": "a host embeds by itself; the view unembedded of POST /v1/view counts what waits",
  "memory import": ["POST /v1/commands"],
  "memory export": ["GET /v1/engrams", "GET /v1/connections"],
  "context create": ["POST /v1/contexts"],
  "context list": ["GET /v1/contexts"],
  "context show": ["GET /v1/contexts/:id"],
  "context add": ["POST /v1/contexts/:id/engrams"],
  "agent new": "it writes a project of the caller's own, and asks no host",
  "agent load": ["POST /v1/agents"],
  "agent list": ["GET /v1/agents", "GET /v1/agents/:id"],
  "agent execute": ["POST /v1/agents/:id/execute"],
  "agent query": ["POST /v1/agents/:id/query"],
  "agent wait": ["POST /v1/idle"],
  "agent metrics": ["GET /v1/agents/:id/metrics"],
  "agent unload": ["DELETE /v1/agents/:id"],
  "workflow execute": ["POST /v1/workflows"],
  "workflow check": ["POST /v1/workflows/check"],
  "model pull": ["POST /v1/models", "GET /v1/jobs/:id", "DELETE /v1/jobs/:id"],
  "model list": ["GET /v1/models"],
  "model load": ["POST /v1/models/:name/load"],
  "model unload": ["POST /v1/models/:name/unload"],
  "model rm": ["DELETE /v1/models/:name"],
  "model run": ["POST /v1/models/:name/run"],
  "log show": ["GET /v1/log", "GET /v1/log/:tick"],
  "log messages": ["GET /v1/messages"],
  "log verify": ["GET /v1/log/verify"],
  "log repair": "it cuts a log that no host could open",
  "checkpoint create": ["POST /v1/checkpoints", "GET /v1/jobs/:id", "DELETE /v1/jobs/:id"],
  "checkpoint list": ["GET /v1/checkpoints"],
  "checkpoint verify": ["POST /v1/checkpoints/:tick/verify", "GET /v1/jobs/:id"],
  "checkpoint rm": ["DELETE /v1/checkpoints/:tick"],
  replay: ["POST /v1/replay", "GET /v1/jobs/:id", "DELETE /v1/jobs/:id"],
  status: ["GET /v1/status"],
  metrics: ["GET /v1/metrics", "GET /metrics"],
  info: ["GET /v1/info"],
  down: ["POST /v1/stop"],
  "token create": ["POST /v1/tokens"],
  "token list": ["GET /v1/tokens"],
  "token revoke": ["DELETE /v1/tokens/:id"],
  "token rotate": ["POST /v1/tokens/:id/rotate"],
  api: ["GET /v1"],
  setup: "it changes settings of assistants in the person's home, and asks them",
  import: "it reads an assistant's files in the person's home; what it finds goes by POST /v1/commands",
  hook: "an assistant starts it; what it finds goes by POST /v1/commands",
  demo: "it makes a folder and a host of its own",
  doctor: "it is for when no host answers",
  up: "it is what starts the host",
  host: "an assistant starts it, where none runs",
  logs: "it is for when no host answers, and for whoever owns the folder",
  "service install": "it is for when no host runs",
  "service remove": "it changes files in the person's home",
  "service status": "it is for when no host runs",
  config: "it is what the next host will be told",
  mcp: "it is a door of its own; over HTTP it is /mcp",
  completions: "it is about the shell",
  help: "it is about the command line; GET /openapi.json and GET /docs are the API's own",
};

/** The command that does what a tool or resource of MCP does. */
const commandOf: Readonly<Record<string, string>> = {
  remember: "remember",
  recall: "recall",
  ask: "ask",
  timeline: "timeline",
  why: "why",
  supersede: "supersede",
  relate: "memory connect",
  forget: "forget",
  run: "agent execute",
  "memory://brief": "brief",
  "memory://engram/{id}": "memory get",
  "memory://context/{name}": "context show",
};

const listed = routeList().map(({ method, path }) => `${method} ${path}`);

Deno.test("every command has routes that are there, or a reason to have none", () => {
  const commands = tree.flatMap((node) =>
    isGroup(node) ? node.commands.map(({ name }) => `${node.name} ${name}`) : [node.name]
  );
  const hidden = commands.filter((name) => !Object.hasOwn(routesOf, name));
  assert.deepEqual(hidden, [], "commands that this list does not know");
  const gone = Object.keys(routesOf).filter((name) => !commands.includes(name));
  assert.deepEqual(gone, [], "commands that are no more");
  for (const [command, routes] of Object.entries(routesOf)) {
    if (typeof routes === "string") continue;
    for (const route of routes) assert(listed.includes(route), `${command}: there is no ${route}`);
  }
});

Deno.test("every route under /v1 is a command's, or has a reason to be more", () => {
  const more: Readonly<Record<string, string>> = {
    "GET /v1/health": "the former name of /healthz",
    "POST /v1/view": "any view",
    "GET /v1/events": "what log show --follow would be",
    "POST /v1/idle": "what a command without a host waits for",
    "GET /v1/changes": "for programs that follow the memory",
    "PATCH /v1/config": "recorded limits",
    "GET /v1/jobs": "of model pull, checkpoint and replay",
  };
  const used = new Set(Object.values(routesOf).flatMap((one) => typeof one === "string" ? [] : one));
  const left = listed.filter((route) => / \/v1/.test(route) && !used.has(route) && more[route] === undefined);
  assert.deepEqual(left, []);
});

Deno.test("every tool and resource of MCP is a command, which has a route", () =>
  withRuntime(async (port) => {
    const submit = port.submit.bind(port);
    const caller = { port, submit, folder: null, context: null, connection: null };
    const [near, far] = InMemoryTransport.createLinkedPair();
    await mcpServer(caller, (error) => assert.fail(String(error))).connect(far);
    const client = clientOf("2025-11-25");
    await client.connect(near);
    const { tools } = await client.listTools(), { resourceTemplates } = await client.listResourceTemplates();
    const offered = [
      ...tools.map(({ name }) => name),
      ...resourceTemplates.map(({ uriTemplate }) => uriTemplate),
      "memory://brief",
    ];
    assert.deepEqual(Object.keys(commandOf).sort(), offered.sort());
    for (const command of Object.values(commandOf)) assert(Array.isArray(routesOf[command]), command);
    await client.close();
  }));
