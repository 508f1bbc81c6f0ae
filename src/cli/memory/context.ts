/** engramlt context: projects, that is memories that belong together and the agents that work on them. */
import type { Context } from "../../kernel/records.ts";
import { given, type Group, type Leaf } from "../command.ts";
import { contextId, fullId } from "../ids.ts";
import { submit, write } from "../submit.ts";
import { count, oneLine, plural, printable } from "../terminal/screen.ts";
import { memoryColumns } from "../terminal/shown.ts";

const create: Leaf = {
  name: "create",
  says: "make a context; the agents named may read and write it",
  places: [{ name: "name", says: "its name" }],
  flags: [
    { flags: "--description T", says: "what it is about" },
    { flags: "--agents IDS", says: "agents that work in it, with commas", many: true },
    { flags: "--metadata JSON", says: "an object of your own" },
  ],
  examples: [
    'context create --name "Research Project" --description "Shared research" --agents research_agent,analysis_agent',
    "context create work",
  ],
  async run(call) {
    const name = call.need("name");
    const named = call.listed("agents");
    const more = given({ description: call.text("description"), metadata: call.object("metadata") });
    const port = await call.port();
    const agents: string[] = [];
    for (const text of named ?? []) agents.push(await fullId(port, "agent", text));
    const receipt = await submit(call, { kind: "context_create", name, agents, ...more });
    const id = String(receipt["id"]);
    call.screen.result({ id, tick: receipt.tick }, () => call.screen.line(id));
    call.screen.summary(`"${oneLine(name)}" made at tick ${receipt.tick}`);
  },
};

const list: Leaf = {
  name: "list",
  says: "show the contexts",
  flags: [{ flags: "--at WHEN", says: "as known at a tick or a date" }],
  examples: ["context list"],
  async run(call) {
    const { contexts } = await (await call.port()).view({ view: "contexts", ...given({ at: call.at() }) });
    call.screen.list<Context>("contexts", contexts, {}, () => {
      call.screen.table(contexts, [
        { title: "ID", text: ({ id }) => id },
        { title: "NAME", text: ({ name }) => name },
        { title: "MEMORIES", text: ({ engrams }) => count(engrams), right: true },
        { title: "AGENTS", text: ({ agents }) => agents.map(({ agent }) => agent).join(", ") },
        { title: "ABOUT", text: ({ description }) => description, fills: true },
      ]);
    });
    call.screen.summary(plural(contexts.length, "context"));
  },
};

const show: Leaf = {
  name: "show",
  says: "show a context and its memories",
  places: [{ name: "id", says: "context: id, its beginning, or its name" }],
  flags: [
    { flags: "--limit N", says: "memories at most" },
    { flags: "--after ID", says: "go on after this memory" },
    { flags: "--at WHEN", says: "as known at a tick or a date" },
  ],
  examples: ["context show personal", 'context show "Research Project" --json'],
  async run(call) {
    const port = await call.port();
    const id = await contextId(port, call.need("id"));
    const more = given({ limit: call.whole("limit"), after: call.text("after"), at: call.at() });
    const { context, engrams } = await port.view({ view: "context", id, ...more });
    call.screen.result({ ...context, memories: engrams }, () => {
      call.screen.line(call.screen.paint("bold", oneLine(context.name)));
      if (context.description !== "") call.screen.line(printable(context.description));
      for (const { agent, access } of context.agents) {
        call.screen.line(`${agent} may ${access === "read" ? "read" : "read and write"} it`);
      }
      if (engrams.length > 0) call.screen.table(engrams, memoryColumns(({ content }) => content));
    });
    call.screen.summary(`${plural(context.engrams, "memory", "memories")} in ${context.id}`);
  },
};

const add: Leaf = {
  name: "add",
  says: "put a memory into a context as well",
  places: [
    { name: "id", shown: "CONTEXT", says: "context: id, its beginning, or its name" },
    { name: "memory", shown: "MEMORY", says: "memories: ids or @last", many: true },
  ],
  examples: ["context add work @last"],
  async run(call) {
    const port = await call.port();
    const context = await contextId(port, call.need("id"));
    const memories: string[] = [];
    for (const text of call.needAll("memory")) memories.push(await fullId(port, "engram", text));
    const receipt = await write(call, memories.map((engram) => ({ op: "join", context, engram })));
    call.screen.result({ id: context, memories, tick: receipt.tick }, () => call.screen.line(context));
    call.screen.summary(`${plural(memories.length, "memory", "memories")} added at tick ${receipt.tick}`);
  },
};

/** engramlt context … */
export const context: Group = {
  name: "context",
  says: "projects: memories that belong together, and their agents",
  commands: [create, list, show, add],
};
