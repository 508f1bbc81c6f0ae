/**
 * Projects: the one function that says which project a folder is, and the contexts that go with it.
 *
 * Owns: folder → project (`.engramlt.toml`, else the git root, else the nearest marker, else the folder), project →
 * context (made when first written to), and which contexts a project's reads cover.
 * Does not own: what a context is (kernel), who sends a folder (the CLI, MCP, hooks).
 *
 * Invariants:
 * 1. Reads, writes and hooks ask here, so a subfolder, a worktree and a symbolic link are the same project to all.
 * 2. A project is known by its root (or its file's id), recorded as the context's metadata `project`, never by its name:
 *    two projects of one base name have two contexts.
 * 3. The home folder, what is above it, and `/` are no project: what is written there is personal.
 * 4. A project's reads cover its own context, "personal" and contexts that belong to no project; never another project's,
 *    nor an agent's own.
 * 5. No program is started: git's files are read as files. A folder is a work tree of a repository only if the
 *    repository says so too: a `.git` file that came with a download gives nobody another project's memories.
 */
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { redactText } from "../input/redact.ts";
import { tomlBytesMax } from "../input/text.ts";
import { type Context, EngramError, type Id, personalContextId } from "../kernel/mod.ts";
import { homeFolder } from "./platform.ts";
import type { Port } from "./port.ts";

/** A project. */
export interface Project {
  /** For people. Others may have the same. */
  readonly name: string;
  /** The absolute path of its root, links resolved. */
  readonly root: string;
  /** By what it is known: `id:…` of its file, else the root. Stands in its context's metadata as `project`. */
  readonly key: string;
  /** The context its file names, or null. */
  readonly context: string | null;
  readonly source: "file" | "git" | "marker" | "folder";
}

/** The file in which a folder says what project it is. */
const projectFileName = ".engramlt.toml";

/** Files that stand at the root of a project, where there is no git. */
export const projectMarkers: readonly string[] = [
  "package.json",
  "deno.json",
  "deno.jsonc",
  "Cargo.toml",
  "go.mod",
  "pyproject.toml",
  "setup.py",
  "requirements.txt",
  "pom.xml",
  "build.gradle",
  "build.gradle.kts",
  "Gemfile",
  "composer.json",
  "mix.exs",
  "pubspec.yaml",
  "Package.swift",
  "CMakeLists.txt",
  "Makefile",
  ".hg",
  ".svn",
  ".jj",
  ".obsidian",
];

/** Folders looked at on the way up. */
const folderDepthMax = 128;
/** Bytes of git's files that are read. */
const gitFileBytesMax = 65_536;
/** Names tried for a new context, and times that others may be quicker. */
const namesMax = 20;

/**
 * The project a folder belongs to; null where it is none (the home folder, what is above it, `/`).
 * A folder that is not there is taken as it is written.
 *
 * Errors: `invalid_config` where a `.engramlt.toml` is broken, `invalid_argument` where the path is not absolute.
 */
export async function projectOf(folder: string): Promise<Project | null> {
  const found = await findProject(folder);
  if (found === null) return null;
  // A folder may be called like a secret; what is stored of it is redacted, and found again by that.
  const { name, key, context } = found;
  const open = (text: string) => redactText(text, new Map());
  return { ...found, name: open(name), key: open(key), context: context === null ? null : open(context) };
}

async function findProject(folder: string): Promise<Project | null> {
  if (!isAbsolute(folder)) {
    throw new EngramError(
      "invalid_argument",
      `Cannot tell the project of ${JSON.stringify(folder)}: not absolute`,
    );
  }
  const start = await realPath(resolve(folder));
  const above = await foldersUp(start);
  if (above.length === 0) return null;
  let git: string | null = null;
  let marker: string | null = null;
  for (const at of above) {
    const text = await readShort(join(at, projectFileName), tomlBytesMax);
    if (text !== null) return await fromFile(at, text, await gitAbove(above, at));
    if (git === null) git = await gitRoot(at);
    if (git === null && marker === null && await hasMarker(at)) marker = at;
  }
  if (git !== null) return plain(git, "git");
  return marker === null ? plain(start, "folder") : plain(marker, "marker");
}

