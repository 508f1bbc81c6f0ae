/** The command line as a program, from source: streams, exit codes, signals, folders. What it says is in cli_contract_test.ts. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../../src/kernel/errors.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const program = ["run", "-A", "--quiet", "--no-check", `--config=${root}deno.json`, `${root}main.ts`];
const onWindows = Deno.build.os === "windows";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Options {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
  readonly args?: readonly string[];
}

/** Runs deno with nothing of ours in its environment but what is given. */
async function run(
  args: readonly string[],
  { cwd = root, env = {}, input = "" }: Options = {},
): Promise<Ran> {
  const kept = ["PATH", "HOME", "DENO_DIR", "SystemRoot", "TEMP", "TMPDIR"];
  const base = Object.fromEntries(kept.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    clearEnv: true,
    env: { ...base, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

const engramlt = (args: readonly string[], options?: Options) => run([...program, ...args], options);

// proves: deploy-local-processes, deploy-local-local_storage, engram-8.1-filesystem
Deno.test("a memory from standard input is there for the next process, which takes its folder from ENGRAMLT_DATA", async () => {
  using folder = temporaryFolder();
  const env = { ENGRAMLT_DATA: folder.path };
  const added = await engramlt(["remember", "-", "--json"], { env, input: "Heron launches on 12 May\n" });
  assert.equal(added.err, "");
  const got = await engramlt(["memory", "get", JSON.parse(added.out).id], {
    env: { ...env, ENGRAMLT_JSON: "1" },
  });
  assert.equal(JSON.parse(got.out).content, "Heron launches on 12 May");
});

Deno.test("a usage error is JSON on stderr with the exit code of usage", async () => {
  const { code, out, err } = await engramlt(["--json", "memory", "ad"]);
  assert.deepEqual([code, out], [exitCodes.usage, ""]);
  assert.equal(JSON.parse(err).error.code, "usage");
});

Deno.test("--version names build, ABI, log format, V8 and platform", async () => {
  const { code, out } = await engramlt(["--version", "--json"]);
  assert.equal(code, 0);
  const keys = ["version", "build", "abi", "logFormat", "v8", "platform"];
  assert.deepEqual(Object.keys(JSON.parse(out)), keys);
});

Deno.test("under deno task relative paths start at the caller's folder", async () => {
  using folder = temporaryFolder();
  const cwd = folder.path.slice(0, -"/data".length);
  Deno.writeTextFileSync(`${cwd}/note.md`, "# Note\n\nHeron\n");
  const args = [
    "task",
    "-q",
    `--config=${root}deno.json`,
    "engramlt",
    "--data",
    "here",
    "memory",
    "import",
    "note.md",
  ];
  const { code, out, err } = await run([...args, "--json"], { cwd });
  assert.equal(code, 0, err);
  assert.equal(JSON.parse(out).created, 1);
  assert.ok(Deno.statSync(`${cwd}/here/log`).isDirectory);
});

Deno.test("a reader that goes away ends a command quietly", { ignore: onWindows }, async () => {
  const command = `"$0" "$@" | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", command, Deno.execPath(), ...program, "completions", "fish"],
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assert.equal(lines.at(-1), "0");
  assert.equal(new TextDecoder().decode(stderr), "");
});

const hasFull = Deno.build.os === "linux";

Deno.test("output that finds no room is disk_full, and what can't be told keeps no command from its end", {
  ignore: !hasFull,
}, async () => {
  using folder = temporaryFolder();
  const shell = async (line: string) => {
    const args = ["-c", line, Deno.execPath(), ...program, "--data", folder.path, "remember", "x"];
    const { code, stdout, stderr } = await new Deno.Command("sh", { args }).output();
    return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)] as const;
  };
  const [code, , err] = await shell('"$0" "$@" >/dev/full');
  assert.equal(code, exitCodes.unavailable);
  assert.match(err, /^error: Cannot write the output: No space left on device .*\nhint: Free some space/);
  const [done, out] = await shell('"$0" "$@" 2>/dev/full');
  assert.equal(done, 0);
  assert.match(out, /^e\d\w+\n$/);
});

Deno.test("a relative XDG_DATA_HOME is ignored: the data folder is never the current one", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const env = { HOME: "/home/nobody", XDG_DATA_HOME: "here" };
  const { out } = await engramlt(["info", "--json"], { env });
  assert.equal(JSON.parse(out).paths.data, "/home/nobody/.local/share/engramlt");
});

// proves: deploy-local-cli_or_web, deploy-local-processes
Deno.test("up serves every command until a signal stops it cleanly, and down stops it too", {
  ignore: onWindows,
}, async () => {
  using folder = temporaryFolder();
  const env = { ENGRAMLT_DATA: folder.path, ENGRAMLT_JSON: "1" };
  for (const stop of ["signal", "down"]) {
    const host = new Deno.Command(Deno.execPath(), {
      args: [...program, "up", ...(stop === "down" ? ["--no-agents"] : [])],
      env: { ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = host.stdout.getReader();
    const ready = JSON.parse(new TextDecoder().decode((await reader.read()).value));
    assert.match(ready.address, /^http:\/\/127\.0\.0\.1:\d+$/);
    const agents = ready.agents.map(({ id, words }: { id: string; words: string[] }) => `${id} ${words[0]}`);
    const granted = "may read and write the whole memory";
    const loaded = ["linker", "curator", "digest"].map((id) => `${id} ${granted}`);
    assert.deepEqual(agents, stop === "down" ? [] : loaded);
    const status = await engramlt(["status"], { env });
    assert.equal(JSON.parse(status.out).where, "host");
    if (stop === "down") assert.equal(JSON.parse((await engramlt(["down"], { env })).out).stopped, true);
    else host.kill("SIGTERM");
    reader.releaseLock();
    await host.stdout.cancel();
    await host.stderr.cancel();
    assert.equal((await host.status).code, 0);
  }
  assert.equal(JSON.parse((await engramlt(["status"], { env })).out).where, "here");
});

Deno.test("Ctrl-C ends a command with 130", { ignore: onWindows }, async () => {
  using folder = temporaryFolder();
  const env = { ENGRAMLT_DATA: folder.path };
  const child = new Deno.Command(Deno.execPath(), {
    args: [...program, "log", "show", "--follow", "--jsonl"],
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGINT");
  reader.releaseLock();
  await child.stdout.cancel();
  await child.stderr.cancel();
  assert.equal((await child.status).code, exitCodes.interrupted);
});

Deno.test("a folder that another process holds is refused with the way out", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(folder.path, { recursive: true });
  using lock = Deno.openSync(`${folder.path}/lock`, { write: true, create: true });
  lock.lockSync(true);
  const { code, err } = await engramlt(["status", "--data", folder.path, "--lock-wait-ms", "0", "--json"]);
  assert.equal(code, exitCodes.unavailable);
  assert.equal(JSON.parse(err).error.code, "data_folder_in_use");
});

Deno.test("a turned bit in the log is found and named", async () => {
  using folder = temporaryFolder();
  const data = ["--data", folder.path];
  await engramlt(["remember", "Heron launches on 12 May", ...data]);
  const [segment] = Array.from(Deno.readDirSync(`${folder.path}/log`)).map(({ name }) => name).sort();
  const path = `${folder.path}/log/${segment}`;
  const bytes = Deno.readFileSync(path);
  const at = 200;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  Deno.writeFileSync(path, bytes);
  const verified = await engramlt(["log", "repair", ...data, "--json"]);
  assert.equal(verified.code, exitCodes.corrupt);
  const { error } = JSON.parse(verified.err);
  assert.equal(error.code, "log_corrupt");
  assert.ok(error.message.includes(segment ?? "?"), error.message);
});

Deno.test("remember and ask work in the project of the folder they are called from; --all and --no-project leave it", async () => {
  using folder = temporaryFolder();
  const at = (name: string) => `${folder.path}/../${name}`;
  for (const name of ["one/.git", "one/src", "two/.git"]) Deno.mkdirSync(at(name), { recursive: true });
  for (const name of ["one", "two"]) Deno.writeTextFileSync(at(`${name}/.git/HEAD`), "");
  const run = async (where: string, ...args: string[]) =>
    await runCli([...args, "--data", folder.path, "--json"], { folder: Deno.realPathSync(at(where)) });
  await run("one/src", "remember", "The gateway is called Heron.");
  await run("one", "remember", "The boiler is called Otter.", "--no-project");
  const answer = async (where: string, ...args: string[]) =>
    JSON.parse((await run(where, "ask", ...args)).out).answer?.text ?? null;
  assert.equal(await answer("one", "What is the gateway called?"), "The gateway is called Heron.");
  assert.equal(await answer("two", "What is the gateway called?"), null);
  assert.equal(await answer("two", "What is the gateway called?", "--all"), "The gateway is called Heron.");
  assert.equal(await answer("two", "What is the boiler called?"), "The boiler is called Otter.");
  const found = JSON.parse((await run("two", "memory", "search", "gateway")).out);
  assert.equal(found.hits.length, 1, "memory commands cover every context");
});

Deno.test("a recall that finds nothing says where else to look, and that a model finds other words", async () => {
  using folder = temporaryFolder();
  const recall = async (...flags: string[]) =>
    await runCli(["recall", "zebra", "--data", folder.path, ...flags], { folder: folder.path });
  const { out, err } = await recall();
  assert.equal(out, "nothing found\n");
  assert.match(err, /--all looks in every project/);
  assert.match(err, /found with a model: engramlt model pull \S+/);
  const everywhere = await recall("--all", "--json");
  assert.deepEqual(JSON.parse(everywhere.out), { hits: [], model: null });
  assert.equal(everywhere.err, "");
});
