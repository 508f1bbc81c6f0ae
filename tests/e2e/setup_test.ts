import assert from "node:assert/strict";
import { removeJson, setJson } from "../../src/input/mod.ts";
import { executablePath } from "../../src/runtime/assets.ts";
import { clientNames, clientPlaces, shellLine } from "../../src/cli/setup/clients.ts";
import { runCli, type TerminalFacts } from "../support/terminal.ts";

interface Home {
  readonly root: string;
  /** A path below the home folder. */
  at(path: string): string;
  read(path: string): string | null;
  write(path: string, text: string): void;
  setup(args?: readonly string[], more?: TerminalFacts): ReturnType<typeof runCli>;
}

/** A home folder with every client in it, and the command line that knows no other. */
async function withHome(work: (home: Home) => Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "engramlt-home-" });
  const at = (path: string) => `${root}/${path}`;
  const env = { HOME: root, USERPROFILE: root, APPDATA: at(".config"), XDG_CONFIG_HOME: at(".config") };
  try {
    await work({
      root,
      at,
      read(path) {
        try {
          return Deno.readTextFileSync(at(path));
        } catch (error) {
          if (error instanceof Deno.errors.NotFound) return null;
          throw error;
        }
      },
      write(path, text) {
        Deno.mkdirSync(at(path).replace(/\/[^/]*$/, ""), { recursive: true });
        Deno.writeTextFileSync(at(path), text);
      },
      setup: (args = [], more = {}) =>
        runCli(["setup", "--data", at("data"), "--no-check", ...args], { env, folder: root, ...more }),
    });
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const texts: Readonly<Record<string, string>> = {
  ".claude.json":
    '{\n  "numStartups": 3,\n  "mcpServers": {\n    "other": { "command": "x", "args": [] }\n  }\n}\n',
  ".claude/settings.json":
    '{\n    "hooks": {\n        "SessionStart": [\n            { "hooks": [ { "type": "command", "command": "echo hi" } ] }\n        ]\n    }\n}',
  ".cursor/mcp.json": '{"mcpServers":{}}',
  ".config/Code/User/mcp.json": '{\r\n\t// mine\r\n\t"servers": {\r\n\t},\r\n}\r\n',
  ".codex/config.toml": '# mine\nmodel = "gpt"\n\n[mcp_servers.other]\ncommand = "x"\n',
};
const made = [".config/Claude/claude_desktop_config.json", ".codex/hooks.json"];

function install(home: Home): void {
  for (const [path, text] of Object.entries(texts)) home.write(path, text);
  Deno.mkdirSync(home.at(".config/Claude"), { recursive: true });
}

Deno.test("setup adds its entry to every client it finds, and --undo gives every file back byte for byte", () =>
  withHome(async (home) => {
    install(home);
    const { code, out } = await home.setup(["--yes"]);
    assert.equal(code, 0);
    for (const title of ["Claude Code", "Claude Desktop", "Cursor", "VS Code", "Codex"]) {
      assert.match(out, new RegExp(`✓ ${title} set up`));
    }
    for (const path of [...Object.keys(texts), ...made]) {
      assert.match(home.read(path) ?? "", /main\.ts|npx/, path);
    }
    const undone = await home.setup(["--undo"]);
    assert.equal(undone.code, 0);
    for (const [path, text] of Object.entries(texts)) assert.equal(home.read(path), text, path);
    for (const path of made) assert.equal(home.read(path), null, path);
  }));

Deno.test("setup registers the program's own path and the data folder, with every other entry as it was", () =>
  withHome(async (home) => {
    install(home);
    await home.setup(["--yes", "claude-code", "cursor"]);
    const { mcpServers, numStartups } = JSON.parse(home.read(".claude.json") ?? "");
    assert.deepEqual([numStartups, mcpServers.other, mcpServers.engramlt.type], [
      3,
      { command: "x", args: [] },
      "stdio",
    ]);
    const { args } = JSON.parse(home.read(".cursor/mcp.json") ?? "").mcpServers.engramlt;
    assert.deepEqual(args.slice(-4), [executablePath(), "mcp", "--data", home.at("data")]);
  }));

Deno.test("setup adds hooks of type command beside those that are there", () =>
  withHome(async (home) => {
    install(home);
    await home.setup(["--yes", "claude-code", "codex"]);
    const { hooks } = JSON.parse(home.read(".claude/settings.json") ?? "");
    assert.deepEqual(Object.keys(hooks), ["SessionStart", "PreCompact", "SessionEnd"]);
    assert.equal(hooks.SessionStart[0].hooks[0].command, "echo hi");
    const [start] = hooks.SessionStart[1].hooks, [end] = hooks.SessionEnd[0].hooks;
    assert.equal(start.type, "command");
    assert.match(start.command, / --data \S+ brief --hook claude-code$/);
    assert.match(end.command, / hook claude-code$/);
    assert.match(home.read(".codex/hooks.json") ?? "", / brief --hook codex"/);
  }));

Deno.test("setup the same again writes nothing", () =>
  withHome(async (home) => {
    install(home);
    await home.setup(["--yes"]);
    const before = Object.keys(texts).map((path) => Deno.statSync(home.at(path)).mtime);
    const { code, out } = await home.setup([]);
    assert.equal(code, 0);
    assert.match(out, /✓ Codex was set up already/);
    assert.deepEqual(Object.keys(texts).map((path) => Deno.statSync(home.at(path)).mtime), before);
  }));

Deno.test("setup shows the change and writes nothing with --dry-run, without a terminal, and after a no", () =>
  withHome(async (home) => {
    install(home);
    const dry = await home.setup(["--dry-run", "codex"]);
    const piped = await home.setup(["codex"]);
    const no = await home.setup(["codex"], { isTerminal: true, answers: ["n"] });
    assert.match(dry.out, /\+ \[mcp_servers\.engramlt\]/);
    assert.match(piped.err, /there is no terminal\nhint: Look with --dry-run, then say --yes/);
    assert.deepEqual([dry.code, piped.code, no.code], [0, 2, 130]);
    assert.deepEqual([home.read(".codex/config.toml"), home.read("data/setup/record.json")], [
      texts[".codex/config.toml"],
      null,
    ]);
  }));

Deno.test("setup --undo takes out its own entry alone where others changed the file since, and says so", () =>
  withHome(async (home) => {
    install(home);
    await home.setup(["--yes", "claude-code"]);
    const strict = { path: "", comments: false };
    home.write(".claude.json", setJson(home.read(".claude.json") ?? "", ["numStartups"], 4, strict));
    const { code, out } = await home.setup(["--undo"]);
    assert.equal(code, 0);
    assert.match(out, /\.claude\.json: changed by others since: only the entry of engramlt was taken out/);
    assert.equal(home.read(".claude.json"), texts[".claude.json"]?.replace("3", "4"));
    assert.equal(home.read(".claude/settings.json"), texts[".claude/settings.json"]);
  }));

Deno.test("setup after others changed a file keeps their change, and --undo then takes out the entry alone", () =>
  withHome(async (home) => {
    install(home);
    await home.setup(["--yes", "cursor"]);
    const form = { path: "", comments: false };
    const others = removeJson(home.read(".cursor/mcp.json") ?? "", ["mcpServers", "engramlt"], form);
    home.write(".cursor/mcp.json", setJson(others, ["mcpServers", "new"], { command: "y" }, form));
    await home.setup(["--yes", "cursor"]);
    await home.setup(["--undo"]);
    assert.equal(home.read(".cursor/mcp.json"), '{"mcpServers":{"new":{"command":"y"}}}');
  }));

const refused: readonly (readonly [string, (home: Home) => void, RegExp])[] = [
  [
    "is not JSON",
    (home) => home.write(".cursor/mcp.json", '{"mcpServers": '),
    /mcp\.json: it is not JSON \(.+ at line 1/,
  ],
  ["is not UTF-8", (home) => {
    home.write(".cursor/mcp.json", "");
    Deno.writeFileSync(home.at(".cursor/mcp.json"), new Uint8Array([0x7b, 0xff, 0x7d]));
  }, /it is not UTF-8/],
  ["is a symbolic link", (home) => {
    home.write("dotfiles/mcp.json", "{}");
    Deno.mkdirSync(home.at(".cursor"), { recursive: true });
    Deno.symlinkSync(home.at("dotfiles/mcp.json"), home.at(".cursor/mcp.json"));
  }, /it is a symbolic link/],
  ["is read-only", (home) => {
    home.write(".cursor/mcp.json", "{}");
    Deno.chmodSync(home.at(".cursor/mcp.json"), 0o400);
  }, /it is read-only/],
  [
    "holds a list where the servers should be",
    (home) => home.write(".cursor/mcp.json", '{"mcpServers":[]}'),
    /is not an object/,
  ],
  [
    "is a folder",
    (home) => Deno.mkdirSync(home.at(".cursor/mcp.json"), { recursive: true }),
    /it is no file/,
  ],
];
for (const [what, make, message] of refused) {
  Deno.test(`setup refuses a settings file that ${what}, leaves it, and sets up the others`, () =>
    withHome(async (home) => {
      home.write(".codex/config.toml", texts[".codex/config.toml"] ?? "");
      make(home);
      const bytes = () => {
        const { isFile } = Deno.statSync(home.at(".cursor/mcp.json"));
        return isFile ? Deno.readFileSync(home.at(".cursor/mcp.json")) : null;
      };
      const before = bytes();
      const { code, out, err } = await home.setup(["--yes"]);
      assert.deepEqual([code, bytes()], [11, before]);
      assert.match(err, message);
      assert.match(out, /✓ Codex set up/);
    }));
}

Deno.test("setup refuses a client it does not know, and a machine without any", () =>
  withHome(async (home) => {
    assert.match((await home.setup(["emacs"])).err, /"emacs": it is none of claude-code, claude-desktop/);
    assert.match((await home.setup()).err, /none of their settings is on this machine\nhint: Name one/);
  }));

Deno.test("setup of a client that is named makes its folder, and --undo removes what it made", () =>
  withHome(async (home) => {
    assert.equal((await home.setup(["--yes", "vscode"])).code, 0);
    assert.match(home.read(".config/Code/User/mcp.json") ?? "", /"servers"/);
    await home.setup(["--undo"]);
    assert.deepEqual([...Deno.readDirSync(home.root)].map(({ name }) => name), ["data"]);
  }));

Deno.test("setup keeps the mode of a file, and its backups are for their owner alone", () =>
  withHome(async (home) => {
    install(home);
    Deno.chmodSync(home.at(".claude.json"), 0o640);
    await home.setup(["--yes", "claude-code"]);
    const mode = (path: string) => (Deno.statSync(home.at(path)).mode ?? 0) & 0o777;
    const modes = [...Deno.readDirSync(home.at("data/setup"))].map(({ name }) => mode(`data/setup/${name}`));
    assert.deepEqual([mode(".claude.json"), new Set(modes)], [0o640, new Set([0o600])]);
  }));

Deno.test("setup --undo gives back every byte of files with a mark of the byte order, odd lines and no last line end", () =>
  withHome(async (home) => {
    const odd: Readonly<Record<string, string>> = {
      ".claude.json":
        '\ufeff{"a":"\\ud800","a":2,"mcpServers":{"engramlt":{"command":"theirs","env":{"A":"b"}}}}',
      ".claude/settings.json": '\ufeff{\r\n\t"hooks": {}\r\n}',
      ".config/Code/User/mcp.json": "\ufeff{ // mine\n}",
      ".codex/config.toml":
        '\ufeffmodel = "x"\r\n\r\n[mcp_servers.engramlt]\r\ncommand = "y" # mine\r\n\r\n[mcp_servers.engramlt.env]\r\nA = "1"',
    };
    for (const [path, text] of Object.entries(odd)) home.write(path, text);
    assert.equal((await home.setup(["--yes"])).code, 0);
    for (const path of Object.keys(odd)) assert.match(home.read(path) ?? "", /main\.ts|npx/, path);
    assert.match((await home.setup(["--yes"])).err, /0 files changed/);
    await home.setup(["--undo"]);
    for (const [path, text] of Object.entries(odd)) {
      assert.deepEqual(Deno.readFileSync(home.at(path)), new TextEncoder().encode(text), path);
    }
  }));

Deno.test("setup again keeps a matcher and a timeout that a person gave our hook", () =>
  withHome(async (home) => {
    home.write(
      ".claude/settings.json",
      '{"hooks":{"SessionStart":[{"matcher":"startup","hooks":[{"type":"command","command":"/old/engramlt brief --hook claude-code","timeout":30}]}]}}',
    );
    await home.setup(["--yes"]);
    const [own] = JSON.parse(home.read(".claude/settings.json") ?? "").hooks.SessionStart;
    assert.deepEqual([own.matcher, own.hooks[0].timeout], ["startup", 30]);
    assert.doesNotMatch(own.hooks[0].command, /old/);
  }));

Deno.test("clientPlaces() takes every path from the environment given", () => {
  const env: Readonly<Record<string, string>> = {
    HOME: "/h",
    APPDATA: "/roaming",
    CODEX_HOME: "/codex",
    CLAUDE_CONFIG_DIR: "/claude",
  };
  const of = (os: "linux" | "darwin" | "windows") => clientPlaces((name) => env[name], os);
  assert.equal(of("darwin").claudeDesktopFolder, "/h/Library/Application Support/Claude");
  assert.equal(of("windows").vscodeFolder, "/roaming/Code");
  const { codexFolder, claudeJson, claudeFolder, vscodeFolder } = of("linux");
  assert.deepEqual(
    [codexFolder, claudeJson, claudeFolder, vscodeFolder],
    ["/codex", "/claude/.claude.json", "/claude", "/h/.config/Code"],
  );
  assert.throws(() => clientPlaces(() => undefined, "linux"), /no variable names your home folder/);
});

Deno.test("shellLine() quotes what a shell would read otherwise", () => {
  const started = { command: "/a b/engramlt", args: ["--data", "it's", "plain"] };
  assert.equal(shellLine(started, "linux"), `'/a b/engramlt' --data 'it'\\''s' plain`);
  assert.equal(shellLine({ command: "C:\\a b\\e.exe", args: ["x"] }, "windows"), '"C:\\a b\\e.exe" x');
  assert.equal(shellLine({ command: "C:\\e.exe", args: [] }, "windows"), '"C:\\e.exe"');
});

Deno.test("setup --json tells of every client what was done", () =>
  withHome(async (home) => {
    install(home);
    const { out } = await home.setup(["--yes", "--json"]);
    const { clients, sentences } = JSON.parse(out);
    assert.deepEqual(clients.map(({ client }: { client: string }) => client), [...clientNames]);
    assert.equal(sentences.length, 2);
  }));
