/**
 * `deno task conformance:mcp`: the official MCP conformance suite, in two parts.
 *
 * 1. In full against the fixture (mcp_fixture.ts): every scored scenario of both revisions must pass.
 * 2. Against the product's own /mcp: the suite calls tools with names of its own, which this server does not have. What
 *    fails for such a reason stands in `expected`; a scenario that fails and is not there, or is there and passes, ends
 *    this with 1.
 *
 * The suite has no way to send a token, so the door is given it here with each request; all else is the host's own.
 */
import { fileURLToPath } from "node:url";
import { httpApi } from "../src/api/http/http.ts";
import { Jobs } from "../src/api/host/jobs.ts";
import { apiLimits } from "../src/api/limits.ts";
import { TokenWatch } from "../src/api/tokens/watch.ts";
import type { Verifier } from "../src/api/tokens/tokens.ts";
import { openRuntime } from "../src/mod.ts";
import { dataPaths } from "../src/runtime/data_folder.ts";
import { openDataModels } from "../src/runtime/models/models.ts";
import { checkpointBeside } from "../src/runtime/checkpoint/client.ts";
import { replayBeside } from "../src/runtime/replay/client.ts";
import { serveFixture } from "./mcp_fixture.ts";

/** The revisions of the protocol, and how many scenarios of each are scored. */
const revisions = { "2025-11-25": 30, "2026-07-28": 37 } as const;
type Revision = keyof typeof revisions;

const noTool = "calls a tool of the suite's own, which this server does not have";
const noResource = "reads a resource of the suite's own, which this server does not have";
const noPrompt = "gets a prompt of the suite's own, which this server does not have";
const noSubscription = "there is nothing to subscribe to: this server does not tell of changes to a resource";

/** Scenarios that fail against the product in both revisions, with the reason. */
const inBoth = {
  "tools-call-simple-text": noTool,
  "tools-call-image": noTool,
  "tools-call-audio": noTool,
  "tools-call-embedded-resource": noTool,
  "tools-call-mixed-content": noTool,
  "tools-call-error": noTool,
  "tools-call-with-progress": noTool,
  "resources-read-text": noResource,
  "resources-read-binary": noResource,
  "resources-templates-read": noResource,
  "prompts-get-simple": noPrompt,
  "prompts-get-with-args": noPrompt,
  "prompts-get-embedded-resource": noPrompt,
  "prompts-get-with-image": noPrompt,
};

/** Scored scenarios that fail against the product, with the reason. */
const expected: Readonly<Record<Revision, Readonly<Record<string, string>>>> = {
  "2025-11-25": {
    ...inBoth,
    "logging-set-level": "this server sends no log messages, which the protocol has since given up",
    "resources-subscribe": noSubscription,
    "resources-unsubscribe": noSubscription,
    "tools-call-with-logging": noTool,
    "tools-call-sampling": noTool,
    "tools-call-elicitation": noTool,
    "elicitation-sep1034-defaults": noTool,
    "elicitation-sep1330-enums": noTool,
  },
  "2026-07-28": {
    ...inBoth,
    "server-stateless": "four of its 28 checks call tools of the suite's own",
    "input-required-result-basic-elicitation": noTool,
    "input-required-result-basic-sampling": noTool,
    "input-required-result-basic-list-roots": noTool,
    "input-required-result-request-state": noTool,
    "input-required-result-multiple-input-requests": noTool,
    "input-required-result-multi-round": noTool,
    "input-required-result-non-tool-request": noPrompt,
    "input-required-result-result-type": noTool,
    "input-required-result-tampered-state": noTool,
    "input-required-result-capability-check": noTool,
  },
};

interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly output: string;
}

