/** Ids as people type them: whole, as a unique beginning, by name, or `@last`. */
import { EngramError } from "../kernel/errors.ts";
import { idLetters, parseId } from "../kernel/ids.ts";
import type { Port } from "../runtime/port.ts";
import type { Call } from "./command.ts";
import { shellWord } from "./terminal/shell_word.ts";

/** The full id of what a text names. A full id is taken as it is, without asking. */
export async function fullId(
  port: Port,
  what: "engram" | "context" | "agent",
  text: string,
): Promise<string> {
  if (what !== "agent" && parseId(text)?.letter === idLetters[what]) return text;
  try {
    return (await port.view({ view: "resolve", what, text })).id;
  } catch (error) {
    const isUnknown = error instanceof EngramError && error.code === "engram_not_found";
    const named = isUnknown ? await engramNamed(port, text) : null;
    if (named === null) throw error;
    return named;
  }
}

/** The one thing that has a name (its title or an alias), or null. */
async function engramNamed(port: Port, name: string): Promise<string | null> {
  const { hits } = await port.view({ view: "search", text: name, kind: "thing", limit: 100 });
  const wanted = name.toLowerCase();
  const found = hits.filter(({ title, metadata: { aliases } }) =>
    [title, ...(Array.isArray(aliases) ? aliases : [])].some((one) =>
      typeof one === "string" && one.toLowerCase() === wanted
    )
  );
  const titled = found.filter(({ title }) => title?.toLowerCase() === wanted);
  const [only, ...others] = titled.length > 0 ? titled : found;
  if (only === undefined) return null;
  if (others.length === 0) return only.id;
  const ids = [only, ...others].map(({ id }) => id).join(", ");
  throw new EngramError(
    "id_ambiguous",
    `Cannot tell which memory ${JSON.stringify(name)} is: ${ids} have that name`,
  );
}

/** The context that `--context` (or `--context-id`) names, as a full id, or null where none was named. */
export async function contextOf(call: Call, port: Port): Promise<string | null> {
  const text = call.text("context-id") ?? call.text("context");
  return text === null ? null : await contextId(port, text);
}

/** The full id of a context; the refusal says how to make one. */
export async function contextId(port: Port, text: string): Promise<string> {
  try {
    return await fullId(port, "context", text);
  } catch (error) {
    if (!(error instanceof EngramError) || error.code !== "context_not_found") throw error;
    const hint = `engramlt context list shows them; engramlt context create ${shellWord(text)} makes it`;
    throw new EngramError(error.code, error.message, error.data, hint);
  }
}
