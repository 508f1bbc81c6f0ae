/** engramlt log: look at the log, check it, repair it. */
import { EngramError, refusals } from "../../kernel/errors.ts";
import type { LogView } from "../../runtime/port.ts";
import { type Call, given, type Group, type Leaf } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { count, plural } from "../terminal/screen.ts";
import { minute } from "../terminal/shown.ts";

const verify: Leaf = {
  name: "verify",
  says: "check every byte of the log: checksums, chain, contents; and the modules of agents",
  examples: ["log verify"],
  notes: "This reads; engramlt replay --verify also runs every step again.",
  async run(call) {
    const verdict = await (await call.port()).view({ view: "verify_log" });
    call.screen.result(verdict, () => {
      if (verdict.ok) call.screen.line(`${call.screen.paint("green", "✓")} the log holds`);
    });
    call.screen.summary(plural(verdict.entries, "entry", "entries"));
    const { first } = verdict;
    if (first === undefined) return;
    const place = `${first.segment} at byte ${first.offset}, entry ${first.index}`;
    const hint = damageHint(first.segment);
    throw new EngramError("log_corrupt", `Cannot verify the log: ${place}: ${first.what}`, first, hint);
  },
};

/** What to do about damage: repairing the log mends no blob. */
export function damageHint(segment: string): string {
  return refusals[segment.startsWith("blobs/") ? "blob_missing" : "log_corrupt"].hint;
}

function lines({ screen }: Call, entry: LogView): void {
  screen.line(
    `${screen.paint("bold", `tick ${count(entry.tick)}`)}  ${minute(entry.time)}  ${
      screen.paint("dim", entry.hash.slice(0, 16))
    }`,
  );
  for (const { kind, client, agent, commandId } of entry.commands) {
    const id = commandId === null ? "" : ` as ${commandId}`;
    screen.line(`  command ${kind}${agent === null ? "" : ` ${agent}`} from ${client}${id}`);
  }
  for (const step of entry.steps) {
    const parts = [
      step.fuel > 0 ? `${count(step.fuel)} fuel` : "",
      step.writes > 0 ? plural(step.writes, "write") : "",
      step.messages > 0 ? plural(step.messages, "message") : "",
      step.reason,
    ].filter((part) => part !== "");
    const outcome = step.outcome === "completed" ? step.outcome : screen.paint("red", step.outcome);
    screen.line(
      `  step ${step.agent === null ? "" : `${step.agent} `}${step.entry} ${outcome}${
        parts.length === 0 ? "" : `: ${parts.join(", ")}`
      }`,
    );
    for (const text of step.logs) screen.line(`    ${text}`);
  }
}

const show: Leaf = {
  name: "show",
  says: "show what happened, tick by tick",
  places: [{
    name: "from",
    shown: "TICK",
    says: "the first tick to show (default: the last ones)",
    optional: true,
  }],
  flags: [
    { flags: "--limit N", says: "ticks at most (default: 20)" },
    { flags: "--follow", says: "go on as ticks happen, until Ctrl-C" },
  ],
  examples: ["log show", "log show 12 --limit 1 --json", "log show --follow --jsonl"],
  async run(call) {
    const port = await call.port();
    const limit = call.whole("limit") ?? 20;
    const asked = call.whole("from", 0);
    const { tick } = await port.view({ view: "status" });
    const from = asked ?? Math.max(0, tick - limit + 1);
    if (call.has("follow")) {
      for await (const { entry } of port.events(from, new AbortController().signal)) {
        if (call.screen.isJson) call.screen.row(entry);
        else lines(call, entry);
      }
      return;
    }
    if (from > tick) throw new EngramError("tick_not_found", `Cannot show tick ${from}: the last is ${tick}`);
    const { entries, next } = await port.view({ view: "log", ...given({ from, limit }) });
    call.screen.list<LogView>(
      "entries",
      entries,
      { next },
      () => entries.forEach((entry) => lines(call, entry)),
    );
    call.screen.summary(`${plural(entries.length, "tick")} of ${count(tick + 1)}`);
  },
};

