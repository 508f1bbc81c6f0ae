/** `engramlt help words`: each word of the program, once. */

/** Words and what they mean, people's words first. */
export const words: readonly (readonly [string, string])[] = [
  [
    "memory",
    "Something remembered: a note, a sentence, a named thing or a summary, with its source and time.",
  ],
  ["link", "A connection from one memory to another, with a type: mentions, from, supersedes, contradicts …"],
  ["project", "A context: memories that belong together, and the agents that may work on them."],
  [
    "agent",
    "A WebAssembly program that reads and writes memories. It may do what it was granted, and no more.",
  ],
  ["grant", "What an agent may do: read or write a context, send to an agent. Nothing unless you say so."],
  ["engram", "The name of a memory in files, APIs and agents."],
  [
    "tick",
    "One turn of the program. What happens in a tick happens together, or not at all. Ticks are numbered.",
  ],
  ["step", "One run of an agent, from a question to its answer."],
  ["fuel", "What running costs: a count of instructions, the same on every machine. It bounds every step."],
  [
    "outcome",
    "How a step ended: completed, failed, trapped (it crashed), out_of_fuel, denied, conflicted, killed. All but completed leave no trace.",
  ],
  ["log", "Every command and every result, in order. All else can be made again from it."],
  ["state hash", "64 digits that stand for all that has happened. Equal hashes: equal histories."],
  ["replay", "To run the log again and compare every tick: this is how you know nothing was made up."],
];
