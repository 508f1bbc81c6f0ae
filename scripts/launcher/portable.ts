/**
 * The portable executable: a launcher in front of the payload. With a C compiler it is a program of its own
 * (launcher.c), otherwise a shell script (launcher.sh); both unpack the same folder and start the same program.
 */
import { fileURLToPath } from "node:url";
import { unsetVariables } from "./layout.ts";
import { sha256Hex } from "./payload.ts";

/** Which launcher stands in front. */
export type LauncherKind = "portable-c" | "portable-sh";

const programPath = "app/engramlt";
const trailerMagic = "ENGRAMLT-FILE-1\n";
const trailerBytes = 64;
const sourcePath = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Which C compiler is at hand: `CC`, else cc, gcc or clang; `null` if none can build the launcher here. */
export async function findCompiler(): Promise<string | null> {
  if (Deno.build.os === "darwin") return null; // a signed program may carry nothing behind its end
  for (const name of [Deno.env.get("CC"), "cc", "gcc", "clang"]) {
    if (!name) continue;
    try {
      const { success } = await new Deno.Command(name, {
        args: ["--version"],
        stdout: "null",
        stderr: "null",
      })
        .output();
      if (success) return name;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

const cString = (text: string) => JSON.stringify(text);
const cList = (name: string, texts: readonly string[]) =>
  `static const char *const ${name}[] = {${texts.map(cString).join(", ")}};\n`;

async function compileLauncher(compiler: string, launch: readonly string[]): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir({ prefix: "engramlt-launcher-" });
  try {
    await Deno.writeTextFile(
      `${folder}/launch.h`,
      `#define LAUNCH_PROGRAM ${cString(programPath)}\n` + cList("launch_arguments", launch) +
        cList("launch_unset", unsetVariables),
    );
    const output = `${folder}/launcher`;
    const build = (linking: readonly string[]) =>
      new Deno.Command(compiler, {
        args: [
          "-std=gnu11",
          "-O3",
          "-s",
          "-pthread",
          ...linking,
          `-I${folder}`,
          "-o",
          output,
          sourcePath("launcher.c"),
        ],
        stdout: "piped",
        stderr: "piped",
      }).output();
    let result = await build(["-static"]);
    if (!result.success) result = await build([]); // no static C library: depend on the shared one
    if (!result.success) {
      throw new Error(
        `Cannot build the launcher with ${compiler}: ${new TextDecoder().decode(result.stderr)}`,
      );
    }
    return await Deno.readFile(output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function trailer(offset: number, length: number, sha256: string): Uint8Array {
  const bytes = new Uint8Array(trailerBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(trailerMagic));
  view.setBigUint64(16, BigInt(offset), true);
  view.setBigUint64(24, BigInt(length), true);
  for (let i = 0; i < 32; i++) bytes[32 + i] = Number.parseInt(sha256.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** A word of sh in which `{app}` and `{exe}` become variables; permission lists go through the script's check. */
function shellWord(text: string): string {
  const quote = (part: string) =>
    `"${part.replace(/[\\"$`]/g, "\\$&").replace(/\{(app|exe)\}/g, (_, name: string) => `$${name}`)}"`;
  const [, flag, list] = /^(--allow-[a-z]+)=(.*\{.*)$/.exec(text) ?? [];
  return flag === undefined || list === undefined ? quote(text) : `"$(listed ${flag} ${quote(list)})"`;
}

async function shellLauncher(launch: readonly string[], sha256: string): Promise<Uint8Array> {
  const template = await Deno.readTextFile(sourcePath("launcher.sh"));
  const values: Readonly<Record<string, string>> = {
    SHA256: sha256,
    LINE: String(template.split("\n").length),
    NAME: sha256.slice(0, 16),
    PROGRAM: programPath,
    UNSET: unsetVariables.join(" "),
    ARGUMENTS: launch.map(shellWord).join(" "),
  };
  return new TextEncoder().encode(
    template.replace(/@([A-Z0-9]+)@/g, (all, name: string) => values[name] ?? all),
  );
}

/**
 * The bytes of the executable file.
 *
 * @param payload from packPayload(); it must hold `app/engramlt`, the program to run
 * @param launch the program's first arguments, with `{app}` and `{exe}`
 * @param compiler a C compiler, or `null` for the shell launcher
 */
export async function assemblePortable(
  payload: Uint8Array,
  launch: readonly string[],
  compiler: string | null,
): Promise<{ kind: LauncherKind; parts: Uint8Array[] }> {
  const sha256 = sha256Hex(payload);
  if (compiler === null) {
    return { kind: "portable-sh", parts: [await shellLauncher(launch, sha256), payload] };
  }
  const program = await compileLauncher(compiler, launch);
  return {
    kind: "portable-c",
    parts: [program, payload, trailer(program.length, payload.length, sha256)],
  };
}
