import assert from "node:assert/strict";
import { inputLimits } from "../../../src/input/drafts.ts";
import { readWorkflow, unknownAction, unknownAgent } from "../../../src/input/workflow.ts";
import { EngramError } from "../../../src/kernel/errors.ts";

const fixture = (name: string) =>
  Deno.readTextFileSync(new URL(`../../fixtures/input/${name}`, import.meta.url));

/** The refusal as "code line:column message". */
function refusalOf(text: string, path = "w.yaml", limits = inputLimits): string {
  try {
    readWorkflow(text, path, limits);
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    const { code, message, data } = error;
    return `${code} ${data["line"]}:${data["column"]} ${message.replace(/^.*?:\d+:\d+: /, "")}`;
  }
  return "none";
}

/** A workflow whose steps are the given lines. */
const steps = (...lines: string[]) => `id: w\nsteps:\n${lines.map((line) => `  - {${line}}\n`).join("")}`;

// proves: engram-11.3-json, engram-11.3-yaml
Deno.test("readWorkflow() reads the same workflow from YAML and from JSON", () => {
  const yaml = readWorkflow(fixture("weekly.yaml"), "weekly.yaml").workflow;
  const json = readWorkflow(fixture("weekly.json"), "weekly.json").workflow;
  assert.deepEqual(yaml, json);
});

// proves: engram-6.3-workflow_shape, engram-11.3-dependencies
Deno.test("readWorkflow() keeps id, agent, action, params and dependencies of each step", () => {
  const { workflow } = readWorkflow(fixture("weekly.yaml"), "weekly.yaml");
  assert.deepEqual(workflow, {
    id: "weekly-review",
    name: "Weekly review",
    steps: [
      { id: "link", agent: "linker", action: "run", params: { context: "notes" }, dependencies: [] },
      { id: "curate", agent: "curator", action: "run", params: '{"limit": 1.0}', dependencies: ["link"] },
      {
        id: "digest",
        agent: "digest",
        action: "run",
        params: { links: "${steps.link.result.created}" },
        dependencies: ["curate", "link"],
      },
    ],
  });
});

Deno.test("readWorkflow() takes tabs and a byte order mark in JSON", () => {
  const text = '\uFEFF{\n\t"id": "w",\n\t"steps": [\n\t\t{"id": "a", "agent_id": "x", "action": "y"}\n\t]\n}';
  assert.equal(readWorkflow(text, "w.json").workflow.steps.length, 1);
});

Deno.test("readWorkflow() tells where a step names its agent", () => {
  const file = readWorkflow(
    steps("id: a, agent_id: x, action: r", "id: b, agent_id: y, action: r"),
    "w.yaml",
  );
  assert.deepEqual(file.placeOf("b"), { line: 4, column: 23 });
});

Deno.test("unknownAgent() names step, agent and line", () => {
  const error = unknownAgent(readWorkflow(steps("id: a, agent_id: x, action: r"), "w.yaml"), "a");
  assert.equal(error.code, "workflow_unknown_agent");
  assert.match(error.message, /w\.yaml:3:23: step "a" names agent "x"/);
});

Deno.test("unknownAction() names step, action, line, and what the agent has", () => {
  const error = unknownAction(readWorkflow(steps("id: a, agent_id: x, action: r"), "w.yaml"), "a", [
    "s",
    "t",
  ]);
  assert.equal(error.code, "action_unknown");
  assert.match(error.message, /w\.yaml:3:34: step "a" names action "r", agent "x" has "s", "t"$/);
});

Deno.test("readWorkflow() keeps a params key named __proto__", () => {
  const text = steps("id: a, agent_id: x, action: r, params: {__proto__: {z: 1}, b: 2}");
  const [step] = readWorkflow(text, "w.yaml").workflow.steps;
  assert.equal(JSON.stringify(step?.params), '{"__proto__":{"z":1},"b":2}');
});

