import assert from "node:assert/strict";
import { removeTomlTable, setTomlTable, tomlTable } from "../../../src/input/mod.ts";

const names = ["mcp_servers", "engramlt"] as const;
const values = { command: "/bin/engramlt", args: ["mcp", "--data", 'a "b"'] };
const block = '[mcp_servers.engramlt]\ncommand = "/bin/engramlt"\nargs = [ "mcp", "--data", "a \\"b\\"" ]\n';

Deno.test("setTomlTable() adds the table at the end and changes nothing else", () => {
  const text = '# mine\nmodel = "x"  # keep\n\n[mcp_servers.a]\ncommand = "a"';
  assert.equal(setTomlTable(text, names, values, "c.toml"), `${text}\n\n${block}`);
  assert.equal(setTomlTable("", names, values, "c.toml"), block);
});

Deno.test("setTomlTable() replaces the table in its place, and nothing of what follows", () => {
  const before = 'a = 1\n\n[mcp_servers.engramlt] # old\ncommand = "y"\n',
    after = '\n# about b\n[b]\nc = "d"\n';
  const text = before + after;
  assert.equal(setTomlTable(text, names, values, "c.toml"), `a = 1\n\n${block}${after}`);
});

Deno.test("removeTomlTable() gives back the text before setTomlTable()", () => {
  for (const text of ["a = 1\n", '[b]\nc = "d"\n\n# end\n', ""]) {
    assert.equal(removeTomlTable(setTomlTable(text, names, values, "c.toml"), names, "c.toml"), text);
  }
});

Deno.test("tomlTable() gives the table's values", () => {
  assert.deepEqual(tomlTable(block, names, "c.toml"), values);
  assert.equal(tomlTable("a = 1", names, "c.toml"), null);
});

Deno.test("setTomlTable() refuses a text that is no TOML, and an entry that is written inline", () => {
  assert.throws(
    () => setTomlTable("a = = 1", names, values, "c.toml"),
    /c\.toml: it is not TOML \(.+ at line 1\)/,
  );
  const inline = 'mcp_servers = { engramlt = { command = "x" } }\n';
  assert.throws(() => setTomlTable(inline, names, values, "c.toml"), /is not written as a table of its own/);
});

Deno.test("setTomlTable() leaves tables below it that have headers of their own, and removeTomlTable() takes them along", () => {
  const below = '\n[mcp_servers.engramlt.env]\nA = "1"\n\n[[mcp_servers.engramlt.list]]\nb = 2\n';
  const before = 'a = 1\n\n[mcp_servers.engramlt]\ncommand = "y"\n', after = '\n[z]\nc = "d"\n';
  const all = { ...values, env: { A: "1" }, list: [{ b: 2 }] };
  const set = setTomlTable(before + below + after, names, all, "c.toml");
  assert.equal(set, `a = 1\n\n${block}${below}${after}`);
  assert.equal(removeTomlTable(set, names, "c.toml"), `a = 1\n${after}`);
});

Deno.test("setTomlTable() keeps a mark of the byte order, large numbers and dates", () => {
  const text =
    '\ufeff[mcp_servers.engramlt]\r\ncommand = "y"\r\n\r\n[z]\r\nbig = 9007199254740993\r\nd = 1979-05-27\r\n';
  const set = setTomlTable(text, names, { command: "x" }, "c.toml");
  assert.equal(set, text.replace('"y"', '"x"'));
});
