import { ipv4, Verdict } from "datapath";
import { inMap, plain } from "../flow-tables.js";
import { PublishedPort } from "../pipelines/base/published-port.dp.js";

/** A published port of a router, whose routes and neighbours say where its packets go. */
export default class Router extends PublishedPort {
  constructor() {
    super(
      { ...plain, ...inMap },
      { protocol: "udp", address: ipv4("198.51.100.1"), port: 80, to: { address: ipv4("10.0.0.5"), port: 8080 } },
    );
  }

  override onward(): Verdict {
    return Verdict.route();
  }
}
