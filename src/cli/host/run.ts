/** engramlt host: the host that clients start where none runs. People run `engramlt up`. */
import type { Leaf } from "../command.ts";
import { connectOptions } from "../connect.ts";
import { hostSettings, idleFlag, settingFlags } from "./settings.ts";
import { untilStopped } from "./signals.ts";

/** engramlt host */
export const hostRun: Leaf = {
  name: "host",
  says: "run the host in the background, as engramlt mcp starts it: it ends when nobody uses it",
  flags: [...settingFlags, idleFlag],
  examples: ["host --idle-stop-minutes 5"],
  notes: "It says what it does in host.log in the data folder: engramlt logs shows it.",
  hidden: true,
  catchesSignals: true,
  async run(call) {
    const { data, seed, lockWaitMsMax } = connectOptions(call);
    const { serveHost } = await import("../../api/mod.ts");
    const settings = await hostSettings(call);
    await untilStopped((signal) =>
      serveHost({
        ...settings.options,
        data,
        seed,
        lockWaitMsMax,
        startedBy: "client",
        idleStopMs: settings.idleStopMs,
        onLine: () => {/* the file has it */},
        signal,
      })
    );
  },
};
