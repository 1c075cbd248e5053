import { inTable, plain } from "../flow-tables.js";
import { PublishedPort } from "./base/published-port.dp.js";

/** A published port over IPv4 without tags, fragments and options, on a flow table. */
export default class InTable extends PublishedPort {
  constructor() {
    super({ ...plain, ...inTable });
  }
}
