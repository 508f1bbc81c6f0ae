/** What a command reads before it begins: an assistant waits for some of them at every session. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly isDynamic?: boolean;
    readonly code?: { readonly specifier?: string };
    readonly npmPackage?: string;
  }[];
}

/** Packages that modules import, and the parts of node that take 25 ms to load; not what is imported when needed. */
async function packagesOf(paths: readonly string[]): Promise<string[]> {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const found = new Set<string>();
  for (const path of paths) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", `${root}${path}`],
      cwd: root,
    }).output();
    const { modules }: { modules: readonly Module[] } = JSON.parse(new TextDecoder().decode(stdout));
    const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
    const seen = new Set<string>(), left = [new URL(`../../../${path}`, import.meta.url).href];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      for (const { isDynamic, code } of bySpecifier.get(next)?.dependencies ?? []) {
        const to = code?.specifier;
        if (to === undefined || isDynamic === true) continue;
        if (to.startsWith("npm:") || to === "node:crypto" || to === "node:fs") found.add(to);
        else if (to.startsWith("node:")) continue;
        else left.push(to);
      }
    }
    assert(seen.size > 1, `${path} imports something`);
  }
  return [...found];
}

Deno.test("what finds the host and a folder's project imports no package and no slow part of node", async () => {
  assert.deepEqual(
    await packagesOf(["src/api/find_host.ts", "src/runtime/projects.ts", "src/cli/sessions/hook.ts"]),
    [],
  );
});
