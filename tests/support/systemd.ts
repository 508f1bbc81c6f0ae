/**
 * A systemd that keeps a user's services, for tests: one of its own, in a mount namespace of its own, where this user
 * may make one. The machine's own is never touched.
 */
import { until } from "./life.ts";

const systemd = "/lib/systemd/systemd";

/** Whether such a systemd can be started here. */
export function canRunSystemd(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  try {
    Deno.statSync(systemd);
    const { success } = new Deno.Command("unshare", { args: ["-m", "mount", "-t", "tmpfs", "tmpfs", "/run"] })
      .outputSync();
    return success;
  } catch {
    return false; // no systemd, or no unshare
  }
}

/** A systemd for one home folder. */
export class UserSystemd {
  readonly #child: Deno.ChildProcess;
  readonly #env: Record<string, string>;

  constructor(home: string) {
    const PATH = Deno.env.get("PATH") ?? "";
    this.#env = { HOME: home, XDG_CONFIG_HOME: `${home}/.config`, XDG_RUNTIME_DIR: "/run/user-test", PATH };
    const script =
      "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && mkdir -m 700 $XDG_RUNTIME_DIR && " +
      `exec ${systemd} --user`;
    this.#child = new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", script],
      env: this.#env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Runs a program beside it. */
  async run(command: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const { code, stdout, stderr } = await new Deno.Command("nsenter", {
      args: ["-t", String(this.#child.pid), "-m", "--", command, ...args],
      env: this.#env,
      stdin: "null",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: decode(stdout), err: decode(stderr) };
  }

  /** Waits until it answers. */
  async begin(): Promise<void> {
    await until("systemd answers", async () => {
      const { out } = await this.run("systemctl", ["--user", "is-system-running"]);
      return /^(?:running|degraded)/.test(out) || null;
    });
  }

  /** Ends it, and all that it keeps. */
  async end(): Promise<void> {
    this.#child.kill("SIGTERM"); // as a user's manager it stops its services and goes
    await this.#child.status;
  }
}
