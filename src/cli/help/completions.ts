/** engramlt completions: scripts for bash, zsh and fish, made from the command tree. */
import {
  type Flag,
  flagName,
  flagsOf,
  type Group,
  isGroup,
  type Leaf,
  type Node,
  usage,
} from "../command.ts";
import { globalFlags } from "../globals.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = typeof shells[number];

const shown = (nodes: readonly Node[]): readonly Node[] =>
  nodes.filter((node) => isGroup(node) || node.hidden !== true);
const flagWords = (flags: readonly Flag[]): string[] => flags.map((flag) => `--${flagName(flag)}`);
const takesValue = (flag: Flag): boolean => / [A-Z]/.test(flag.flags);

/** Every way to a command: its words and its flags. */
function ways(nodes: readonly Node[]): { readonly path: string; readonly words: readonly string[] }[] {
  const everywhere = [...flagWords(globalFlags), "--help"];
  const names = (list: readonly (Leaf | Group)[]) => list.map(({ name }) => name);
  const places: Readonly<Record<string, readonly string[]>> = {
    completions: shells,
    help: ["words", ...names(shown(nodes))],
  };
  const leaf = (path: string, one: Leaf) => ({
    path,
    words: [...(places[path] ?? []), ...flagWords(flagsOf(one)), ...everywhere],
  });
  return [
    { path: "", words: [...names(shown(nodes)), ...everywhere, "--version"] },
    ...shown(nodes).flatMap((node) =>
      isGroup(node)
        ? [
          { path: node.name, words: names(node.commands) },
          ...node.commands.map((one) => leaf(`${node.name} ${one.name}`, one)),
        ]
        : [leaf(node.name, node)]
    ),
  ];
}

/** Words that take a value after them: the next word is not a command. */
function valued(nodes: readonly Node[]): string[] {
  const leaves = nodes.flatMap((node) => isGroup(node) ? node.commands : [node]);
  const flags = [...globalFlags, ...leaves.flatMap(flagsOf)];
  return [...new Set(flags.filter(takesValue).map((flag) => `--${flagName(flag)}`))].sort();
}

/** The part bash and zsh share: finds the command in the words before the cursor, and its completions. */
function posix(nodes: readonly Node[]): string {
  const groups = nodes.filter(isGroup).map(({ name }) => name).join("|");
  const cases = ways(nodes).map(({ path, words }) => `    "${path}") echo "${words.join(" ")}" ;;`).join(
    "\n",
  );
  return `_engramlt_words() {
  local path="" skip="" word
  for word in "$@"; do
    if [ -n "$skip" ]; then skip=""; continue; fi
    case "$word" in
      ${valued(nodes).join("|")}) skip=1 ;;
      -*) ;;
      *)
        case "$path" in
          "") path="$word" ;;
          ${groups}) path="$path $word" ;;
        esac ;;
    esac
  done
  case "$path" in
${cases}
  esac
}
`;
}

const bash = (nodes: readonly Node[]): string =>
  `# engramlt completions for bash: source this file, or put it in bash_completion.d
${posix(nodes)}_engramlt() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  words="$(_engramlt_words "\${COMP_WORDS[@]:1:COMP_CWORD-1}")"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _engramlt engramlt
`;

const zsh = (nodes: readonly Node[]): string =>
  `#compdef engramlt
# engramlt completions for zsh: put this file as _engramlt into a folder of $fpath
${posix(nodes)}_engramlt() {
  local -a found
  found=(\${=$(_engramlt_words "\${(@)words[2,CURRENT-1]}")})
  compadd -- $found || _files
}
if [ "$funcstack[1]" = "_engramlt" ]; then _engramlt "$@"; else compdef _engramlt engramlt; fi
`;

function fish(nodes: readonly Node[]): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const flag = (condition: string, one: Flag) =>
    `complete -c engramlt ${condition}-l ${flagName(one)} ${takesValue(one) ? "-r " : ""}-d ${
      quote(one.says)
    }`;
  const top = shown(nodes).map(({ name }) => name).join(" ");
  const lines = [
    "# engramlt completions for fish: put this file into ~/.config/fish/completions",
    ...globalFlags.map((one) => flag("", one)),
  ];
  for (const node of shown(nodes)) {
    const isFirst = `-n ${quote(`not __fish_seen_subcommand_from ${top}`)}`;
    lines.push(`complete -c engramlt ${isFirst} -f -a ${node.name} -d ${quote(node.says)}`);
    const inNode = `__fish_seen_subcommand_from ${node.name}`;
    if (!isGroup(node)) {
      for (const one of flagsOf(node)) lines.push(flag(`-n ${quote(inNode)} `, one));
      continue;
    }
    const names = node.commands.map(({ name }) => name).join(" ");
    for (const one of node.commands) {
      const isNext = quote(`${inNode}; and not __fish_seen_subcommand_from ${names}`);
      lines.push(`complete -c engramlt -n ${isNext} -f -a ${one.name} -d ${quote(one.says)}`);
      const inLeaf = quote(`${inNode}; and __fish_seen_subcommand_from ${one.name}`);
      for (const each of flagsOf(one)) lines.push(flag(`-n ${inLeaf} `, each));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The completion script of a shell. */
export function completionScript(shell: Shell, nodes: readonly Node[]): string {
  return { bash, zsh, fish }[shell](nodes);
}

/** engramlt completions, over a tree that holds it. */
export function completions(nodes: () => readonly Node[]): Leaf {
  return {
    name: "completions",
    says: "print a completion script for bash, zsh or fish",
    places: [{ name: "shell", says: "bash, zsh or fish", noFlag: true }],
    examples: ["completions bash", "completions fish"],
    notes: 'In bash: eval "$(engramlt completions bash)"',
    run(call) {
      const named = call.need("shell");
      const shell = shells.find((one) => one === named);
      if (shell === undefined) {
        throw usage(`Cannot complete for ${JSON.stringify(named)}: it is none of ${shells.join(", ")}`);
      }
      const script = completionScript(shell, nodes());
      call.screen.result({ shell, script }, () => call.screen.terminal.out(script));
    },
  };
}
