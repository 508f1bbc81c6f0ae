/**
 * Two agents that exchange messages: the smallest system that shows agents, mail and determinism.
 *
 * One module, loaded under two ids whose configs name each other. `start` sends the first message; each answer
 * counts one further, until `ticks` messages have been exchanged.
 */
import {
  Json,
  onInitialize,
  onMessage,
  onQuery,
  registerAction,
  send,
} from "../../sdk/assemblyscript/assembly";
export * from "../../sdk/assemblyscript/assembly/exports";
export { receive } from "../../sdk/assemblyscript/assembly/mailbox";

let peer = "";
let ticks: i64 = 100;
let received: i64 = 0;
let last: i64 = 0;

onInitialize((start) => {
  const config = start.get("config");
  peer = config.get("peer").asText();
  ticks = config.get("ticks").asInteger(100);
});

registerAction("start", (_params) => {
  send(peer, "1");
  return state();
});

onMessage((message) => {
  received++;
  last = I64.parseInt(message.body, 10);
  if (last < ticks) send(message.from, (last + 1).toString());
});

onQuery((_query) => state());

function state(): string {
  return Json.object().setText("peer", peer).setNumber("received", <f64> received).setNumber(
    "last",
    <f64> last,
  )
    .toString();
}
