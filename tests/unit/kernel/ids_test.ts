import assert from "node:assert/strict";
import { formatId, type IdKind, idLetters, parseId, personalContextId } from "../../../src/kernel/mod.ts";

const numbers = [0, 1, 31, 32, 33, 1023, 1024, 32 ** 4, 2 ** 40, Number.MAX_SAFE_INTEGER];

Deno.test("formatId() and parseId() are inverse for every kind and size of number", () => {
  for (const kind of Object.keys(idLetters) as IdKind[]) {
    for (const tick of numbers) {
      const id = formatId(kind, tick, 3, 99);
      assert.deepEqual(parseId(id), { letter: idLetters[kind], tick, seat: 3, counter: 99 });
    }
  }
});

Deno.test("ids as strings stand in the order of their numbers", () => {
  const ids = numbers.flatMap((tick) =>
    numbers.flatMap((seat) => numbers.map((counter) => formatId("engram", tick, seat, counter)))
  );
  assert.deepEqual([...ids].sort(), ids);
});

Deno.test("no id is JSON", () => {
  for (const kind of Object.keys(idLetters) as IdKind[]) {
    for (const tick of numbers) {
      assert.throws(() => JSON.parse(formatId(kind, tick, tick, tick)), SyntaxError);
    }
  }
});

Deno.test("parseId() refuses everything formatId() does not make", () => {
  const wrong = [
    "",
    "e",
    "e00",
    "e0000",
    "z000",
    "e10000",
    "E000",
    "e001",
    "e20100",
    "e1i00",
    "ezzzz",
    "e00é",
  ];
  assert.deepEqual(wrong.filter((text) => parseId(text) !== null), []);
});

Deno.test("the context personal is the first id of the first tick", () => {
  assert.deepEqual(parseId(personalContextId), { letter: "x", tick: 0, seat: 0, counter: 0 });
});
