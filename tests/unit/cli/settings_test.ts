import assert from "node:assert/strict";
import { join } from "node:path";
import { apiLimits } from "../../../src/api/limits.ts";
import { flagName } from "../../../src/cli/command.ts";
import { doorFlags } from "../../../src/cli/host/settings.ts";
import {
  type DoorSetting,
  doorSettings,
  hostDefaults,
  hostSettingsSchema,
} from "../../../src/input/settings.ts";
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
  'port = 1\nno-agents = true\nallow-remote = true\nallowed-hosts = ["a.example"]\nidle-stop-minutes = 5\nconnections-max = 9';
const env = {
  ENGRAMLT_PORT: "2",
  ENGRAMLT_NO_AGENTS: "0",
  ENGRAMLT_IDLE_STOP_MINUTES: "6",
  ENGRAMLT_WORKERS: "3",
  ENGRAMLT_LOG_LEVEL: "debug",
  ENGRAMLT_REQUESTS_MAX: "7",
};

Deno.test("a setting comes from the flag, else the variable, else the file, else the default", async () => {
  const flags = ["--port", "3", "--allowed-hosts", "b.example,c.example", "--body-wait-ms-max", "4000"];
  assert.deepEqual(await settings(flags, env, file), {
    port: "3 (flag)",
    host: "127.0.0.1 (default)",
    "allow-remote": "true (file)",
    "allowed-hosts": "b.example,c.example (flag)",
    workers: "3 (variable)",
    "no-agents": "false (variable)",
    "idle-stop-minutes": "6 (variable)",
    "log-level": "debug (variable)",
    "connections-max": "9 (file)",
    "requests-max": "7 (variable)",
    "events-clients-max": "32 (default)",
    "headers-wait-ms-max": "15000 (default)",
    "body-wait-ms-max": "4000 (flag)",
    "idle-connection-ms-max": "60000 (default)",
  });
  assert.equal((await settings([], env, file))["port"], "2 (variable)");
  assert.equal((await settings([], {}, file))["port"], "1 (file)");
  assert.equal((await settings([], {}, null))["port"], "0 (default)");
});

Deno.test("every limit of the HTTP door that can be set has a flag, and the door's own value where nobody says one", () => {
  assert.deepEqual(doorFlags.map(flagName).sort(), Object.keys(doorSettings).sort());
  for (const [name, limit] of Object.entries(doorSettings)) {
    assert.equal(hostDefaults[name as DoorSetting], apiLimits[limit], name);
    const flag = doorFlags.find((one) => flagName(one) === name);
    assert.match(flag?.says ?? "", new RegExp(`\\(default: ${apiLimits[limit]}\\)$`));
    assert.match(
      hostSettingsSchema.shape[name as DoorSetting].description ?? "",
      new RegExp(`Default ${apiLimits[limit].toLocaleString("en-US")}`),
    );
  }
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
  assert.match(
    await refusal([], {}, "connections-max = 0"),
    /^invalid_config: .*config\.toml: connections-max must be/,
  );
  assert.match(
    await refusal(["--headers-wait-ms-max", "99"], {}, ""),
    /^usage: Cannot use --headers-wait-ms-max/,
  );
  assert.match(await refusal(["--host", "x".repeat(50)], {}, ""), /^usage: Cannot use --host/);
});

Deno.test("a settings file that was named and is not there is refused, and one that is too large", async () => {
  assert.match(await refusal(["--config", "/nowhere/config.toml"], {}, ""), /^file_not_found: /);
  assert.match(await refusal(["--config", "/"], {}, ""), /^invalid_config: .*it is a folder/);
  assert.match(await refusal([], {}, `# ${"x".repeat(70_000)}`), /^invalid_config: .*more than 65536 bytes/);
});
