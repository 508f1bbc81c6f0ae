import assert from "node:assert/strict";
import { hostDefaults, readGivenSettings, readSettingsFile, settingNames } from "../../../src/input/mod.ts";
import { EngramError } from "../../../src/kernel/errors.ts";

function refusal(text: string): string {
  try {
    readSettingsFile(text, "config.toml");
  } catch (error) {
    assert(error instanceof EngramError && error.code === "invalid_config", String(error));
    return error.message;
  }
  throw new Error(`it was read: ${text}`);
}

Deno.test("readSettingsFile() reads every setting by its flag's name", () => {
  const text = `
    port = 4100
    host = "0.0.0.0"
    allow-remote = true
    allowed-hosts = ["memory.example", "memory.example:8443"]
    workers = 2
    no-agents = false
    idle-stop-minutes = 0.5
    log-level = "warn"
    connections-max = 100
    requests-max = 50
    events-clients-max = 4
    headers-wait-ms-max = 5000
    body-wait-ms-max = 10000
    idle-connection-ms-max = 20000
  `;
  assert.deepEqual(Object.keys(readSettingsFile(text, "config.toml")).sort(), [...settingNames].sort());
  assert.deepEqual(readSettingsFile("# nothing\n", "config.toml"), {});
});

Deno.test("readSettingsFile() refuses what it does not know, with file and field", () => {
  assert.match(refusal("prot = 1"), /config\.toml: unknown key "prot"/);
  assert.match(refusal("port = 70000"), /port must be at most 65535/);
  assert.match(refusal("port = -1"), /port must be at least 0/);
  assert.match(refusal("port = 1.5"), /port must be a whole number/);
  assert.match(refusal('port = "4100"'), /port must be a number/);
  assert.match(refusal("workers = 0"), /workers must be at least 1/);
  assert.match(refusal('allow-remote = "yes"'), /allow-remote/);
  assert.match(refusal('allowed-hosts = ["http://x"]'), /must be a name such as/);
  assert.match(refusal("port = 1\nport = 2"), /line 2/);
  assert.match(refusal("port ="), /line 1/);
});

Deno.test("readGivenSettings() refuses by the flag's name", () => {
  const wrong = { port: 70_000 };
  assert.throws(
    () => readGivenSettings(wrong),
    (error) =>
      error instanceof EngramError && error.code === "usage" &&
      /--port 70000: it must be at most/.test(error.message),
  );
});

Deno.test("every setting has a default", () => {
  assert.deepEqual(Object.keys(hostDefaults).sort(), [...settingNames].sort());
});
