import { Limited } from "./base/limited.dp.js";

/** A rate limit with everything on. */
export default class Everything extends Limited {
  constructor() {
    super({});
  }
}
