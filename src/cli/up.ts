/**
 * engramlt up: the host, where a person sees it, with one screen that says where it is and what it lacks.
 *
 * Owns: that screen. Does not own: serving (api/serve_host.ts), settings (settings.ts).
 */
import { EngramError } from "../kernel/errors.ts";
import { dataPaths, exists, readHostFile } from "../runtime/data_folder.ts";
import type { Leaf } from "./command.ts";
import { type ConnectOptions, connectOptions, findHostOf } from "./connect.ts";
import { hostSettings, settingFlags } from "./settings.ts";
import { untilStopped } from "./signals.ts";

/** engramlt up */
export const up: Leaf = {
  name: "up",
  says: "run the host until it is stopped: every other command then works through it",
  flags: settingFlags,
  examples: ["up", "up --port 4100 --workers 4", "up --no-agents"],
  notes:
    "linker, curator and digest are loaded where they are not, and may read and write the whole memory: every\n" +
    "project, those there now and those to come. Two seconds after a change they work on what changed. Your notes\n" +
    "are never changed. engramlt agent unload takes one away; agent load --grant narrows what it may do.\n\n" +
    "Ctrl-C or engramlt down stops it cleanly. The address stands in host.json and the token in the file token,\n" +
    "both in the data folder and readable by you alone. engramlt config shows every setting.",
  catchesSignals: true,
  async run(call) {
    const options = connectOptions(call);
    const { data, seed, lockWaitMsMax } = options;
    const told = await hostSettings(call);
    await refuseSecond(options);
    const { exposure, serveHost } = await import("../api/mod.ts");
    await untilStopped((signal) =>
      serveHost({
        ...told.options,
        data,
        seed,
        lockWaitMsMax,
        signal,
        onReady: ({ address, tokenFile, agents }) => {
          const { screen } = call;
          screen.result({ address, tokenFile, data, agents }, () => {
            screen.line(`${screen.paint("green", "✓")} up at ${address}`);
            screen.line(`  data   ${data}`);
            screen.line(`  token  ${tokenFile}`);
            for (const { id, words, isNew } of agents) {
              screen.line(`  ${id.padEnd(9)} ${isNew ? "" : "(as it was loaded) "}${words.join(" · ")}`);
            }
          });
          const exposed = exposure(told.options.host ?? "");
          if (exposed !== null) screen.note(exposed);
          screen.note("Ctrl-C stops it");
        },
      })
    );
    call.screen.summary("stopped");
  },
};

/** One host a folder: says so at once, where the lock would only be waited for. */
async function refuseSecond(options: ConnectOptions): Promise<void> {
  const paths = dataPaths(options.data);
  const host = exists(paths.host) ? await findHostOf(options) : null;
  if (host === null) return;
  await host.close();
  const file = readHostFile(paths);
  const address = file?.address ?? "its address";
  const whose = file === null || file.startedBy === null
    ? ""
    : `, process ${file.pid ?? "unknown"}, since ${file.since ?? "unknown"}, started by ${
      file.startedBy === "up" ? "engramlt up" : "an assistant"
    }`;
  const message = `Cannot start a host on data folder ${options.data}: one runs at ${address}${whose}`;
  throw new EngramError("data_folder_in_use", message, { address }, "engramlt down stops it");
}
