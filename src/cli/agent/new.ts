/** engramlt agent new: a project for an agent, copied from the template that lies beside the SDK. */
import { fileURLToPath } from "node:url";
import { EngramError } from "../../kernel/errors.ts";
import { assetUrl } from "../../runtime/assets.ts";
import type { Call } from "../command.ts";
import { dirname, fileRefusal, fromCaller, join, readText, statOf } from "../paths.ts";
import { plural } from "../terminal/screen.ts";
import { shellWord } from "../terminal/shell_word.ts";

const sdkFolder = "agents/sdk/assemblyscript";

/** A file of the template: `from` beside the SDK, `to` in the project; `named` ones hold the agent's name. */
interface TemplateFile {
  readonly from: string;
  readonly to: string;
  readonly named: boolean;
}

async function templateFiles(): Promise<TemplateFile[]> {
  const path = fileURLToPath(assetUrl(`${sdkFolder}/template.json`));
  const value: unknown = JSON.parse(await readText(path, "read the template"));
  const files: unknown = typeof value === "object" && value !== null && "files" in value ? value.files : null;
  if (!Array.isArray(files)) throw new Error(`Fault: ${path} lists no files`);
  return files.map((file: unknown) => {
    const { from, to, named } = typeof file === "object" && file !== null
      ? { from: "", to: "", named: false, ...file }
      : {};
    if (typeof from !== "string" || typeof to !== "string") {
      throw new Error(`Fault: ${path} lists no such file`);
    }
    return { from, to, named: named === true };
  });
}

/** The command. */
export async function newAgent(call: Call): Promise<void> {
  const name = call.need("name");
  if (!/^[a-z][a-z0-9_-]{0,63}$/.test(name)) {
    const rule = "a name begins with a small letter and has small letters, digits, - and _";
    throw new EngramError("invalid_argument", `Cannot make agent ${JSON.stringify(name)}: ${rule}`);
  }
  const folder = join(fromCaller(call.screen.terminal, call.text("out") ?? "."), name);
  if (await statOf(folder) !== null) {
    throw new EngramError("wrong_state", `Cannot make agent "${name}": ${folder} is there already`, {
      folder,
    }, "Choose another name or folder");
  }
  const files = await templateFiles();
  for (const { from, to, named } of files) {
    const text = await readText(fileURLToPath(assetUrl(`${sdkFolder}/${from}`)), "read the template");
    const path = join(folder, to);
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, named ? text.replaceAll("__NAME__", name) : text, { createNew: true });
    } catch (error) {
      throw fileRefusal("write", path, error);
    }
  }
  call.screen.result({ name, folder, files: files.map(({ to }) => to) }, () => {
    call.screen.line(folder);
    call.screen.note(
      `Next:  cd ${shellWord(folder)}\n       npm i && npm run build\n       engramlt agent load ${
        shellWord(folder)
      }`,
    );
  });
  call.screen.summary(`${plural(files.length, "file")} written`);
}
