/** engramlt help: a command, or the words used here. */
import { type Leaf, type Node, usage } from "../command.ts";
import { cut, type Screen } from "../terminal/screen.ts";
import { helpFor, wrap } from "./text.ts";
import { words } from "./words.ts";

function showWords(screen: Screen): void {
  const width = Math.max(...words.map(([word]) => word.length));
  for (const [word, meaning] of words) {
    screen.line(
      `${screen.paint("bold", word.padEnd(width))}  ${
        wrap(meaning, screen.terminal.columns() - width - 2, width + 2)
      }`,
    );
  }
}

/** engramlt help, over a tree that holds it. */
export function help(nodes: () => readonly Node[]): Leaf {
  return {
    name: "help",
    says: "explain a command, or the words used here (help words)",
    places: [{ name: "command", says: "a command, or words", many: true, optional: true, noFlag: true }],
    examples: ["help memory import", "help words"],
    run(call) {
      const path = call.all("command");
      if (path[0] === "words") {
        return call.screen.result({ words: Object.fromEntries(words) }, () => showWords(call.screen));
      }
      const text = helpFor(nodes(), path);
      if (text === null) {
        throw usage(
          `Cannot explain ${JSON.stringify(cut(path.join(" "), 80))}: there is no such command`,
          "engramlt --help lists them",
        );
      }
      call.screen.result({ help: text }, () => call.screen.terminal.out(text));
    },
  };
}
