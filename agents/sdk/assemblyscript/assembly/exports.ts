/**
 * The exports of an agent. In the entry file: `export * from "…/exports"`, and for an agent that takes mail
 * also `export { receive } from "…/mailbox"`.
 */
import { runAction, runInitialize, runQuery, runRelease, takeFailure } from "./agent";
import { Json } from "./json";
import { allocate, free, result, textAt } from "./wire";

export function engram_alloc(size: i32): usize {
  return allocate(size);
}
export function engram_free(ptr: usize, size: i32): void {
  free(ptr);
}
export function initialize(ptr: usize, len: i32): i32 {
  runInitialize(Json.parse(textAt(ptr, len)));
  return takeFailure() ? -1 : 0;
}
export function execute(actionPtr: usize, actionLen: i32, paramsPtr: usize, paramsLen: i32): i32 {
  const answer = runAction(textAt(actionPtr, actionLen), textAt(paramsPtr, paramsLen));
  return takeFailure() ? -1 : result(answer);
}
export function query(ptr: usize, len: i32): i32 {
  const answer = runQuery(textAt(ptr, len));
  return takeFailure() ? -1 : result(answer);
}
export function release(): void {
  runRelease();
}