/** The folder and those above it, as far as a project may begin in them. */
async function foldersUp(start: string): Promise<string[]> {
  const home = homeFolder();
  const barred = new Set<string>();
  for (let at = home === null ? null : await realPath(home); at !== null;) {
    barred.add(at);
    at = dirname(at) === at ? null : dirname(at);
  }
  const found: string[] = [];
  for (
    let at = start;
    found.length < folderDepthMax && !barred.has(at) && dirname(at) !== at;
    at = dirname(at)
  ) {
    found.push(at);
  }
  return found;
}

/** The project that a `.engramlt.toml` in `at` names. In a worktree the same file is the same project. */
async function fromFile(
  at: string,
  text: string,
  git: { readonly root: string; readonly tree: string } | null,
): Promise<Project> {
  // What reads it is large, and most folders have none.
  const { readProjectFile } = await import("../input/toml.ts");
  const { name, id, context } = readProjectFile(text, join(at, projectFileName));
  const root = git === null ? at : join(git.root, relative(git.tree, at));
  const plainName = name ?? id ?? nameOf(root);
  return {
    name: plainName,
    root,
    key: id === undefined ? root : `id:${id}`,
    context: context ?? null,
    source: "file",
  };
}

/** The git root at or above `at`. */
async function gitAbove(
  above: readonly string[],
  at: string,
): Promise<{ readonly root: string; readonly tree: string } | null> {
  for (const tree of above.slice(above.indexOf(at))) {
    const root = await gitRoot(tree);
    if (root !== null) return { root, tree };
  }
  return null;
}

function plain(root: string, source: Project["source"]): Project {
  return { name: nameOf(root), root, key: root, context: null, source };
}

/** `heron` of `/home/ada/heron`, and of a bare `/home/ada/heron.git`. */
const nameOf = (root: string): string => basename(root).replace(/(?<=.)\.git$/, "");

async function hasMarker(folder: string): Promise<boolean> {
  const found = await Promise.all(projectMarkers.map((name) => isThere(join(folder, name))));
  return found.includes(true);
}

/**
 * The root of the repository whose work tree begins in `folder`, shared by all its worktrees; null where none begins.
 *
 * `.git` is a folder in the main work tree. In another it is a file that names its git folder, whose `commondir` names
 * the repository's. A repository that is no `.git` folder (a submodule's, one set apart) may name its work tree.
 */
async function gitRoot(folder: string): Promise<string | null> {
  const dotGit = join(folder, ".git");
  const stat = await statOf(dotGit);
  if (stat === null) return null;
  if (stat.isDirectory) return await isThere(join(dotGit, "HEAD")) ? folder : null;
  const named = /^gitdir: (.+)$/m.exec(await readShort(dotGit, gitFileBytesMax) ?? "")?.[1]?.trim();
  if (named === undefined) return null;
  const gitFolder = resolve(folder, named);
  const common = (await readShort(join(gitFolder, "commondir"), gitFileBytesMax))?.trim();
  if (common === undefined || common === "") return folder;
  const repository = await realPath(resolve(gitFolder, common));
  if (!await isWorktreeOf(repository, gitFolder, dotGit)) return folder;
  if (basename(repository) === ".git") return dirname(repository);
  const config = await readShort(join(repository, "config"), gitFileBytesMax) ?? "";
  const tree = /^\s*worktree\s*=\s*"?(.+?)"?\s*$/m.exec(config)?.[1];
  return tree === undefined ? repository : await realPath(resolve(repository, tree));
}

/**
 * Whether a repository knows a work tree as its own: it keeps the work tree's git folder, which names no other `.git`.
 * What a `.git` file says alone proves nothing: it may have come with files from anywhere.
 */
async function isWorktreeOf(repository: string, gitFolder: string, dotGit: string): Promise<boolean> {
  if (dirname(await realPath(gitFolder)) !== join(repository, "worktrees")) return false;
  const back = (await readShort(join(gitFolder, "gitdir"), gitFileBytesMax))?.trim();
  return back === undefined || await realPath(resolve(gitFolder, back)) === await realPath(dotGit);
}

/** What stands at a path; null where nothing can be seen there. */
async function statOf(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch {
    return null; // not there, or not ours to look at: it marks no project
  }
}

const isThere = async (path: string): Promise<boolean> => await statOf(path) !== null;

