import { native } from "./index.js";

/** A kernel object's file descriptor, owned: closed once, by `close()` or at the end of a `using` block. */
export class Descriptor {
  #fd: number | undefined;

  /** Takes `fd` over. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  get fd(): number {
    if (this.#fd === undefined) throw new Error("this descriptor is closed");
    return this.#fd;
  }

  close(): void {
    if (this.#fd === undefined) return;
    native().closeFd(this.#fd);
    this.#fd = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
