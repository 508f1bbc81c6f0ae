/**
 * The project's own lint rules: what the map of the code (docs/architecture.md) says, as a program.
 *
 * Owns: which folder may import which, the home of each package, where a clock or entropy may be read, what a
 * pure folder may not do, what can't be bundled, and that no error is swallowed in silence.
 * Does not own: style that `deno fmt` and the built-in rules already check.
 *
 * Invariants:
 * 1. An import arrow that is not in `arrows` is an error; a new arrow needs an ADR in docs/adr.
 * 2. A package without a row in `homes` can't be imported from src at all.
 * 3. A type-only import is an arrow like any other.
 */

/** What a folder of src may import: another folder, or a single file of it ("kernel/errors.ts"). */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  // doors
  cli: ["api", "runtime", "input", "kernel"],
  api: ["runtime", "kernel", "input"],
  // joint
  runtime: ["host", "sandbox", "graph", "log", "model", "kernel", "wasm", "input"],
  host: ["graph", "model", "sandbox/abi.ts", "kernel"],
  // parts
  log: ["kernel"],
  graph: ["kernel"],
  sandbox: ["wasm", "kernel"],
  model: ["kernel/errors.ts"],
  input: ["kernel"],
  // pure
  wasm: ["kernel/errors.ts"],
  kernel: [],
  // src/mod.ts, the public API
  "": ["runtime", "kernel", "input"],
};

/** The home of each package: folders of src, or "tests". Programs outside src may use any package with a home. */
export const homes: Readonly<Record<string, readonly string[]>> = {
  "libsql": ["graph"],
  "@libsql/client": ["graph"],
  "kysely": ["graph"],
  "stemmer": ["graph"],
  "@msgpack/msgpack": ["log"],
  "hono": ["api"],
  "@hono/node-server": ["api"],
  "@grpc/grpc-js": ["api"],
  "@grpc/proto-loader": ["api"],
  "@modelcontextprotocol/server": ["api"],
  "@modelcontextprotocol/client": ["tests"],
  "@modelcontextprotocol/sdk": ["tests"],
  "zod": ["api", "input", "cli"],
  "commander": ["cli"],
  "yaml": ["input"],
  "jsonc-parser": ["input"],
  "smol-toml": ["input"],
  "onnxruntime-node": ["model"],
  "@huggingface/tokenizers": ["model"],
  "wasmparser": ["wasm"],
  "fast-check": ["tests"],
  "wabt": ["tests"],
};

const pureFolders = ["kernel", "wasm"];

/** Files below src that may read the clock and entropy, and those that may only measure durations. */
const clockHomes = ["src/runtime/env.ts", "src/cli/", "src/api/"];
const durationHomes = ["src/sandbox/"];

interface Place {
  /** Path from the repository root, with "/". */
  readonly path: string;
  /** Top folder ("src", "tests" …), or "" for a file at the root. */
  readonly top: string;
  /** Folder of src ("kernel"), "" for a file directly in src, undefined outside src. */
  readonly folder: string | undefined;
}

const root = decodeURIComponent(new URL("../", import.meta.url).pathname).replace(/^\/(?=[A-Za-z]:)/, "");