/** The text of a small file; null where there is none that can be read. */
async function readShort(path: string, bytesMax: number): Promise<string | null> {
  const stat = await statOf(path);
  if (stat === null || !stat.isFile) return null;
  if (stat.size > bytesMax) {
    throw new EngramError("invalid_config", `Cannot read ${path}: it is larger than ${bytesMax} bytes`, {
      path,
    });
  }
  try {
    return await Deno.readTextFile(path);
  } catch {
    return null; // it went between two looks, or may not be read
  }
}

async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    return path; // a folder that is gone is still named by its path
  }
}

/** The key of the project a context belongs to, or null. */
function projectKeyOf(context: Context): string | null {
  const key = context.metadata["project"];
  return typeof key === "string" ? key : null;
}

/**
 * The id of the context that what is written in a folder goes to: the project's, made by a logged command if need be;
 * "personal" where the folder is no project.
 *
 * Errors: those of {@link projectOf}; `wrong_state` where the project's file names another project's context.
 */
export async function projectContext(
  port: Pick<Port, "view" | "submit">,
  folder: string,
  options: { readonly client?: string } = {},
): Promise<Id> {
  const project = await projectOf(folder);
  if (project === null) return personalContextId;
  for (let tried = 0; tried < namesMax; tried++) {
    const { contexts } = await port.view({ view: "contexts" });
    const found = contextIn(contexts, project);
    if (found !== null) return found;
    const name = freeName(contexts, project);
    try {
      const description = `Project ${project.root}`;
      const metadata = { project: project.key, root: project.root };
      const receipt = await port.submit({ kind: "context_create", name, description, metadata }, options);
      return String(receipt["id"]);
    } catch (error) {
      if (!(error instanceof EngramError) || error.code !== "context_exists") throw error; // another was quicker
    }
  }
  throw new EngramError(
    "conflict",
    `Cannot make a context for project ${project.root}: others take each name`,
  );
}

/**
 * The ids of the contexts that a read in a folder covers: its project's, "personal", and those of no project.
 * Nothing is made. Errors: those of {@link projectContext}.
 */
export async function projectContexts(port: Pick<Port, "view">, folder: string): Promise<readonly Id[]> {
  const project = await projectOf(folder);
  const { contexts } = await port.view({ view: "contexts" });
  const own = project === null ? null : contextIn(contexts, project);
  return contexts.filter((one) => one.id === own || (one.owner === null && projectKeyOf(one) === null))
    .map(({ id }) => id);
}

/**
 * The id of the context that a folder's project has: "personal" where the folder is no project, null where nothing was
 * written to it yet. Nothing is made. Errors: those of {@link projectContext}.
 */
export async function ownContext(port: Pick<Port, "view">, folder: string): Promise<Id | null> {
  const project = await projectOf(folder);
  const { contexts } = await port.view({ view: "contexts" });
  if (project !== null) return contextIn(contexts, project);
  return contexts.some(({ id }) => id === personalContextId) ? personalContextId : null;
}

function contextIn(contexts: readonly Context[], project: Project): Id | null {
  const { key, context } = project;
  if (context === null) return contexts.find((one) => projectKeyOf(one) === key)?.id ?? null;
  const named = contexts.find(({ name }) => name === context);
  if (named === undefined) return null;
  const other = projectKeyOf(named);
  if (named.owner === null && (other === null || other === key)) return named.id;
  const whose = other === null ? `agent ${named.owner}` : other;
  throw new EngramError(
    "wrong_state",
    `Cannot use context ${JSON.stringify(context)} for project ${project.root}: it belongs to ${whose}`,
    {},
    `Name another in ${projectFileName}`,
  );
}

/** The file's name for it, else the project's, else with the folder above, else with a number. */
function freeName(contexts: readonly Context[], { name, root, context }: Project): string {
  if (context !== null) return context;
  const taken = new Set(contexts.map((one) => one.name));
  const parent = basename(dirname(root));
  const names = [name, ...(parent === "" ? [] : [`${name} (${parent})`])];
  for (let number = 2; number <= contexts.length + 2; number++) names.push(`${name} ${number}`);
  const free = names.find((one) => !taken.has(one));
  if (free === undefined) throw new Error("Fault: more names are taken than there are contexts");
  return free;
}
