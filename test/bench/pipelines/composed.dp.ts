import { inMap, plain } from "../flow-tables.js";
import { Edge } from "./base/edge.dp.js";

/** Five blocks, with their flows in an LRU map. */
export default class InMap extends Edge {
  constructor() {
    super({ ...plain, ...inMap });
  }
}
