import assert from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/terminal.ts";

type Facts = Readonly<Record<string, string>>;

/** The settings that a command line sees, as `value (from)` by name. */
async function settings(
  args: readonly string[],
  env: Facts,
  file: string | null,
): Promise<Record<string, string>> {
  const data = Deno.makeTempDirSync({ prefix: "engramlt-test-" });
  try {
    if (file !== null) Deno.writeTextFileSync(join(data, "config.toml"), file);
    const { code, out, err } = await runCli(["config", "--json", "--data", data, ...args], { env });
    assert.equal(code, 0, err);
    const { settings } = JSON.parse(out);
    return Object.fromEntries(
      settings.map((
        one: { name: string; value: unknown; from: string },
      ) => [one.name, `${one.value} (${one.from})`]),
    );
  } finally {
    Deno.removeSync(data, { recursive: true });
  }
}

const file =
  'port = 1\nno-agents = true\nallow-remote = true\nallowed-hosts = ["a.example"]\nidle-stop-minutes = 5';
const env = {
  ENGRAMLT_PORT: "2",
  ENGRAMLT_NO_AGENTS: "0",
  ENGRAMLT_IDLE_STOP_MINUTES: "6",
  ENGRAMLT_WORKERS: "3",
  ENGRAMLT_LOG_LEVEL: "debug",
};

Deno.test("a setting comes from the flag, else the variable, else the file, else the default", async () => {
  const flags = ["--port", "3", "--allowed-hosts", "b.example,c.example"];
  assert.deepEqual(await settings(flags, env, file), {
    port: "3 (flag)",
    host: "127.0.0.1 (default)",
    "allow-remote": "true (file)",
    "allowed-hosts": "b.example,c.example (flag)",
    workers: "3 (variable)",
    "no-agents": "false (variable)",
    "idle-stop-minutes": "6 (variable)",
    "log-level": "debug (variable)",
  });
  assert.equal((await settings([], env, file))["port"], "2 (variable)");
  assert.equal((await settings([], {}, file))["port"], "1 (file)");
  assert.equal((await settings([], {}, null))["port"], "0 (default)");
});

async function refusal(args: readonly string[], env: Facts, file: string): Promise<string> {
  const data = Deno.makeTempDirSync({ prefix: "engramlt-test-" });
  try {
    Deno.writeTextFileSync(join(data, "config.toml"), file);
    const { code, err } = await runCli(["config", "--json", "--data", data, ...args], { env });
    assert.notEqual(code, 0);
    const { error } = JSON.parse(err);
    return `${error.code}: ${error.message}`;
  } finally {
    Deno.removeSync(data, { recursive: true });
  }
}

Deno.test("a wrong value is refused wherever it stands, also where another one counts", async () => {
  assert.match(
    await refusal(["--port", "1"], {}, "port = 70000"),
    /^invalid_config: .*config\.toml: port must be/,
  );
  assert.match(await refusal([], { ENGRAMLT_PORT: "x" }, ""), /^usage: .*not a number/);
  assert.match(await refusal(["--host", "x".repeat(50)], {}, ""), /^usage: Cannot use --host/);
});

Deno.test("a settings file that was named and is not there is refused, and one that is too large", async () => {
  assert.match(await refusal(["--config", "/nowhere/config.toml"], {}, ""), /^file_not_found: /);
  assert.match(await refusal(["--config", "/"], {}, ""), /^invalid_config: .*it is a folder/);
  assert.match(await refusal([], {}, `# ${"x".repeat(70_000)}`), /^invalid_config: .*more than 65536 bytes/);
});
