import { inTable, plain } from "../flow-tables.js";
import { Edge } from "./base/edge.dp.js";

/** Five blocks, with their flows in a flow table. */
export default class InTable extends Edge {
  constructor() {
    super({ ...plain, ...inTable });
  }
}
