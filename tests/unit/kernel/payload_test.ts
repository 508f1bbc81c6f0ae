import assert from "node:assert/strict";
import { Payload } from "../../../src/kernel/payload.ts";

Deno.test("Payload.text() and text() agree", () => {
  assert.equal(Payload.text("naïve 🧠").text(), "naïve 🧠");
});

Deno.test("a payload without bytes is erased", () => {
  assert.equal(new Payload(null, null, new Uint8Array(32)).erased, true);
});

Deno.test("text() of an erased payload is a fault", () => {
  assert.throws(() => new Payload(null, null, new Uint8Array(32)).text(), /erased/);
});

Deno.test("a payload without bytes and digest is a fault", () => {
  assert.throws(() => new Payload(null), /digest/);
});
