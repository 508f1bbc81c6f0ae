import assert from "node:assert/strict";
import fc from "fast-check";
import { type JsonPath, readJsonc, removeJson, setJson } from "../../../src/input/mod.ts";

const strict = { path: "x.json", comments: false }, loose = { path: "mcp.json", comments: true };
const entry = { command: "/bin/engramlt", args: ["mcp"] };
const path: JsonPath = ["mcpServers", "engramlt"];

Deno.test("setJson() adds an entry and changes nothing else of the text", () => {
  const text = '{\n    "b" : 1,  \n    "mcpServers": { "a": {"x":1} },\n    "z": [1,2]\n}';
  const after = setJson(text, path, entry, strict);
  assert.equal(
    after,
    '{\n    "b" : 1,  \n    "mcpServers": { "a": {"x":1},"engramlt": {"command":"/bin/engramlt","args":["mcp"]} },' +
      '\n    "z": [1,2]\n}',
  );
});

Deno.test("setJson() makes what is missing on the way, in the text's own indentation and line ends", () => {
  const after = setJson('{\r\n\t"a": 1\r\n}\r\n', path, { command: "x" }, strict);
  assert.equal(
    after,
    '{\r\n\t"a": 1,\r\n\t"mcpServers": {\r\n\t\t"engramlt": {\r\n\t\t\t"command": "x"\r\n\t\t}\r\n\t}\r\n}\r\n',
  );
});

Deno.test("setJson() writes a whole object into a blank text, and on one line into a text of one line", () => {
  assert.equal(setJson(" \n", ["a"], 1, strict), '{\n  "a": 1\n}\n');
  assert.equal(setJson('{"b":2}', ["a"], { c: 1 }, strict), '{"b":2,"a":{"c":1}}');
});

Deno.test("setJson() keeps comments and trailing commas where they are", () => {
  const text = '{\n  // mine\n  "servers": {\n    "a": 1, // one\n    /* two */\n  },\n}\n';
  const after = setJson(text, ["servers", "engramlt"], 2, loose);
  assert.equal(
    after,
    '{\n  // mine\n  "servers": {\n    "a": 1, // one\n    /* two */\n    "engramlt": 2\n  },\n}\n',
  );
});

Deno.test("removeJson() takes its own comma along, and gives back the text before setJson()", () => {
  const texts = [
    '{\n  "mcpServers": {\n    "a": 1\n  }\n}\n',
    '{\n  "a": 1, // tail\n  "b": 2 // last\n}\n',
    '{"b":2}',
    '{\n\t"mcpServers": { "a": {"x":1} }\n}',
  ];
  for (const text of texts) {
    const named = text.includes("mcpServers") ? path : ["engramlt"];
    assert.equal(removeJson(setJson(text, named, entry, loose), named, loose), text);
  }
});

Deno.test("removeJson() leaves what others added behind it", () => {
  const text = '{\n  "a": 1,\n  "engramlt": 2,\n  "z": 3\n}\n';
  assert.equal(removeJson(text, ["engramlt"], strict), '{\n  "a": 1,\n  "z": 3\n}\n');
});

Deno.test("readJsonc() refuses what is no JSON with its place", () => {
  assert.throws(
    () => readJsonc('{\n  "a": 1,,\n}', strict),
    /x\.json: it is not JSON \(.+ at line 2, column/,
  );
  assert.throws(() => readJsonc("{ // no\n}", strict), /is not JSON/);
  assert.deepEqual(readJsonc('{ // yes\n "a": [1,], }', loose), { a: [1] });
});

Deno.test("setJson() refuses to write into what is no object", () => {
  assert.throws(() => setJson('{"mcpServers": []}', path, 1, strict), /what should hold it is not an object/);
});

Deno.test("setJson() and removeJson() give what was meant in any object, however it is written", () => {
  const json = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });
  fc.assert(fc.property(json, fc.constantFrom(0, 2, "\t"), fc.boolean(), (object, indent, windows) => {
    const plain = JSON.stringify(object, null, indent);
    const text = windows ? plain.replaceAll("\n", "\r\n") : plain;
    if (typeof object["mcpServers"] !== "undefined") return;
    const after = setJson(text, path, entry, strict);
    const again = setJson(after, path, entry, strict);
    const removed = removeJson(after, path, strict);
    assert.equal(again, after);
    assert.deepEqual(readJsonc(removed, strict), { ...JSON.parse(plain), mcpServers: {} });
  }));
});

Deno.test("setJson() keeps a mark of the byte order and half surrogate pairs, and removeJson() gives both back", () => {
  const text = '\ufeff{\n  "a": "\\ud800"\n}\n';
  const with1 = setJson(text, ["engramlt"], 1, strict);
  assert.equal(with1, '\ufeff{\n  "a": "\\ud800",\n  "engramlt": 1\n}\n');
  assert.equal(removeJson(with1, ["engramlt"], strict), text);
});

Deno.test("readJsonc() refuses what nests too deep", () => {
  for (const levels of [300, 100_000]) {
    const text = "[".repeat(levels) + "]".repeat(levels);
    assert.throws(() => readJsonc(text, strict), /x\.json: it nests too deep/);
  }
});
