import assert from "node:assert/strict";
import { questionsOf } from "../../../src/cli/demo/questions.ts";
import type { Engram, JsonObject } from "../../../src/mod.ts";

let last = 0;

function fact(content: string, metadata: JsonObject, supersededBy: string | null = null): Engram {
  return {
    id: `e${++last}`,
    kind: "fact",
    content,
    title: null,
    source: null,
    ref: null,
    confidence: 1,
    metadata,
    contexts: [],
    thread: null,
    position: null,
    observedAt: null,
    timeSource: "none",
    validFrom: null,
    validTo: null,
    createdTick: 1,
    updatedTick: 1,
    supersededBy,
    by: { agent: null, client: null, tick: 1, seat: 0 },
  };
}

const asked = (...facts: Engram[]) => questionsOf(facts).map(({ question }) => question);

Deno.test("questionsOf() asks with the words of a subject as the sentence has them, not as they are sorted", () => {
  const sentence = "The radio range of Heron is 4 km over open water.";
  assert.deepEqual(asked(fact(sentence, { subject: "heron radio range", attribute: "is" })), [
    "What is the radio range of Heron?",
  ]);
});

Deno.test("questionsOf() takes the possessive off a subject", () => {
  assert.deepEqual(asked(fact("Otter's budget is €21,000.", { subject: "otter", attribute: "budget" })), [
    "What is the budget of Otter?",
  ]);
});

Deno.test("questionsOf() asks nothing where the words of a subject stand apart", () => {
  const sentence = "Gauge: H-009, on the ladder at the quay.";
  assert.deepEqual(asked(fact(sentence, { subject: "gauge install quay", attribute: "is" })), []);
});

Deno.test("questionsOf() asks nothing of a heading, an unknown attribute, or an owner who owns nothing", () => {
  assert.deepEqual(
    asked(
      fact("The API will be extended to support:", { subject: "api", attribute: "is" }),
      fact("Swelling: 0.8 mm", { subject: "cell", attribute: "swelling" }),
      fact("Central server maintains master storage", { subject: "storage", attribute: "owner" }),
    ),
    [],
  );
});

Deno.test("questionsOf() asks first what has changed, and never for what no longer holds", () => {
  const kept = fact("Heron weighs 1.2 kg.", { subject: "heron", attribute: "weight" });
  const now = fact("Heron launches on 12 May.", { subject: "heron", attribute: "launch" });
  const was = fact("Lapwing launch: 28 April.", { subject: "lapwing", attribute: "launch" }, now.id);
  assert.deepEqual(asked(was, kept, now), ["When does Heron launch?", "How much does Heron weigh?"]);
});

Deno.test("questionsOf() names every fact that answers a question", () => {
  const twice = [1, 2].map(() => fact("Heron costs €480.", { subject: "heron", attribute: "price" }));
  assert.deepEqual([...questionsOf(twice)[0]?.ids ?? []], twice.map(({ id }) => id));
});

Deno.test("questionsOf() asks nothing of a subject that is a clause", () => {
  const sentence = "Omar said the shed code is now 9921.";
  assert.deepEqual(asked(fact(sentence, { subject: "omar said shed code", attribute: "is" })), []);
});
