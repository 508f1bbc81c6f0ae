import assert from "node:assert/strict";
import { Call, type Group, isGroup, type Leaf } from "../../../src/cli/command.ts";
import { parse, type Parsed } from "../../../src/cli/parse.ts";
import { Screen } from "../../../src/cli/terminal/screen.ts";
import { tree } from "../../../src/cli/tree.ts";
import { EngramError } from "../../../src/kernel/errors.ts";
import { TestTerminal } from "../../support/terminal.ts";

const leaf: Leaf = {
  name: "run",
  says: "run it",
  places: [
    { name: "id", says: "which" },
    { name: "action", says: "what" },
    { name: "params", says: "how", optional: true },
  ],
  flags: [
    { flags: "--fuel N", says: "how much" },
    { flags: "--check", says: "look" },
    { flags: "--grant G", says: "what it may", many: true },
  ],
  examples: ["agent run a b"],
  run: () => {},
};
const group: Group = { name: "agent", says: "agents", commands: [leaf] };

function callOf(args: readonly string[], env: Record<string, string> = {}): Call {
  const parsed: Parsed = parse([group], args);
  assert.equal(parsed.kind, "run");
  if (parsed.kind !== "run") throw new Error("no command was found");
  const format = { format: "text", quiet: false, color: "auto", progress: true } as const;
  const screen = new Screen(new TestTerminal({ env }), format);
  return new Call(parsed.given, { screen, connect: () => Promise.reject(new Error("no port")) });
}

