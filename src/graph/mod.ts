/** The engram graph on libSQL: commit at an index, reads now and as of a tick, walks, search. */
export {
  type ConnectionsOptions,
  Graph,
  type GraphEntry,
  type GraphOptions,
  openGraph,
  type ParkedImage,
} from "./graph.ts";
export { copyBytes, copyGraphFile } from "./copy.ts";
export { type RowDifference, type RowHashes, type RowKind, rowKinds } from "./row_hashes.ts";
export { schemaVersion } from "./schema.ts";
export type { ChangesPage } from "./changes.ts";
export type { EngramVersion, ThreadOptions } from "./reads.ts";
export type { Readable } from "./scope.ts";
export { type Direction, type NeighborOptions, type PathOptions, walkLimits } from "./walk.ts";
export type { SearchQuery, SearchResult } from "./search.ts";
export { searchLimits, type Spelled } from "./score.ts";
export { type RecallHit, recallLimits, type RecallQuery, type RecallResult } from "./recall.ts";
export { toInt8, type Unembedded, vectorLimits } from "./vectors.ts";
export { eachWord, queryWords, stemOf } from "./words.ts";