function placeOf(filename: string): Place {
  const full = decodeURIComponent(filename.replace(/^file:\/\//, "")).replaceAll("\\", "/");
  const path = full.startsWith(root) ? full.slice(root.length) : full;
  const parts = path.split("/");
  const top = parts.length > 1 ? parts[0] ?? "" : "";
  const folder = top === "src" ? (parts.length > 2 ? parts[1] ?? "" : "") : undefined;
  return { path, top, folder };
}

/** The path a relative specifier points at, from the repository root. */
function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** `npm:@scope/name@1.2.3/sub` and `@scope/name/sub` are both `@scope/name`. */
function packageOf(specifier: string): string {
  const bare = specifier.replace(/^(npm|jsr):\/?/, "");
  const parts = bare.split("/");
  const name = bare.startsWith("@") ? `${parts[0]}/${parts[1]}` : parts[0] ?? "";
  return name.replace(/(?<=.)@[^@/]*$/, "");
}

function allowed(list: readonly string[], target: string): boolean {
  const inside = target.slice("src/".length);
  return list.some((entry) => inside === entry || inside.startsWith(`${entry}/`));
}

type Report = (message: string, hint: string) => void;

function checkRelative(place: Place, specifier: string, report: Report): void {
  const target = resolve(place.path, specifier);
  if (!target.startsWith("src/")) {
    if (place.top === "src" && target !== "deno.json") {
      report(
        `Cannot import "${specifier}" from src: it lies outside src`,
        "Programs and tests import src, never the other way",
      );
    }
    return;
  }
  if (place.top === "agents") {
    report(
      `Cannot import "${specifier}" from agents: agents speak to the host by its ABI only`,
      "See docs/abi.md",
    );
    return;
  }
  if (place.path === "main.ts" && !target.startsWith("src/cli/")) {
    report(`Cannot import "${specifier}" from main.ts: it starts src/cli and nothing else`, "See main.ts");
    return;
  }
  if (place.folder === undefined) return;
  const targetFolder = target.split("/").length > 2 ? target.split("/")[1] ?? "" : "";
  if (targetFolder === place.folder) return;
  const list = arrows[place.folder];
  if (list === undefined) {
    report(
      `Cannot import "${specifier}": src/${place.folder} is not on the map`,
      "Add the folder to `arrows` in scripts/lint_plugin.ts, with an ADR",
    );
    return;
  }
  if (!allowed(list, target)) {
    const here = place.folder === "" ? place.path : `src/${place.folder}`;
    report(
      `Cannot import "${specifier}" from ${here}: there is no arrow to ${target}`,
      `${here} may import: ${list.length === 0 ? "nothing" : list.join(", ")}. A new arrow needs an ADR`,
    );
  }
}

function checkPackage(place: Place, specifier: string, report: Report): void {
  if (specifier.startsWith("npm:") || specifier.startsWith("jsr:") || specifier.startsWith("http")) {
    report(
      `Cannot import "${specifier}": versions stand in deno.json only`,
      'Add it to "imports" of deno.json with an exact version',
    );
    return;
  }
  const name = packageOf(specifier);
  const home = homes[name];
  if (place.top !== "src") {
    if (home !== undefined && home[0] === "tests" && place.top !== "tests") {
      report(`Cannot import "${name}" from ${place.path}: it is for tests`, "Its home is tests");
    }
    return;
  }
  if (home === undefined) {
    report(`Cannot import "${name}": the package has no home`, "Add it to `homes` in scripts/lint_plugin.ts");
    return;
  }
  if (!home.includes(place.folder ?? "")) {
    report(
      `Cannot import "${name}" from ${place.path}: its home is ${home.map(homeName).join(", ")}`,
      "Each package has one home folder",
    );
  }
}

const homeName = (folder: string) => folder === "tests" ? folder : `src/${folder}`;

function checkImport(place: Place, specifier: string, report: Report): void {
  if (specifier.startsWith("node:")) return;
  if (specifier.startsWith(".")) checkRelative(place, specifier, report);
  else if (place.top !== "" || place.path === "main.ts") checkPackage(place, specifier, report);
}

type WithSource = { readonly source: Deno.lint.Node | null };

const importDirection: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    const visit = (node: Deno.lint.Node & WithSource) => {
      const { source } = node;
      if (source?.type !== "Literal" || typeof source.value !== "string") return;
      checkImport(place, source.value, (message, hint) => context.report({ node: source, message, hint }));
    };
    return {
      ImportDeclaration: visit,
      ExportNamedDeclaration: visit,
      ExportAllDeclaration: visit,
      ImportExpression: visit,
    };
  },
};

/** Names a pure folder may not use at all. */
const impureNames = new Set([
  "Deno",
  "performance",
  "crypto",
  "globalThis",
  "self",
  "console",
  "fetch",
  "process",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "requestAnimationFrame",
]);

/** Whether an identifier is a use of a global name, not a key, a member name or a declared name of its own. */
function isReference(node: Deno.lint.Identifier): boolean {
  const parent: Deno.lint.Node = node.parent;
  switch (parent.type) {
    case "MemberExpression":
      return parent.computed || sameRange(parent.object, node);
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return parent.computed || !sameRange(parent.key, node);
    case "TSEnumMember":
    case "ImportSpecifier":
    case "ExportSpecifier":
      return false;
    default:
      return true;
  }
}

function sameRange(a: Deno.lint.Node, b: Deno.lint.Node): boolean {
  return a.range[0] === b.range[0] && a.range[1] === b.range[1];
}

/** `object.name` of a member expression without computed access, as "object.name". */
function memberName(node: Deno.lint.MemberExpression): string {
  if (node.object.type !== "Identifier" || node.property.type !== "Identifier" || node.computed) return "";
  return `${node.object.name}.${node.property.name}`;
}

