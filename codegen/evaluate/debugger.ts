/**
 * V8's own account of a live function, by the inspector protocol on this very thread: where its text stands and which
 * values its outer names hold (`[[FunctionLocation]]`, `[[Scopes]]`).
 */
import { type Debugger, type Runtime, Session } from "node:inspector";
import type { Resolved } from "./evaluation.js";

export interface RawLocation {
  /** the script as V8 knows it: a URL, for CommonJS a path */
  readonly url: string;
  readonly scriptId: string;
  /** 0-based, in the code that runs */
  readonly line: number;
  readonly column: number;
  /** innermost first, the module's last; values as they are now. The global scope is left out */
  readonly scopes: readonly object[];
}

/** How a live object gets from the protocol into our hands. The name is our own and gone after each use. */
const handover = "__datapathHandover";

export class LiveDebugger {
  readonly #session = new Session();
  readonly #urls = new Map<string, string>();
  readonly #sources = new Map<string, string>();

  constructor() {
    this.#session.connect();
    this.#session.on("Debugger.scriptParsed", ({ params }: { params: Debugger.ScriptParsedEventDataType }) => {
      if (params.url !== "") this.#urls.set(params.scriptId, params.url);
    });
    this.#post("Debugger.enable");
  }

  /** The URLs of all scripts that this process has loaded. */
  scripts(): Iterable<string> {
    return this.#urls.values();
  }

  /** Undefined where V8 knows no place: native and bound functions, code from `eval` without a name. */
  locate(fn: object): RawLocation | undefined {
    const objectId = this.#idOf(fn);
    try {
      const { internalProperties = [] } = this.#properties(objectId);
      const place: unknown = internalProperties.find(property => property.name === "[[FunctionLocation]]")?.value?.value;
      if (!isPlace(place)) return undefined;
      const url = this.#urls.get(place.scriptId);
      if (url === undefined) return undefined;
      const scopesId = internalProperties.find(property => property.name === "[[Scopes]]")?.value?.objectId;
      const scopes = scopesId === undefined ? [] : this.#scopes(scopesId);
      return { url, scriptId: place.scriptId, line: place.lineNumber, column: place.columnNumber ?? 0, scopes };
    } finally {
      this.#post("Runtime.releaseObject", { objectId });
    }
  }

  /**
   * The value of a field `#name`, which only V8 can see. Not found where two classes of the object's chain have a field of that
   * name, since V8 does not say whose is whose; private methods and accessors are not fields.
   */
  privateField(object: object, name: string): Resolved {
    const objectId = this.#idOf(object);
    try {
      const fields = (this.#properties(objectId).privateProperties ?? []).filter(property => property.name === name);
      const value = fields[0]?.value;
      if (fields.length !== 1 || value === undefined) return { found: false };
      return { found: true, value: this.#valueOf(value) };
    } finally {
      this.#post("Runtime.releaseObject", { objectId });
    }
  }

  /** The code of a script as it runs (after tsx). */
  sourceOf(scriptId: string): string {
    const known = this.#sources.get(scriptId);
    if (known !== undefined) return known;
    const { scriptSource } = this.#post<Debugger.GetScriptSourceReturnType>("Debugger.getScriptSource", { scriptId });
    this.#sources.set(scriptId, scriptSource);
    return scriptSource;
  }

  #scopes(scopesId: string): object[] {
    const scopes: object[] = [];
    for (const { value } of this.#properties(scopesId).result) {
      if (value?.objectId === undefined || /^(Global|Script)/.test(value.description ?? "")) continue;
      const wrapper = this.#live(value.objectId);
      const scope = "object" in wrapper && typeof wrapper.object === "object" && wrapper.object !== null ? wrapper.object : wrapper;
      scopes.push(scope);
    }
    return scopes;
  }

  #properties(objectId: string): Properties {
    return this.#post<Properties>("Runtime.getProperties", { objectId, ownProperties: true });
  }

  #idOf(object: object): string {
    Reflect.set(globalThis, handover, object);
    try {
      const { result } = this.#post<Runtime.EvaluateReturnType>("Runtime.evaluate", { expression: `globalThis.${handover}` });
      if (result.objectId === undefined) throw new Error("the inspector gave no id for a live function");
      return result.objectId;
    } finally {
      Reflect.deleteProperty(globalThis, handover);
    }
  }

  #valueOf(remote: Runtime.RemoteObject): unknown {
    if (remote.objectId !== undefined) return this.#liveValue(remote.objectId);
    if (remote.type === "bigint") return BigInt((remote.unserializableValue ?? "0n").slice(0, -1));
    if (remote.unserializableValue !== undefined) return Number(remote.unserializableValue);
    return remote.type === "undefined" ? undefined : remote.value;
  }

  #live(objectId: string): object {
    const live = this.#liveValue(objectId);
    if (typeof live !== "object" || live === null) throw new Error("the inspector gave no live scope");
    return live;
  }

  #liveValue(objectId: string): unknown {
    const functionDeclaration = `function () { globalThis.${handover} = this; }`;
    this.#post("Runtime.callFunctionOn", { objectId, functionDeclaration });
    const live: unknown = Reflect.get(globalThis, handover);
    Reflect.deleteProperty(globalThis, handover);
    return live;
  }

  /** On a session of the same thread the answer is there when `post` returns. */
  #post<Answer = unknown>(method: string, params: object = {}): Answer {
    let failure: Error | null = null;
    let answer: Answer | undefined;
    this.#session.post(method, params, (error: Error | null, result?: object) => {
      failure = error;
      answer = asAnswer<Answer>(result);
    });
    if (failure !== null) throw failure;
    if (answer === undefined) throw new Error(`the inspector did not answer ${method}`);
    return answer;
  }
}

/** The protocol's types are Node's; this is the one place where they are taken on trust. */
function asAnswer<Answer>(result: object | undefined): Answer | undefined {
  return result as Answer | undefined;
}

/** `privateProperties` is in the protocol and not yet in Node's types of it. */
interface Properties extends Runtime.GetPropertiesReturnType {
  readonly privateProperties?: readonly { readonly name: string; readonly value?: Runtime.RemoteObject }[];
}

let shared: LiveDebugger | undefined;

/** One session serves the whole process. */
export function liveDebugger(): LiveDebugger {
  shared ??= new LiveDebugger();
  return shared;
}

interface Place {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber?: number;
}

function isPlace(value: unknown): value is Place {
  return (
    typeof value === "object" &&
    value !== null &&
    "scriptId" in value &&
    typeof value.scriptId === "string" &&
    "lineNumber" in value &&
    typeof value.lineNumber === "number"
  );
}
