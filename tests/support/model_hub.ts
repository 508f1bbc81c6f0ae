/**
 * A model hub on loopback, in the Hugging Face layout, that serves files from memory, and can be at fault in the ways
 * that networks and servers are.
 */
import { createHash } from "node:crypto";

/** A way in which a hub is at fault. */
export type HubFault =
  | "drops" // the first two answers for weights break off in the middle
  | "drops-always"
  | "short" // the body is shorter than announced, and the connection ends cleanly
  | "html"
  | "loops"
  | "elsewhere"
  | "no-info"
  | "wrong-stated";

export interface Hub {
  readonly url: string;
  /** Requests as `PATH RANGE`. */
  readonly asked: string[];
  fault: HubFault | null;
  files: Record<string, Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Serves `files` as the repository `repo`. */
export function serveHub(repo: string, files: Record<string, Uint8Array<ArrayBuffer>>): Hub {
  let drops = 0;
  const weights = (path: string) => path.endsWith(".onnx");
  const serve = (request: Request): Response => {
    const url = new URL(request.url);
    hub.asked.push(`${url.pathname} ${request.headers.get("range") ?? ""}`.trim());
    if (hub.fault === "html") {
      return new Response("<!doctype html><p>hello", { headers: { "content-type": "text/html" } });
    }
    if (hub.fault === "loops") return new Response(null, { status: 302, headers: { location: request.url } });
    if (hub.fault === "elsewhere") {
      return new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } });
    }
    if (url.pathname === `/api/models/${repo}`) {
      if (hub.fault === "no-info") return new Response("none", { status: 404 });
      const siblings = Object.entries(hub.files).map(([rfilename, bytes]) => ({
        rfilename,
        ...(weights(rfilename)
          ? { lfs: { sha256: hub.fault === "wrong-stated" ? "0".repeat(64) : sha256(bytes) } }
          : {}),
      }));
      return Response.json({ id: repo, sha: "abc", siblings });
    }
    const path = decodeURIComponent(url.pathname.split("/resolve/main/")[1] ?? "");
    const bytes = Object.hasOwn(hub.files, path) ? hub.files[path] : undefined;
    if (bytes === undefined) return new Response("Entry not found", { status: 404 });
    const etag = `"${sha256(bytes).slice(0, 40)}"`;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    if (from >= bytes.length && from > 0) return new Response(null, { status: 416 });
    const rest = bytes.subarray(from);
    const headers: Record<string, string> = {
      etag,
      "content-length": String(rest.length),
      "accept-ranges": "bytes",
    };
    if (from > 0) headers["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    const status = from > 0 ? 206 : 200;
    const breaks = hub.fault === "drops-always" || (hub.fault === "drops" && drops++ < 2);
    if (weights(path) && breaks) return new Response(broken(rest), { status, headers });
    if (weights(path) && hub.fault === "short") return raw(rest, etag);
    return new Response(rest, { status, headers });
  };
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, serve);
  const hub: Hub = {
    url: `http://127.0.0.1:${server.addr.port}`,
    asked: [],
    fault: null,
    files,
    close: () => server.shutdown(),
  };
  return hub;
}

/** Half of the bytes, then the connection breaks. */
function broken(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let told = false;
  return new ReadableStream({
    pull(controller) {
      if (told) return controller.error(new Error("the hub drops the connection"));
      told = true;
      controller.enqueue(bytes.slice(0, Math.ceil(bytes.length / 3)));
    },
  });
}

/** A body whose end nobody announced, and that is not what the hub's hash says. */
function raw(bytes: Uint8Array<ArrayBuffer>, etag: string): Response {
  const half = bytes.slice(0, Math.floor(bytes.length / 2));
  return new Response(new Blob([half]).stream(), { headers: { etag } });
}

/** Writes files below a folder. */
export async function layOut(folder: string, files: Record<string, Uint8Array>): Promise<string> {
  for (const [path, bytes] of Object.entries(files)) {
    const at = `${folder}/${path}`;
    await Deno.mkdir(at.slice(0, at.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(at, bytes);
  }
  return folder;
}