const isDate = (node: Deno.lint.Node) => node.type === "Identifier" && node.name === "Date";

const kernelPurity: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place.top !== "src" || !pureFolders.includes(place.folder ?? "")) return {};
    const impure = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `Cannot use ${what} in src/${place.folder}: the folder is pure`,
        hint: "Time, entropy and results arrive inside the values a pure function is given",
      });
    const source = (node: Deno.lint.Node & WithSource) => {
      if (node.source?.type !== "Literal" || typeof node.source.value !== "string") return;
      if (node.source.value.startsWith("node:")) impure(node, `"${node.source.value}"`);
    };
    const asynchronous = (node: Deno.lint.Node & { async: boolean }) => {
      if (node.async) impure(node, "async");
    };
    return {
      Identifier(node) {
        if (impureNames.has(node.name) && isReference(node)) impure(node, `"${node.name}"`);
      },
      MemberExpression(node) {
        const name = memberName(node);
        if (name === "Date.now" || name === "Math.random") impure(node, `"${name}"`);
      },
      NewExpression(node) {
        if (isDate(node.callee) && node.arguments.length === 0) {
          impure(node, '"new Date()" without arguments');
        }
      },
      CallExpression(node) {
        if (isDate(node.callee)) impure(node, '"Date()"');
      },
      AwaitExpression: (node) => impure(node, "await"),
      ForOfStatement(node) {
        if (node.await) impure(node, "await");
      },
      FunctionDeclaration: asynchronous,
      FunctionExpression: asynchronous,
      ArrowFunctionExpression: asynchronous,
      ImportExpression: (node) => impure(node, "a dynamic import"),
      ImportDeclaration: source,
      ExportNamedDeclaration: source,
      ExportAllDeclaration: source,
    };
  },
};

const clockReads = new Set([
  "Date.now",
  "performance.now",
  "performance.timeOrigin",
  "Math.random",
  "crypto.getRandomValues",
  "crypto.randomUUID",
]);

const noWallClock: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place.top !== "src" || pureFolders.includes(place.folder ?? "")) return {};
    if (clockHomes.some((home) => place.path.startsWith(home))) return {};
    const durations = durationHomes.some((home) => place.path.startsWith(home));
    const wall = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `Cannot read ${what} in ${place.path}: only src/runtime/env.ts may`,
        hint: "Take time and entropy from the runtime's env, so that they are recorded and replayed",
      });
    return {
      MemberExpression(node) {
        const name = memberName(node);
        if (clockReads.has(name) && !(durations && name === "performance.now")) wall(node, `"${name}"`);
      },
      NewExpression(node) {
        if (isDate(node.callee) && node.arguments.length === 0) wall(node, '"new Date()" without arguments');
      },
      CallExpression(node) {
        if (isDate(node.callee)) wall(node, '"Date()"');
      },
    };
  },
};

const noSwallow: Deno.lint.Rule = {
  create(context) {
    const check = (body: Deno.lint.BlockStatement) => {
      if (context.sourceCode.getText(body).slice(1, -1).trim() !== "") return;
      context.report({
        node: body,
        message: "Cannot swallow an error in silence: the catch block is empty",
        hint: "Handle it, let it pass, or say in a comment why nothing is to be done",
      });
    };
    return {
      CatchClause: (node) => check(node.body),
      CallExpression(node) {
        const { callee } = node;
        const handler = node.arguments[0];
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
        if (callee.property.name !== "catch" || handler === undefined) return;
        if (handler.type !== "ArrowFunctionExpression" && handler.type !== "FunctionExpression") return;
        if (handler.body?.type === "BlockStatement") check(handler.body);
      },
    };
  },
};

/** The bundler's minifier drops such a declaration (scripts/launcher/collect.ts), so the executable can't be made. */
const noUsing: Deno.lint.Rule = {
  create(context) {
    const { top, path } = placeOf(context.filename);
    if (top !== "src" && path !== "main.ts") return {};
    return {
      VariableDeclaration(node) {
        if (node.kind !== "using" && node.kind !== "await using") return;
        context.report({
          node,
          message: `Cannot declare with "${node.kind}" in ${path}: the bundler's minifier drops it`,
          hint: "Use try and finally",
        });
      },
    };
  },
};

export default {
  name: "engramlt",
  rules: {
    "import-direction": importDirection,
    "kernel-purity": kernelPurity,
    "no-wall-clock": noWallClock,
    "no-swallow": noSwallow,
    "no-using": noUsing,
  },
} satisfies Deno.lint.Plugin;
