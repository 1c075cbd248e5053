/** What a statement may use: the variables, views and callables in sight, and what has ended. */
import type { Callable, Header, Layout, MapModel } from "./model.js";
import type { Random } from "./random.js";
import type { Value } from "./value.js";

/** What ends a name: the packet's move ("packet"), or a change of a map (its name). */
export type Tie = string;

export interface Variable {
  readonly name: string;
  readonly value: Value;
  /** a `let`: may be assigned anything within `value` */
  readonly writable: boolean;
  readonly ties: readonly Tie[];
  dead: boolean;
}

export interface View {
  readonly name: string;
  readonly layout: Layout;
  readonly header: Header | undefined;
  /** whose memory: it decides what may be written, and how */
  readonly memory: "packet" | "shared" | "own";
  readonly ties: readonly Tie[];
  dead: boolean;
}

/** A run of bytes or an array field: `index` within `length`. */
export interface ArrayView {
  readonly name: string;
  readonly bits: number;
  readonly length: number;
  readonly ties: readonly Tie[];
  readonly writable: boolean;
  dead: boolean;
}

/** The result of `pkt.layers()` where its family is known. */
export interface LayersView {
  readonly name: string;
  readonly family: 4 | 6 | undefined;
  /** the packet that an ICMP error quotes */
  readonly quoted: boolean;
  dead: boolean;
}

/** A constant of the build: `this.options.limit`, `TABLE`. */
export interface Constant {
  readonly text: string;
  readonly value: Value;
}
export interface ConstantList {
  readonly text: string;
  readonly value: Value;
  readonly length: number;
}

/** What belongs to the class that the method stands in. */
export interface Members {
  readonly maps: readonly MapModel[];
  readonly constants: Constant[];
  readonly lists: readonly ConstantList[];
  /** `.value` of params and settings */
  readonly params: readonly Constant[];
  readonly callables: Callable[];
  readonly headers: readonly Header[];
}

/** What `return` must give. */
export type Returns =
  | { readonly type: "verdict"; readonly optional: boolean }
  | { readonly type: "value"; readonly value: Value; readonly optional: boolean }
  | { readonly type: "object"; readonly fields: readonly { readonly name: string; readonly value: Value }[] }
  | { readonly type: "evidence"; readonly name: string; readonly fields: readonly { readonly name: string; readonly value: Value }[] }
  | { readonly type: "void" };

/** What all statements of one method share. */
export interface Method {
  readonly random: Random;
  readonly members: Members;
  readonly returns: Returns;
  /** the hooks it may run on */
  readonly position: "xdp" | "tc" | "either";
  readonly hasPacket: boolean;
  readonly mayMove: boolean;
  readonly mayWritePacket: boolean;
  /** effects so far, gathered as statements are made */
  readonly done: {
    moves: boolean;
    writes: boolean;
    /** the tag was assigned `undefined`: from there on TypeScript takes it for that */
    popped: boolean;
    readonly ended: Set<string>;
  };
  /** statements that may still be made */
  budget: number;
  readonly fresh: (stem: string) => string;
}

export interface ScopeOptions {
  readonly hides?: readonly Tie[];
  readonly loop?: boolean;
  readonly apart?: boolean;
}

export class Scope {
  readonly method: Method;
  readonly #parent: Scope | undefined;
  readonly #variables: Variable[] = [];
  readonly #views: View[] = [];
  readonly #arrays: ArrayView[] = [];
  readonly #layers: LayersView[] = [];
  /** names of the parent that this scope can't see: in a loop's body, what a later round may have ended */
  readonly #hides: ReadonlySet<Tie>;
  /** maps' entries are out of sight */
  readonly #apart: boolean;
  readonly loop: "none" | "for";
  readonly depth: number;

  constructor(method: Method, parent?: Scope, options: ScopeOptions = {}) {
    this.method = method;
    this.#parent = parent;
    this.#hides = new Set(options.hides);
    this.#apart = options.apart ?? false;
    this.loop = options.loop || parent?.loop === "for" ? "for" : "none";
    this.depth = parent ? parent.depth + 1 : 0;
  }

  child(options?: ScopeOptions): Scope {
    return new Scope(this.method, this, options);
  }

  addVariable(name: string, value: Value, options: { writable?: boolean; ties?: readonly Tie[] } = {}): void {
    this.#variables.push({ name, value, writable: options.writable ?? false, ties: options.ties ?? [], dead: false });
  }
  addView(view: Omit<View, "dead">): void {
    this.#views.push({ ...view, dead: false });
  }
  addArray(view: Omit<ArrayView, "dead">): void {
    this.#arrays.push({ ...view, dead: false });
  }
  addLayers(name: string, family: 4 | 6 | undefined, quoted = false): void {
    this.#layers.push({ name, family, quoted, dead: false });
  }

  /** The nearest declaration of each name: a refined copy hides the one that it refines. */
  get variables(): readonly Variable[] {
    const own = new Set(this.#variables.map(variable => variable.name));
    const outer = this.#parent?.variables.filter(({ name, ties }) => !own.has(name) && !this.#hidden(ties)) ?? [];
    return [...this.#variables.filter(({ dead }) => !dead), ...outer];
  }
  get views(): readonly View[] {
    const outer = this.#parent?.views.filter(({ ties, memory }) => !this.#hidden(ties) && !(this.#apart && memory !== "packet")) ?? [];
    return [...this.#views.filter(({ dead }) => !dead), ...outer];
  }
  get arrays(): readonly ArrayView[] {
    const outer = this.#parent?.arrays.filter(({ ties }) => !this.#hidden(ties) && !(this.#apart && !ties.includes("packet"))) ?? [];
    return [...this.#arrays.filter(({ dead }) => !dead), ...outer];
  }
  get layers(): readonly LayersView[] {
    const outer = this.#hidden(["packet"]) ? [] : (this.#parent?.layers ?? []);
    return [...this.#layers.filter(({ dead }) => !dead), ...outer];
  }

  /** Ends what is tied, here and in every scope around: a branch that does it may be taken. */
  end(tie: Tie): void {
    for (const named of [...this.#variables, ...this.#views, ...this.#arrays]) if (named.ties.includes(tie)) named.dead = true;
    if (tie === "packet") for (const layers of this.#layers) layers.dead = true;
    this.#parent?.end(tie);
  }

  #hidden(ties: readonly Tie[]): boolean {
    return ties.some(tie => this.#hides.has(tie));
  }
}
