/**
 * Threads that step back: where cores are wanted, a tick and an answer come before readings, vectors and replays.
 *
 * Only Linux gives a thread a priority of its own; elsewhere the whole process would step back. Nothing waits for it
 * and no result depends on it: a thread that may not step back (`--allow-sys=setPriority` is not given) goes on as it is.
 */

/** How far a thread steps back: where it and another want one core, it gets about a tenth. */
const backgroundNice = 10;

/** The permission that {@link stepBack} needs, for a worker that is given its permissions one by one. */
export function stepBackPermission(): string[] | false {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "setPriority" });
  return state === "granted" ? ["setPriority"] : false;
}

/** Gives this thread, a worker's, a lower priority for the rest of its life. Begun, not waited for. */
export function stepBack(): void {
  if (Deno.build.os !== "linux") return;
  import("node:os").then((os) => os.setPriority(0, backgroundNice)).catch(() => {
    // Not allowed here, by the runtime or by the system.
  });
}
