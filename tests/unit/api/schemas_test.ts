import assert from "node:assert/strict";
import { readingRoutes, viewOf } from "../../../src/api/routes/routes.ts";
import { readCommand, readView } from "../../../src/api/routes/schemas.ts";
import { EngramError } from "../../../src/kernel/mod.ts";

function refusal(work: () => unknown): readonly [string, string] {
  try {
    work();
  } catch (error) {
    if (error instanceof EngramError) return [error.code, error.message];
    throw error;
  }
  throw new Error("it was not refused");
}

const step = (id: string, dependencies: string[]) => ({
  id,
  agent: "a",
  action: "x",
  params: {},
  dependencies,
});
const workflow = (steps: unknown[]) => ({
  kind: "workflow",
  context: "c",
  workflow: { id: "w", name: "W", steps },
});

Deno.test("readCommand() takes command id and client out of the request", () => {
  const value = { kind: "agent_unload", agent: "a", commandId: "c-1", client: "tests" };
  assert.deepEqual(readCommand(value), {
    request: { kind: "agent_unload", agent: "a" },
    client: "tests",
    commandId: "c-1",
  });
});

for (
  const [what, value, code, message] of [
    ["a wrong type", { kind: "execute", agent: 7, action: "x" }, "invalid_argument", "agent must be text"],
    [
      "a missing field",
      { kind: "write", ops: [{ op: "add" }] },
      "invalid_argument",
      "ops[0].content must be text",
    ],
    ["an unknown op", { kind: "write", ops: [{ op: "drop" }] }, "invalid_argument", "ops[0].op"],
    [
      "an unknown kind of memory",
      { kind: "write", ops: [{ op: "add", content: "x", kind: "idea" }] },
      "invalid_argument",
      "ops[0].kind must be",
    ],
    [
      "metadata that is a list",
      { kind: "write", ops: [{ op: "add", content: "x", metadata: [] }] },
      "invalid_argument",
      "ops[0].metadata must be an object",
    ],
    [
      "a workflow with a cycle",
      workflow([step("a", ["b"]), step("b", ["a"])]),
      "workflow_cycle",
      "a → b → a is a cycle",
    ],
    ["a step declared twice", workflow([step("a", []), step("a", [])]), "workflow_invalid", "declared twice"],
    ["an unknown dependency", workflow([step("a", ["z"])]), "workflow_invalid", '"z", which is no step'],
    ["no object", "write", "invalid_argument", "must be an object"],
  ] as const
) {
  Deno.test(`readCommand() refuses ${what} by its name`, () => {
    const [found, words] = refusal(() => readCommand(value));
    assert.equal(found, code);
    assert(words.includes(message), words);
  });
}

Deno.test("readView() refuses a limit of 0 by its name", () => {
  assert.match(
    refusal(() => readView({ view: "search", text: "x", limit: 0 }))[1],
    /limit must be at least 1/,
  );
});

Deno.test("every reading route, with each of its parameters, is a view", () => {
  const values: Readonly<Record<string, string>> = {
    limit: "5",
    depth: "2",
    since: "0",
    from: "0",
    minConfidence: "0.5",
    tokens: "400",
    exact: "true",
    includeSuperseded: "false",
    check: "true",
    direction: "out",
    state: "open",
    at: "3",
  };
  for (const route of readingRoutes) {
    const query = Object.fromEntries(Object.keys(route.query).map((name) => [name, values[name] ?? "text"]));
    const view = readView(viewOf(route, { id: "e1" }, query));
    assert.equal(
      Object.keys(view).length,
      Object.keys(route.query).length + Object.keys(route.params).length + 1,
    );
  }
});