const messages: Leaf = {
  name: "messages",
  says: "show what agents sent each other, in the order in which they got it, and how long it waited",
  places: [{
    name: "from",
    shown: "TICK",
    says: "the first tick of receiving to show (default: the last ones)",
    optional: true,
  }],
  flags: [{ flags: "--limit N", says: "messages at most, whole ticks (default: 100)" }],
  examples: ["log messages", "log messages 12 --limit 1000 --json"],
  notes:
    "Texts of messages are not shown. What still waits has not been received: engramlt metrics counts it.",
  async run(call) {
    const port = await call.port();
    const asked = { from: call.whole("from", 0), limit: call.whole("limit") };
    const found = await port.view({ view: "messages", ...given(asked) });
    call.screen.list(
      "messages",
      found.messages,
      { next: found.next },
      () =>
        call.screen.table(found.messages, [
          { title: "TICK", text: ({ receivedTick }) => String(receivedTick) },
          { title: "FROM", text: ({ from }) => from },
          { title: "TO", text: ({ to }) => to },
          { title: "BYTES", text: ({ bytes }) => String(bytes) },
          { title: "SENT", text: (one) => `${one.sentTick}.${one.sentStep}.${one.sentIndex}` },
          { title: "WAITED", text: (one) => `${plural(one.latencyTicks, "tick")}, ${one.latencyMs} ms` },
          { title: "OUTCOME", text: ({ outcome }) => outcome },
        ]),
    );
    const more = found.next === null ? "" : `; more from tick ${found.next} on`;
    call.screen.summary(`${plural(found.messages.length, "message")}${more}`);
  },
};

const repair: Leaf = {
  name: "repair",
  says: "show the first damage of the log; with --cut, copy the segment aside and cut there",
  flags: [{ flags: "--cut", says: "cut the log at the damage: what stands after it is lost to the program" }],
  examples: ["log repair", "log repair --cut --yes"],
  async run(call) {
    const { repairFolder } = await import("../../runtime/mod.ts");
    const { data } = connectOptions(call);
    const { screen } = call;
    const found = await repairFolder({ data, cut: false });
    const wants = call.has("cut") && found.damage !== null;
    if (wants) confirmCut(call);
    const report = wants ? await repairFolder({ data, cut: true }) : found;
    screen.result(report, () => {
      if (report.damage === null) return screen.line(`${screen.paint("green", "✓")} the log holds`);
      const { segment, offset, index, what, shown } = report.damage;
      screen.facts([
        ["damage", what],
        ["where", `${segment} at byte ${offset}, entry ${index}`],
        ["bytes there", shown],
        ["entries before it", count(report.entries)],
        ["bytes from there on", count(report.lostBytes)],
        ...report.aside.map((path): [string, string] => ["copied to", path]),
      ]);
    });
    screen.summary(report.cut ? "the log was cut at the damage" : "nothing was changed");
    if (report.damage !== null && !report.cut) {
      const { segment, offset, what } = report.damage;
      const message = `Cannot read the log: ${segment} at byte ${offset}: ${what}`;
      throw new EngramError(
        "log_corrupt",
        message,
        { ...report.damage },
        "engramlt log repair --cut copies it aside and cuts there",
      );
    }
  },
};

function confirmCut(call: Call): void {
  if (call.has("yes")) return;
  const { terminal } = call.screen;
  const canAsk = terminal.inIsTerminal && terminal.errIsTerminal && !call.screen.isJson;
  const answer = canAsk ? terminal.ask("Cut the log there? What stands after it will be gone. [y/N]") : null;
  if (answer !== null && /^\s*y/i.test(answer)) return;
  throw new EngramError("denied", "Cannot cut the log: it was not confirmed", {}, "--yes confirms it");
}

/** engramlt log … */
export const log: Group = {
  name: "log",
  says: "what happened: show it, check it, repair it",
  commands: [show, messages, verify, repair],
};
