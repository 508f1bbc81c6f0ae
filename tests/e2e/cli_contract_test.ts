/**
 * The contracts that scripts rely on, each both ways: the command opens the folder itself, or works through a host.
 * The command line runs in this process; cli_test.ts runs it as a program.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { main } from "../../src/cli/main.ts";
import { exitCodes } from "../../src/kernel/errors.ts";
import { testAgent } from "../support/agents.ts";
import { withHost } from "../support/ports.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { type Ran, runCli, TestTerminal } from "../support/terminal.ts";

/** A JSON value as it is walked through; leaves are compared, never computed with. */
interface Json {
  readonly [key: string]: Json;
}

const listOf = (value: Json | undefined): readonly Json[] => Array.isArray(value) ? value : [];

/** A data folder, a folder of files beside it, and the command line on both. */
class Place {
  readonly data: string;
  readonly files: string;

  constructor(data: string) {
    this.data = data;
    this.files = `${data}-files`;
    Deno.mkdirSync(this.files, { recursive: true });
  }

  write(name: string, content: string | Uint8Array): string {
    const path = `${this.files}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    return path;
  }

  run(...args: string[]): Promise<Ran> {
    return runCli(["--data", this.data, "--workers", "1", ...args], { folder: this.files });
  }

  /** Runs with --json; stdout is one document and the exit code 0. */
  async json(...args: string[]): Promise<Json> {
    const { code, out, err } = await this.run(...args, "--json");
    assert.equal(code, 0, `${args.join(" ")}: ${err}`);
    assert.equal(err, "");
    return JSON.parse(out);
  }

  /** Runs with --json into a refusal: nothing on stdout unless told, one error on stderr, the code it names. */
  async refused(exit: number, ...args: string[]): Promise<Json> {
    const { code, out, err } = await this.run(...args, "--json");
    assert.equal(code, exit, `${args.join(" ")}: ${out}${err}`);
    assert.equal(out, "");
    const { error } = JSON.parse(err);
    for (const key of ["code", "message", "hint"]) assert.equal(typeof error[key], "string");
    return error;
  }
}

const ways: Readonly<Record<string, (work: (place: Place) => Promise<void>) => Promise<void>>> = {
  "a folder of its own": async (work) => {
    using folder = temporaryFolder();
    await work(new Place(folder.path));
  },
  "a running host": async (work) => {
    using folder = temporaryFolder();
    await withHost(({ data }) => work(new Place(data)), { folder: folder.path });
  },
};

/** A contract, checked in each way. */
function contract(sentence: string, check: (place: Place) => Promise<void>): void {
  for (const [way, within] of Object.entries(ways)) {
    Deno.test(`${sentence}, with ${way}`, () => within(check));
  }
}

const notes = {
  "plan.md": "# Plan\n\nHeron launches on 28 April. See [[standup]].\n",
  "standup.md": "---\ndate: 2026-03-14\n---\n# Standup\n\nHeron launches on 12 May.\n",
};

contract(
  "memory add, get, update, connect, neighbors, paths and delete give ids, ticks and memories",
  async (place) => {
    const metadata = '{"a":1}';
    const added = await place.json(
      "memory",
      "add",
      "--content",
      "Heron flies",
      "--source",
      "s",
      "--confidence",
      "0.5",
      "--metadata",
      metadata,
      "--time",
      "2026-03-14",
      "--speaker",
      "Marta",
    );
    assert.deepEqual(Object.keys(added), ["id", "tick"]);
    const id = String(added["id"]);
    const got = await place.json("memory", "get", id);
    assert.deepEqual(
      [got["content"], got["source"], got["confidence"], got["metadata"], got["observedAt"]],
      ["Heron flies", "s", 0.5, { a: 1, speaker: "Marta" }, "2026-03-14T00:00:00.000Z"],
    );
    const other = String((await place.json("memory", "add", "Otter swims"))["id"]);
    assert.equal((await place.json("memory", "get", "@last"))["id"], other);
    const link = await place.json("memory", "connect", id, "@last", "--type", "knows", "--weight", "2");
    assert.deepEqual(Object.keys(link), ["id", "tick"]);
    const { connected } = await place.json("memory", "neighbors", id);
    assert.equal(connected?.[0]?.["engram"]?.["id"], other);
    const { paths } = await place.json("memory", "paths", id, other);
    assert.deepEqual(paths?.[0]?.["engrams"], [id, other]);
    await place.json("memory", "update", id, "Heron swims");
    assert.equal((await place.json("memory", "get", id))["content"], "Heron swims");
    assert.equal(
      (await place.json("memory", "get", id, "--at", String(added["tick"])))["content"],
      "Heron flies",
    );
    assert.equal((await place.json("memory", "history", id))["versions"]?.["length"], 2);
    await place.json("memory", "delete", id);
    assert.equal((await place.refused(exitCodes.notFound, "memory", "get", id))["code"], "engram_not_found");
  },
);

contract(
  "memory import counts what went in, names what did not, and changes nothing the second time",
  async (place) => {
    for (const [name, text] of Object.entries(notes)) place.write(`notes/${name}`, text);
    place.write(
      "notes/chat.jsonl",
      '{"content":"a","ref":"m1"}\n{broken\n{"content":"b","context":"nowhere"}\n',
    );
    Deno.symlinkSync("gone.md", `${place.files}/notes/lost.md`);
    const { code, out, err } = await place.run("memory", "import", "notes", "--json");
    assert.equal(code, exitCodes.partial);
    assert.equal(JSON.parse(err).error.code, "import_incomplete");
    const first = JSON.parse(out);
    assert.deepEqual([first.created, first.updated, first.unchanged, first.failed, first.links], [
      3,
      0,
      0,
      3,
      1,
    ]);
    assert.deepEqual(
      first.failures.map((
        one: { path: string; line: number; code: string },
      ) => [one.path, one.line, one.code]),
      [
        ["chat.jsonl", 2, "invalid_json"],
        ["chat.jsonl", 3, "context_not_found"],
        ["lost.md", null, "file_not_found"],
      ],
    );
    Deno.removeSync(`${place.files}/notes/chat.jsonl`);
    Deno.removeSync(`${place.files}/notes/lost.md`);
    const again = await place.json("memory", "import", "notes");
    assert.deepEqual([again["created"], again["updated"], again["unchanged"], again["links"]], [0, 0, 2, 0]);
  },
);

contract("search and ask give hits and a verbatim sentence with its source and date", async (place) => {
  for (const [name, text] of Object.entries(notes)) place.write(`notes/${name}`, text);
  await place.json("memory", "import", "notes");
  const { hits } = await place.json("memory", "search", "heron", "launches", "--limit", "1");
  assert.equal(hits?.["length"], 1);
  for (const key of ["id", "score", "content", "ref"]) assert.ok(key in (hits?.[0] ?? {}), key);
  const found = await place.json("ask", "When does Heron launch?");
  const answer = found["answer"] ?? {};
  assert.match(String(answer["text"]), /Heron launches on/);
  for (const key of ["id", "ref", "source", "observedAt"]) assert.ok(key in answer, key);
  assert.ok(Array.isArray(found["superseded"]) && Array.isArray(found["nearest"]));
  assert.equal((await place.json("ask", "zebra quantum"))["answer"], null);
});

contract("supersede puts a memory where the old one is, and timeline tells both in order", async (place) => {
  await place.json("context", "create", "work");
  const old = String(
    (await place.json("memory", "add", "Ada leads Heron", "--context", "work", "--time", "2026-03-01"))["id"],
  );
  const made = await place.json("supersede", old, "Priya leads Heron", "--time", "2026-03-14");
  assert.deepEqual(Object.keys(made), ["id", "tick"]);
  const now = String(made["id"]);
  assert.deepEqual(
    (await place.json("memory", "get", now))["contexts"],
    (await place.json("memory", "get", old))["contexts"],
  );
  const told = async (...args: string[]) =>
    listOf((await place.json("timeline", ...args))["events"]).map((
      { id, supersededBy },
    ) => [id, supersededBy]);
  assert.deepEqual(await told(old), [[old, now], [now, null]]);
  assert.deepEqual(await told("leads", "Heron", "--until", "2026-03-01"), [[old, now]]);
  const { cursor } = await place.json("timeline", old, "--limit", "1");
  assert.deepEqual(await told(old, "--cursor", String(cursor)), [[now, null]]);
});

contract("an export goes back in as it was", async (place) => {
  await place.json("context", "create", "work");
  await place.json("memory", "add", "one", "--source", "s", "--ref", "1", "--time", "2026-01-01");
  await place.json("memory", "add", "two", "--context", "work", "--title", "T", "--time", "2026-01-02");
  await place.json(
    "memory",
    "connect",
    "@last",
    String((await place.json("memory", "search", "one"))["hits"]?.[0]?.["id"]),
    "--type",
    "mentions",
    "--weight",
    "3",
  );
  const out = (await place.run("memory", "export", "-q")).out;
  place.write("backup.jsonl", out);
  using folder = temporaryFolder();
  const copy = new Place(folder.path);
  const path = `${place.files}/backup.jsonl`;
  const report = await copy.json("memory", "import", path, "--create-contexts");
  assert.deepEqual([report["created"], report["failed"], report["links"]], [2, 0, 1]);
  const again = await copy.json("memory", "import", path);
  assert.deepEqual([again["unchanged"], again["links"]], [2, 0]);
  const { connected } = await copy.json("memory", "neighbors", "@last");
  assert.deepEqual([connected?.[0]?.["engram"]?.["content"], connected?.[0]?.["via"]?.["type"]], [
    "one",
    "mentions",
  ]);
});

contract(
  "an export goes back in also where two projects hold one file, and where agents wrote",
  async (place) => {
    const notes = place.write("heron.md", "# Heron\n\nWe decided to launch Heron on 12 May. See [[gull]].\n");
    place.write("gull.md", "# Gull\n\nHeron needs Gull.\n");
    const folder = notes.replace(/\/heron\.md$/, "");
    for (const name of ["one", "two"]) {
      await place.json("context", "create", name);
      await place.json("memory", "import", folder, "--context", name);
    }
    await place.json("remember", "We decided to buy Gull a boat.", "--no-project"); // it has no source
    for (const agent of ["linker", "curator"]) await place.json("agent", "load", agent, "--yes");
    await place.json("agent", "execute", "linker", "link");
    await place.json("agent", "execute", "curator", "curate");
    const out = (await place.run("memory", "export", "-q")).out;
    const path = place.write("backup.jsonl", out);
    const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line));
    const links = lines.filter((line) => "link" in line).length;
    assert.ok(
      lines.some(({ kind, source }) => kind === "fact" && source === "engramlt"),
      "a fact of no source",
    );
    using other = temporaryFolder();
    const copy = new Place(other.path);
    const report = await copy.json("memory", "import", path, "--create-contexts");
    assert.deepEqual(
      [report["failures"], report["created"], report["links"]],
      [[], lines.length - links, links],
    );
    assert.equal((await copy.json("memory", "import", path))["unchanged"], lines.length - links);
  },
);

// proves: engram-8.1-cli, engram-8.1-compile_and_load, engram-11.1-deploy, deploy-local-cli_or_web
// proves: deploy-production-both, mentat-testing2-end_to_end, engram-6.2-unknown_agent
contract(
  "an agent loads without a manifest, keeps its memory between commands, and gets params as given",
  async (place) => {
    const wasm = place.write("counter.wasm", testAgent);
    const loaded = await place.json("agent", "load", "--id", "counter", "--wasm-path", wasm);
    assert.equal(loaded["id"], "counter");
    const before = await place.json("status");
    assert.equal((await place.json("agent", "load", wasm))["unchanged"], true);
    assert.equal((await place.json("status"))["stateHash"], before["stateHash"]);
    assert.equal((await place.json("agent", "execute", "counter", "count"))["result"], 1);
    const second = await place.json(
      "agent",
      "execute",
      "--id",
      "counter",
      "--action",
      "count",
      "--params",
      "{}",
    );
    assert.deepEqual(Object.keys(second), ["result", "tick", "fuel"]);
    assert.equal(second["result"], 2);
    const spaced = await runCli(
      ["--data", place.data, "--workers", "1", "agent", "execute", "counter", "echo", '{ "b":1, "a":2 }'],
    );
    assert.equal(JSON.stringify(JSON.parse(spaced.out)), '{"b":1,"a":2}');
    const { agents } = await place.json("agent", "list");
    assert.equal(agents?.[0]?.["id"], "counter");
    const metrics = await place.json("agent", "metrics", "--id", "counter");
    for (const key of ["functionCalls", "memoryOperations", "memoryBytes", "executionMs", "fuel"]) {
      assert.equal(typeof metrics[key], "number", key);
    }
    await place.json("agent", "unload", "counter");
    assert.equal(
      (await place.refused(exitCodes.notFound, "agent", "execute", "counter", "count"))["code"],
      "agent_not_found",
    );
  },
);

// proves: rfc-7-crash
contract(
  "an agent that crashes, spins or fails is an error with tick and fuel, and leaves nothing",
  async (place) => {
    await place.json("agent", "load", "--id", "bad", "--wasm-path", place.write("bad.wasm", testAgent));
    const before = await place.json("status");
    const trapped = await place.refused(exitCodes.agent, "agent", "execute", "bad", "trap", '"x"');
    assert.equal(trapped["code"], "agent_trapped");
    assert.ok(Array.isArray(trapped["backtrace"]) && typeof trapped["tick"] === "number");
    const spun = await place.refused(exitCodes.agent, "agent", "execute", "bad", "spin", "--fuel", "100000");
    assert.deepEqual([spun["code"], spun["fuel"]], ["agent_out_of_fuel", 100_000]);
    assert.equal(
      (await place.refused(exitCodes.agent, "agent", "execute", "bad", "fail", '"x"'))["code"],
      "agent_failed",
    );
    const after = await place.json("status");
    assert.deepEqual([after["engrams"], after["agents"]], [before["engrams"], before["agents"]]);
    assert.equal((await place.json("agent", "execute", "bad", "count"))["result"], 1);
  },
);

contract("an agent that fails is quoted to who asked, in a command and in a workflow", async (place) => {
  await place.json("agent", "load", "linker", "--yes");
  await place.json("context", "create", "empty");
  const failed = await place.refused(exitCodes.agent, "agent", "execute", "linker", "link", "[1]");
  assert.match(
    String(failed["message"]),
    /^Execution of agent "linker" ended failed at tick \d+: Cannot link: the params are not a JSON object$/,
  );
  assert.equal(listOf(failed["said"]).length, 1);
  const steps = [{ id: "a", agent_id: "linker", action: "link", params: [1] }];
  const path = place.write("list.json", JSON.stringify({ id: "list", name: "List", steps }));
  const stopped = await place.refused(
    exitCodes.agent,
    "workflow",
    "execute",
    path,
    "--context",
    "empty",
  );
  assert.match(
    String(stopped["message"]),
    /stopped at step "a": failed .*Cannot link: the params are not a JSON object/,
  );
});

contract("a workflow whose agent has no such action is refused by line before a step runs", async (place) => {
  await place.json("agent", "load", "linker", "--yes");
  const before = await place.json("status");
  const path = place.write(
    "typo.yaml",
    "id: typo\nsteps:\n  - { id: a, agent_id: linker, action: link }\n  - { id: b, agent_id: linker, action: lnk }\n",
  );
  const { code, message } = await place.refused(exitCodes.invalid, "workflow", "execute", path);
  assert.equal(code, "action_unknown");
  assert.match(String(message), /typo\.yaml:4:40: step "b" names action "lnk", agent "linker" has "link"/);
  const after = await place.json("status");
  assert.deepEqual([after["tick"], after["stateHash"]], [before["tick"], before["stateHash"]]);
});

contract("a context needs agents that are loaded, and a workflow runs their steps in it", async (place) => {
  await place.json("agent", "load", "--id", "worker", "--wasm-path", place.write("worker.wasm", testAgent));
  const unknown = await place.refused(
    exitCodes.notFound,
    "context",
    "create",
    "--name",
    "P",
    "--agents",
    "worker,nobody",
  );
  assert.equal(unknown["code"], "agent_not_found");
  const made = await place.json(
    "context",
    "create",
    "--name",
    "P",
    "--description",
    "D",
    "--agents",
    "worker",
  );
  assert.deepEqual(Object.keys(made), ["id", "tick"]);
  const path = place.write(
    "w.yaml",
    `id: w
steps:
  - { id: a, agent_id: worker, action: echo, params: { x: 7 } }
  - { id: b, agent_id: worker, action: echo, params: { y: "\${steps.a.result.x}" } }
`,
  );
  const { steps } = await place.json(
    "workflow",
    "execute",
    "--context-id",
    String(made["id"]),
    "--workflow-path",
    path,
  );
  assert.deepEqual([steps?.["a"]?.["result"], steps?.["b"]?.["result"]], [{ x: 7 }, { y: 7 }]);
  const cycle = place.write(
    "c.yaml",
    `id: c
steps:
  - { id: a, agent_id: worker, action: echo, dependencies: [b] }
  - { id: b, agent_id: worker, action: echo, dependencies: [a] }
`,
  );
  assert.equal(
    (await place.refused(exitCodes.invalid, "workflow", "execute", cycle, "--context", "P"))["code"],
    "workflow_cycle",
  );
});

// proves: engram-12.3-debugging
contract("status and replay --verify tell one state hash", async (place) => {
  await place.json("memory", "add", "x");
  const status = await place.json("status");
  const numbers = [
    "tick",
    "agents",
    "engrams",
    "connections",
    "workers",
    "memoryBytes",
    "functionCalls",
    "executionMs",
  ];
  for (const key of numbers) assert.equal(typeof status[key], "number", key);
  const report = await place.json("replay", "--verify");
  assert.deepEqual([report["ok"], report["stateHash"]], [true, status["stateHash"]]);
  assert.equal(typeof report["ticks"], "number");
  assert.equal((await place.json("log", "verify"))["ok"], true);
  assert.equal((await place.json("log", "show", "--limit", "1"))["entries"]?.["length"], 1);
  assert.equal((await place.json("doctor"))["ok"], true);
});

// proves: mentat-practices2-audited
// proves: engram-12.3-debugging
contract(
  "why leads from a memory to the command and the client that wrote it, and --check agrees",
  async (place) => {
    const { id } = await place.json("memory", "add", "x");
    const found = await place.json("why", String(id), "--check");
    const chain = listOf(found["chain"]);
    const links = chain.map((link) => link["link"]);
    assert.deepEqual([links[0], links.at(-1)], ["engram", "command"]);
    assert.equal(chain.at(-1)?.["client"], "cli");
    assert.equal(found["check"]?.["identical"], true);
  },
);

contract("bad input is refused by its code and changes nothing", async (place) => {
  await place.json("agent", "load", "--id", "a", "--wasm-path", place.write("a.wasm", testAgent));
  const before = await place.json("status");
  const cases: readonly (readonly [number, string, readonly string[]])[] = [
    [exitCodes.invalid, "module_invalid", ["agent", "load", place.write("text.wasm", "not wasm"), "t"]],
    [exitCodes.conflict, "agent_exists", ["agent", "load", place.write("b.wasm", agentWithSection()), "a"]],
    [exitCodes.notFound, "file_not_found", ["agent", "load", "nothing-here"]],
    [exitCodes.invalid, "invalid_json", ["agent", "execute", "a", "echo", "{bad"]],
    [exitCodes.invalid, "invalid_confidence", ["memory", "add", "x", "--confidence", "2"]],
    [exitCodes.invalid, "invalid_time", ["memory", "add", "x", "--time", "yesterday"]],
    [exitCodes.invalid, "invalid_json", ["memory", "add", "x", "--metadata", "{"]],
    [exitCodes.notFound, "context_not_found", ["memory", "add", "x", "--context", "nowhere"]],
    [exitCodes.notFound, "engram_not_found", ["memory", "connect", "e1zzz", "e1zzz", "--type", "t"]],
    [exitCodes.notFound, "file_not_found", ["memory", "import", "nothing-here"]],
    [exitCodes.usage, "usage", ["memory", "add"]],
    [exitCodes.usage, "usage", ["memory", "add", "x", "--unknown"]],
    [exitCodes.usage, "usage", ["memory", "search", "x", "--limit", "many"]],
    [exitCodes.invalid, "invalid_confidence", ["memory", "search", "x", "--min-confidence", "2"]],
    [exitCodes.usage, "usage", ["memory", "add", "x", "--confidence", "Infinity"]],
    [exitCodes.invalid, "invalid_argument", ["ask", " "]],
    [exitCodes.usage, "usage", ["token", "create", "--scope", "root"]],
    [exitCodes.usage, "usage", ["review", "list", "--state", "odd"]],
  ];
  for (const [exit, code, args] of cases) {
    assert.equal((await place.refused(exit, ...args))["code"], code, args.join(" "));
  }
  const after = await place.json("status");
  assert.deepEqual([after["tick"], after["stateHash"]], [before["tick"], before["stateHash"]]);
});

/** The test agent with a custom section more: other bytes, the same behaviour. */
function agentWithSection(): Uint8Array {
  return new Uint8Array([...testAgent, 0, 2, 1, 120]);
}

contract("the same command id again is the same command", async (place) => {
  const first = await place.json("memory", "add", "x", "--command-id", "once");
  assert.deepEqual(await place.json("memory", "add", "x", "--command-id", "once"), first);
  assert.equal((await place.json("status"))["engrams"], 1);
});

contract("--context narrows what the owner reads", async (place) => {
  await place.json("context", "create", "work");
  await place.json("memory", "add", "heron at work", "--context", "work");
  await place.json("memory", "add", "heron at home");
  assert.equal((await place.json("search", "heron"))["hits"]?.["length"], 2);
  assert.equal((await place.json("--context", "work", "search", "heron"))["hits"]?.["length"], 1);
  const { out } = await place.run("search", "heron", "--jsonl");
  assert.equal(out.trim().split("\n").map((line) => JSON.parse(line)).length, 2);
});

Deno.test("a project of a new agent is made from the template, and never over a folder that is there", async () => {
  using folder = temporaryFolder();
  const place = new Place(folder.path);
  const made = await place.json("agent", "new", "scout");
  assert.ok(Deno.statSync(`${made["folder"]}/assembly/index.ts`).isFile);
  assert.match(Deno.readTextFileSync(`${made["folder"]}/package.json`), /"name": "scout"/);
  assert.equal((await place.refused(exitCodes.conflict, "agent", "new", "scout"))["code"], "wrong_state");
});

Deno.test("agent load asks a person at a terminal, takes no for an answer, and asks nobody else", async () => {
  using folder = temporaryFolder();
  const hello = fileURLToPath(new URL("../../agents/hello", import.meta.url));
  const load = ["--data", folder.path, "--workers", "1", "agent", "load", hello];
  const asked = new TestTerminal({ isTerminal: true, answers: ["n"] });
  assert.equal(await main(load, asked), exitCodes.denied);
  assert.equal(asked.questions.length, 1);
  assert.match(asked.errors, /ping asks to send pong: To answer pong/);
  const told = new TestTerminal({ isTerminal: true });
  assert.equal(await main([...load, "--yes"], told), 0);
  assert.equal(told.questions.length, 0);
  assert.match(told.written, /ping.*may send messages to "pong" · no network, no files, no clock/);
});

Deno.test("a data folder where a file stands, or where the system has its own, is refused with the way out", async () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(folder.path);
  Deno.writeTextFileSync(`${folder.path}/taken`, "a file");
  const places = [`${folder.path}/taken`, `${folder.path}/taken/inside`];
  if (Deno.build.os === "linux") places.push("/proc/engramlt");
  for (const data of places) {
    const { code, out, err } = await runCli(["--data", data, "status"]);
    assert.deepEqual([code, out], [exitCodes.unavailable, ""], err);
    assert.match(err, /^error: Cannot open data folder [^\n]+\nhint: [^\n]+--data\n$/);
  }
});
