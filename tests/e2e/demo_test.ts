/** The demo as a process: every promise is kept, on its own notes and on a person's folder. */
import assert from "node:assert/strict";
import { exitCodes } from "../../src/mod.ts";
import { selfCommand } from "../../src/runtime/mod.ts";

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A temporary folder that the demo takes for the system's, so that what it leaves can be seen. */
class Room {
  readonly path = Deno.makeTempDirSync({ prefix: "engramlt-demo-test-" });
  readonly temporary = `${this.path}/temporary`;
  readonly notes = `${this.path}/notes`;

  constructor() {
    for (const folder of [this.temporary, this.notes]) Deno.mkdirSync(folder);
  }

  async demo(args: readonly string[]): Promise<Run> {
    const self = selfCommand();
    const { code, stdout, stderr } = await new Deno.Command(self.command, {
      args: [...self.args, "demo", ...args],
      env: {
        TMPDIR: this.temporary,
        TEMP: this.temporary,
        TMP: this.temporary,
        ENGRAMLT_DATA: `${this.path}/own`,
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  }

  write(name: string, text: string): void {
    Deno.writeTextFileSync(`${this.notes}/${name}`, text);
  }

  left(): string[] {
    return Array.from(Deno.readDirSync(this.temporary), ({ name }) => name).filter((name) =>
      name.startsWith("engramlt")
    );
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("the demo keeps every promise, and its figures say so", async (t) => {
  using room = new Room();
  const { code, out, err } = await room.demo(["--json"]);
  assert.equal(code, exitCodes.ok, err);
  const report = JSON.parse(out);
  await t.step("all notes went in", () => {
    assert.ok(report.notes.files >= 140, `${report.notes.files} notes`);
    assert.deepEqual(report.notes.failures, []);
  });
  await t.step("each agent was told what it may do", () => {
    assert.deepEqual(report.agents.map(({ id }: { id: string }) => id), ["linker", "curator", "digest"]);
    for (const { words } of report.agents) assert.equal(words.at(-1), "no network, no files, no clock");
  });
  await t.step("the workflow linked, curated and wrote a page", () => {
    const figures = Object.assign(
      {},
      ...report.workflow.steps.map((step: { figures: object }) => step.figures),
    );
    for (const name of ["links", "facts", "duplicates", "reversals", "decisions", "tasks"]) {
      assert.ok(figures[name] > 0, `${name}: ${figures[name]}`);
    }
  });
  await t.step("five questions have the right answer, word for word", () => {
    const wrong = report.questions.filter((one: { right: boolean; verbatim: boolean }) =>
      !one.right || !one.verbatim
    );
    assert.deepEqual(wrong, []);
    assert.equal(report.questions.length, 5);
  });
  await t.step("the step that wrote a fact was run again, identical", () => {
    assert.equal(report.why.check.identical, true);
  });
  await t.step("the hostile agent was stopped and left nothing", () => {
    const { spin, grab, writeThenTrap, before, after, found } = report.hostile;
    assert.deepEqual([spin.outcome, spin.fuel], ["out_of_fuel", 1_000_000_000]);
    assert.deepEqual([grab.outcome, grab.pages], ["completed", 1024]);
    assert.equal(writeThenTrap.outcome, "trapped");
    assert.deepEqual([after, found], [before, 0]);
  });
  await t.step("every acknowledged write survived the kill, once", () => {
    const { acknowledged, there, twice, completed, lines } = report.kill;
    assert.ok(acknowledged > 0 && acknowledged < lines, `${acknowledged} of ${lines} acknowledged`);
    assert.deepEqual([there, twice, completed], [acknowledged, 0, lines]);
  });
  await t.step("the log, run again with another number of workers, gave the same hash", () => {
    const { live, replay, liveWorkers, replayWorkers } = report.replay;
    assert.match(live, /^[0-9a-f]{64}$/);
    assert.equal(replay, live);
    assert.notEqual(replayWorkers, liveWorkers);
  });
  await t.step("nothing is left behind", () => {
    assert.deepEqual(room.left(), []);
    assert.throws(() => Deno.statSync(`${room.path}/own`), Deno.errors.NotFound);
  });
});

Deno.test("the demo on a folder shows what stands in it, by file and line, and changes nothing there", async (t) => {
  using room = new Room();
  room.write(
    "2026-01-05 plan.md",
    "# Plan\n\nThe budget of project Kestrel is €400.\n\n- [ ] ask Maren for the key\n",
  );
  room.write(
    "2026-02-09 news.md",
    "# News\n\nMaren said hello.\nThe budget of project Kestrel is now €650.\n",
  );
  const stat = () =>
    Array.from(Deno.readDirSync(room.notes), ({ name }) => {
      const path = `${room.notes}/${name}`;
      return `${name} ${Deno.statSync(path).mtime?.getTime()} ${Deno.readTextFileSync(path)}`;
    }).sort();
  const before = stat();
  const { code, out, err } = await room.demo([room.notes]);
  assert.equal(code, exitCodes.ok, err);
  await t.step("what changed", () => {
    assert.match(out, /"The budget of project Kestrel is now €650\."\s+2026-02-09 news\.md:4/);
    assert.match(out, /"The budget of project Kestrel is €400\."\s+2026-01-05 plan\.md:3/);
  });
  await t.step("what is open", () => assert.match(out, /"ask Maren for the key"\s+2026-01-05 plan\.md:5/));
  await t.step(
    "a question that it can answer",
    () => assert.match(out, /\? What is the budget of .*Kestrel\?/),
  );
  await t.step("the folder is as it was, and nothing else is left", () => {
    assert.deepEqual(stat(), before);
    assert.deepEqual(room.left(), []);
  });
});

Deno.test("the demo on a folder without notes says which files are notes", async () => {
  using room = new Room();
  const { code, err } = await room.demo([room.notes]);
  assert.equal(code, exitCodes.notFound);
  assert.match(err, /there are no notes in it\nhint: Notes are \.md/);
});

Deno.test("the demo on notes of which none can be read ends there, and leaves nothing", async () => {
  using room = new Room();
  Deno.writeFileSync(`${room.notes}/photo.md`, new Uint8Array([0xff, 0, 0xfe, 1]));
  const { code, err } = await room.demo([room.notes]);
  assert.equal(code, exitCodes.invalid);
  assert.match(err, /nothing was read of its 1 note\nhint: Notes are text in UTF-8/);
  assert.deepEqual(room.left(), []);
});

Deno.test({
  name: "the demo, interrupted, ends its host and leaves nothing",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using room = new Room();
    const self = selfCommand();
    const child = new Deno.Command(self.command, {
      args: [...self.args, "demo"],
      env: { TMPDIR: room.temporary },
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let isTold = false;
    for await (const bytes of child.stdout) {
      if (!isTold && new TextDecoder().decode(bytes).includes("✓")) {
        isTold = true;
        child.kill("SIGINT");
      }
    }
    assert.equal((await child.status).code, exitCodes.interrupted);
    assert.deepEqual(room.left(), []);
  },
});
