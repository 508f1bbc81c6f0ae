import assert from "node:assert/strict";
import { later, type Meanings, type TextVector } from "../../../src/host/mod.ts";
import type { Grant } from "../../../src/kernel/mod.ts";
import { embedTextBytesMax } from "../../../src/sandbox/abi.ts";
import { closed, Desk, open, readOpen } from "./desk.ts";

const hash = "c".repeat(64);
const along = (axis: number): Int8Array =>
  Int8Array.from({ length: 16 }, (_, at) => (axis & at).toString(2).split("1").length % 2 === 1 ? 127 : -127);
const vectorOf = (axis: number): TextVector => ({
  vector: new Uint8Array(along(axis).buffer).toBase64(),
  dimensions: 16,
  model: { name: "tiny", hash },
  provider: "cpu",
  input: "d".repeat(64),
});
const model = (of: Meanings["of"]): { meanings: Meanings } => ({ meanings: { of } });
const granted: Grant[] = [{ capability: "model", scope: ["tiny"] }];

Deno.test("embed without a grant for a model is denied, and nothing is recorded or asked", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: readOpen, ...model(() => assert.fail("a model was asked")) });
  assert.equal(hand.call("embed", "a text"), -3);
  assert.deepEqual(hand.session.recorded, []);
});

Deno.test("embed by a model that is not the one granted is denied", () => {
  using desk = new Desk();
  const grants: Grant[] = [{ capability: "model", scope: ["another"] }];
  assert.equal(desk.scout({ grants, ...model(() => vectorOf(1)) }).call("embed", "a text"), -3);
});

Deno.test("embed where there is no model is not available, and that is recorded", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: granted });
  assert.equal(hand.call("embed", "a text"), -8);
  assert.deepEqual(hand.session.recorded.map((one) => one.text()), ["-8"]);
});

Deno.test("embed gives the vector with who made it of what, and records it as the guest got it", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: granted, ...model(() => vectorOf(1)) });
  assert.deepEqual(hand.call("embed", "a text"), vectorOf(1));
  const recorded = hand.session.recorded;
  const again = desk.scout({ grants: granted, recorded });
  assert.deepEqual(again.call("embed", "a text"), vectorOf(1));
  assert.equal(again.session.recordedLeft, 0);
});

Deno.test("embed ends the step where the answer is not there yet, and records nothing", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: granted, ...model(() => later) });
  assert.deepEqual(hand.call("embed", "a text"), { end: "awaits_model" });
  assert.deepEqual([hand.session.awaitsModel, hand.session.recorded], [true, []]);
});

Deno.test("embed refuses an empty text and one over embedTextBytesMax", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: granted, ...model(() => vectorOf(1)) });
  assert.deepEqual(["", " ", null].map((text) => hand.call("embed", text)), [-2, -2, -2]);
  assert.equal(hand.call("embed", "é".repeat(embedTextBytesMax / 2 + 1)), -6);
});

/** Two texts that may be read and one that may not, with vectors. */
function filled(desk: Desk): { boiler: string; tea: string; secret: string } {
  const boiler = desk.add(open, "The boiler was serviced."), tea = desk.add(open, "Tea at four.");
  const secret = desk.add(closed, "The boiler is a secret.");
  [boiler, tea, secret].forEach((id, at) => embedded(desk, id, at + 1));
  return { boiler, tea, secret };
}

function embedded(desk: Desk, id: string, axis: number): void {
  const tick = desk.engram(id)?.updatedTick ?? 0;
  desk.embed(id, tick, hash, along(axis));
}

Deno.test("recall finds by words what the agent may read, and says that no model took part", () => {
  using desk = new Desk();
  const { boiler } = filled(desk);
  const { hits, model } = desk.scout({ grants: readOpen }).call("recall", "who serviced the boiler?", null);
  assert.deepEqual(hits.map(({ id }: { id: string }) => id), [boiler]);
  assert.equal(model, null);
});

Deno.test("recall finds by meaning where a model is granted, by words where none is", () => {
  using desk = new Desk();
  const { tea } = filled(desk), meanings = model(() => vectorOf(2));
  const ids = (grants: readonly Grant[]) => {
    const { hits, model } = desk.scout({ grants: [...readOpen, ...grants], ...meanings }).call(
      "recall",
      "a warm drink",
      null,
    );
    return [hits.map(({ id }: { id: string }) => id), model];
  };
  assert.deepEqual(ids(granted), [[tea], { name: "tiny", hash, provider: "cpu" }]);
  assert.deepEqual(ids([]), [[], null]);
});

Deno.test("recall sees what its step staged, and not what it deleted or changed", () => {
  using desk = new Desk();
  const hand = desk.scout();
  const first = hand.create("the grey heron"), second = hand.create("a heron in flight");
  desk.commit(hand.session.writes.writes(), "scout");
  const next = desk.scout();
  assert.equal(next.call("engram_delete", first), 0);
  assert.equal(next.update(second, "an otter"), 0);
  const third = next.create("the heron nests");
  const { hits } = next.call("recall", "heron", null);
  assert.deepEqual(hits.map(({ id }: { id: string }) => id), [third]);
});

Deno.test("recall refuses an empty question, unknown parameters, and a context that may not be read", () => {
  using desk = new Desk();
  const hand = desk.scout({ grants: readOpen });
  const status = (question: string, params: object) => hand.call("recall", question, JSON.stringify(params));
  assert.deepEqual(
    [status(" ", {}), status("x", { k: 0 }), status("x", { limit: 1 }), status("x", { context: "closed" })],
    [-2, -2, -2, -1],
  );
});

Deno.test("similarity is the cosine of stored vectors, and not available without one", () => {
  using desk = new Desk();
  const { boiler, tea, secret } = filled(desk);
  const plain = desk.add(open, "No vector yet.");
  const hand = desk.scout({ grants: readOpen });
  assert.deepEqual(hand.call("similarity", boiler, boiler), { similarity: 1, model: hash });
  assert.deepEqual(hand.call("similarity", boiler, tea), { similarity: 0, model: hash });
  assert.deepEqual([hand.call("similarity", boiler, plain), hand.call("similarity", boiler, secret)], [
    -8,
    -1,
  ]);
});

Deno.test("similarity of what the step has just changed is not available", () => {
  using desk = new Desk();
  const hand = desk.scout(), id = hand.create("the grey heron");
  desk.commit(hand.session.writes.writes(), "scout");
  embedded(desk, id, 1);
  const next = desk.scout();
  assert.equal(next.call("similarity", id, id).similarity, 1);
  next.update(id, "an otter");
  assert.equal(next.call("similarity", id, id), -8);
});
