import assert from "node:assert/strict";
import type { Json } from "../../../src/kernel/records.ts";
import {
  checkParams,
  findCycle,
  readySteps,
  referencesOf,
  resolveParams,
  type Workflow,
  type WorkflowStep,
} from "../../../src/kernel/workflow.ts";

const step = (id: string, ...dependencies: string[]): WorkflowStep => ({
  id,
  agent: "x",
  action: "run",
  params: {},
  dependencies,
});
const workflow: Workflow = {
  id: "w",
  name: "w",
  steps: [step("d", "b", "c"), step("c", "a"), step("b", "a"), step("a")],
};
const ready = (...done: string[]) => readySteps(workflow, new Set(done)).map(({ id }) => id);

Deno.test("readySteps() gives the steps whose dependencies are done, as declared", () => {
  assert.deepEqual([ready(), ready("a"), ready("a", "b"), ready("a", "b", "c")], [["a"], ["c", "b"], ["c"], [
    "d",
  ]]);
});

Deno.test("findCycle() finds none in a diamond", () => {
  assert.equal(findCycle(workflow.steps), null);
});

Deno.test("findCycle() names the cycle and not the way to it", () => {
  assert.deepEqual(findCycle([step("in", "a"), step("a", "b"), step("b", "c"), step("c", "a")]), [
    "a",
    "b",
    "c",
    "a",
  ]);
});

Deno.test("findCycle() walks a chain of 100,000 steps", () => {
  const chain = Array.from({ length: 100_000 }, (_, index) => step(`s${index}`, `s${index + 1}`));
  assert.equal(findCycle([...chain, step("s100000")]), null);
});

const results = new Map<string, Json>([["a", {
  n: 3,
  list: ["x", { q: 'say "hi"' }],
  text: "words",
  none: null,
}]]);

const resolved: readonly (readonly [Json, string])[] = [
  [{ k: "${steps.a.result.n}" }, '{"k":3}'],
  [{ k: "${steps.a.result}" }, `{"k":${JSON.stringify(results.get("a"))}}`],
  [{ k: "n = ${steps.a.result.n}, ${steps.a.result.text}" }, '{"k":"n = 3, words"}'],
  [{ k: ["${steps.a.result.list.0}", "${steps.a.result.list[1].q}"] }, '{"k":["x","say \\"hi\\""]}'],
  [{ k: "in ${steps.a.result.list}" }, '{"k":"in [\\"x\\",{\\"q\\":\\"say \\\\\\"hi\\\\\\"\\"}]"}'],
  [{ k: "$${steps.a.result}" }, '{"k":"${steps.a.result}"}'],
  ['{"k": 1.0,  "b":2}', '{"k": 1.0,  "b":2}'],
  ["${steps.a.result.list.0}", '"x"'],
  ['{"k": ${steps.a.result.n}, "t": "${steps.a.result.none}"}', '{"k": 3, "t": null}'],
  ['["${steps.a.result.n}","${steps.a.result.text}"]', '[3,"words"]'],
  ['{"k": "it: ${steps.a.result.list.1.q}"}', '{"k": "it: say \\"hi\\""}'],
  ['["\\"${steps.a.result.text}"]', '["\\"words"]'],
];

for (const [params, text] of resolved) {
  Deno.test(`resolveParams() makes ${text} of ${JSON.stringify(params)}`, () => {
    assert.equal(resolveParams(params, results), text);
  });
}

for (const part of ["gone", "list.7", "n.x", "text.length", "list.length", "constructor"]) {
  Deno.test(`resolveParams() names the reference where the result has no ${part}`, () => {
    const reference = `\${steps.a.result.${part}}`;
    assert.throws(() => resolveParams({ k: reference }, results), {
      code: "workflow_invalid",
      data: { reference, step: "a" },
    });
  });
}

Deno.test("resolveParams() refuses a step without a result", () => {
  assert.throws(() => resolveParams("${steps.z.result}", results), /step "z" has no result/);
});

Deno.test("referencesOf() lists references in order", () => {
  const found = referencesOf({ a: ["${steps.x.result}"], b: "${steps.y.result.p} ${steps.x.result.q}" });
  assert.deepEqual(found.map(({ step, path }) => [step, path]), [["x", []], ["y", ["p"]], ["x", ["q"]]]);
});

Deno.test("checkParams() takes a text that is JSON once references have values", () => {
  assert.doesNotThrow(() => checkParams('{"a": ${steps.x.result}, "b": "t ${steps.x.result}"}'));
});

for (const text of ["", "words", "{", '{"a": x${steps.x.result}}', "${steps.x}", "${"]) {
  Deno.test(`checkParams() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => checkParams(text), { code: "workflow_invalid" });
  });
}
