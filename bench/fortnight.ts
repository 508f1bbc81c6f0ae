/**
 * A scripted fortnight: an empty machine, setup, import, ten sessions over three projects by two clients, with the
 * hooks as they were installed, 200 things remembered, and then 50 questions.
 *
 *     deno task -q compile && deno run -A bench/fortnight.ts [--repeat=N]
 *
 * Prints what came of it, as JSON. `--repeat` runs the hook of a session's start so many times more. Where
 * dist/engramlt is there, it is what is set up; else the program from source.
 *
 * Exits with 1 where a project's memory was found from another, or a secret lies on the disk.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../src/kernel/errors.ts";
import { exists } from "../src/runtime/data_folder.ts";
import { filesHolding } from "../tests/support/folder_bytes.ts";
import { callTool, clientOf, type eras, StdioClientTransport } from "../tests/support/mcp_clients.ts";
import { temporary } from "./measure.ts";

const repeat = Number(Deno.args.find((arg) => arg.startsWith("--repeat="))?.slice("--repeat=".length) ?? 20);
const rootOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const executable = rootOf("dist/engramlt");
const isBuilt = exists(executable);

const home = temporary();
const data = join(home, "data");
const env = {
  PATH: Deno.env.get("PATH") ?? "",
  HOME: home,
  DENO_DIR: Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "", ".cache/deno"),
  DENO_NO_UPDATE_CHECK: "1",
};
const projects = ["heron", "otter", "wren"];
for (const name of projects) Deno.mkdirSync(join(home, name, ".git"), { recursive: true });
for (const name of projects) Deno.writeTextFileSync(join(home, name, ".git/HEAD"), "ref: refs/heads/main\n");
const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index % list.length];
  assert(found !== undefined, "the list is not empty");
  return found;
};

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly ms: number;
}

/** Runs a line in a shell as a client runs its hook, and how long until it has ended. */
async function shell(line: string, cwd: string, input = ""): Promise<Ran> {
  const started = performance.now();
  const child = new Deno.Command("sh", {
    args: ["-c", line],
    cwd,
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const ms = performance.now() - started;
  if (code !== 0) console.error(line, new TextDecoder().decode(stderr));
  return { code, out: new TextDecoder().decode(stdout), ms };
}
const program = isBuilt ? executable : `deno run -A --quiet ${rootOf("main.ts")}`;
const engramlt = async (words: string, cwd = home) => {
  const ran = await shell(`${program} --data ${data} ${words}`, cwd);
  assert(ran.code === 0, `engramlt ${words} ends with 0, not ${ran.code}: ${ran.out}`);
  return ran.out;
};

/** An assistant, as its program finds it set up. */
interface Assistant {
  readonly name: "claude-code" | "codex";
  readonly era: typeof eras[number];
  readonly hooks: string;
}
const assistants: readonly Assistant[] = [
  { name: "claude-code", era: "2025-11-25", hooks: ".claude/settings.json" },
  { name: "codex", era: "2026-07-28", hooks: ".codex/hooks.json" },
];

/** The command of a hook, as it stands in the client's file. */
function hookOf({ hooks }: Assistant, event: string): string {
  const file = JSON.parse(Deno.readTextFileSync(join(home, hooks)));
  const command: unknown = file.hooks?.[event]?.[0]?.hooks?.[0]?.command;
  assert(typeof command === "string", `${hooks} has a hook for ${event}`);
  return command;
}

const connect = async (assistant: Assistant, project: string) => {
  const { mcpServers } = JSON.parse(Deno.readTextFileSync(join(home, ".claude.json")));
  const { command, args } = mcpServers.engramlt;
  const client = clientOf(assistant.era, assistant.name);
  const cwd = join(home, project);
  await client.connect(new StdioClientTransport({ command, args, env, cwd, stderr: "ignore" }));
  return client;
};

// What is to be remembered: the same things in each project, of other values.
const things = [
  ..."deploy target,cache size,release day,code owner,log level,retry count,session length,backup hour".split(
    ",",
  ),
  ..."queue name,schema version,font size,landing colour,mail sender,feature flag,test runner".split(","),
  ..."image format,region,index name,worker count,license,package manager,date format,search page".split(","),
  ..."billing currency,upload limit,password length,archive folder,staging address,chart library".split(","),
  ..."error tracker,branch prefix,commit style,review time,freeze week,support hours,vendor".split(","),
  ..."storage class,timeout,port number,sample rate,shard count,token lifetime,theme,menu order".split(","),
  ..."icon set,legal contact,data steward,page limit,sort order,alert channel".split(","),
].slice(0, 50);
const valueOf = (project: string, thing: number, version: number) =>
  `${project.slice(0, 2)}${String.fromCharCode(97 + thing % 26)}${thing}${"abc"[version]}`;
const sentence = (project: string, thing: number, version: number) =>
  `The ${at(things, thing)} is ${valueOf(project, thing, version)}.`;
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const secretOf = (index: number) =>
  `ghp_${
    Array.from({ length: 36 }, (_, place) => letters[(index * 7 + place * 11) % letters.length]).join("")
  }`;

/** One thing a session remembers. */
type Step = {
  readonly kind: "fact" | "reversal" | "duplicate" | "secret";
  readonly project: string;
  readonly thing: number;
};
const facts = projects.flatMap((project) =>
  things.map((_, thing): Step => ({ kind: "fact", project, thing }))
);
const reversed = Array.from({ length: 20 }, (_, index): Step => ({
  kind: "reversal",
  project: at(projects, index),
  thing: index * 2,
}));
const again = Array.from({ length: 20 }, (_, index): Step => ({
  kind: "duplicate",
  project: at(projects, index + 1),
  thing: index * 2 + 1,
}));
const secrets = Array.from(
  { length: 10 },
  (_, thing): Step => ({ kind: "secret", project: at(projects, thing), thing }),
);
const steps = [...facts, ...again, ...secrets, ...reversed];

const times: Record<string, number[]> = { SessionStart: [], PreCompact: [], SessionEnd: [] };
let tokensAdded = 0, session = 0;
const ids = new Map<string, string>();
const stale = new Set<string>();

async function runHook(assistant: Assistant, event: string, input: Record<string, string>): Promise<string> {
  const line = hookOf(assistant, event);
  const ran = await shell(line, input["cwd"] ?? home, JSON.stringify({ ...input, hook_event_name: event }));
  assert(ran.code === 0, `the hook of ${event} ends with 0`);
  times[event]?.push(ran.ms);
  return ran.out;
}

async function runSession(project: string, mine: readonly Step[]): Promise<void> {
  const assistant = at(assistants, session), id = `s${session++}`, cwd = join(home, project);
  const transcript = join(home, `${id}.jsonl`);
  Deno.writeTextFileSync(
    transcript,
    assistant.name === "codex" ? "" : `${
      JSON.stringify({
        type: "user",
        sessionId: id,
        cwd,
        timestamp: "2026-11-01T10:00:00.000Z",
        uuid: id,
        message: { role: "user", content: `Session ${id} went over the list.` },
      })
    }\n`,
  );
  const input = { session_id: id, cwd, transcript_path: transcript };
  const page = await runHook(assistant, "SessionStart", input);
  tokensAdded = Math.max(tokensAdded, Math.ceil(page.length / 4));
  const client = await connect(assistant, project);
  for (const { kind, thing } of mine) {
    const key = `${project} ${thing}`;
    if (kind === "reversal") {
      const old = ids.get(key);
      assert(old !== undefined, `${key} is known before it changes`);
      await callTool(client, "supersede", { id: old, content: sentence(project, thing, 1) });
      stale.add(key);
      continue;
    }
    const content = kind === "secret"
      ? `The key of robot ${thing} is ${secretOf(thing)}`
      : sentence(project, thing, 0);
    const made = await callTool(client, "remember", { content });
    assert(!made.isError, made.text);
    if (kind === "fact") ids.set(key, String(made.structured["id"]));
  }
  await runHook(assistant, "PreCompact", input);
  await client.close();
  await runHook(assistant, "SessionEnd", input);
}

/** Sessions: by project in turns, each with its share of what that project is told; reversals come last. */
async function runSessions(): Promise<void> {
  const order = Array.from({ length: 10 }, (_, index) => at(projects, index));
  for (const [index, project] of order.entries()) {
    const own = steps.filter((step) => step.project === project);
    const parts = order.filter((one) => one === project).length;
    const part = order.slice(0, index).filter((one) => one === project).length;
    const size = Math.ceil(own.length / parts);
    await runSession(project, own.slice(part * size, (part + 1) * size));
  }
}

async function askAll() {
  const asked = { questions: 0, rightFirst: 0, staleFirst: 0, rightProject: 0, leaks: 0 };
  for (const [turn, project] of projects.entries()) {
    const client = await connect(at(assistants, turn), project);
    const count = turn === 2 ? 16 : 17;
    for (let index = 0; index < count; index++) {
      const own = [...reversed, ...again].filter((step) => step.project === project);
      const thing = index < own.length ? at(own, index).thing : index + 25;
      const { structured } = await callTool(client, "recall", {
        question: `What is the ${at(things, thing)}?`,
        k: 5,
      });
      const hits = structured["hits"] as readonly { readonly content: string }[];
      const isStale = stale.has(`${project} ${thing}`), first = hits[0]?.content ?? "";
      asked.questions++;
      if (first.includes(valueOf(project, thing, isStale ? 1 : 0))) asked.rightFirst++;
      if (isStale && first.includes(valueOf(project, thing, 0))) asked.staleFirst++;
      const others = projects.filter((one) => one !== project);
      const isOthers = (text: string) =>
        others.some((one) =>
          things.some((_, other) => [0, 1].some((v) => text.includes(sentence(one, other, v))))
        );
      if (!isOthers(first)) asked.rightProject++;
      asked.leaks += hits.filter(({ content }) => isOthers(content)).length;
    }
    await client.close();
  }
  return asked;
}

const three = (list: readonly number[]) => {
  const sorted = [...list].sort((a, b) => a - b);
  const part = (of: number) => Math.round((sorted[Math.floor((sorted.length - 1) * of)] ?? NaN) * 10) / 10;
  return { p50: part(0.5), p95: part(0.95), samples: sorted.length };
};

Deno.writeTextFileSync(join(home, ".claude.json"), "{}\n");
Deno.mkdirSync(join(home, ".codex"));
const past = join(home, ".claude/projects/heron");
Deno.mkdirSync(past, { recursive: true });
Deno.writeTextFileSync(
  join(past, "old.jsonl"),
  Array.from({ length: 40 }, (_, index) =>
    `${
      JSON.stringify({
        type: index % 2 === 0 ? "user" : "assistant",
        sessionId: "old",
        cwd: join(home, "heron"),
        timestamp: new Date(Date.UTC(2026, 9, 1, 10, index)).toISOString(),
        uuid: `old${index}`,
        message: {
          role: index % 2 === 0 ? "user" : "assistant",
          content: `Turn ${index} about the harbour plan.`,
        },
      })
    }\n`).join(""),
);
try {
  await engramlt("setup claude-code codex --yes");
  await engramlt("import claude-code");
  await runSessions();
  const asked = await askAll();
  const input = { session_id: "more", cwd: join(home, "heron"), transcript_path: join(home, "s0.jsonl") };
  for (let left = repeat; left > 0; left--) await runHook(at(assistants, 0), "SessionStart", input);
  const onDisk = secrets.flatMap(({ thing }) => filesHolding(data, secretOf(thing).slice(4)));
  console.log(JSON.stringify(
    {
      program: isBuilt ? "the executable" : "from source",
      remembered: steps.length,
      ...asked,
      secretsOnDisk: onDisk.length,
      tokensAddedMost: tokensAdded,
      hooksMs: Object.fromEntries(Object.entries(times).map(([event, list]) => [event, three(list)])),
      startMs: three(
        await Array.fromAsync({ length: repeat }, async () => (await shell(`${program} --version`, home)).ms),
      ),
    },
    null,
    2,
  ));
  if (asked.leaks > 0 || onDisk.length > 0) Deno.exitCode = 1;
} finally {
  await shell(`${program} --data ${data} down`, home);
}
