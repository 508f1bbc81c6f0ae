/**
 * Writes docs/api.md from the API's description (src/api/openapi/openapi.ts) and the limits; `--check` only
 * compares.
 *
 * Exit code: 0 if it is up to date or was written, 1 with `--check` if it is not.
 */
import { apiLimits } from "../src/api/limits.ts";
import { openApi, type Operation } from "../src/api/openapi/openapi.ts";
import { writePages } from "./docs_cli.ts";

const limitWords: Readonly<Record<keyof typeof apiLimits, string>> = {
  bodyBytesMax: "bytes of a request's body",
  agentBodyBytesMax: "bytes of the body of POST /v1/agents",
  bodyWaitMsMax: "ms for a body to arrive",
  headersWaitMsMax: "ms for the head of a request to arrive",
  headersMax: "headers of a request",
  headerBytesMax: "bytes of the head of a request",
  idleConnectionMsMax: "ms without a request after which a connection is closed",
  connectionsMax: "connections at once",
  bodyDepthMax: "levels of lists and objects in a body",
  requestsMax: "requests under way at once",
  eventsClientsMax: "streams of events at once",
  eventsStallMsMax: "ms for a client to take an event that waits for it",
  eventsDroppedMax: "streams that were dropped and whose clients have neither read why nor gone",
  eventsHeartbeatMs: "ms without an event until a stream says that it is still there",
  tokenLookMs: "ms between two looks whether the tokens of streams, sessions and connections still hold",
  jobsRunningMax: "jobs that run at once: replays, pulls of models, checkpoints",
  jobsKeptMax: "jobs that are known, those that ended among them",
  jobWaitMsMax: "ms that a request may wait for a job's end",
  replayWorkersMax: "threads for agents of one replay",
  pageMax: "things of a page at most",
};

const cell = (text: string) => text.replaceAll("|", "\\|");
const names = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(" ");

function row(path: string, method: string, { summary, parameters, "x-scope": scope }: Operation): string {
  const query = parameters.filter((one) => one.in === "query").map(({ name }) => name);
  return `| \`${method.toUpperCase()} ${path}\` | ${names(query)} | ${scope ?? "none"} | ${cell(summary)} |`;
}

function page(): string {
  const routes = Object.entries(openApi().paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => row(path, method, operation))
  );
  const limits = Object.entries(apiLimits).map(([name, value]) =>
    `| \`${name}\` | ${value.toLocaleString("en-US")} | ${limitWords[name as keyof typeof apiLimits]} |`
  );
  return Deno.readTextFileSync(new URL("api_page.md", import.meta.url))
    .replace(
      "<!-- routes -->",
      ["| route | query | scope | what it does |", "|-|-|-|-|", ...routes].join("\n"),
    )
    .replace("<!-- limits -->", ["| name | value | what |", "|-|-|-|", ...limits].join("\n"));
}

/** The page by its path below docs. */
export const pages: Readonly<Record<string, () => string>> = { "api.md": page };

if (import.meta.main) await writePages(pages, "scripts/docs_api.ts");
