/** Lines of assistants' transcripts, as the programs write them. */

/** A line of Claude Code's. */
export function claudeLine(
  n: number,
  type: "user" | "assistant",
  content: unknown,
  more: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    parentUuid: n === 0 ? null : `u${n - 1}`,
    isSidechain: false,
    userType: "external",
    cwd: "/home/ada/heron",
    sessionId: "s1",
    version: "2.1.0",
    gitBranch: "main",
    type,
    message: { role: type, content },
    uuid: `u${n}`,
    timestamp: new Date(Date.UTC(2026, 2, 14, 9, n)).toISOString(),
    ...more,
  });
}

/** The lines of a Codex session in a folder: its head, then messages. */
export function codexLines(
  id: string,
  cwd: string,
  said: readonly (readonly [role: "user" | "assistant" | "developer", text: string])[],
  more: { readonly day?: number; readonly head?: Readonly<Record<string, unknown>> } = {},
): string[] {
  const time = (n: number) => new Date(Date.UTC(2026, 2, more.day ?? 15, 9, n)).toISOString();
  const line = (n: number, type: string, payload: unknown) =>
    JSON.stringify({ timestamp: time(n), type, payload });
  return [
    line(0, "session_meta", {
      id,
      timestamp: time(0),
      cwd,
      originator: "codex_cli_rs",
      cli_version: "0.165.0",
      ...more.head,
    }),
    ...said.flatMap(([role, text], at) => [
      line(at + 1, "response_item", {
        type: "message",
        role,
        content: [{ type: role === "assistant" ? "output_text" : "input_text", text }],
      }),
      ...(role === "user" ? [line(at + 1, "event_msg", { type: "user_message", message: text })] : []),
    ]),
    line(50, "response_item", { type: "function_call", name: "shell", arguments: "{}", call_id: "c1" }),
    line(51, "response_item", { type: "function_call_output", call_id: "c1", output: "a secret file" }),
    line(52, "response_item", { type: "reasoning", summary: [], encrypted_content: "x" }),
  ];
}

/** A Codex session forked from another: its head, all lines of the other with new times, then its own messages. */
export function codexFork(
  id: string,
  of: { readonly id: string; readonly lines: readonly string[] },
  cwd: string,
  said: Parameters<typeof codexLines>[2],
  day: number,
): string[] {
  const [head = "", ...own] = codexLines(id, cwd, said, { day, head: { forked_from_id: of.id } });
  const time = new Date(Date.UTC(2026, 2, day, 8, 59)).toISOString();
  const copied = of.lines.map((line) => JSON.stringify({ ...JSON.parse(line), timestamp: time }));
  return [head, ...copied, ...own];
}
