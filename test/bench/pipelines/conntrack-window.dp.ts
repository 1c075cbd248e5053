import { inMap, plain } from "../flow-tables.js";
import { Tracking } from "./base/tracking.dp.js";

/** Conntrack with the window check, for IPv4 without tags, fragments and options. */
export default class WindowChecked extends Tracking {
  constructor() {
    super({ ...plain, ...inMap }, true);
  }
}
