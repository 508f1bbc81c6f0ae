/**
 * Nothing acknowledged is lost: three client processes remember in parallel, in both eras, also when they are killed in
 * the middle.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { eras } from "../../support/mcp_clients.ts";
import { withHost } from "../../support/ports.ts";

const writer = fileURLToPath(new URL("../../support/mcp_writer_process.ts", import.meta.url));
const processes = 3, writesEach = 200;

/** Starts a client process that remembers in parallel, and prints the id and the content of each acknowledged memory. */
function start(data: string, era: string, name: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", writer, data, era, name, String(writesEach)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** The acknowledged memories by id; ends `child` by SIGKILL once it printed `killAfter` of them. */
async function acknowledged(child: Deno.ChildProcess, killAfter: number): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let rest = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [id = "", content = ""] = line.split("\t");
      found.set(id, content);
    }
    if (found.size >= killAfter) child.kill("SIGKILL");
  }
  await child.status;
  return found;
}

for (const era of eras) {
  for (const [what, killAfter] of [["", Infinity], [", killed in the middle", 40]] as const) {
    const name =
      `3 processes × ${writesEach} parallel remember${what}: every acknowledged one is kept (${era})`;
    Deno.test(name, () =>
      withHost(async ({ data, port }) => {
        const children = Array.from({ length: processes }, (_, at) => start(data, era, `writer ${at}`));
        const told = await Promise.all(children.map((child) => acknowledged(child, killAfter)));
        const all = new Map(told.flatMap((found) => [...found]));
        assert.equal(all.size, told.reduce((sum, found) => sum + found.size, 0), "an id was given twice");
        if (killAfter === Infinity) assert.equal(all.size, processes * writesEach);
        else assert(all.size >= processes * killAfter, `only ${all.size} were acknowledged`);
        for (const [id, content] of all) {
          assert.equal((await port.view({ view: "engram", id })).content, content);
        }
        const { engrams } = await port.view({ view: "status" });
        assert(engrams >= all.size && engrams <= processes * writesEach, `${engrams} memories`);
      }));
  }
}
