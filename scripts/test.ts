/**
 * `deno task test`: every test, and one line at the end that counts them all: `N passed, N failed, N skipped`.
 *
 * Usage: deno task test [FILE…] [deno test's own flags…]   (tests/ without arguments)
 * Exit code: that of `deno test`; 1 where it ran none.
 */

const escapes = new RegExp(String.raw`\u001b\[[0-9;]*m`, "g");

/** The counts in deno's own closing line, or null where there is none. */
export function countsOf(output: string): { passed: number; failed: number; skipped: number } | null {
  const plain = output.replace(escapes, "");
  const lines = plain.split("\n").filter((line) => /^(ok|FAILED) \| \d+ passed/.test(line));
  const last = lines.at(-1);
  if (last === undefined) return null;
  const count = (word: string) => Number(new RegExp(String.raw`(\d+) ${word}`).exec(last)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

async function run(args: readonly string[]): Promise<number> {
  const paths = args.some((arg) => !arg.startsWith("-")) ? [] : ["tests"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", "--parallel", ...args, ...paths],
    env: { DENO_JOBS: Deno.env.get("DENO_JOBS") ?? "2" },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of child.stdout) {
    Deno.stdout.writeSync(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-100_000);
  }
  const { code } = await child.status;
  const counts = countsOf(tail);
  if (counts === null) {
    console.log("0 passed, 1 failed");
    return code === 0 ? 1 : code;
  }
  const { passed, failed, skipped } = counts;
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return code;
}

if (import.meta.main) Deno.exit(await run(Deno.args));
