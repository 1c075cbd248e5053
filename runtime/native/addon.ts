/** The types of the native addon's exports: thin calls, plain descriptors. `Descriptor` and its like own them. */

export interface ElfMap {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** made by libbpf from a data section */
  readonly internal: boolean;
}

export interface ElfProgram {
  readonly name: string;
  readonly section: string;
  readonly type: number;
  readonly instructions: number;
}

/** An ELF object in libbpf's hands. libbpf crashes on malformed ones: check the bytes first. */
export interface ElfObject {
  maps(): ElfMap[];
  programs(): ElfProgram[];
  /** Sets the first value of a data section's map; `bytes` has its exact size. */
  setInitial(map: string, bytes: Uint8Array): void;
  /** Uses an existing map in place of a new one. The descriptor stays the caller's. */
  reuseMap(map: string, fd: number): void;
  setAutoload(program: string, load: boolean): void;
  /** Creates the maps and loads the programs; returns the kernel's log. */
  load(logLevel: number): string;
  /** A new descriptor of the map, the caller's own. */
  mapFd(map: string): number;
  programFd(program: string): number;
  close(): void;
}

export interface MapInfo {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** values an entry has: the number of possible processors for per-CPU kinds, else 1 */
  readonly slots: number;
}

export interface Batch {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
  readonly cursor: Uint8Array | undefined;
}

export interface KernelMap {
  readonly fd: number;
  info(): MapInfo;
  /** Per-CPU kinds: the values of all processors behind one another, each padded to 8 bytes. */
  lookup(key: Uint8Array): Uint8Array | undefined;
  update(key: Uint8Array, value: Uint8Array, flags: number): void;
  delete(key: Uint8Array): boolean;
  /** Deletes an entry and gives its last value, in one step (hash kinds, since 5.14). */
  take(key: Uint8Array): Uint8Array | undefined;
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined;
  lookupBatch(cursor: Uint8Array | undefined, count: number): Batch;
  updateBatch(keys: Uint8Array, values: Uint8Array, flags: number): number;
  deleteBatch(keys: Uint8Array): number;
  freeze(): void;
  /** Stores a part of a data section's value at once (1, 2, 4 or 8 aligned bytes); false where the map is not mappable. */
  poke(offset: number, bytes: Uint8Array): boolean;
  /** A data section's value as memory shared with the kernel, good also after `close`; undefined where it is not mappable. */
  memory(): ArrayBuffer | undefined;
  /** Changes a word of such a value at once; false where it was not what was expected. */
  compareExchange(offset: number, expected: bigint, next: bigint): boolean;
  close(): void;
}

export interface Ring {
  /** Calls back on Node's loop while there is something to read. */
  start(ready: () => void): void;
  stop(): void;
  read(): Uint8Array[];
  close(): void;
}

export interface ProgramInfo {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly tag: string;
  /** after the verifier's own rewriting */
  readonly instructions: number;
  readonly jitedBytes: number;
  /** what the verifier walked; 0 on kernels that do not say (before 5.16) */
  readonly verifiedInstructions: number;
  readonly runs: bigint;
  readonly runNanoseconds: bigint;
  readonly maps: number[];
}

export interface TestRunOptions {
  readonly data?: Uint8Array;
  readonly context?: Uint8Array;
  /** bytes of room for the packet that comes out */
  readonly room?: number;
  readonly contextRoom?: number;
  readonly repeat?: number;
  readonly flags?: number;
  readonly cpu?: number;
  readonly batch?: number;
}

export interface TestRunResult {
  readonly retval: number;
  /** nanoseconds a run */
  readonly duration: number;
  readonly data: Uint8Array;
  readonly context: Uint8Array;
}

export interface LinkInfo {
  readonly id: number;
  readonly type: number;
  /** the program's id */
  readonly program: number;
  /** 0 once the device has gone */
  readonly ifindex: number;
}

export interface Swap {
  readonly link: number;
  readonly next: number;
  readonly expected: number;
}

export interface Addon {
  readonly revision: number;
  readonly libbpf: string;
  readonly ElfObject: new (bytes: Uint8Array, name: string) => ElfObject;
  /** Takes the descriptor over. */
  readonly KernelMap: new (
    fd: number,
  ) => KernelMap;
  readonly Ring: new (fd: number) => Ring;
  programInfo(fd: number): ProgramInfo;
  /** 8 bytes an instruction, as the kernel keeps them. */
  translatedInstructions(fd: number): Uint8Array;
  programById(id: number): number | undefined;
  testRun(fd: number, options: TestRunOptions): TestRunResult;
  probeProgramType(type: number): boolean;
  probeMapType(type: number): boolean;
  probeHelper(programType: number, helper: number): boolean;
  createLink(program: number, ifindex: number, attachType: number, flags: number): number;
  /** All or none; compare-and-swap by the program that is expected on each link. */
  swapLinks(steps: readonly Swap[]): void;
  detachLink(fd: number): void;
  linkInfo(fd: number): LinkInfo;
  /** The programs on a tcx hook, in order; undefined where the kernel has no tcx. */
  queryTcx(ifindex: number, attachType: number): number[] | undefined;
  /** What XDP runs on a device; program 0 for none. */
  queryXdp(ifindex: number): { readonly mode: number; readonly program: number };
  /**
   * One rtnetlink request, which asks for an acknowledgement or is a dump; the messages of its answer.
   * @param strict a dump gives what its header and attributes ask for, not all that there is (NETLINK_GET_STRICT_CHK)
   */
  netlink(request: Uint8Array, purpose: string, strict?: boolean): Uint8Array;
  pin(fd: number, path: string): void;
  openPin(path: string): number;
  tryLock(fd: number): boolean;
  /** A second descriptor of the same. */
  duplicate(fd: number): number;
  closeFd(fd: number): void;
  mountBpf(path: string): void;
  /** The length of a timer tick (jiffy). */
  tickNanoseconds(): number;
  /** Waits until every program that runs now has ended: some milliseconds. */
  gracePeriod(): void;
  /** Runs the callback in another network namespace and comes back. It must not wait: other work would run there too. */
  inNetwork<T>(fd: number, run: () => T): T;
}
