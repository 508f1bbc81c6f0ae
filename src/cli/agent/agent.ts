/** engramlt agent: make, load, run and look at agents. */
import type { AgentView } from "../../runtime/port.ts";
import { within } from "../../runtime/within.ts";
import { type Call, type Flag, given, type Group, type Leaf, type Place, usage } from "../command.ts";
import { contextOf, fullId } from "../ids.ts";
import { submit } from "../submit.ts";
import { count, cut, plural, printable, type Screen, size } from "../terminal/screen.ts";
import { timeRows } from "../terminal/shown.ts";

const idPlace: Place = { name: "id", says: "agent: id, its beginning, or its name" };
const runFlags: readonly Flag[] = [
  { flags: "--context-id ID", says: "context to run in (like --context)" },
  { flags: "--fuel N", says: "fuel of this step at most" },
];

/** Prints an agent's answer: text as it is, all else as JSON. */
export function showResult(screen: Screen, result: unknown): void {
  screen.line(typeof result === "string" ? printable(result) : JSON.stringify(result, null, 2) ?? "");
}

const make: Leaf = {
  name: "new",
  says: "make a project for an agent of your own (AssemblyScript)",
  places: [
    { name: "name", says: "name of the agent and its folder" },
    { name: "out", shown: "DIR", says: "where to put the folder (default: here)", optional: true },
  ],
  examples: ["agent new scout", "agent new scout ~/code"],
  run: async (call) => (await import("./new.ts")).newAgent(call),
};

const load: Leaf = {
  name: "load",
  says: "load an agent and grant what it asks for",
  places: [
    {
      name: "wasm-path",
      shown: "PATH",
      says: "a .wasm file, a manifest.json or its folder, or a bundled agent's name",
    },
    { name: "id", says: "id of the agent (default: from its manifest or file name)", optional: true },
  ],
  flags: [
    { flags: "--manifest FILE", says: "manifest of the agent (default: manifest.json of a folder)" },
    { flags: "--name T", says: "name for people" },
    { flags: "--description T", says: "what it does" },
    { flags: "--grant G", says: "grant only this: read:notes, write:notes,plans, send:curator", many: true },
  ],
  examples: [
    "agent load linker",
    "agent load agents/hello/manifest.json",
    'agent load --id research_agent --wasm-path ./research_agent.wasm --name "Research Agent"',
    "agent load ./scout --grant read:notes --grant write:notes",
  ],
  notes: "Without a manifest an agent has a context of its own and nothing else.",
  run: async (call) => (await import("./load.ts")).loadAgent(call),
};

const list: Leaf = {
  name: "list",
  says: "show the loaded agents",
  examples: ["agent list", "agent list --json"],
  async run(call) {
    const { plainWords } = await import("../../kernel/manifest.ts");
    const { agents } = await (await call.port()).view({ view: "agents" });
    call.screen.list<AgentView>("agents", agents, {}, () => {
      call.screen.table(agents, [
        { title: "ID", text: ({ id }) => id },
        { title: "VERSION", text: ({ version }) => version },
        { title: "STEPS", text: ({ steps }) => count(steps), right: true },
        { title: "MEMORY", text: ({ memoryBytes }) => size(memoryBytes), right: true },
        { title: "ACTIONS", text: ({ actions }) => actions === null ? "any" : actions.join(", ") },
        { title: "MAY", text: ({ grants }) => plainWords(grants).slice(0, -1).join(" · "), fills: true },
      ]);
    });
    call.screen.summary(plural(agents.length, "agent"));
  },
};

/** JSON as given; `-` reads standard input. */
async function paramsOf(call: Call): Promise<string | null> {
  const text = call.text("params");
  return text === "-" ? await call.screen.terminal.read() : text;
}

function showStep(call: Call, tick: number, fuel: unknown): void {
  const used = typeof fuel === "number" ? ` with ${count(fuel)} fuel` : "";
  call.screen.summary(`completed at tick ${tick}${used}`);
}

