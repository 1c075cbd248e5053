/**
 * A building block: a class with options and datapath methods. The base class sets `options` before the initialisers
 * of the subclass's fields run, so that they may use them.
 * @example
 * class Limit extends Block<{ mtu: number }> {
 *   readonly mss = this.options.mtu - 40;
 * }
 */
// biome-ignore lint/complexity/noBannedTypes: {} is what an options type without required fields accepts
export abstract class Block<Options extends object = {}> {
  /** What the block was made with: constants to the datapath. Frozen. */
  readonly options: Readonly<Options>;

  // biome-ignore lint/complexity/noBannedTypes: the options may be left out exactly where {} would do for them
  constructor(...args: {} extends Options ? [options?: Options] : [options: Options]);
  constructor(options: Options) {
    this.options = Object.freeze({ ...options });
  }
}