const refused: readonly (readonly [string, string, string])[] = [
  [
    "a cycle",
    steps(
      "id: a, agent_id: x, action: r, dependencies: [b]",
      "id: b, agent_id: x, action: r, dependencies: [a]",
    ),
    "workflow_cycle 3:51 its steps need each other: a → b → a",
  ],
  [
    "a cycle made by a reference",
    steps("id: a, agent_id: x, action: r, params: {p: '${steps.a.result}'}"),
    "workflow_cycle 3:5 its steps need each other: a → a",
  ],
  [
    "a step id that is there twice",
    steps("id: a, agent_id: x, action: r", "id: a, agent_id: x, action: r"),
    'workflow_invalid 4:10 step "a" is there already, on line 3',
  ],
  [
    "an unknown dependency",
    steps("id: a, agent_id: x, action: r, dependencies: [z]"),
    'workflow_invalid 3:52 step "a" depends on "z", which is no step of it',
  ],
  [
    "a reference to a step that is not there",
    steps("id: a, agent_id: x, action: r, params: {p: '${steps.z.result}'}"),
    'workflow_invalid 3:45 step "a" refers to ${steps.z.result}, and there is no such step',
  ],
  [
    "text that only begins like a reference",
    steps("id: a, agent_id: x, action: r, params: {p: '${step.z}'}"),
    'workflow_invalid 3:45 step "a": cannot read params: "${step.z}" is no reference; write ${steps.ID.result.path}, or $${ for the text ${',
  ],
  ["a missing key", steps("id: a, agent_id: x"), 'workflow_invalid 3:5 step "a" has no "action"'],
  [
    "another program's key",
    steps("id: a, agent: x, action: r"),
    'workflow_invalid 3:13 step "a" has an unknown key "agent"; write "agent_id"',
  ],
  [
    "a value of the wrong type",
    steps("id: a, agent_id: x, action: 3"),
    'workflow_invalid 3:34 "action" of step "a" must be text',
  ],
  ["no steps", "id: w\nsteps: []\n", 'workflow_invalid 2:8 "steps" must hold at least one step'],
  [
    "a second document",
    `${steps("id: a, agent_id: x, action: r")}---\nid: v\n`,
    "workflow_invalid 4:1 a second document begins; a file holds one workflow",
  ],
  ["an empty file", "", "workflow_invalid 1:1 it must be an object"],
  ["a key that is there twice", "id: w\nid: v\nsteps: []\n", "workflow_invalid 2:1 Map keys must be unique"],
];

for (const [what, text, expected] of refused) {
  Deno.test(`readWorkflow() refuses ${what} with line and column`, () => {
    assert.equal(refusalOf(text), expected);
  });
}

Deno.test("readWorkflow() refuses a params text that is not JSON", () => {
  assert.match(
    refusalOf(steps("id: a, agent_id: x, action: r, params: 'words'")),
    /^workflow_invalid 3:45 step "a": .*not JSON/,
  );
});

Deno.test("readWorkflow() refuses a .json file that is only YAML", () => {
  assert.match(refusalOf("id: w\nsteps: []\n", "w.json"), /^workflow_invalid 1:1 it is not JSON/);
});

Deno.test("readWorkflow() names the end of a JSON file that breaks off", () => {
  assert.match(refusalOf('{\n"id": "w",\n"steps": [', "w.json"), /^workflow_invalid 3:11 it is not JSON/);
});

Deno.test("readWorkflow() names stepsPerWorkflowMax when there are more steps", () => {
  const text = steps("id: a, agent_id: x, action: r", "id: b, agent_id: x, action: r");
  assert.match(
    refusalOf(text, "w.yaml", { ...inputLimits, stepsPerWorkflowMax: 1 }),
    /stepsPerWorkflowMax, 1/,
  );
});

for (const [what, text] of Object.entries({ brackets: "[".repeat(9000), dashes: "- ".repeat(9000) })) {
  Deno.test(`readWorkflow() refuses ${what} that nest too deep`, () => {
    assert.equal(refusalOf(text), "workflow_invalid 1:1 it nests too deep");
  });
}

Deno.test("readWorkflow() refuses aliases that multiply", () => {
  const rows = ["a: &a [1,1,1,1,1,1,1,1,1,1]"];
  for (const [name, of] of ["ba", "cb", "dc"].map((pair) => [...pair])) {
    rows.push(`${name}: &${name} [${Array(10).fill(`*${of}`).join(",")}]`);
  }
  assert.match(refusalOf(rows.join("\n")), /^workflow_invalid 1:1 .*alias/);
});
