import { inMap } from "../flow-tables.js";
import { PublishedPort } from "./base/published-port.dp.js";

/** A published port, with everything on, on an LRU map. */
export default class Everything extends PublishedPort {
  constructor() {
    super(inMap);
  }
}
