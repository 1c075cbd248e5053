/**
 * Maglev's consistent hashing (Eisenbud et al., NSDI 2016, §3.4) with weights: a ring in which each backend has a share
 * by its weight, and in which little moves when a backend comes or goes. A pure function of identities and weights:
 * every balancer, and every process that writes a ring, comes to the same one.
 */
import { FNV_START, fnv1a, hashEnd, hashWord } from "datapath";

/** A backend as a ring sees it. */
export interface Member {
  /** what the backend's places in the ring follow from, such as its address and port */
  readonly identity: string;
  /** 1 … 65535; its share is its part of all members' weights */
  readonly weight: number;
  /** what stands in the ring */
  readonly number: number;
}

/** Whether a number is prime: each member's steps then visit every place. */
export function isPrime(number: number): boolean {
  if (!Number.isInteger(number) || number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}

/** A member with its way through the places: one after the other, and how far it came. */
interface Walker {
  readonly number: number;
  readonly weight: number;
  readonly skip: number;
  place: number;
  credit: number;
}

/**
 * The ring: for each place the number of the member that has it.
 * @param size how many places, a prime; a hundred for each member keep shares within one per cent
 * @returns `size` numbers; empty where there is no member
 * @throws RangeError for a size that is no prime
 * @example maglev([{ identity: "10.0.0.1:80", weight: 1, number: 0 }, { identity: "10.0.0.2:80", weight: 1, number: 1 }], 65_537);
 */
export function maglev(members: readonly Member[], size: number): Uint16Array {
  if (!isPrime(size)) throw new RangeError(`maglev: a ring of ${size} places; allowed is a prime`);
  // One order, however they were listed: who chooses first has an influence.
  const walkers = members.toSorted((a, b) => (a.identity < b.identity ? -1 : 1)).map(member => walkerOf(member, size));
  if (walkers.length === 0) return new Uint16Array(0);
  const heaviest = Math.max(...walkers.map(({ weight }) => weight));
  const ring = new Uint16Array(size);
  const taken = new Uint8Array(size);
  let left = size;
  while (left > 0) {
    for (const walker of walkers) {
      walker.credit += walker.weight;
      if (walker.credit < heaviest) continue;
      walker.credit -= heaviest;
      while (taken[walker.place] === 1) walker.place = (walker.place + walker.skip) % size;
      taken[walker.place] = 1;
      ring[walker.place] = walker.number;
      left -= 1;
      if (left === 0) break;
    }
  }
  return ring;
}

function walkerOf({ identity, weight, number }: Member, size: number): Walker {
  let hash = FNV_START;
  for (const byte of new TextEncoder().encode(identity)) hash = fnv1a(hash, byte);
  const start = hashEnd(hashWord(hash, 1)) % size;
  const skip = (hashEnd(hashWord(hash, 2)) % (size - 1)) + 1;
  return { number, weight, skip, place: start, credit: 0 };
}

/**
 * A ring for round robin: each member as often as its weight says, as far apart as can be (the smooth weighted round
 * robin of nginx), again and again until the ring is full.
 */
export function interleaved(members: readonly Member[], size: number): Uint16Array {
  if (members.length === 0) return new Uint16Array(0);
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const credits = members.map(() => 0);
  const ring = new Uint16Array(size);
  for (let place = 0; place < size; place++) {
    let best = 0;
    for (const [i, { weight }] of members.entries()) {
      const credit = (credits[i] ?? 0) + weight;
      credits[i] = credit;
      if (credit > (credits[best] ?? 0)) best = i;
    }
    credits[best] = (credits[best] ?? 0) - total;
    ring[place] = members[best]?.number ?? 0;
  }
  return ring;
}
