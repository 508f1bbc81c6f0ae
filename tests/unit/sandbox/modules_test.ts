import assert from "node:assert/strict";
import { openSandbox, type SandboxStep } from "../../../src/sandbox/mod.ts";
import { defaultStackDepthMax } from "../../../src/wasm/mod.ts";
import { answerOf, guestText, prepareText, stepOf } from "./guest.ts";

/** A module that answers a number and how often it was asked. */
const prepared = (number: number) =>
  prepareText(guestText({
    more: `(global $asked (mut i32) (i32.const 0))`,
    execute: `(global.set $asked (i32.add (global.get $asked) (i32.const 1)))
      (call $answer (i32.add (i32.const ${number * 100}) (global.get $asked)))`,
  }));

Deno.test("modules beyond modulesMax are forgotten and made again, and agents that are held go on with theirs", () => {
  const sandbox = openSandbox({ workers: 2, modulesMax: 2 });
  const modules = [1, 2, 3, 4].map((number) => ({
    key: `m${number}`,
    prepared: prepared(number),
    stackDepthMax: defaultStackDepthMax,
  }));
  const run = (agent: string, number: number, completedSteps: number) => {
    const module = modules[number - 1];
    assert.ok(module !== undefined);
    sandbox.define(module);
    const step: SandboxStep = stepOf(agent, { moduleKey: module.key, completedSteps });
    const [result] = sandbox.run([step], () => ({ status: 0 }));
    assert.ok(result !== undefined);
    sandbox.settle([{ agent, keep: true }]);
    return answerOf(result);
  };
  const agents = ["a", "b", "c", "d"];
  const answers = [0, 1, 2].map((round) => agents.map((agent, at) => run(agent, at + 1, round)));
  assert.deepEqual(answers, [[101, 201, 301, 401], [102, 202, 302, 402], [103, 203, 303, 403]]);
  assert.deepEqual(agents.map((agent, at) => run(`new ${agent}`, at + 1, 0)), [101, 201, 301, 401]);
  sandbox.close();
});

Deno.test("a run that needs more modules than modulesMax has them all", () => {
  const sandbox = openSandbox({ workers: 1, modulesMax: 2 });
  const numbers = [1, 2, 3, 4, 5];
  for (let round = 0; round < 2; round++) {
    for (const number of numbers) {
      sandbox.define({ key: `m${number}`, prepared: prepared(number), stackDepthMax: defaultStackDepthMax });
    }
    const steps = numbers.map((number) => stepOf(`${round} ${number}`, { moduleKey: `m${number}` }));
    const answers = sandbox.run(steps, () => ({ status: 0 })).map(answerOf);
    assert.deepEqual(answers, [101, 201, 301, 401, 501]);
  }
  sandbox.close();
});
