import assert from "node:assert/strict";
import { basename } from "node:path";
import { openRuntime, type Port } from "../../../src/mod.ts";
import { projectContext, projectContexts, projectMarkers, projectOf } from "../../../src/runtime/projects.ts";
import { codeOf, temporaryFolder, withRuntime } from "../../support/runtimes.ts";

/** A tree of folders and files in a temporary folder; a path ending in "/" is a folder. */
function tree(files: Readonly<Record<string, string>>): { at: (path?: string) => string } & Disposable {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "engramlt-projects-" }));
  const at = (path = "") => path === "" ? root : `${root}/${path}`;
  for (const [path, text] of Object.entries(files)) {
    if (path.endsWith("/")) Deno.mkdirSync(at(path), { recursive: true });
    else {
      Deno.mkdirSync(at(path.split("/").slice(0, -1).join("/")), { recursive: true });
      Deno.writeTextFileSync(at(path), text);
    }
  }
  return { at, [Symbol.dispose]: () => Deno.removeSync(root, { recursive: true }) };
}

const git = (folder: string) => ({ [`${folder}/.git/HEAD`]: "ref: refs/heads/main\n" });

Deno.test("projectOf() is the git root for it, a subfolder and a nearer marker", async () => {
  using folder = tree({ ...git("heron"), "heron/api/package.json": "{}", "heron/api/src/": "" });
  for (const path of ["heron", "heron/api", "heron/api/src"]) {
    const project = await projectOf(folder.at(path));
    assert.deepEqual([project?.root, project?.name, project?.source], [folder.at("heron"), "heron", "git"]);
  }
});

Deno.test("projectOf() is the main work tree's root in a worktree", async () => {
  using folder = tree({
    ...git("heron"),
    "heron/.git/worktrees/fix/commondir": "../..\n",
    "fix/deep/": "",
  });
  Deno.writeTextFileSync(folder.at("fix/.git"), `gitdir: ${folder.at("heron/.git/worktrees/fix")}\n`);
  assert.equal((await projectOf(folder.at("fix/deep")))?.root, folder.at("heron"));
});

