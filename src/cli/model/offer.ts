/**
 * The offer of a model: `setup`, `up` and `doctor` say where there is none and what gets one; `setup` and `doctor` pull it
 * if a person says yes.
 *
 * Invariant: nothing is pulled unasked. The question is asked on a terminal alone, and --yes does not answer it.
 */
import { EngramError } from "../../kernel/errors.ts";
import type { Call } from "../command.ts";

/** The size of the default model, for people. */
const defaultModelSize = "23 MB";

/** The model for sentences of a data folder. */
export interface ModelState {
  readonly model: { readonly name: string; readonly hash: string; readonly dimensions: number } | null;
  /** The command that gets one. */
  readonly offer: string;
}

/** What a data folder has. Errors: `model_invalid` where the store is damaged. */
export async function modelState(data: string): Promise<ModelState> {
  const { dataModelStatus } = await import("../../runtime/models/models.ts");
  return dataModelStatus(data);
}

/** Where there is none: asks a person at a terminal whether to pull one, and pulls it. Gives what there is then. */
export async function offerModel(call: Call, data: string): Promise<ModelState> {
  const state = await modelState(data);
  const { screen } = call;
  const { terminal } = screen;
  const isPerson = terminal.inIsTerminal && terminal.errIsTerminal && !screen.isJson && !screen.options.quiet;
  if (state.model !== null || !isPerson || call.has("yes")) return state;
  const { defaultEndpoint, defaultModel } = await import("../../runtime/models/models.ts");
  const hub = terminal.env("HF_ENDPOINT") || defaultEndpoint;
  screen.note("There is no model: recall goes by words and links alone, not by meaning.");
  const answer = terminal.ask(`Pull ${defaultModel} (${defaultModelSize}) from ${hub} now? [y/N]`);
  if (!/^\s*y(?:es)?\s*$/i.test(answer ?? "")) return state;
  try {
    const { pullModel } = await import("./model.ts");
    const { name } = await pullModel(call, defaultModel);
    screen.note(`${name} is there`);
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    screen.note(`${error.message}\nGoing on without a model; ${state.offer} tries again`);
  }
  return await modelState(data);
}
