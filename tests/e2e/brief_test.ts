import assert from "node:assert/strict";
import { runCli } from "../support/terminal.ts";
import { temporaryFolder } from "../support/runtimes.ts";

/** A data folder, two project folders beside it, and the command line called from one of them. */
async function withProjects(
  work: (place: {
    readonly data: string;
    readonly run: (
      project: "heron" | "gull",
      args: readonly string[],
      input?: string,
    ) => ReturnType<typeof runCli>;
  }) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  try {
    const root = folder.path.slice(0, -"/data".length);
    for (const name of ["heron", "gull"]) {
      Deno.mkdirSync(`${root}/${name}/src`, { recursive: true });
      Deno.writeTextFileSync(`${root}/${name}/deno.json`, "{}");
    }
    await work({
      data: folder.path,
      run: (project, args, input = "") =>
        runCli(["--data", folder.path, ...args], { folder: `${root}/${project}/src`, input }),
    });
  } finally {
    folder[Symbol.dispose]();
  }
}

Deno.test("brief shows the page of the project it is called from, and nothing of another", () =>
  withProjects(async ({ run }) => {
    await run("heron", ["remember", "We decided to use libSQL."]);
    await run("gull", ["remember", "We decided to use SQLite alone."]);
    const { code, out } = await run("heron", ["brief"]);
    assert.deepEqual([code, /use libSQL/.test(out), /SQLite alone/.test(out)], [0, true, false]);
  }));

Deno.test("brief says how to begin in a project of which nothing is remembered", () =>
  withProjects(async ({ run }) => {
    await run("heron", ["remember", "We decided to use libSQL."]);
    const { code, out } = await run("gull", ["brief"]);
    assert.deepEqual([code, /Nothing is remembered here yet/.test(out), /libSQL/.test(out)], [
      0,
      true,
      false,
    ]);
  }));

Deno.test("brief --hook reads folder and session from stdin, and shows each session what changed since the last", () =>
  withProjects(async ({ data, run }) => {
    await run("heron", ["remember", "We decided to use libSQL."]);
    const cwd = data.replace(/data$/, "heron");
    const hook = async (session: string) => {
      const input = JSON.stringify({ session_id: session, cwd, hook_event_name: "SessionStart" });
      const { out } = await run("gull", ["brief", "--hook", "claude-code", "--json"], input);
      return JSON.parse(out).changed.map(({ text }: { text: string }) => text);
    };
    const first = await hook("s1");
    await run("heron", ["remember", "Ana owns the API."]);
    assert.deepEqual([first, await hook("s2"), await hook("s2"), await hook("s3")], [
      [],
      ["Ana owns the API."],
      ["Ana owns the API."],
      [],
    ]);
  }));

const broken: readonly (readonly [string, string])[] = [
  ["no JSON", "{"],
  ["a list", "[]"],
  ["a folder of no project that is relative", '{"cwd":"../x"}'],
];
for (const [what, input] of broken) {
  Deno.test(`brief --hook given ${what} ends with 0, prints nothing, and tells why in host.log`, () =>
    withProjects(async ({ data, run }) => {
      const { code, out, err } = await run("heron", ["brief", "--hook", "claude-code"], input);
      assert.deepEqual([code, out, err], [0, "", ""]);
      assert.match(Deno.readTextFileSync(`${data}/host.log`), /hook brief for claude-code: .+\n$/);
    }));
}
