import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { EngramError } from "../../../src/kernel/errors.ts";
import {
  type Keeper,
  keeperOf,
  keepers,
  type ServiceFacts,
  serviceFile,
  startsProgram,
} from "../../../src/cli/host/service_files.ts";

/** Words that a form could take for its own: a space, quotes, specifiers, variables, entities, a backslash at an end. */
const words = ["a b", '"q"', "100%h", "$HOME", "<&>", "c\\", 'd\\"', "é", ""];

const program = { command: "/opt/engram lite/engramlt", args: [] };
const facts: ServiceFacts = {
  program: { command: program.command, args: ["up", "--data", "/home/ann/my data", ...words] },
  data: "/home/ann/my data",
  searchPath: null,
  name: "engramlt",
  home: "/home/ann",
  configHome: null,
};

const goldens: Readonly<Record<Keeper, string>> = {
  systemd: "engramlt.service",
  launchd: "engramlt.plist",
  "task-scheduler": "engramlt.task.xml",
};

for (const keeper of keepers) {
  Deno.test(`serviceFile() of ${keeper} is tests/fixtures/service/${goldens[keeper]} (else: GOLDEN=write)`, () => {
    const path = fileURLToPath(new URL(`../../fixtures/service/${goldens[keeper]}`, import.meta.url));
    const { text } = serviceFile(keeper, facts);
    if (Deno.env.get("GOLDEN") === "write") Deno.writeTextFileSync(path, text);
    assert.equal(text, Deno.readTextFileSync(path));
  });

  Deno.test(`startsProgram() of ${keeper} knows the program's own file, and that of another`, () => {
    const { text } = serviceFile(keeper, facts);
    assert(startsProgram(keeper, text, program));
    assert(!startsProgram(keeper, text, { command: "/opt/engram lite/engramlt2", args: [] }));
    assert(!startsProgram(keeper, text, { command: "/opt/engram", args: [] }));
  });

  Deno.test(`serviceFile() of ${keeper} refuses control characters`, () => {
    const broken = { ...facts, program: { command: "/x", args: ["a\nExecStartPost=/bin/evil"] } };
    assert.throws(
      () => serviceFile(keeper, broken),
      (error) => error instanceof EngramError && error.code === "usage",
    );
  });
}

Deno.test("serviceFile() of task-scheduler gives every argument as CommandLineToArgvW reads it", () => {
  const { text } = serviceFile("task-scheduler", facts);
  const line = /<Arguments>(.*)<\/Arguments>/.exec(text)?.[1] ?? "";
  const plain = line.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  assert.deepEqual(argumentsOf(plain), facts.program.args);
});

/** The arguments in a command line of Windows: an even number of backslashes before a quotation mark is half as many. */
function argumentsOf(line: string): string[] {
  const found: string[] = [];
  let word = "", isQuoted = false, isWord = false;
  for (let at = 0; at < line.length;) {
    const slashes = /^\\*/.exec(line.slice(at))?.[0].length ?? 0;
    const after = line[at + slashes];
    if (after === '"') {
      word += "\\".repeat(Math.floor(slashes / 2));
      if (slashes % 2 === 1) word += '"';
      else isQuoted = !isQuoted;
      isWord = true;
      at += slashes + 1;
    } else if (slashes > 0) {
      word += "\\".repeat(slashes);
      isWord = true;
      at += slashes;
    } else if (after === " " && !isQuoted) {
      if (isWord) found.push(word);
      word = "";
      isWord = false;
      at++;
    } else {
      word += after;
      isWord = true;
      at++;
    }
  }
  if (isWord) found.push(word);
  return found;
}

Deno.test("serviceFile() of task-scheduler refuses what that would replace and has no way to write", () => {
  for (const word of ["%HOME%", "a $(Arg0)"]) {
    const broken = { ...facts, program: { command: "/x", args: [word] } };
    assert.throws(() => serviceFile("task-scheduler", broken), EngramError, word);
  }
});

Deno.test("the files lie where each keeper looks for them", () => {
  assert.equal(serviceFile("systemd", facts).path, "/home/ann/.config/systemd/user/engramlt.service");
  assert.equal(
    serviceFile("systemd", { ...facts, configHome: "/c" }).path,
    "/c/systemd/user/engramlt.service",
  );
  assert.equal(serviceFile("launchd", facts).path, "/home/ann/Library/LaunchAgents/engramlt.plist");
  assert.deepEqual([keeperOf("linux"), keeperOf("darwin"), keeperOf("windows"), keeperOf("freebsd")], [
    "systemd",
    "launchd",
    "task-scheduler",
    null,
  ]);
});
