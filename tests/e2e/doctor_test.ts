/** What doctor, up and setup say of a data folder, a model and assistants; homes and hubs of their own. */
import assert from "node:assert/strict";
import { shellWord } from "../../src/cli/terminal/shell_word.ts";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { dataPaths, writePrivate } from "../../src/runtime/data_folder.ts";
import { hostPid, runProgram, startProgram, until } from "../support/life.ts";
import { serveHub } from "../support/model_hub.ts";
import { tinyModel } from "../support/onnx.ts";
import { withHost } from "../support/ports.ts";
import { runCli, type TerminalFacts } from "../support/terminal.ts";

const isWindows = Deno.build.os === "windows";

interface Home {
  readonly data: string;
  readonly env: Record<string, string>;
  readonly at: (path: string) => string;
  run(args: readonly string[], facts?: TerminalFacts): ReturnType<typeof runCli>;
  /** What doctor found, by check. */
  doctor(args?: readonly string[]): Promise<{ ok: boolean; by: Record<string, Finding> }>;
}

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly next: string | null;
}

async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "engramlt-home-" });
  const at = (path: string) => join(root, path);
  const env = {
    HOME: root,
    USERPROFILE: root,
    APPDATA: at(".config"),
    XDG_CONFIG_HOME: at(".config"),
    PATH: Deno.env.get("PATH") ?? "",
  };
  const data = at("data");
  const run: Home["run"] = (args, facts = {}) =>
    runCli([...args, "--data", data], { folder: root, ...facts, env: { ...env, ...facts.env } });
  try {
    await work({
      data,
      env,
      at,
      run,
      async doctor(args = []) {
        const { out } = await run(["doctor", "--json", ...args]);
        const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
        return { ok, by: Object.fromEntries(findings.map((one) => [one.check, one])) };
      },
    });
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

Deno.test("doctor says of an empty machine what is not there yet, makes nothing, and finds nothing wrong", () =>
  withHome(async ({ doctor, data }) => {
    const { ok, by } = await doctor();
    assert(ok);
    assert.match(by["data folder"]?.detail ?? "", /not there yet/);
    assert.match(by["settings"]?.detail ?? "", /defaults$/);
    assert.match(by["model"]?.next ?? "", /^engramlt model pull /);
    assert.equal(by["assistant"], undefined);
    assert.throws(() => Deno.statSync(data), Deno.errors.NotFound);
  }));

Deno.test("doctor tells settings that cannot be read by line, as wrong, and goes on", () =>
  withHome(async ({ doctor, data, run }) => {
    Deno.mkdirSync(data);
    Deno.writeTextFileSync(dataPaths(data).config, "port = 1\nprot = 2\n");
    const { ok, by } = await doctor();
    assert(!ok);
    assert.match(by["settings"]?.detail ?? "", /config\.toml: unknown key "prot"/);
    assert.equal(by["log"]?.ok, true);
    assert.equal((await run(["doctor"])).code, 4);
  }));

Deno.test("doctor tells a token and a folder that others can read, and how to mend them", {
  ignore: isWindows,
}, () =>
  withHome(async ({ doctor, data, run }) => {
    await run(["remember", "one"]);
    writePrivate(dataPaths(data).token, "x");
    Deno.chmodSync(dataPaths(data).token, 0o644);
    Deno.chmodSync(data, 0o755);
    const { ok, by } = await doctor();
    assert(ok);
    assert.match(by["token"]?.detail ?? "", /can be read by others \(mode 644\)/);
    assert.equal(by["token"]?.next, `chmod 600 ${shellWord(dataPaths(data).token)}`);
    assert.match(by["data folder"]?.next ?? "", /^chmod 700 /);
    assert.match(by["agents"]?.next ?? "", /^engramlt up/);
  }));

Deno.test("doctor tells a host.log that cannot be written", () =>
  withHome(async ({ doctor, data, run }) => {
    await run(["remember", "one"]);
    Deno.mkdirSync(dataPaths(data).hostLog);
    const { ok, by } = await doctor();
    assert(!ok);
    assert.match(by["host.log"]?.detail ?? "", /^Cannot write /);
  }));

Deno.test("doctor tells the running host, and one of another version", () =>
  withHome(async ({ doctor, data }) => {
    for (
      const [version, next] of [[config.version, null], ["0.0.9", /^engramlt down/], ["99.0.0", /^upgrade/]]
    ) {
      await withHost(async () => {
        const { host } = (await doctor()).by;
        assert.match(
          host?.detail ?? "",
          new RegExp(`^${RegExp.escape(String(version))} at http:.* started by engramlt up`),
        );
        if (next === null) assert.equal(host?.next, null);
        else assert.match(host?.next ?? "", next as RegExp);
      }, { folder: data, version: String(version) });
    }
  }));

Deno.test("doctor tells an assistant that is not set up, that starts a program that is gone, and one without hooks", () =>
  withHome(async ({ doctor, at, run }) => {
    Deno.mkdirSync(at(".claude"));
    Deno.writeTextFileSync(at(".claude.json"), "{}");
    assert.match((await doctor()).by["assistant"]?.detail ?? "", /^Claude Code does not know of this memory/);
    assert.equal((await run(["setup", "claude-code", "--yes", "--no-check"])).code, 0);
    const settled = (await doctor()).by["assistant"];
    assert.match(settled?.detail ?? "", /^Claude Code starts /);
    assert.equal(settled?.next, null);
    const entry = JSON.parse(Deno.readTextFileSync(at(".claude.json")));
    Deno.removeSync(at(".claude/settings.json"));
    assert.match((await doctor()).by["assistant"]?.detail ?? "", /has no hooks/);
    entry.mcpServers.engramlt.command = "/gone/engramlt";
    Deno.writeTextFileSync(at(".claude.json"), JSON.stringify(entry));
    const gone = (await doctor()).by["assistant"];
    assert.match(gone?.detail ?? "", /starts \/gone\/engramlt, which is not there/);
    assert.equal(gone?.next, "engramlt setup claude-code");
    Deno.writeTextFileSync(at(".claude.json"), "{ not JSON");
    assert.match(
      (await doctor()).by["assistant"]?.detail ?? "",
      /^Claude Code: Cannot read .*\.claude\.json/,
    );
  }));

const defaultModel = "Xenova/all-MiniLM-L6-v2";

Deno.test("a model is pulled only where a person at a terminal says yes", () =>
  withHome(async ({ run, at }) => {
    const hub = serveHub(defaultModel, tinyModel());
    const env = { HF_ENDPOINT: hub.url };
    Deno.mkdirSync(at(".claude"));
    const setup = ["setup", "claude-code", "--no-check"];
    try {
      for (
        const [args, facts] of [
          [["doctor"], {}],
          [["doctor", "--json"], { isTerminal: true, answers: ["y"] }],
          [["doctor", "--quiet"], { isTerminal: true, answers: ["y"] }],
          [["doctor", "--yes"], { isTerminal: true, answers: ["y"] }],
          [["doctor"], { isTerminal: true, answers: [] }],
          [["doctor"], { isTerminal: true, answers: ["n"] }],
          [["doctor"], { isTerminal: true, answers: [""] }],
          [[...setup, "--yes"], {}],
          [[...setup, "--dry-run"], { isTerminal: true, answers: ["y"] }],
        ] as const
      ) {
        const { code } = await run(args, { env, ...facts });
        assert.equal(code, 0, args.join(" "));
        assert.deepEqual(hub.asked, [], args.join(" "));
      }
      const { err } = await run([...setup, "--yes"], { env });
      assert.match(err, /no model yet: engramlt model pull Xenova/);
      const pulled = await run(["doctor"], { env, isTerminal: true, answers: ["y"] });
      assert.match(pulled.err, new RegExp(`Pull|${defaultModel} is there`));
      assert.match((await run(["doctor", "--json"])).out, new RegExp(`${defaultModel}, 4 dimensions`));
      assert(hub.asked.length > 0);
    } finally {
      await hub.close();
    }
  }));

Deno.test("a pull that fails is told, and setup goes on", () =>
  withHome(async ({ run, at }) => {
    Deno.mkdirSync(at(".claude"));
    const { code, err } = await run(["setup", "claude-code", "--no-check"], {
      env: { HF_ENDPOINT: "http://127.0.0.1:9" },
      isTerminal: true,
      answers: ["y", "y"],
    });
    assert.equal(code, 0, err);
    assert.match(err, /Going on without a model; engramlt model pull /);
  }));

Deno.test("up shows where it listens, what is loaded, what is missing and what to try; a second up says who has the folder", () =>
  withHome(async ({ data, env, at, run }) => {
    Deno.mkdirSync(at(".claude"));
    Deno.writeTextFileSync(at(".claude.json"), "{}");
    const child = startProgram(["up", "--json", "--data", data], {
      ...env,
      PATH: Deno.env.get("PATH") ?? "",
    });
    await child.stdin.close();
    const err = new Response(child.stderr).text();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    try {
      let said = "";
      while (!said.includes("\n")) {
        const { value, done } = await lines.read();
        if (done) throw new Error(await err);
        said += value;
      }
      const seen = JSON.parse(said);
      assert.match(seen.address, /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.deepEqual(seen.agents.map(({ id }: { id: string }) => id), ["linker", "curator", "digest"]);
      assert.deepEqual([seen.engrams, seen.model, seen.settings.exists], [0, null, false]);
      const whats = seen.missing.map(({ what }: { what: string }) => what).join("\n");
      assert.match(
        whats,
        /^no assistant knows of this memory \(Claude Code\)\nno model: .*\nnothing is remembered yet$/,
      );
      assert.equal(seen.next, `engramlt setup --data ${data}`);
      const second = await run(["up"]);
      assert.equal(second.code, 8);
      assert.match(
        second.err,
        new RegExp(`one runs at ${seen.address}, process ${hostPid(data)}, since .*, started by engramlt up`),
      );
    } finally {
      child.kill("SIGINT");
      await lines.cancel();
      assert.equal((await child.status).code, 0, await err);
    }
    await until("host.json is gone", () => hostPid(data) === null || null);
    assert.equal((await runProgram(["logs", "--data", data])).code, 0);
  }));
