/** What a file of sequences holds. */

export interface Topic {
  /** whether a connection may be picked up in its middle (nf_conntrack_tcp_loose) */
  readonly pickUp: boolean;
  readonly families: readonly (4 | 6)[];
  /** scripts by what happens in them */
  readonly sequences: Readonly<Record<string, string>>;
}

/** Joins parts of a script. */
export function script(...parts: readonly string[]): string {
  return parts.join("\n");
}

export const handshake = `
  > S 0
  < S. 0 ack 1
  > . 1 ack 1`;

/** A connection whose windows are scaled: by 128 from the client, by 16 from the server. */
export const scaledHandshake = `
  > S 0 win 64000 wscale 7 sack
  < S. 0 ack 1 win 64000 wscale 4 sack
  > . 1 ack 1 win 500`;

/** A transfer in segments of 2,500 bytes, each acknowledged; longer ones could not be test-run. */
export function transfer(from: ">" | "<", segments: number, window = 65_535): string {
  const size = 2_500;
  const answer = from === ">" ? "<" : ">";
  return Array.from(
    { length: segments },
    (_, i) => `${from} . ${1 + i * size}(${size}) ack 1 win ${window}\n${answer} . 1 ack ${1 + (i + 1) * size} win ${window}`,
  ).join("\n");
}

/** Segments of 2,500 bytes that nothing acknowledges. */
export function flight(from: ">" | "<", segments: number, window = 65_535): string {
  const size = 2_500;
  return Array.from({ length: segments }, (_, i) => `${from} . ${1 + i * size}(${size}) ack 1 win ${window}`).join("\n");
}
