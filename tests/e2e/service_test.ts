/** engramlt service, with a real systemd where one can be started (see tests/support/systemd.ts), and without one. */
import assert from "node:assert/strict";
import { hostPid, lives, thisProgram, until } from "../support/life.ts";
import { canRunSystemd, UserSystemd } from "../support/systemd.ts";
import { runCli } from "../support/terminal.ts";

const isLinux = Deno.build.os === "linux";

Deno.test(
  "a service starts the host, starts it again when it was killed, not after down, and is removed without a trace",
  {
    ignore: !canRunSystemd(),
  },
  async () => {
    const home = Deno.makeTempDirSync({ prefix: "engramlt-home-" });
    const data = `${home}/my data 100%`;
    const systemd = new UserSystemd(home);
    const engramlt = async (...args: string[]) => {
      const { code, out, err } = await systemd.run(thisProgram.command, [
        ...thisProgram.args,
        ...args,
        "--data",
        data,
        "--json",
      ]);
      assert.equal(code, 0, err);
      return JSON.parse(out);
    };
    const newHost = (old: number | null) =>
      until("a host runs", () => {
        const pid = hostPid(data);
        return pid !== null && pid !== old && lives(pid) ? pid : null;
      });
    try {
      await systemd.begin();
      const { path, changed } = await engramlt("service", "install", "--no-agents");
      assert(changed);
      const first = await newHost(null);
      const settled = await engramlt("service", "status");
      assert.deepEqual([settled.installed, settled.running, settled.ownProgram], [true, true, true]);
      assert.equal((await engramlt("service", "install", "--no-agents")).changed, false);
      assert.equal(hostPid(data), first);
      // A failure: started again. The unit waits a minute, this test does not.
      Deno.mkdirSync(`${path}.d`);
      Deno.writeTextFileSync(`${path}.d/soon.conf`, "[Service]\nRestartSec=100ms\n");
      assert.equal((await systemd.run("systemctl", ["--user", "daemon-reload"])).code, 0);
      Deno.kill(first, "SIGKILL");
      const second = await newHost(first);
      // A clean end is meant.
      await engramlt("down");
      await until(
        "the service has ended",
        async () => (await engramlt("service", "status")).running === false || null,
      );
      assert(!lives(second));
      const { findings } = await engramlt("doctor");
      const finding = findings.find(({ check }: { check: string }) => check === "service");
      assert.match(finding.detail, /does not run: inactive/);
      assert.equal((await engramlt("service", "install", "--no-agents")).changed, false);
      await newHost(null);
      assert.equal((await engramlt("service", "remove")).removed, true);
      await until("the host has ended", () => hostPid(data) === null || null);
      assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
      const { out } = await systemd.run("systemctl", [
        "--user",
        "list-unit-files",
        "--no-legend",
        "engramlt*",
      ]);
      assert.equal(out, "");
      assert.equal((await engramlt("service", "remove")).removed, false);
    } finally {
      await systemd.end();
      Deno.removeSync(home, { recursive: true });
    }
  },
);

Deno.test("service install where systemd does not answer is refused with its words, and leaves no file", {
  ignore: !isLinux,
}, async () => {
  const home = Deno.makeTempDirSync({ prefix: "engramlt-home-" });
  const env = { XDG_CONFIG_HOME: home, PATH: Deno.env.get("PATH") ?? "" };
  const before = Deno.env.get("XDG_RUNTIME_DIR"), bus = Deno.env.get("DBUS_SESSION_BUS_ADDRESS");
  Deno.env.set("XDG_RUNTIME_DIR", `${home}/none`); // what systemctl looks for; the test's own terminal has none
  Deno.env.delete("DBUS_SESSION_BUS_ADDRESS");
  try {
    const { code, err } = await runCli(["service", "install", "--data", `${home}/data`], { env });
    assert.notEqual(code, 0);
    assert.match(err, /^error: Cannot (?:keep the service: systemctl|run systemctl)/);
    assert.match(err, /\nhint: .*--print/);
    assert.deepEqual([...Deno.readDirSync(`${home}/systemd/user`)], []);
  } finally {
    if (before === undefined) Deno.env.delete("XDG_RUNTIME_DIR");
    else Deno.env.set("XDG_RUNTIME_DIR", before);
    if (bus !== undefined) Deno.env.set("DBUS_SESSION_BUS_ADDRESS", bus);
    Deno.removeSync(home, { recursive: true });
  }
});

// proves: engram-13.4-deployment_tools
Deno.test("service install --print prints the file of any keeper, with the flags given, and changes nothing", async () => {
  const home = Deno.makeTempDirSync({ prefix: "engramlt-home-" });
  const env = { XDG_CONFIG_HOME: home, PATH: Deno.env.get("PATH") ?? "" };
  const print = (keeper: string) =>
    runCli(
      ["service", "install", "--print", "--keeper", keeper, "--port", "4100", "--data", `${home}/data`],
      { env },
    );
  try {
    assert.match((await print("systemd")).out, /^\[Unit\][\s\S]*"up" "--data" ".*data" "--port" "4100"\n/);
    assert.match((await print("launchd")).out, /<string>--port<\/string>\n {4}<string>4100<\/string>/);
    assert.match((await print("task-scheduler")).out, /<Arguments>.*up --data .* --port 4100<\/Arguments>/);
    assert.deepEqual([...Deno.readDirSync(home)], []);
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
});

Deno.test("service install refuses what up would refuse, before anything is written", async () => {
  const home = Deno.makeTempDirSync({ prefix: "engramlt-home-" });
  const env = { XDG_CONFIG_HOME: home, PATH: Deno.env.get("PATH") ?? "" };
  try {
    const wrong = await runCli(["service", "install", "--port", "70000", "--data", `${home}/data`], { env });
    assert.match(wrong.err, /--port 70000: it must be at most 65535/);
    const open = await runCli(["service", "install", "--host", "0.0.0.0", "--data", `${home}/data`], { env });
    assert.match(open.err, /other machines could reach it, and --allow-remote was not given/);
    assert.deepEqual([...Deno.readDirSync(home)], []);
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
});
