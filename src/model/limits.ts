/** The limits of the model store and its sessions, by name. Reaching one is a refusal. */

export const modelLimits = {
  /** A model's largest file. */
  modelBytesMax: 2 * 1024 ** 3,
  /** A file beside the weights: a tokenizer, a configuration. */
  sideFileBytesMax: 64 * 1024 ** 2,
  /** The answer of a hub's model-info route. */
  infoBytesMax: 4 * 1024 ** 2,
  /** Files that a hub may name for one model. */
  infoFilesMax: 10_000,
  redirectsMax: 5,
  /** Tries for one file; each goes on where the last one ended. */
  fetchTriesMax: 4,
  /** Between tries, the first time; one more of it each time. */
  fetchPauseMs: 250,
  /** No byte for this long ends a try. */
  fetchIdleMsMax: 30_000,
  /** Waiting for another program that changes the same store. */
  storeWaitMsMax: 10_000,
  /** Models and versions of one store. */
  modelsMax: 256,
  /** Bytes of models whose sessions are open at once; the one least lately used goes first. */
  sessionBytesMax: 1024 ** 3,
  /** One text. */
  textBytesMax: 1024 ** 2,
  /** Characters of a text that are looked at: far more than any sequence of tokens holds. */
  textReadCharactersMax: 32_768,
  textsPerCallMax: 1024,
  /** Texts that wait for the model worker, over all calls. */
  textsWaitingMax: 4096,
  /** Texts sent to the worker at once: a short question waits for no more than these. */
  textsPerTurnMax: 4,
  /** Turns that are with the worker at once. */
  turnsMax: 2,
  /** Tokens of one sequence where the model does not say less. */
  sequenceTokensMax: 256,
  dimensionsMax: 8192,
  /** Numbers in the inputs, and in the outputs, of one `run`. */
  tensorElementsMax: 4_000_000,
} as const;
