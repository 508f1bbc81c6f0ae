/** engramlt workflow: run several agents, each after the ones it needs. */
import type { Group, Leaf } from "../command.ts";
import { contextOf } from "../ids.ts";
import { fromCaller, readText } from "../paths.ts";
import { submit } from "../submit.ts";
import { count, plural } from "../terminal/screen.ts";
import { showResult } from "./agent.ts";

const execute: Leaf = {
  name: "execute",
  says: "run a workflow (JSON or YAML)",
  places: [{ name: "workflow-path", shown: "PATH", says: "the workflow's file" }],
  flags: [{ flags: "--context-id ID", says: "context to run in (like --context; default: personal)" }],
  examples: [
    "workflow execute weekly-review.yaml --context work",
    "workflow execute --context-id ctx123 --workflow-path ./workflows/research_workflow.json",
  ],
  notes:
    "Steps that need nothing of each other run in the same tick. What is wrong in the file is told by line\n" +
    "before anything runs.",
  async run(call) {
    const { readWorkflow, unknownAction, unknownAgent } = await import("../../input/mod.ts");
    const shown = call.need("workflow-path");
    const text = await readText(fromCaller(call.screen.terminal, shown), "read workflow");
    const file = readWorkflow(text, shown);
    const port = await call.port();
    const { agents } = await port.view({ view: "agents" });
    const known = new Map(agents.map(({ id, actions }) => [id, actions]));
    for (const { id, agent, action } of file.workflow.steps) {
      const actions = known.get(agent);
      if (actions === undefined) throw unknownAgent(file, id);
      if (actions !== null && !actions.includes(action)) throw unknownAction(file, id, actions);
    }
    const context = await contextOf(call, port) ?? "personal";
    const receipt = await submit(call, { kind: "workflow", context, workflow: file.workflow });
    call.screen.result(receipt, () => {
      for (const [id, step] of Object.entries(stepsOf(receipt["steps"]))) {
        const tick = typeof step["tick"] === "number" ? ` at tick ${count(step["tick"])}` : "";
        call.screen.line(`${call.screen.paint("green", "✓")} ${call.screen.paint("bold", id)}${tick}`);
        showResult(call.screen, step["result"]);
      }
    });
    call.screen.summary(`${plural(file.workflow.steps.length, "step")} of ${file.workflow.name} completed`);
  },
};

function stepsOf(value: unknown): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([id, step]: [string, unknown]) =>
      typeof step === "object" && step !== null ? [[id, { ...step }]] : []
    ),
  );
}

const check: Leaf = {
  name: "check",
  says: "read a workflow and say what is wrong, without running it",
  places: [{ name: "workflow-path", shown: "PATH", says: "the workflow's file" }],
  examples: ["workflow check weekly-review.yaml"],
  async run(call) {
    const { readWorkflow } = await import("../../input/mod.ts");
    const shown = call.need("workflow-path");
    const text = await readText(fromCaller(call.screen.terminal, shown), "read workflow");
    const { workflow } = readWorkflow(text, shown);
    call.screen.result({ ok: true, workflow }, () => {
      call.screen.table(workflow.steps, [
        { title: "STEP", text: ({ id }) => id },
        { title: "AGENT", text: ({ agent }) => agent },
        { title: "ACTION", text: ({ action }) => action },
        { title: "AFTER", text: ({ dependencies }) => dependencies.join(", ") },
      ]);
    });
    call.screen.summary(`${workflow.name} holds`);
  },
};

/** engramlt workflow … */
export const workflow: Group = {
  name: "workflow",
  says: "run several agents, each after the ones it needs",
  commands: [execute, check],
};