function refusal(run: () => unknown): EngramError {
  try {
    run();
  } catch (error) {
    if (error instanceof EngramError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

Deno.test("positionals fill the places that no flag has filled, in order", () => {
  const call = callOf(["agent", "run", "act", "{}", "--id", "scout"]);
  assert.deepEqual(["id", "action", "params"].map((name) => call.text(name)), ["scout", "act", "{}"]);
});

Deno.test("global flags stand before or after the command", () => {
  for (const args of [["--data", "x", "agent", "run"], ["agent", "run", "--data=x"]]) {
    assert.equal(callOf(args).text("data"), "x");
  }
});

Deno.test("a value comes from the flag before the variable", () => {
  const env = { ENGRAMLT_FUEL: "7", ENGRAMLT_CHECK: "1" };
  assert.equal(callOf(["agent", "run"], env).number("fuel"), 7);
  assert.equal(callOf(["agent", "run", "--fuel", "8"], env).number("fuel"), 8);
});

Deno.test("a switch is off where its variable is 0, false, no or empty", () => {
  for (const value of ["0", "false", "no", ""]) {
    assert.equal(callOf(["agent", "run"], { ENGRAMLT_CHECK: value }).has("check"), false);
  }
  assert.equal(callOf(["agent", "run"], { ENGRAMLT_CHECK: "1" }).has("check"), true);
});

Deno.test("a flag given several times keeps every value, and a list is split at commas", () => {
  const call = callOf(["agent", "run", "--grant", "read:a", "--grant", "send:b"]);
  assert.deepEqual(call.all("grant"), ["read:a", "send:b"]);
  assert.deepEqual(callOf(["agent", "run", "--grant", "a, b"]).listed("grant"), ["a", "b"]);
});

Deno.test("text that begins with a dash and a space is text", () => {
  assert.equal(callOf(["agent", "run", "- milk"]).text("id"), "- milk");
  assert.equal(callOf(["agent", "run", "--id", "- milk"]).text("id"), "- milk");
});

Deno.test("everything after -- is text", () => {
  assert.equal(callOf(["agent", "run", "--", "--fuel"]).text("id"), "--fuel");
});

Deno.test("an argument too many is a usage error that names it", () => {
  const error = refusal(() => callOf(["agent", "run", "a", "b", "c", "d"]));
  assert.equal(error.code, "usage");
  assert.match(error.message, /"d" is one argument too many/);
});

Deno.test("a missing argument is named, with an example", () => {
  const error = refusal(() => callOf(["agent", "run"]).need("action"));
  assert.match(error.message, /Cannot run "agent run": ACTION is missing/);
  assert.match(error.hint, /engramlt agent run a b/);
});

Deno.test("an unknown flag suggests the one that was meant", () => {
  const error = refusal(() => parse([group], ["agent", "run", "--feul", "1"]));
  assert.equal(error.code, "usage");
  assert.match(error.message, /unknown flag "--feul"/);
  assert.match(error.hint, /Did you mean --fuel\?/);
});

Deno.test("an unknown command suggests the one that was meant", () => {
  const error = refusal(() => parse(tree, ["memroy", "add"]));
  assert.match(error.hint, /Did you mean memory\?/);
});

Deno.test("a group without a command lists its commands", () => {
  assert.match(refusal(() => parse([group], ["agent"])).message, /it needs one of run/);
});

Deno.test("a command that a group does not have is refused with those it has", () => {
  const { message, hint } = refusal(() => parse(tree, ["workflow", "frobnicate"]));
  assert.match(message, /unknown command "frobnicate"/);
  assert.equal(hint, "It has execute, check");
});

Deno.test("a group named alone is its list, where it has one", () => {
  const parsed = parse(tree, ["--json", "review"]);
  assert.equal(parsed.kind === "run" ? parsed.given.path : parsed.kind, "review list");
  assert.match(refusal(() => parse(tree, ["review", "lst"])).hint, /Did you mean list\?/);
});

Deno.test("a sentence that names commands names the data folder that was given in each", () => {
  const said = (args: readonly string[]) =>
    callOf(["agent", "run", "a", "b", ...args]).nextIn(
      "engramlt log verify names it; engramlt log repair cuts",
    );
  assert.equal(said([]), "engramlt log verify names it; engramlt log repair cuts");
  assert.equal(
    said(["--data", "/tmp/$& d"]),
    "engramlt --data '/tmp/$& d' log verify names it; engramlt --data '/tmp/$& d' log repair cuts",
  );
});

Deno.test("a command to try next stays on the data folder that was given", () => {
  const next = (args: readonly string[], env = {}) =>
    callOf(["agent", "run", "a", "b", ...args], env).next("engramlt up");
  assert.equal(next([]), "engramlt up");
  assert.equal(next(["--data", "/tmp/d"]), "engramlt up --data /tmp/d");
  assert.equal(next(["--data", "/tmp/my data"]), "engramlt up --data '/tmp/my data'");
  assert.equal(next([], { ENGRAMLT_DATA: "/tmp/d" }), "engramlt up");
  assert.equal(
    callOf(["agent", "run", "a", "b", "--data", "/d"]).next("upgrade this engramlt"),
    "upgrade this engramlt",
  );
});

Deno.test("a number that is none is a usage error", () => {
  for (const value of ["x", "", "1.5", "0"]) {
    assert.equal(refusal(() => callOf(["agent", "run", "--fuel", value]).whole("fuel")).code, "usage");
  }
});

Deno.test("--help gives the page of the command it stands behind", () => {
  const parsed = parse(tree, ["memory", "add", "--help"]);
  assert.equal(parsed.kind, "help");
  assert.match(parsed.kind === "help" ? parsed.text : "", /Usage: engramlt memory add TEXT/);
});

Deno.test("every command has a page with an example of its own", () => {
  for (const node of tree) {
    for (const one of isGroup(node) ? node.commands : [node]) {
      const path = isGroup(node) ? [node.name, one.name] : [one.name];
      const parsed = parse(tree, [...path, "--help"]);
      const text = parsed.kind === "help" ? parsed.text : "";
      assert.match(text, new RegExp(`Examples:\n  engramlt ${path.join(" ")}`), path.join(" "));
    }
  }
});

Deno.test("every example parses, and fits its command's places", () => {
  for (const node of tree) {
    for (const one of isGroup(node) ? node.commands : [node]) {
      for (const example of one.examples) {
        const words = example.replace(/ <.*| >.*/, "").match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
        const parsed = parse(tree, words.map((word) => word.replace(/^["']|["']$/g, "")));
        assert.equal(parsed.kind === "run" ? parsed.given.leaf : null, one, example);
        if (parsed.kind !== "run") continue;
        const format = { format: "text", quiet: false, color: "auto", progress: true } as const;
        const parts = { screen: new Screen(new TestTerminal(), format), connect: () => Promise.reject() };
        const call = new Call(parsed.given, parts);
        const needed = (one.places ?? []).filter(({ optional }) => optional !== true);
        for (const { name } of needed) assert.ok(call.all(name).length > 0, `${example}: ${name}`);
      }
    }
  }
});
