/**
 * Runs the demo on its own notes, in a pipe, and writes what it printed between the markers of README.md.
 *
 * Usage: deno run -A scripts/transcript.ts
 * Exit code: that of the demo; nothing is written where it failed.
 */
import { selfCommand } from "../src/runtime/mod.ts";

const readme = new URL("../README.md", import.meta.url);
const begin = "<!-- transcript: begin (deno run -A scripts/transcript.ts) -->";
const end = "<!-- transcript: end -->";

/** The transcript in the README, without its fence. */
export function transcriptOf(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`Cannot find the transcript: README.md has no ${begin} … ${end}`);
  }
  return page.slice(from + begin.length, to).replace(/^\n+```text\n|\n```\n+$/g, "");
}

/** The page with another transcript. `program` is how this run was started, which the README calls `engramlt`. */
function withTranscript(page: string, printed: string, program: string): string {
  const text = printed.replaceAll(program, "engramlt").replace(/^\n+|\s+$/g, "");
  const before = page.slice(0, page.indexOf(begin) + begin.length);
  return `${before}\n\n\`\`\`text\n$ engramlt demo\n${text}\n\`\`\`\n\n${page.slice(page.indexOf(end))}`;
}

async function run(): Promise<number> {
  const { command, args } = selfCommand();
  const { code, stdout } = await new Deno.Command(command, {
    args: [...args, "demo"],
    stderr: "inherit",
  }).output();
  if (code !== 0) return code;
  const page = await Deno.readTextFile(readme);
  const printed = new TextDecoder().decode(stdout);
  await Deno.writeTextFile(readme, withTranscript(page, printed, "deno task -q engramlt"));
  return 0;
}

if (import.meta.main) Deno.exit(await run());
