import { inMap, plain } from "../flow-tables.js";
import { Tracking } from "./base/tracking.dp.js";

/** Conntrack alone, for IPv4 without tags, fragments and options. */
export default class InMap extends Tracking {
  constructor() {
    super({ ...plain, ...inMap });
  }
}