/** Whether git is there to compare with. */
async function hasGit(): Promise<boolean> {
  try {
    return (await new Deno.Command("git", { args: ["--version"], stdout: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("projectOf() agrees with git itself, in a worktree, a bare repository's worktree and a submodule", {
  ignore: !await hasGit(),
}, async () => {
  using folder = tree({ "main/": "", "library/": "" });
  const run = async (cwd: string, ...args: string[]) => {
    const ran = await new Deno.Command("git", {
      cwd: folder.at(cwd),
      args: ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always", ...args],
      stdout: "null",
      stderr: "piped",
    }).output();
    assert(ran.success, new TextDecoder().decode(ran.stderr));
  };
  for (const name of ["main", "library"]) {
    await run(name, "init", "-q");
    await run(name, "commit", "-q", "--allow-empty", "-m", "first");
  }
  await run("main", "worktree", "add", "-q", "../tree", "-b", "tree");
  await run("", "clone", "-q", "--bare", "main", "bare.git");
  await run("bare.git", "worktree", "add", "-q", "../bare-tree", "-b", "other");
  await run("main", "submodule", "add", "-q", "../library", "sub");
  await run("main/sub", "worktree", "add", "-q", "../../sub-tree", "-b", "sub-tree");
  const roots = async (...paths: string[]) =>
    await Promise.all(paths.map(async (path) => (await projectOf(folder.at(path)))?.root));
  assert.deepEqual(
    await roots("tree", "bare-tree", "main/sub", "sub-tree"),
    ["main", "bare.git", "main/sub", "main/sub"].map(folder.at),
  );
  assert.equal((await projectOf(folder.at("bare-tree")))?.name, "bare");
});

Deno.test("projectOf() is the nearest marker's folder where there is no git", async () => {
  for (const marker of projectMarkers) {
    using folder = tree({ [`heron/${marker}`]: "", "heron/src/deep/": "" });
    const project = await projectOf(folder.at("heron/src/deep"));
    assert.deepEqual([project?.root, project?.source], [folder.at("heron"), "marker"], marker);
  }
});

Deno.test("projectOf() is the folder itself where nothing marks a project, there or not", async () => {
  using folder = tree({ "plain/": "" });
  for (const path of ["plain", "gone"]) {
    const project = await projectOf(folder.at(path));
    assert.deepEqual([project?.root, project?.source], [folder.at(path), "folder"]);
  }
});

Deno.test("projectOf() follows links, so that two paths to a folder are one project", async () => {
  using folder = tree({ ...git("heron") });
  Deno.symlinkSync(folder.at("heron"), folder.at("link"));
  assert.equal((await projectOf(folder.at("link")))?.root, folder.at("heron"));
});

Deno.test("projectOf() is no project in the home folder, above it and at the root", async () => {
  using folder = tree({ "home/me/.git/HEAD": "", "home/me/notes/": "" });
  const before = Deno.env.get("HOME");
  Deno.env.set("HOME", folder.at("home/me"));
  try {
    for (const path of [folder.at("home/me"), folder.at("home"), "/"]) {
      assert.equal(await projectOf(path), null);
    }
    assert.equal((await projectOf(folder.at("home/me/notes")))?.root, folder.at("home/me/notes"));
  } finally {
    if (before === undefined) Deno.env.delete("HOME");
    else Deno.env.set("HOME", before);
  }
});

Deno.test("projectOf() obeys .engramlt.toml: its name, its id, and its folder as the root", async () => {
  using folder = tree({
    ...git("a"),
    "a/.engramlt.toml": 'name = "Heron"\nid = "heron"\n',
    "b/.engramlt.toml": 'id = "heron"\n',
    ...git("c"),
    "c/part/.engramlt.toml": "",
    "c/part/deep/": "",
  });
  const [a, b, c] = await Promise.all(["a", "b", "c/part/deep"].map((path) => projectOf(folder.at(path))));
  assert.deepEqual([a?.name, a?.key, b?.name, b?.key], ["Heron", "id:heron", "heron", "id:heron"]);
  assert.deepEqual([c?.root, c?.name, c?.source], [folder.at("c/part"), "part", "file"]);
});

Deno.test("projectOf() believes no .git file that the repository it names does not know", async () => {
  using folder = tree({
    "heron/.git/HEAD": "ref: refs/heads/main\n",
    "heron/.git/worktrees/fix/commondir": "../..\n",
    "evil/HEAD": "",
    "evil/own/commondir": "../../heron/.git\n",
    "evil/.git": "gitdir: own\n",
  });
  Deno.mkdirSync(folder.at("evil2"));
  Deno.writeTextFileSync(folder.at("heron/.git/worktrees/fix/gitdir"), `${folder.at("fix/.git")}\n`);
  Deno.writeTextFileSync(folder.at("evil2/.git"), `gitdir: ${folder.at("heron/.git/worktrees/fix")}\n`);
  for (const name of ["evil", "evil2"]) {
    assert.equal((await projectOf(folder.at(name)))?.root, folder.at(name));
  }
});

Deno.test("projectOf() takes the same .engramlt.toml in a worktree as the main work tree's", async () => {
  using folder = tree({
    ...git("heron"),
    "heron/part/.engramlt.toml": "",
    "heron/.git/worktrees/fix/commondir": "../..\n",
    "fix/part/.engramlt.toml": "",
  });
  Deno.writeTextFileSync(folder.at("fix/.git"), `gitdir: ${folder.at("heron/.git/worktrees/fix")}\n`);
  assert.equal((await projectOf(folder.at("fix/part")))?.root, folder.at("heron/part"));
});

Deno.test("projectOf() refuses a broken .engramlt.toml with its line, an unknown key, and a huge one", async () => {
  const texts = ["name = \n", 'nme = "x"\n', `name = "${"x".repeat(200)}"\n`, `# ${"x".repeat(70_000)}\n`];
  for (const text of texts) {
    using folder = tree({ "a/.engramlt.toml": text });
    assert.equal(await codeOf(projectOf(folder.at("a"))), "invalid_config", text.slice(0, 20));
  }
});

const contents = async (port: Port, folder: string) => {
  const contexts = await projectContexts(port, folder);
  const { hits } = await port.view({ view: "search", text: "secret", contexts });
  return hits.map(({ content }) => content).sort();
};

Deno.test("two projects of one base name, a subfolder and a worktree at once: no leak, no empty bucket", () =>
  withRuntime(async (port) => {
    using folder = tree({
      ...git("one/api"),
      "one/api/src/": "",
      ...git("two/api"),
      "one/api/.git/worktrees/fix/commondir": "../..\n",
      "fix/": "",
    });
    Deno.writeTextFileSync(folder.at("fix/.git"), `gitdir: ${folder.at("one/api/.git/worktrees/fix")}\n`);
    const paths = ["one/api", "one/api/src", "two/api", "fix"];
    await Promise.all(paths.map(async (path) => {
      const context = await projectContext(port, folder.at(path));
      await port.submit({ kind: "write", ops: [{ op: "add", content: `secret of ${path}`, context }] });
    }));
    await port.submit({ kind: "write", ops: [{ op: "add", content: "secret of mine" }] });
    const one = ["secret of fix", "secret of mine", "secret of one/api", "secret of one/api/src"];
    for (const path of ["one/api", "one/api/src", "fix"]) {
      assert.deepEqual(await contents(port, folder.at(path)), one);
    }
    assert.deepEqual(await contents(port, folder.at("two/api")), ["secret of mine", "secret of two/api"]);
    const { contexts } = await port.view({ view: "contexts" });
    assert.equal(contexts.length, 3);
    assert(
      contexts.every(({ name, engrams }) => engrams > 0 && (name === "personal" || name.startsWith("api"))),
    );
  }));

Deno.test("projectContext() is found again by the same project after a restart, and makes nothing twice", async () => {
  using data = temporaryFolder();
  using folder = tree({ ...git("heron"), "heron/src/": "" });
  const ids: string[] = [];
  for (const path of ["heron", "heron/src", "heron"]) {
    const port = await openRuntime({ data: data.path, workers: 1 });
    ids.push(await projectContext(port, folder.at(path)));
    await port.close();
  }
  assert.equal(new Set(ids).size, 1);
});

Deno.test("projectContexts() makes nothing, and covers contexts of no project but no agent's own", () =>
  withRuntime(async (port) => {
    using folder = tree({ ...git("heron") });
    const notes = await port.submit({ kind: "context_create", name: "notes" });
    const covered = await projectContexts(port, folder.at("heron"));
    const { contexts } = await port.view({ view: "contexts" });
    assert.equal(contexts.length, 2);
    assert.deepEqual([...covered].sort(), contexts.map(({ id }) => id).sort());
    assert(covered.includes(String(notes["id"])));
  }));

Deno.test("a project's file may name a context of its own or of none, never another project's", () =>
  withRuntime(async (port) => {
    using folder = tree({
      ...git("heron"),
      "evil/.engramlt.toml": 'context = "heron"\n',
      "fine/.engramlt.toml": 'context = "notes"\n',
    });
    const heron = await projectContext(port, folder.at("heron"));
    assert.equal(await codeOf(projectContexts(port, folder.at("evil"))), "wrong_state");
    assert.equal(await codeOf(projectContext(port, folder.at("evil"))), "wrong_state");
    const notes = await projectContext(port, folder.at("fine"));
    assert.equal(await projectContext(port, folder.at("fine")), notes);
    assert.notEqual(notes, heron);
  }));

Deno.test("a folder named like a context that is there gets a name of its own", () =>
  withRuntime(async (port) => {
    using folder = tree({ ...git("personal") });
    const id = await projectContext(port, folder.at("personal"));
    const { contexts } = await port.view({ view: "contexts" });
    assert.equal(contexts.find((one) => one.id === id)?.name, `personal (${basename(folder.at())})`);
  }));
