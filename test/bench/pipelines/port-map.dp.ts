import { inMap, plain } from "../flow-tables.js";
import { PublishedPort } from "./base/published-port.dp.js";

/** A published port over IPv4 without tags, fragments and options, on an LRU map. */
export default class InMap extends PublishedPort {
  constructor() {
    super({ ...plain, ...inMap });
  }
}
