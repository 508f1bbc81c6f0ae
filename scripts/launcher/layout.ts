/**
 * What the executable holds and what it may do, as data: both forms (deno compile, portable) are built from it.
 *
 * Paths are relative to the repository root and use `/`.
 */
import { explorerPath } from "../../src/api/openapi/docs_page.ts";
import { workerEntries } from "../../src/runtime/assets.ts";

/** Scripts that are started by name: the program and its workers. They are bundled together. */
export const bundleSources: readonly string[] = [
  "main.ts",
  ...Object.values(workerEntries).map((path) => `${path}.ts`),
];

/** Where the bundles lie: two folders deep, so that src/runtime/assets.ts sees the root as ../../ in each form. */
export const bundleFolder = "src/cli";

/** Packages that cannot be bundled because they load a native file; those that deno.json names are shipped. */
export const nativePackages: readonly string[] = ["libsql", "@libsql/client", "onnxruntime-node"];

/** Files of packages that the program sends as they are, below the root. */
export const packageAssets: readonly string[] = [explorerPath];

/** Packages that only tests and scripts use. */
export const developmentPackages: readonly string[] = [
  "@modelcontextprotocol/client",
  "@modelcontextprotocol/conformance",
  "@modelcontextprotocol/sdk",
  "@modelcontextprotocol/server-memory",
  "fast-check",
  "playwright-core",
  "wabt",
];

/** Environment variables of the runtime that would change what the program does. */
export const unsetVariables: readonly string[] = [
  "DENO_AUTO_SERVE",
  "DENO_CACHE_DB_MODE",
  "DENO_COMPAT",
  "DENO_CONDITIONS",
  "DENO_COVERAGE_DIR",
  "DENO_EMIT_CACHE_MODE",
  "DENO_NO_PACKAGE_JSON",
  "DENO_PERMISSION_BROKER_PATH",
  "DENO_SERVE_ADDRESS",
  "DENO_SERVE_AUTOMATIC_COMPRESSION",
  "DENO_TRUST_PROXY_HEADERS",
  "DENO_V8_FLAGS",
  "LIBSQL_JS_DEV",
  "NODE_OPTIONS",
];

/** Permissions; `null` is the whole kind. Files lie wherever the person points, and models on any hub: those kinds are whole. */
export interface Permissions {
  readonly read: null;
  readonly write: null;
  readonly env: null;
  readonly net: null;
  readonly sys: readonly string[];
  readonly ffi: readonly string[] | null;
  readonly run: readonly string[] | null;
}

/** What `engramlt service` asks to keep the host. */
const servicePrograms: Readonly<Partial<Record<typeof Deno.build.os, string>>> = {
  linux: "systemctl",
  darwin: "launchctl",
  windows: "schtasks",
};

/**
 * What the main thread may do. The net is whole: a socket in the data folder and a model's hub have names that no
 * build knows; the doors themselves listen on loopback only. libsql asks for three sys facts to tell which C library it
 * runs on, the program for memory, load and free room; its workers step back where cores are wanted. It starts itself,
 * and asks the system's keeper of services.
 * Guests run in workers with none of these.
 *
 * @param ffi paths of the native files, or `null` where their place is unknown when the file is built
 * @param self path of the executable, or `null` where it is unknown
 */
export function permissions(ffi: readonly string[] | null, self: string | null): Permissions {
  return {
    read: null,
    write: null,
    env: null,
    net: null,
    sys: [
      "cpus",
      "hostname",
      "loadavg",
      "networkInterfaces",
      "osRelease",
      "setPriority",
      "statfs",
      "systemMemoryInfo",
      "uid",
    ],
    ffi,
    run: self === null ? null : [self, servicePrograms[Deno.build.os] ?? self],
  };
}

/** Permissions as flags of `deno run` and `deno compile`. */
export function permissionFlags(given: Permissions): string[] {
  return Object.entries(given).map(([kind, list]: [string, readonly string[] | null]) =>
    list === null ? `--allow-${kind}` : `--allow-${kind}=${list.join(",")}`
  );
}

/**
 * The runtime's arguments in the portable form; the launcher puts the unpacked folder in `{app}` and its own
 * path in `{exe}`. With a configuration named, no file of the current folder is looked at.
 */
export function launchArguments(nativeFiles: readonly string[]): string[] {
  const ffi = nativeFiles.map((path) => `{app}/${path}`);
  return [
    "run",
    "--quiet",
    "--config={app}/deno.json",
    "--no-lock",
    "--cached-only",
    "--no-remote",
    "--no-prompt",
    ...permissionFlags(permissions(ffi, "{exe}")),
    `{app}/${bundleFolder}/main.js`,
  ];
}
