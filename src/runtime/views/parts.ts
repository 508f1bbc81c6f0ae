/** What views, `why` among them, are made from. */
import type { Graph } from "../../graph/mod.ts";
import type { State } from "../../kernel/mod.ts";
import type { Log } from "../../log/mod.ts";
import type { DataPaths } from "../data_folder.ts";
import type { Images } from "../agents/images.ts";

/** What views read. `state` is null in a reader that has none: then agents come from the stored rows. */
export interface ViewParts {
  readonly graph: Graph;
  readonly log: Log;
  readonly images: Images;
  readonly paths: DataPaths;
  readonly state: () => State | null;
}
