/** The host and the data folder: down, status, metrics, api. */
import { EngramError } from "../../kernel/errors.ts";
import { type Leaf, usage } from "../command.ts";
import { type ConnectOptions, connectOptions, findHostOf, runningHost } from "../connect.ts";
import { count, plural, size } from "../terminal/screen.ts";
import { restoredWords, timeRows } from "../terminal/shown.ts";

/** Sends a request to the host of the data folder, with its token. */
async function askHost(
  options: ConnectOptions,
  method: string,
  path: string,
  body: string | null,
): Promise<Response> {
  const found = await runningHost(options);
  if (found === null) {
    throw new EngramError(
      "host_unreachable",
      `Cannot reach a host: none runs on data folder ${options.data}`,
      {},
      "engramlt up starts one",
    );
  }
  const { host: { address }, token } = found;
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (body !== null) headers["content-type"] = "application/json";
  try {
    return await fetch(`${address}${path}`, { method, headers, body, redirect: "error" });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new EngramError("host_unreachable", `Cannot reach the host at ${address}: ${words}`);
  }
}

/** engramlt down */
export const down: Leaf = {
  name: "down",
  says: "stop the host cleanly",
  examples: ["down"],
  async run(call) {
    const options = connectOptions(call);
    const response = await askHost(options, "POST", "/v1/stop", "{}");
    await response.body?.cancel();
    if (!response.ok) {
      throw new EngramError("host_unreachable", `Cannot stop the host: it answered ${response.status}`);
    }
    const end = performance.now() + 20_000;
    for (let port = await findHostOf({ ...options, lockWaitMsMax: 20_000 }); port !== null;) {
      await port.close();
      if (performance.now() > end) {
        throw new EngramError("host_stopping", "Cannot stop the host: it still runs");
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      port = await findHostOf({ ...options, lockWaitMsMax: 20_000 });
    }
    call.screen.result({ stopped: true, data: options.data }, () => call.screen.line("stopped"));
    call.screen.summary(`the host of ${options.data} has ended`);
  },
};

/** engramlt status */
export const status: Leaf = {
  name: "status",
  says: "show what there is: memories, agents, the last tick, the state hash",
  examples: ["status", "status --json"],
  async run(call) {
    const port = await call.port();
    const found = await port.view({ view: "status" });
    const readOnly = port.refuses?.message ?? null;
    call.screen.result({ ...found, where: port.where, readOnly }, () =>
      call.screen.facts([
        ["version", found.version],
        ["data", found.data],
        ["host", port.where === "host" ? "running" : "none, this command opened the folder"],
        ["memories", count(found.engrams)],
        ["links", count(found.connections)],
        ["projects", count(found.contexts)],
        ["agents", count(found.agents)],
        ["tick", `${count(found.tick)}${found.time === null ? "" : ` at ${found.time}`}`],
        ["state hash", found.stateHash],
        ["function calls", count(found.functionCalls)],
        ["agents' memory", size(found.memoryBytes)],
        ["messages waiting", count(found.waitingMessages)],
        ["workers", count(found.workers)],
        ...timeRows(found.executionMs),
      ]));
    if (found.cut !== null) {
      const { segment, bytes } = found.cut;
      call.screen.note(
        `cut ${plural(bytes, "byte")} of an unfinished entry from ${segment}: nothing acknowledged was in it`,
      );
    }
    if (found.restored !== null) call.screen.note(restoredWords(found.restored));
  },
};

/** engramlt metrics */
export const metrics: Leaf = {
  name: "metrics",
  says: "show what the host counted: steps, fuel, durations, memory, in the text format of Prometheus",
  examples: ["metrics", "metrics --json"],
  notes:
    "A monitoring system reads the same at GET /metrics. Without a host, this command alone has counted.",
  async run(call) {
    const port = await call.port();
    const found = await port.view({ view: "runtime_metrics" });
    const { prometheusText } = await import("../../api/http/prometheus.ts");
    call.screen.result(found, () => call.screen.line(prometheusText(found.metrics).trimEnd()));
  },
};

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** engramlt api */
export const api: Leaf = {
  name: "api",
  says: "send a request to the running host's HTTP API, with its token",
  places: [
    { name: "method", says: "GET or POST", noFlag: true },
    { name: "path", says: "such as /v1/status", noFlag: true },
    {
      name: "body",
      shown: "JSON",
      says: "body of the request; - reads standard input",
      optional: true,
      noFlag: true,
    },
  ],
  examples: ["api GET /v1/status", `api POST /v1/view '{"view": "agents"}'`, "api GET /v1"],
  async run(call) {
    const method = call.need("method").toUpperCase();
    if (!methods.includes(method)) {
      throw usage(`Cannot send ${JSON.stringify(method)}: it is none of ${methods.join(", ")}`);
    }
    const asked = call.need("path");
    const path = asked.startsWith("/") ? asked : `/v1/${asked}`;
    const given = call.text("body");
    const body = given === "-" ? await call.screen.terminal.read() : given;
    const response = await askHost(connectOptions(call), method, path, body);
    const text = await response.text();
    const value = parsed(text);
    if (!response.ok) {
      const { refusalIn } = await import("../../api/wire/problem.ts");
      throw refusalIn(value) ?? new EngramError("host_unreachable", `The host answered ${response.status}`);
    }
    call.screen.result(
      value ?? text,
      () => call.screen.line(value === null ? text : JSON.stringify(value, null, 2)),
    );
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // events and other text are shown as they are
  }
}
