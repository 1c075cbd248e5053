import { inMap } from "../flow-tables.js";
import { Tracking } from "./base/tracking.dp.js";

/** Conntrack alone, with everything on. */
export default class Everything extends Tracking {
  constructor() {
    super(inMap);
  }
}
