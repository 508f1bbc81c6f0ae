/**
 * main(): arguments in, an exit code out.
 *
 * Invariants:
 * 1. Every way to end passes through here: results are written, the port is closed, the code is by kind.
 * 2. A closed pipe ends a command quietly; Ctrl-C ends it with 130. What was acknowledged stays.
 */
import { EngramError, exitCodes } from "../kernel/errors.ts";
import { Call, type Given, type Node } from "./command.ts";
import { connect, connectOptions } from "./connect.ts";
import { screenOptions } from "./globals.ts";
import { versionLine, versions } from "./help/versions.ts";
import { parse } from "./parse.ts";
import { Screen, type ScreenOptions } from "./terminal/screen.ts";
import { OutputClosed, processTerminal, type Terminal } from "./terminal/terminal.ts";
import { tree } from "./tree.ts";

const plain: ScreenOptions = { format: "text", quiet: false, color: "auto", progress: true };

/** Runs the command line; the number is the process's exit code. */
export async function main(args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  let screen = new Screen(terminal, plain);
  try {
    const { wrong, ...options } = screenOptions(args, terminal);
    screen = new Screen(terminal, options);
    if (wrong !== null) throw wrong;
    await start(args, screen, tree);
    return exitCodes.ok;
  } catch (error) {
    return end(error, screen);
  }
}

async function start(args: readonly string[], screen: Screen, nodes: readonly Node[]): Promise<void> {
  const parsed = parse(nodes, args);
  switch (parsed.kind) {
    case "help":
      return screen.result({ help: parsed.text }, () => screen.terminal.out(parsed.text));
    case "version":
      return screen.result(versions(), () => screen.line(versionLine(versions())));
    case "run":
      return await run(parsed.given, screen);
    default:
      return parsed satisfies never;
  }
}

async function run(given: Given, screen: Screen): Promise<void> {
  const open = async (call: Call) => {
    const port = await connect(connectOptions(call));
    if (port.refuses !== undefined) screen.note(`Only reading: ${port.refuses.message}`);
    return port;
  };
  const call = new Call(given, { screen, connect: open });
  const onInterrupt = () => Deno.exit(end(new EngramError("interrupted", "Stopped"), screen));
  const catches = given.leaf.catchesSignals !== true;
  if (catches) Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    await given.leaf.run(call);
  } finally {
    await call.close();
    if (catches) Deno.removeSignalListener("SIGINT", onInterrupt);
  }
}

/** Tells an error and gives its exit code. */
function end(error: unknown, screen: Screen): number {
  if (error instanceof OutputClosed) return exitCodes.ok;
  const shown = error instanceof Error ? error : new Error(String(error));
  try {
    screen.error(shown);
  } catch (closed) {
    if (!(closed instanceof OutputClosed)) throw closed;
  }
  return shown instanceof EngramError ? shown.exitCode : exitCodes.fault;
}
