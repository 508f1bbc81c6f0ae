/** The optional export `receive`: an agent without it can't be sent to. */
import { runReceive, takeFailure } from "./agent";
import { Json } from "./json";
import { textAt } from "./wire";

export function receive(ptr: usize, len: i32): i32 {
  runReceive(Json.parse(textAt(ptr, len)));
  return takeFailure() ? -1 : 0;
}
