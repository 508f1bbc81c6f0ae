/**
 * Where a model comes from, read from what a person typed: a hub's name, a URL, or a path.
 *
 * Invariant: reading it touches neither disk nor network; the caller says whether a path is there.
 */
import { EngramError } from "../kernel/errors.ts";

/**
 * The model that is offered where none is there: 384 dimensions, 23 MB. all-MiniLM-L6-v2 as the publisher with int8 weights
 * has it. Nothing pulls it unasked.
 */
export const defaultModel = "Xenova/all-MiniLM-L6-v2";

/** The hub that is asked where neither `--endpoint` nor HF_ENDPOINT names one. */
export const defaultEndpoint = "https://huggingface.co";

/** Short names of well-known models. */
const shortNames: Readonly<Record<string, string>> = {
  "all-minilm-l6-v2": "sentence-transformers/all-MiniLM-L6-v2",
  "bge-small-en-v1.5": "BAAI/bge-small-en-v1.5",
};

/** A place to take a model from. */
export type Source =
  | {
    readonly from: "hub";
    readonly name: string;
    readonly endpoint: string;
    readonly repo: string;
    readonly revision: string;
  }
  /** A folder of files behind a URL; `file` where one file was named. */
  | { readonly from: "mirror"; readonly name: string; readonly base: string; readonly file: string | null }
  | {
    readonly from: "folder";
    readonly name: string;
    readonly path: string;
    readonly file: string | null;
  };

const part = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;

/** Whether a text may name a model in the store: `NAME` or `OWNER/NAME`. */
function isModelName(name: string): boolean {
  const parts = name.split("/");
  return parts.length <= 2 && parts.every((one) => part.test(one) && !one.includes(".."));
}

/** The name in full of a short one. */
export function fullName(name: string): string {
  return shortNames[name.toLowerCase()] ?? name;
}

function refuse(given: string, state: string, hint: string): EngramError {
  return new EngramError(
    "invalid_argument",
    `Cannot read the model ${JSON.stringify(given)}: ${state}`,
    {},
    hint,
  );
}

function parseUrl(given: string): URL {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw refuse(given, "it is not a URL", "Give http://HOST/PATH or https://HOST/PATH");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw refuse(given, `${url.protocol} is not offered`, "Use http or https");
  }
  if (url.username !== "" || url.password !== "") {
    throw refuse(given, "it holds a password", "Take the user and the password out of it");
  }
  return url;
}

/** A name for the store out of a path's last parts. */
function nameOf(given: string, path: string): string {
  const parts = path.split(/[\\/]/).filter((one) => one !== "" && one !== "." && one !== "..");
  const last = (parts.at(-1) ?? "").replace(/\.onnx$/i, "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(
    /^[^A-Za-z0-9]+/,
    "",
  );
  if (!isModelName(last)) throw refuse(given, "no name can be made of it", "Rename the folder or the file");
  return last.slice(0, 96);
}

/** The folder that holds the tokenizer, of a model's file: hubs keep the weights in a folder `onnx` of their own. */
function splitFile(path: string): { readonly base: string; readonly file: string } {
  const found = /^(.*?)((?:onnx[\\/])?[^\\/]+\.onnx)$/i.exec(path);
  return { base: found?.[1] ?? "", file: found?.[2] ?? path };
}

function mirror(given: string): Source {
  const url = parseUrl(given);
  url.hash = "";
  const hub = /^(.*?)\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)?$/.exec(url.pathname);
  const isFile = /\.onnx$/i.test(url.pathname);
  const { base, file } = isFile ? splitFile(url.pathname) : { base: url.pathname, file: null };
  const name = hub?.[2] ?? nameOf(given, file === null || base === "/" ? url.pathname : named(base, file));
  if (!isModelName(name)) throw refuse(given, "no name can be made of it", "Pull it by a simpler URL");
  return { from: "mirror", name, base: `${url.origin}${base.replace(/\/?$/, "/")}`, file };
}

/** `…/minilm/onnx/model.onnx` is minilm, `…/tiny.onnx` is tiny. */
const named = (base: string, file: string) =>
  /^(onnx[\\/])?model(_[a-z0-9]+)?\.onnx$/i.test(file) ? base : file;

/**
 * Reads what was typed. A text that is a path (it begins with `.`, `/`, `~`, a drive, or `isThere` says so) is one;
 * else a text with `://` is a URL; else it names a model of the hub, `OWNER/NAME` with `@REVISION` at most.
 */
export function parseSource(
  given: string,
  options: { readonly endpoint: string; readonly isThere: "file" | "folder" | null; readonly path: string },
): Source {
  if (given === "") throw refuse(given, "it is empty", `For example: engramlt model pull ${defaultModel}`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) return mirror(given);
  const { path, isThere } = options;
  if (/^(\.{1,2}($|[\\/])|[\\/~]|[A-Za-z]:[\\/])/.test(given) || /\.onnx$/i.test(given) || isThere !== null) {
    if (isThere === null) {
      throw new EngramError(
        "file_not_found",
        `Cannot read the model ${path}: there is no such file or folder`,
        { path },
      );
    }
    if (isThere === "folder") return { from: "folder", name: nameOf(given, path), path, file: null };
    const { base, file } = splitFile(path);
    return { from: "folder", name: nameOf(given, named(base, file)), path: base === "" ? "." : base, file };
  }
  const [name = "", revision = "main", ...more] = given.split("@");
  const repo = fullName(name);
  if (!isModelName(repo) || !part.test(revision) || more.length > 0) {
    throw refuse(given, "it is neither OWNER/NAME, nor a URL, nor a path", `For example: ${defaultModel}`);
  }
  const endpoint = parseUrl(options.endpoint);
  return { from: "hub", name: repo, endpoint: endpoint.href.replace(/\/+$/, ""), repo, revision };
}
