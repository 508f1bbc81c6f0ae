import assert from "node:assert/strict";
import { inputLimits } from "../../../src/input/drafts.ts";
import { readJsonl } from "../../../src/input/jsonl.ts";

const read = (text: string) => readJsonl("chat.jsonl", new TextEncoder().encode(text));
const codes = (text: string) => read(text).failures.map(({ line, code }) => [line, code]);

Deno.test("readJsonl() makes an engram of each line", () => {
  const line = {
    content: "Hi",
    ref: "m1",
    title: "T",
    source: "chat",
    confidence: 0.5,
    metadata: { a: 1 },
    context: "notes",
    time: "2026-03-14T09:30:00Z",
    speaker: "Ann",
    thread: "t",
    position: 7,
    kind: "fact",
    validFrom: "2026-01-01",
    validTo: "2026-02-01",
  };
  assert.deepEqual(read(JSON.stringify(line)).drafts, [{
    kind: "fact",
    content: "Hi",
    title: "T",
    source: "chat",
    ref: "m1",
    confidence: 0.5,
    metadata: { a: 1, speaker: "Ann", file: "chat.jsonl", line: 1, lineEnd: 1 },
    context: "notes",
    thread: "t",
    position: 7,
    observedAt: Date.parse("2026-03-14T09:30:00Z"),
    timeSource: "given",
    validFrom: Date.parse("2026-01-01"),
    validTo: Date.parse("2026-02-01"),
    line: 1,
  }]);
});

Deno.test("readJsonl() names a line by its number, and its source by the path", () => {
  const { drafts } = read('{"content":"a"}\n\n{"content":"b"}\r\n');
  assert.deepEqual(drafts.map(({ source, ref, line }) => [source, ref, line]), [
    ["chat.jsonl", "L1", 1],
    ["chat.jsonl", "L3", 3],
  ]);
});

Deno.test("readJsonl() gives a line of an export the metadata it had, and no file of its own", () => {
  const [draft] = read(`{"content":"Hi","source":"engramlt","ref":"e1100","metadata":{"a":1}}`).drafts;
  assert.deepEqual(draft?.metadata, { a: 1 });
});

Deno.test("readJsonl() orders a thread without positions by line", () => {
  const { drafts } = read('{"content":"a","thread":"t"}\n{"content":"b","thread":"t"}\n{"content":"c"}');
  assert.deepEqual(drafts.map(({ position }) => position), [1, 2, null]);
});

Deno.test("readJsonl() keeps unknown keys in the metadata, __proto__ too", () => {
  const [draft] = read('{"content":"a","lang":"de","__proto__":{"x":1}}').drafts;
  assert.equal(draft?.metadata["lang"], "de");
  assert.ok(Object.hasOwn(draft?.metadata ?? {}, "__proto__"));
});

Deno.test("readJsonl() leaves file and line alone where the metadata names its own", () => {
  const [draft] = read('{"content":"a","metadata":{"file":"old.md","line":9}}').drafts;
  assert.deepEqual(draft?.metadata, { file: "old.md", line: 9 });
});

Deno.test("readJsonl() lists bad lines and takes the rest", () => {
  const { drafts, failures } = read('{"content":"a"}\n{bad\n{"content":"c"}');
  assert.deepEqual(drafts.map(({ content }) => content), ["a", "c"]);
  assert.deepEqual(failures.map(({ path, line, code }) => [path, line, code]), [[
    "chat.jsonl",
    2,
    "invalid_json",
  ]]);
});

Deno.test("readJsonl() refuses the second line with one ref", () => {
  assert.deepEqual(codes('{"content":"a","ref":"x"}\n{"content":"b","ref":"x"}'), [[2, "invalid_argument"]]);
});

Deno.test("readJsonl() spoils only the line that holds a bad byte", () => {
  const bytes = new Uint8Array([...new TextEncoder().encode('{"content":"a"}\n'), 0xff, 10]);
  const { drafts, failures } = readJsonl("x.jsonl", bytes);
  assert.equal(drafts.length, 1);
  assert.deepEqual(failures.map(({ line, code }) => [line, code]), [[2, "invalid_encoding"]]);
});

Deno.test("readJsonl() names jsonlLineBytesMax when a line is too long", () => {
  const limits = { ...inputLimits, jsonlLineBytesMax: 10 };
  const { failures } = readJsonl("x.jsonl", new TextEncoder().encode('{"content":"long enough"}'), limits);
  assert.match(failures[0]?.message ?? "", /jsonlLineBytesMax, 10/);
});

Deno.test("readJsonl() names nameBytesMax when a name is too long", () => {
  const { failures } = read(JSON.stringify({ content: "a", thread: "t".repeat(5000) }));
  assert.match(failures[0]?.message ?? "", /its thread of 5000 bytes is larger than nameBytesMax, 4096/);
});

const bad: Readonly<Record<string, string>> = {
  "[]": "invalid_json",
  '"text"': "invalid_json",
  "{}": "invalid_argument",
  '{"content":" "}': "invalid_argument",
  '{"content":3}': "invalid_argument",
  '{"content":"a","confidence":1.5}': "invalid_confidence",
  '{"content":"a","confidence":"high"}': "invalid_confidence",
  '{"content":"a","time":"03/04/2026"}': "invalid_time",
  '{"content":"a","time":1}': "invalid_time",
  '{"content":"a","time":"2026-01-01","observedAt":"2026-01-02"}': "invalid_time",
  '{"content":"a","kind":"memo"}': "invalid_argument",
  '{"content":"a","position":1.5}': "invalid_argument",
  '{"content":"a","metadata":[]}': "invalid_argument",
  '{"content":"a","metadata":{"x":1},"x":2}': "invalid_argument",
  '{"content":"a","ref":""}': "invalid_argument",
  '{"content":"\\ud800"}': "invalid_argument",
};

for (const [line, code] of Object.entries(bad)) {
  Deno.test(`readJsonl() refuses ${line} as ${code}`, () => {
    assert.deepEqual(codes(line), [[1, code]]);
  });
}

Deno.test("readJsonl() refuses a line that nests deeper than jsonDepthMax", () => {
  const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
  assert.deepEqual(codes(`{"content":"a","metadata":{"x":${deep}}}`), [[1, "invalid_argument"]]);
});
