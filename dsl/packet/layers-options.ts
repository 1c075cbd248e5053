/** What of a packet's headers `layers()` looks for: what is left out costs nothing. */

/** Build-time options of `pkt.layers()` and of the blocks that call it. A packet with something that is left out comes back as not IP: `family` is 0. */
export interface LayersOptions {
  /** The IP versions. `[4, 6]` by default. */
  readonly families?: readonly (4 | 6)[];
  /** `false` leaves out packets with a VLAN tag (802.1Q, 802.1ad). */
  readonly vlan?: boolean;
  /** `false` leaves out fragments of IPv4 and IPv6, the first one too. */
  readonly fragments?: boolean;
  /** `false` leaves out IPv4 packets with options, and IPv6 packets with extension headers (the fragment header is `fragments`'). */
  readonly extensions?: boolean;
}

/**
 * The options of `layers()` among a block's own, with what is left out filled in.
 * @param owner the block's name, for the message
 * @throws RangeError that names the option, its value and what is allowed
 * @example const walk = checkLayersOptions("Conntrack", options);
 */
export function checkLayersOptions(owner: string, options: LayersOptions): Required<LayersOptions> {
  const { families = [4, 6], vlan = true, fragments = true, extensions = true } = options;
  const right = Array.isArray(families) && families.length > 0 && families.every(family => family === 4 || family === 6);
  if (!right) refuse(owner, "families", families, "[4], [6] or [4, 6]");
  for (const [name, value] of Object.entries({ vlan, fragments, extensions })) {
    if (typeof value !== "boolean") refuse(owner, name, value, "true or false");
  }
  return { families, vlan, fragments, extensions };
}

function refuse(owner: string, name: string, value: unknown, allowed: string): never {
  throw new RangeError(`${owner}: the option ${name} is ${JSON.stringify(value)}; allowed is ${allowed}`);
}

/** Equal for options that mean the same: one walk serves all calls with the same key. */
export function layersKey(options: LayersOptions): number {
  const families = options.families ?? [4, 6];
  const parts = [
    families.includes(4),
    families.includes(6),
    options.vlan !== false,
    options.fragments !== false,
    options.extensions !== false,
  ];
  return parts.reduce((key, part) => key * 2 + Number(part), 0);
}
