import assert from "node:assert/strict";
import type { Grant } from "../../../src/kernel/grants.ts";
import { grantsOf, narrow, parseGrant, plainWords } from "../../../src/kernel/manifest.ts";

const wanted = (...texts: string[]): Grant[] => texts.map(parseGrant);

Deno.test("parseGrant() reads capability and scope", () => {
  assert.deepEqual(parseGrant("write:notes, plans"), { capability: "write", scope: ["notes", "plans"] });
});

Deno.test("parseGrant() reads a capability alone as all of it", () => {
  assert.deepEqual(parseGrant("read"), { capability: "read", scope: ["*"] });
});

for (const text of ["", "net:*", "read:", "read:a,,b"]) {
  Deno.test(`parseGrant() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseGrant(text), { code: "invalid_argument" });
  });
}

Deno.test("grantsOf() joins wishes for one capability, each scope once", () => {
  assert.deepEqual(grantsOf(wanted("write:a", "read:b", "read:b,c", "send:x", "send:*")), [
    { capability: "read", scope: ["b", "c"] },
    { capability: "write", scope: ["a"] },
    { capability: "send", scope: ["*"] },
  ]);
});

Deno.test("narrow() keeps what is both asked for and granted", () => {
  assert.deepEqual(narrow(wanted("read:*", "write:a,b", "send:x"), wanted("read:notes", "write")), [
    { capability: "read", scope: ["notes"] },
    { capability: "write", scope: ["a", "b"] },
  ]);
});

Deno.test("narrow() never widens: * is all that is asked for", () => {
  assert.deepEqual(narrow(wanted("read:a"), wanted("read:*")), [{ capability: "read", scope: ["a"] }]);
});

// proves: mentat-step3-manifest
Deno.test("narrow() refuses a grant of what is not asked for", () => {
  assert.throws(
    () => narrow(wanted("read:a"), wanted("write:a")),
    /Cannot grant "write:a": .*asks for read:a/,
  );
});

const words: readonly (readonly [Grant[], string])[] = [
  [wanted("read:notes", "write:notes"), 'may read and write "notes"'],
  [wanted("read:a,b,c", "write:a"), 'may read "a", "b" and "c" · may write "a"'],
  [wanted("read:*", "send:curator"), 'may read the whole memory · may send messages to "curator"'],
  [wanted("read:*", "write:*"), "may read and write the whole memory"],
  [wanted("write:*"), "may write to the whole memory"],
  [wanted("send:*"), "may send messages to every agent"],
  [[], "may use its own memory only"],
];

for (const [grants, text] of words) {
  Deno.test(`plainWords() says ${text}`, () => {
    assert.equal(plainWords(grants).join(" · "), `${text} · no network, no files, no clock`);
  });
}
