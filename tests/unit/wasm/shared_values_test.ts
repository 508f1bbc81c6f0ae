import assert from "node:assert/strict";
import { SharedValues } from "../../../src/wasm/shared_values.ts";

function shared(body: (values: SharedValues) => void): number {
  const values = new SharedValues();
  body(values);
  values.end();
  return values.finish();
}

Deno.test("no more values are kept across a call than were computed before it, or are after it", () => {
  const bound = (before: number, after: number) =>
    shared((v) => {
      v.compute(before);
      v.call();
      v.compute(after);
    });
  assert.deepEqual([bound(3, 9), bound(9, 3)], [3, 3]);
});

Deno.test("in a loop, what stands before the call also comes after it", () => {
  assert.equal(
    shared((v) => {
      v.compute(5);
      v.loop();
      v.compute(4);
      v.call();
      v.end();
    }),
    4,
  );
});

Deno.test("the cases of a switch share nothing but what stands before it", () => {
  assert.equal(
    shared((v) => {
      v.compute(2);
      for (const _ of [0, 1]) v.block();
      v.block();
      v.branch(0);
      v.branch(1);
      v.unreachable();
      v.end();
      v.compute(100);
      v.branch(1);
      v.unreachable();
      v.end();
      v.call();
      v.compute(100);
      v.branch(0);
      v.unreachable();
      v.end();
    }),
    2,
  );
});

Deno.test("an arm that may fall through keeps its values in reach, since its condition may be known", () => {
  assert.equal(
    shared((v) => {
      v.if();
      v.compute(7);
      v.end();
      v.call();
      v.compute(9);
    }),
    7,
  );
});
