/**
 * The README, done to the letter: every `$ engramlt …` line runs, in order, in a copy of the working folder, and what
 * stands below it is printed. Spaces don't count: a terminal and a pipe put them elsewhere.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { hasCompiler } from "../../scripts/build_agents.ts";
import { transcriptOf } from "../../scripts/transcript.ts";
import { figuresLine, figuresOf } from "../../src/cli/demo/steps.ts";
import { selfCommand } from "../../src/runtime/mod.ts";

const root = new URL("../../", import.meta.url);
const readme = Deno.readTextFileSync(new URL("README.md", root));
const template = "agents/sdk/assemblyscript/template/assembly/index.ts";
const offline = Deno.env.get("ENGRAMLT_OFFLINE") === "1";
const compiler = !offline && await hasCompiler();

interface Shown {
  readonly line: string;
  readonly args: readonly string[];
  readonly output: readonly string[];
}

/** The arguments of a line, as a shell takes them: quotes of both kinds, no other signs. */
function argumentsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) =>
    single ?? double ?? bare ?? ""
  );
}

/** Every command that the ```console blocks show, with the output below it. */
function commands(): Shown[] {
  const blocks = [...readme.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
  const shown: { line: string; args: string[]; output: string[] }[] = [];
  for (const line of blocks.flatMap((text) => text.trimEnd().split("\n"))) {
    if (line.startsWith("$ engramlt ")) {
      const command = line.slice("$ ".length);
      shown.push({ line: command, args: argumentsOf(command).slice(1), output: [] });
    } else shown.at(-1)?.output.push(line);
  }
  return shown;
}

const words = (text: string) => text.replace(/\s+/g, " ").trim();

function copyFolder(from: URL, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copyFolder(new URL(`${name}/`, from), `${to}/${name}`);
    else Deno.copyFileSync(new URL(name, from), `${to}/${name}`);
  }
}

/** A newcomer's machine: a home with notes, and a copy of what the commands read. */
class Machine {
  readonly path = Deno.makeTempDirSync({ prefix: "engramlt-readme-" });
  readonly work = `${this.path}/work`;

  constructor() {
    copyFolder(new URL("agents/", root), `${this.work}/agents`);
    Deno.mkdirSync(`${this.path}/notes`);
    Deno.writeTextFileSync(
      `${this.path}/notes/2026-03-01-plan.md`,
      "# Plan\n\nProject Tulip starts on 3 March.\n",
    );
  }

  async run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const self = selfCommand();
    const { code, stdout, stderr } = await new Deno.Command(self.command, {
      args: [...self.args, ...args],
      cwd: this.work,
      env: {
        HOME: this.path,
        USERPROFILE: this.path,
        ENGRAMLT_DATA: `${this.path}/data`,
        INIT_CWD: this.work,
        NO_COLOR: "1",
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  }

  /** What `npm i && npm run build` does, with the compiler that is there. */
  async build(project: string): Promise<void> {
    const folder = `${this.work}/${project}`;
    const { scripts } = JSON.parse(Deno.readTextFileSync(`${folder}/package.json`));
    const [asc, ...args] = argumentsOf(scripts.build);
    assert.equal(asc, "asc");
    const compilerPath = fileURLToPath(
      new URL("dist/assemblyscript/node_modules/assemblyscript/bin/asc.js", root),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-config", "--no-lock", "--node-modules-dir=manual"],
        ...[compilerPath, ...args],
      ],
      cwd: folder,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** The figures that the agents' results give are those of the transcript: it is not of another day. */
function transcriptHas(results: string): void {
  const found = [...results.matchAll(/^\{[\s\S]*?^\}/gm)].map(([text]): unknown => JSON.parse(text));
  assert.equal(found.length, 3);
  for (const result of found) {
    const figures = figuresLine(figuresOf(result));
    assert.ok(transcriptOf(readme).includes(figures), `${figures}: run deno run -A scripts/transcript.ts`);
  }
}

Deno.test("the README's commands do what it shows, in its order", async (t) => {
  using machine = new Machine();
  const all = commands();
  assert.ok(all.length >= 20, `${all.length} commands`);
  for (const { line, args, output } of all) {
    const needsBuild = /^agent (load|execute|query) greeter\b/.test(args.join(" "));
    const skipped = needsBuild && !compiler;
    await t.step({
      name: `${line}${skipped ? " (skipped: needs assemblyscript)" : ""}`,
      ignore: skipped,
      fn: async () => {
        const { code, out, err } = await machine.run(args);
        assert.equal(code, 0, `${out}${err}`);
        for (const text of output) {
          assert.ok(words(out).includes(words(text)), `${text}\n--- not in ---\n${out}`);
        }
        if (args[0] === "workflow") transcriptHas(out);
        if (args.join(" ") === "agent new greeter" && compiler) await machine.build("greeter");
      },
    });
  }
});

Deno.test("the hash of agents/hello does not depend on the number of workers", async () => {
  const [, hash] = /^state hash ([0-9a-f]{64})$/m.exec(readme) ?? [];
  const hello = commands().filter(({ line }) => line.includes("--data hello"));
  assert.ok(hash !== undefined && hello.length === 4);
  assert.ok(Deno.readTextFileSync(new URL("agents/hello/README.md", root)).includes(hash));
  for (const workers of ["1", "4"]) {
    using machine = new Machine();
    for (const { args } of hello) {
      const { code, out, err } = await machine.run([...args, "--workers", workers]);
      assert.equal(code, 0, err);
      if (args.includes("status")) assert.ok(out.includes(hash), `${workers} workers: ${out}`);
    }
  }
});

Deno.test("the agent in the README is the template's, in 20 lines", () => {
  const source = Deno.readTextFileSync(new URL(template, root));
  assert.ok(readme.includes(`<!-- agent: ${template} -->\n\n\`\`\`ts\n${source}\`\`\``));
  assert.equal(source.trimEnd().split("\n").length, 20);
});

Deno.test("the tasks that the README names are there, with the Deno that runs now", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const named = [...readme.matchAll(/deno@([\d.]+) task (?:-q )?(\w+)/g)];
  assert.ok(named.length >= 3);
  for (const [, version, task = ""] of named) {
    assert.equal(version, Deno.version.deno);
    assert.ok(Object.hasOwn(tasks, task), `no task ${task}`);
  }
});

Deno.test("every file that the README links to is there", () => {
  for (const [, path = ""] of readme.matchAll(/\]\(([^)#:]+)\)/g)) {
    assert.ok(Deno.statSync(new URL(path, root)).isFile, path);
  }
});

Deno.test("the transcript is of the demo's questions, and keeps every promise", () => {
  const transcript = words(transcriptOf(readme));
  const { questions } = JSON.parse(Deno.readTextFileSync(new URL("agents/demo/questions.json", root)));
  for (const { question, answer } of questions) {
    assert.ok(transcript.includes(`? ${question}`), question);
    assert.ok(transcript.includes(`${answer.file}:${answer.line}`), answer.file);
  }
  assert.ok(!transcript.includes("✗"));
  const [, live, replayed] = /live ([0-9a-f]{64}) replay ([0-9a-f]{64})/.exec(transcript) ?? [];
  assert.ok(live !== undefined && live === replayed);
});
