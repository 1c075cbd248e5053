import { plain } from "../flow-tables.js";
import { Limited } from "./base/limited.dp.js";

/** A rate limit over IPv4 without tags, fragments and options, its buckets in a flow table. */
export default class InTable extends Limited {
  constructor() {
    super({ ...plain, table: "flowTable" });
  }
}
