import { inTable, plain } from "../flow-tables.js";
import { Tracking } from "./base/tracking.dp.js";

/** Conntrack alone, for IPv4 without tags, fragments and options, on a flow table. */
export default class InTable extends Tracking {
  constructor() {
    super({ ...plain, ...inTable });
  }
}