/** Runs the suite against a URL; scenarios that are not scored are left out. */
async function runSuite(url: string, revision: Revision): Promise<Outcome> {
  const folder = fileURLToPath(
    new URL("../node_modules/@modelcontextprotocol/conformance/", import.meta.url),
  );
  const results = await Deno.makeTempDir({ prefix: "engramlt-conformance-" });
  try {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        "dist/index.js",
        "server",
        "--url",
        url,
        "--requirements",
        revision,
        "-o",
        results,
      ],
      cwd: folder,
    }).output();
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    const unscored = new Set(
      [...output.matchAll(/^ {2}[✓✗] ([\w-]+) \(/gm)].map(([, name = ""]) => name),
    );
    const lines = [...output.matchAll(/^([✓✗]) ([\w-]+): \d+ passed/gm)]
      .map(([, mark = "", name = ""]) => ({ mark, name }))
      .filter(({ name }) => !unscored.has(name));
    const named = (mark: string) => lines.filter((line) => line.mark === mark).map(({ name }) => name);
    return { passed: named("✓"), failed: named("✗"), output };
  } finally {
    await Deno.remove(results, { recursive: true });
  }
}

/** The fixture must pass all of it. */
async function checkFixture(): Promise<boolean> {
  const stop = new AbortController();
  const { port } = serveFixture(0, stop.signal);
  let ok = true;
  try {
    for (const revision of revisionsInOrder) {
      const { passed, failed, output } = await runSuite(`http://127.0.0.1:${port}/mcp`, revision);
      const scored = revisions[revision];
      const isWhole = passed.length === scored && failed.length === 0;
      console.log(
        `fixture  ${revision}  ${passed.length} of ${scored}${isWhole ? "" : `, failed: ${failed}`}`,
      );
      if (!isWhole) console.log(output);
      ok &&= isWhole;
    }
  } finally {
    stop.abort();
  }
  return ok;
}

const revisionsInOrder: readonly Revision[] = ["2025-11-25", "2026-07-28"];

/** The product must fail what is expected to fail, and nothing else. */
async function checkProduct(): Promise<boolean> {
  const data = await Deno.makeTempDir({ prefix: "engramlt-conformance-" });
  const port = await openRuntime({ data: `${data}/data`, workers: 1 });
  const stop = new AbortController();
  let authority = "", ok = true;
  const token = crypto.getRandomValues(new Uint8Array(32)).toHex();
  const onFault = (error: unknown) => {
    ok = false;
    console.error(error);
  };
  const tokens: Verifier = {
    verifyToken: (given) => given === token ? { name: "suite", scope: "admin" } : null,
  };
  const app = httpApi({
    port,
    own: {
      models: openDataModels(data),
      jobs: new Jobs(apiLimits, onFault, () => () => {/* nothing waits for its end */}),
      paths: dataPaths(data),
      replay: replayBeside,
      checkpoint: checkpointBeside,
      hub: undefined,
    },
    tokens,
    watch: new TokenWatch(tokens, apiLimits.tokenLookMs),
    nonce: token,
    authority: () => authority,
    stopping: stop.signal,
    stop: () => stop.abort(),
    seeded: false,
    onFault,
    limits: apiLimits,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} },
    (request) => {
      const headers = new Headers(request.headers);
      headers.set("authorization", `Bearer ${token}`);
      return app.fetch(new Request(request, { headers }));
    },
  );
  authority = `localhost:${server.addr.port}`;
  try {
    for (const revision of revisionsInOrder) {
      const { passed, failed, output } = await runSuite(`http://${authority}/mcp`, revision);
      const reasons = expected[revision];
      const unexpected = failed.filter((name) => reasons[name] === undefined);
      const stale = Object.keys(reasons).filter((name) => !failed.includes(name));
      console.log(
        `/mcp     ${revision}  ${passed.length} of ${revisions[revision]}, ` +
          `${failed.length - unexpected.length} fail as expected`,
      );
      if (unexpected.length > 0) {
        console.log(`${output}\nfailed without being expected to: ${unexpected.join(", ")}`);
      }
      if (stale.length > 0) console.log(`expected to fail, and does not: ${stale.join(", ")}`);
      ok &&= unexpected.length === 0 && stale.length === 0 &&
        passed.length + failed.length === revisions[revision];
    }
  } finally {
    stop.abort();
    await port.close();
    await Deno.remove(data, { recursive: true });
  }
  return ok;
}

if (import.meta.main) {
  const results = [await checkFixture(), await checkProduct()];
  Deno.exit(results.every((ok) => ok) ? 0 : 1);
}
