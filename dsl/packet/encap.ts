/** What an inserted gap is for. tc keeps GSO packets and checksum offload right when it knows. */
export interface Encap {
  readonly "~encap": true;
}
class Encapsulation implements Encap {
  readonly "~encap" = true;
  readonly name: string;
  constructor(name: string) {
    this.name = name;
    Object.freeze(this);
  }
}
/** Kinds of encapsulation for `insert`: the outer header's protocol and address family. */
export const Encap: {
  readonly None: Encap;
  readonly Ip4: Encap;
  readonly Ip6: Encap;
  readonly Udp4: Encap;
  readonly Udp6: Encap;
  readonly Gre4: Encap;
} = Object.freeze({
  None: new Encapsulation("none"),
  Ip4: new Encapsulation("ip4"),
  Ip6: new Encapsulation("ip6"),
  Udp4: new Encapsulation("udp4"),
  Udp6: new Encapsulation("udp6"),
  Gre4: new Encapsulation("gre4"),
});
/** The compiler's name for a live encapsulation. */
export function encapName(encap: Encap): string {
  return encap instanceof Encapsulation ? encap.name : "none";
}
