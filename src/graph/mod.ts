/** The engram graph on libSQL: commit at an index, reads now and as of a tick, walks, search. */
export {
  type ConnectionsOptions,
  Graph,
  type GraphEntry,
  type GraphOptions,
  openGraph,
  type ParkedImage,
} from "./graph.ts";
export { copyBytes, copyGraphFile } from "./file/copy.ts";
export { type RowDifference, type RowHashes, type RowKind, rowKinds } from "./file/row_hashes.ts";
export { schemaVersion } from "./file/schema.ts";
export type { ChangesPage } from "./reads/changes.ts";
export type { EngramVersion, ThreadOptions } from "./reads/reads.ts";
export type { Readable } from "./reads/scope.ts";
export { type Direction, type NeighborOptions, type PathOptions, walkLimits } from "./reads/walk.ts";
export type { SearchQuery, SearchResult } from "./search/search.ts";
export { searchLimits, type Spelled } from "./search/score.ts";
export { type RecallHit, recallLimits, type RecallQuery, type RecallResult } from "./search/recall.ts";
export { toInt8, type Unembedded, vectorLimits } from "./index/vectors.ts";
export { eachWord, queryWords, stemOf } from "./index/words.ts";
