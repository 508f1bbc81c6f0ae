/** openDataModels(): the models of a data folder, as the host and the command line open them. */
import { join } from "node:path";
import { type Models, modelStatus, openModels, type Provider } from "../../model/mod.ts";
import type { ModelEvent } from "../../model/mod.ts";
import { workerUrl } from "../assets.ts";

export { defaultEndpoint, defaultModel, type Models, type Provider, providers } from "../../model/mod.ts";
export type { ListedModel, ModelEvent, Ran, RunInputs, TensorValue } from "../../model/mod.ts";

/** Where the models of a data folder lie. */
const modelsFolder = (data: string): string => join(data, "models");

/** Opens the models of a data folder; costs nothing until one is used. */
export function openDataModels(
  data: string,
  options: { readonly provider?: Provider; readonly onEvent?: (event: ModelEvent) => void } = {},
): Models {
  return openModels({ folder: modelsFolder(data), worker: workerUrl("model"), ...options });
}

/** Whether a data folder has a model for sentences, and the command that gets one. */
export function dataModelStatus(data: string): ReturnType<typeof modelStatus> {
  return modelStatus(modelsFolder(data));
}

/** Opens what `engramlt model load` marked, beside everything else; one that can't be opened is told, and stays closed. */
export function preloadModels(models: Models, signal: AbortSignal, onFault: (error: unknown) => void): void {
  models.preload().then((failed) => {
    if (signal.aborted) return; // what was not open yet at the end need not be told
    for (const { name, reason } of failed) onFault(new Error(`Cannot open the model ${name}: ${reason}`));
  }, onFault);
}