const execute: Leaf = {
  name: "execute",
  says: "run an action of an agent",
  places: [
    idPlace,
    { name: "action", says: "the action" },
    { name: "params", says: "JSON for it, passed on as it is; - reads standard input", optional: true },
  ],
  flags: runFlags,
  examples: [
    "agent execute linker link",
    `agent execute --id research_agent --action search --params '{"query": "quantum computing", "limit": 5}'`,
  ],
  async run(call) {
    const [named, action, params] = [call.need("id"), call.need("action"), await paramsOf(call)];
    const fuel = call.whole("fuel");
    const port = await call.port();
    const agent = await fullId(port, "agent", named);
    const more = given({ params, fuel, context: await contextOf(call, port) });
    const receipt = await submit(call, { kind: "execute", agent, action, ...more });
    call.screen.result(receipt, () => showResult(call.screen, receipt["result"]));
    showStep(call, receipt.tick, receipt["fuel"]);
  },
};

const query: Leaf = {
  name: "query",
  says: "ask an agent something; it changes nothing",
  places: [idPlace, { name: "query", shown: "TEXT", says: "the question; - reads standard input" }],
  flags: runFlags,
  examples: ["agent query ping status", 'agent query --id research_agent --query "what is open?"'],
  async run(call) {
    const [named, text, fuel] = [call.need("id"), call.need("query"), call.whole("fuel")];
    const question = text === "-" ? (await call.screen.terminal.read()).trimEnd() : text;
    const port = await call.port();
    const agent = await fullId(port, "agent", named);
    const more = given({ fuel, context: await contextOf(call, port) });
    const receipt = await submit(call, { kind: "query", agent, query: question, ...more });
    call.screen.result(receipt, () => showResult(call.screen, receipt["result"]));
    showStep(call, receipt.tick, receipt["fuel"]);
  },
};

const metrics: Leaf = {
  name: "metrics",
  says: "show what an agent has used",
  places: [idPlace],
  examples: ["agent metrics linker", "agent metrics --id research_agent --json"],
  async run(call) {
    const port = await call.port();
    const agent = await fullId(port, "agent", call.need("id"));
    const found = await port.view({ view: "metrics", agent });
    call.screen.result(found, () =>
      call.screen.facts([
        ["function calls", count(found.functionCalls)],
        ["memory operations", count(found.memoryOperations)],
        ["memory", size(found.memoryBytes)],
        ["fuel", count(found.fuel)],
        ...timeRows(found.executionMs),
      ]));
  },
};

const unload: Leaf = {
  name: "unload",
  says: "unload an agent; what it wrote stays",
  places: [idPlace],
  examples: ["agent unload linker"],
  async run(call) {
    const port = await call.port();
    const agent = await fullId(port, "agent", call.need("id"));
    const receipt = await submit(call, { kind: "agent_unload", agent });
    call.screen.result(receipt, () => call.screen.line(agent));
    call.screen.summary(`${cut(agent, 60)} unloaded at tick ${receipt.tick}`);
  },
};

const wait: Leaf = {
  name: "wait",
  says: "let agents read the messages that wait for them, until none waits",
  flags: [{ flags: "--seconds N", says: "seconds to wait at most" }],
  examples: ["agent wait", "agent wait --seconds 30"],
  notes:
    "Agents that answer each other without end are left after 10,000 ticks. A running host goes on by itself.",
  async run(call) {
    const seconds = call.number("seconds");
    if (seconds !== null && seconds < 0) throw usage(`Cannot wait ${seconds} seconds: it must be 0 or more`);
    const port = await call.port();
    const idle = port.idle();
    await (seconds === null ? idle : within(Math.min(seconds * 1000, 2 ** 31 - 1), idle));
    const { tick, waitingMessages, workflows } = await port.view({ view: "status" });
    call.screen.result({ tick, waitingMessages, workflows }, () => call.screen.line(String(waitingMessages)));
    call.screen.summary(
      waitingMessages === 0
        ? `no message waits at tick ${tick}`
        : `${plural(waitingMessages, "message")} left at tick ${tick}`,
    );
  },
};

/** engramlt agent … */
export const agent: Group = {
  name: "agent",
  says: "make, load, run and look at agents",
  commands: [make, load, list, execute, query, wait, metrics, unload],
};
