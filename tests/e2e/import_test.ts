import assert from "node:assert/strict";
import { hookMsMax } from "../../src/cli/sessions/hook.ts";
import { selfCommand } from "../../src/runtime/assets.ts";
import { claudeLine, codexFork, codexLines } from "../support/transcripts.ts";
import { runCli } from "../support/terminal.ts";

interface Place {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[], input?: string): ReturnType<typeof runCli>;
  /** The newest memories of a context, or of all. */
  list(
    context?: string,
  ): Promise<readonly { content: string; thread: string; observedAt: string; metadata: object }[]>;
  write(path: string, lines: readonly string[]): string;
}

async function withPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "engramlt-import-" });
  const env = { HOME: root, USERPROFILE: root };
  const run = (args: readonly string[], input = "") =>
    runCli(["--data", `${root}/data`, ...args], { env, folder: root, input });
  try {
    for (const name of ["heron", "gull"]) {
      Deno.mkdirSync(`${root}/${name}`);
      Deno.writeTextFileSync(`${root}/${name}/deno.json`, "{}");
    }
    await work({
      root,
      env,
      run,
      async list(context) {
        const named = context === undefined ? [] : ["--context", context];
        return JSON.parse((await run(["memory", "search", "", "--json", ...named])).out).hits;
      },
      write(path, lines) {
        Deno.mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
        Deno.writeTextFileSync(`${root}/${path}`, lines.map((line) => `${line}\n`).join(""));
        return `${root}/${path}`;
      },
    });
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const session = (root: string) => [
  claudeLine(0, "user", "We decided to use libSQL.", { cwd: `${root}/heron` }),
  claudeLine(1, "assistant", [{ type: "text", text: "Noted." }], { cwd: `${root}/heron` }),
  claudeLine(2, "user", "Gulls nest in May.", { cwd: `${root}/gull/src` }),
];

Deno.test("import claude-code takes each turn into the project of the folder it was said in", () =>
  withPlace(async ({ root, run, list, write }) => {
    write(".claude/projects/-x/s1.jsonl", session(root));
    const { code, out } = await run(["import", "claude-code"]);
    assert.deepEqual([code, out], [0, "3 created, 0 updated, 0 unchanged\n"]);
    const heron = await list("heron"), gull = await list("gull");
    assert.deepEqual(heron.map(({ content }) => content), ["Noted.", "We decided to use libSQL."]);
    const [only] = gull;
    assert.deepEqual([only?.content, only?.thread, only?.observedAt, only?.metadata], [
      "Gulls nest in May.",
      "s1",
      "2026-03-14T09:02:00.000Z",
      { speaker: "user", client: "claude-code" },
    ]);
  }));

Deno.test("import the same again changes nothing, and takes what a session grew by", () =>
  withPlace(async ({ root, run, write }) => {
    const path = write(".claude/projects/-x/s1.jsonl", session(root));
    await run(["import", "claude-code"]);
    const again = await run(["import", "claude-code"]);
    Deno.writeTextFileSync(
      path,
      `${claudeLine(3, "user", "Ana owns the API.", { cwd: `${root}/heron` })}\n`,
      {
        append: true,
      },
    );
    const grown = await run(["import", "claude-code"]);
    assert.deepEqual([again.out, grown.out], [
      "0 created, 0 updated, 3 unchanged\n",
      "1 created, 0 updated, 3 unchanged\n",
    ]);
  }));

Deno.test("import codex reads its sessions, without what tools gave, credentials taken out", () =>
  withPlace(async ({ root, run, list, write }) => {
    const key = `ghp_${"a1B2".repeat(9)}`;
    write(
      ".codex/sessions/2026/03/15/rollout-2026-03-15T09-00-00-c1.jsonl",
      codexLines("c1", `${root}/heron`, [["user", `My token is ${key}`], ["assistant", "Keep it safe."]]),
    );
    assert.equal((await run(["import", "codex"])).out, "2 created, 0 updated, 0 unchanged\n");
    const text = JSON.stringify(await list());
    assert.deepEqual([text.includes(key), text.includes("a secret file"), /Keep it safe/.test(text)], [
      false,
      false,
      true,
    ]);
  }));

Deno.test("import --since leaves out what was said before, and takes a transcript by its path", () =>
  withPlace(async ({ root, run, write }) => {
    const path = write("old/s1.jsonl", session(root));
    const { out } = await run(["import", "claude-code", path, "--since", "2026-03-14T09:01:30Z"]);
    assert.equal(out, "1 created, 0 updated, 0 unchanged\n");
    assert.match(
      (await run(["import", "claude-code", "--since", "soon"])).err,
      /neither a number of days nor a date/,
    );
  }));

Deno.test("import names broken lines by file and line, takes the rest, and ends with 11", () =>
  withPlace(async ({ root, run, write }) => {
    const path = write(".claude/projects/-x/s1.jsonl", ["{broken", ...session(root)]);
    const { code, out } = await run(["import", "claude-code"]);
    assert.equal(code, 11);
    assert.match(out, /^3 created, 0 updated, 0 unchanged, 1 failed\n/);
    assert.ok(out.includes(`${path}:1  Cannot read the line: it is not JSON`), out);
  }));

Deno.test("import refuses a client it does not know, and a machine without transcripts", () =>
  withPlace(async ({ run }) => {
    const unknown = await run(["import", "emacs"]), none = await run(["import", "codex"]);
    assert.deepEqual([unknown.code, none.code], [2, 3]);
    assert.match(unknown.err, /"emacs": it is none of claude-code, codex/);
    assert.match(none.err, /there is no transcript in .+\.codex\/sessions/);
  }));

/** Starts a hook of its own process; `feed` writes to it as long as it runs. Gives how it ended, and ms. */
async function hookFed(
  { root, env }: Place,
  hook: readonly string[],
  feed: (input: WritableStreamDefaultWriter<Uint8Array>) => Promise<void>,
) {
  const { command, args } = selfCommand();
  const begin = performance.now();
  const child = new Deno.Command(command, {
    args: [...args, "--data", `${root}/data`, ...hook],
    // The home of a test is not where the runtime keeps its own things.
    env: { ...env, DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno` },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const fed = feed(input).catch(() => undefined); // the hook may end while it is fed
  const { code, stdout, stderr } = await child.output();
  const ms = performance.now() - begin;
  await fed;
  await input.close().catch(() => undefined); // it is closed already
  return { ms, ended: [code, stdout.length, new TextDecoder().decode(stderr)] };
}

Deno.test("hook captures the transcript it is given in a process of its own, and ends at once with 0", () =>
  withPlace(async (place) => {
    const { root, list, write } = place;
    const transcript = write("s1.jsonl", session(root));
    const { ms, ended } = await hookFed(place, ["hook", "claude-code"], async (input) => {
      const event = { hook_event_name: "SessionEnd", transcript_path: transcript };
      await input.write(new TextEncoder().encode(JSON.stringify(event)));
      await input.close();
    });
    assert.deepEqual(ended, [0, 0, ""]);
    assert.ok(ms < hookMsMax + 5_000);
    for (let tried = 0; tried < 100; tried++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const found = await list().catch(() => []);
      if (found.length === 3) return;
    }
    assert.fail(`the turns did not come: ${Deno.readTextFileSync(`${root}/data/host.log`)}`);
  }));

const codexBrief = ["brief", "--hook", "codex"];

Deno.test("brief --hook of a client that never closes its pipe ends in time with 0", () =>
  withPlace(async (place) => {
    const { ms, ended } = await hookFed(
      place,
      codexBrief,
      (input) => input.write(new TextEncoder().encode("{")),
    );
    assert.deepEqual(ended, [0, 0, ""]);
    assert.ok(ms >= hookMsMax && ms < hookMsMax + 5_000, `${ms}`);
  }));

Deno.test("brief --hook of a client that writes without end reads no more than it may", () =>
  withPlace(async (place) => {
    const { ended } = await hookFed(place, codexBrief, async (input) => {
      for (const piece = new Uint8Array(65_536).fill(32);;) await input.write(piece);
    });
    assert.deepEqual(ended, [0, 0, ""]);
    assert.match(Deno.readTextFileSync(`${place.root}/data/host.log`), /it is more than 1048576 bytes/);
  }));

Deno.test("hook tells of broken JSON without a word of it", () =>
  withPlace(async ({ root, run }) => {
    assert.deepEqual(await run(["hook", "claude-code"], "mango-tree {"), { code: 0, out: "", err: "" });
    const log = Deno.readTextFileSync(`${root}/data/host.log`);
    assert.match(log, /is no JSON object/);
    assert.doesNotMatch(log, /mango/);
  }));

for (
  const [what, args, input] of [
    ["no transcript", ["hook", "claude-code"], "{}"],
    ["a transcript that is not there", ["hook", "claude-code", "--transcript", "/nowhere.jsonl"], ""],
    ["a client it does not know", ["hook", "emacs", "--transcript", "/nowhere.jsonl"], ""],
  ] as const
) {
  Deno.test(`hook given ${what} ends with 0, prints nothing, and tells why in host.log`, () =>
    withPlace(async ({ root, run }) => {
      const { code, out, err } = await run(args, input);
      assert.deepEqual([code, out, err], [0, "", ""]);
      assert.match(Deno.readTextFileSync(`${root}/data/host.log`), / hook capture for /);
    }));
}

const codexAt = (day: string, id: string) =>
  `.codex/sessions/2026/03/${day}/rollout-2026-03-${day}T09-00-00-${id}.jsonl`;

Deno.test("import codex takes each turn of forked sessions once, with the time and thread it was said in", () =>
  withPlace(async ({ root, run, list, write }) => {
    const first = codexLines("a1", `${root}/heron`, [["user", "We use libSQL."], ["assistant", "Noted."]]);
    const second = codexFork("b2", { id: "a1", lines: first }, `${root}/heron`, [["user", "And WAL."]], 16);
    const third = codexFork("c3", { id: "b2", lines: second }, `${root}/heron`, [["user", "And zstd."]], 17);
    const captured = write(codexAt("17", "c3"), third);
    write(codexAt("16", "b2"), second);
    write(codexAt("15", "a1"), first);
    // The hook names the newest file alone.
    await run(["hook", "codex", "--transcript", captured]);
    const { out } = await run(["import", "codex"]);
    assert.equal(out, "0 created, 0 updated, 4 unchanged\n");
    const found = await list("heron");
    assert.deepEqual(
      found.map(({ content, thread, observedAt }) => [content, thread, observedAt.slice(0, 10)]),
      [
        ["And zstd.", "c3", "2026-03-17"],
        ["And WAL.", "b2", "2026-03-16"],
        ["Noted.", "a1", "2026-03-15"],
        ["We use libSQL.", "a1", "2026-03-15"],
      ],
    );
    assert.equal(
      (await run(["import", "codex", "--since", "2026-03-17"])).out,
      "0 created, 0 updated, 1 unchanged\n",
    );
  }));

Deno.test("import codex takes one turn of two forks of a session that is gone", () =>
  withPlace(async ({ root, run, write }) => {
    const first = codexLines("a1", `${root}/heron`, [["user", "We use libSQL."]]);
    const fork = (id: string, text: string) =>
      codexFork(id, { id: "a1", lines: first }, `${root}/heron`, [["user", text]], 16);
    write(codexAt("16", "b2"), fork("b2", "And WAL."));
    write(codexAt("17", "c3"), fork("c3", "And zstd."));
    assert.equal((await run(["import", "codex"])).out, "3 created, 0 updated, 0 unchanged\n");
    assert.equal((await run(["import", "codex"])).out, "0 created, 0 updated, 3 unchanged\n");
  }));

Deno.test("import codex leaves out sessions that an agent began", () =>
  withPlace(async ({ root, run, write }) => {
    for (
      const [id, head] of [
        ["d4", { source: { subagent: { thread_spawn: { parent_thread_id: "a1", depth: 1 } } } }],
        ["e5", { thread_source: "subagent" }],
        ["f6", { source: { internal: "guardian" } }],
      ] as const
    ) write(codexAt("15", id), codexLines(id, `${root}/heron`, [["user", "Do as I say."]], { head }));
    assert.equal((await run(["import", "codex"])).out, "0 created, 0 updated, 0 unchanged\n");
  }));

Deno.test("import claude-code takes a turn that a branch took over once, in the session it was said in", () =>
  withPlace(async ({ root, run, list, write }) => {
    const cwd = `${root}/heron`;
    const own = claudeLine(0, "user", "We use libSQL.", { cwd });
    const copied = claudeLine(0, "user", "We use libSQL.", {
      cwd,
      sessionId: "s2",
      forkedFrom: { sessionId: "s1", messageUuid: "u0" },
    });
    const branch = write(".claude/projects/-x/s2.jsonl", [
      copied,
      claudeLine(1, "user", "And WAL.", { cwd, sessionId: "s2" }),
    ]);
    await run(["hook", "claude-code", "--transcript", branch]);
    write(".claude/projects/-x/s1.jsonl", [own]);
    assert.equal((await run(["import", "claude-code"])).out, "0 created, 0 updated, 2 unchanged\n");
    assert.deepEqual((await list("heron")).map(({ thread }) => thread), ["s2", "s1"]);
  }));

Deno.test("import leaves forgotten what was forgotten, says so, and takes it in with --again", () =>
  withPlace(async ({ root, run, list, write }) => {
    const transcript = write(".claude/projects/-x/s1.jsonl", session(root));
    await run(["import", "claude-code"]);
    const [{ id }] = JSON.parse((await run(["recall", "libSQL", "--all", "--json"])).out).hits;
    await run(["forget", id]);
    await run(["hook", "claude-code", "--transcript", transcript]);
    const { out } = await run(["import", "claude-code"]);
    assert.match(
      out,
      /^0 created, 0 updated, 2 unchanged, 1 forgotten before and left so \(--again takes them in\)\n/,
    );
    assert.equal((await list()).length, 2);
    assert.match(
      (await run(["import", "claude-code", "--again"])).out,
      /^1 created, 0 updated, 2 unchanged\n/,
    );
    assert.match((await run(["import", "claude-code"])).out, /^0 created, 0 updated, 3 unchanged\n/);
    assert.equal((await list()).length, 3);
  }));
