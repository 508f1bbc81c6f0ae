/**
 * Writes docs/cli.md and docs/errors.md from the command tree and the table of refusals; `--check` only compares.
 *
 * Exit code: 0 if they are up to date or were written, 1 with `--check` if one is not.
 */
import { cliPage, errorsPage } from "../src/cli/docs.ts";

/** The pages by path below docs. */
export const pages: Readonly<Record<string, () => string>> = { "cli.md": cliPage, "errors.md": errorsPage };

function read(url: URL): string | null {
  try {
    return Deno.readTextFileSync(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** A page as `deno fmt` leaves it. */
async function formatted(text: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", "md", "-"],
    cwd: new URL("../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  });
  const child = command.spawn();
  await new Response(text).body?.pipeTo(child.stdin);
  const { success, stdout } = await child.output();
  if (!success) throw new Error("Cannot format the page: deno fmt failed");
  return new TextDecoder().decode(stdout);
}

/** Writes pages of docs, or with `--check` compares them; exits with 1 if one differs. */
export async function writePages(
  written: Readonly<Record<string, () => string>>,
  script: string,
): Promise<void> {
  const check = Deno.args.includes("--check");
  let stale = 0;
  for (const [name, page] of Object.entries(written)) {
    const url = new URL(`../docs/${name}`, import.meta.url);
    const text = await formatted(page());
    if (read(url) === text) continue;
    if (check) {
      console.error(`docs/${name} is not up to date: run deno run -A ${script}`);
      stale += 1;
    } else Deno.writeTextFileSync(url, text);
  }
  if (stale > 0) Deno.exit(1);
}

if (import.meta.main) await writePages(pages, "scripts/docs_cli.ts");
