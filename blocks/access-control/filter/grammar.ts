/**
 * The grammar of pcap-filter. Two things are unlike other languages and are libpcap's own:
 *  - `and` and `or` bind alike and group to the left;
 *  - an identifier without qualifiers takes those of the term before it: `tcp dst port 80 or 443`.
 */
import { EmbeddedActionsParser, type IParserErrorMessageProvider, type IToken, tokenMatcher } from "chevrotain";
import { parseIpv6, parseMac, parseNumber, parseOctets } from "./addresses.js";
import { type Extent, FilterError } from "./error.js";
import type {
  AddressWord,
  Arithmetic,
  ArithmeticOperator,
  Direction,
  Expression,
  Identifier,
  ProtocolWord,
  Qualifiers,
  RelationalOperator,
} from "./expression.js";
import { NamedNumbers, Protocols, UnsupportedWords } from "./names.js";
import * as T from "./tokens.js";

/** An expression and the qualifiers that it hands on. */
interface Term {
  readonly node: Expression;
  readonly qualifiers: Qualifiers | undefined;
}

const firstOfTerm = "a protocol, an address or port qualifier, or a comparison";

/** Only what was expected; what was found is added where the error is reported. */
const expectations: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => expected.LABEL ?? expected.name,
  buildNotAllInputParsedMessage: () => '"and", "or" or the end',
  buildNoViableAltMessage: ({ customUserDescription }) => customUserDescription ?? firstOfTerm,
  buildEarlyExitMessage: ({ customUserDescription }) => customUserDescription ?? firstOfTerm,
};

const at = (token: IToken): Extent => ({ from: token.startOffset, to: token.startOffset + token.image.length });
const over = (first: { readonly extent: Extent }, last: { readonly extent: Extent }): Extent => ({
  from: first.extent.from,
  to: last.extent.to,
});
const numberOf = (token: IToken): number => NamedNumbers.get(token.image) ?? parseNumber(token.image) ?? 0;

const standsFor = <const V>(_token: IToken, value: V): V => value;

/** How tight a binary operator binds; `^` and `%` have no precedence in libpcap and are never left for an outer one. */
function precedenceOf(operator: string): number {
  switch (operator) {
    case "|":
      return 1;
    case "&":
      return 2;
    case "<<":
    case ">>":
      return 3;
    case "+":
    case "-":
      return 4;
    case "*":
    case "/":
      return 5;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
const negation = 6;
/** The loosest operator that the right operand may hold: one tighter, but everything after `^` and `%`. */
const afterOperator = (operator: string): number => (operator === "^" || operator === "%" ? 1 : precedenceOf(operator) + 1);

class FilterParser extends EmbeddedActionsParser {
  /** the text, for errors that are found inside the grammar */
  text = "";

  constructor() {
    super([...T.vocabulary], { maxLookahead: 1, errorMessageProvider: expectations });
    this.performSelfAnalysis();
  }

  readonly whole = this.RULE("whole", (): Expression => {
    let node: Expression = { kind: "everything", extent: { from: 0, to: 0 } };
    this.OPTION(() => {
      node = this.SUBRULE(this.expression, { ARGS: [undefined] }).node;
    });
    return node;
  });

  private readonly expression = this.RULE("expression", (inherited: Qualifiers | undefined): Term => {
    let term = this.SUBRULE(this.operand, { ARGS: [inherited] });
    this.MANY(() => {
      const kind = this.SUBRULE(this.connective);
      const right = this.SUBRULE2(this.operand, { ARGS: [term?.qualifiers] });
      this.ACTION(() => {
        term = { node: { kind, left: term.node, right: right.node, extent: over(term.node, right.node) }, qualifiers: right.qualifiers };
      });
    });
    return term;
  });

  private readonly connective = this.RULE("connective", (): "and" | "or" =>
    this.OR<"and" | "or">([
      { ALT: () => standsFor(this.CONSUME(T.AndToken), "and") },
      { ALT: () => standsFor(this.CONSUME(T.OrToken), "or") },
    ]),
  );

  private readonly operand = this.RULE(
    "operand",
    (inherited: Qualifiers | undefined): Term =>
      this.OR<Term>({
        IGNORE_AMBIGUITIES: true,
        ERR_MSG: firstOfTerm,
        DEF: [
          { GATE: () => this.comparisonAhead(), ALT: () => ({ node: this.SUBRULE(this.relation), qualifiers: undefined }) },
          {
            ALT: () => {
              const not = this.CONSUME(T.NotToken);
              const term = this.SUBRULE(this.operand, { ARGS: [inherited] });
              return this.ACTION(() => ({
                node: { kind: "not", operand: term.node, extent: { from: at(not).from, to: term.node.extent.to } },
                qualifiers: term.qualifiers,
              }));
            },
          },
          {
            ALT: () => {
              this.CONSUME(T.OpenParenthesis);
              const term = this.SUBRULE(this.expression, { ARGS: [inherited] });
              this.CONSUME(T.CloseParenthesis);
              return term;
            },
          },
          { ALT: () => ({ node: this.SUBRULE(this.single), qualifiers: undefined }) },
          { ALT: () => this.SUBRULE(this.qualified) },
          { ALT: () => this.SUBRULE(this.bare, { ARGS: [inherited] }) },
        ],
      }),
  );

  /** What needs no identifier, or has one of its own kind. */
  private readonly single = this.RULE(
    "single",
    (): Expression =>
      this.OR<Expression>([
        {
          ALT: () => {
            const word = this.CONSUME(T.Vlan);
            let id: IToken | undefined;
            this.OPTION(() => {
              id = this.CONSUME(T.NumberToken);
            });
            return { kind: "vlan", id: id && numberOf(id), extent: { from: at(word).from, to: at(id ?? word).to } };
          },
        },
        { ALT: () => this.lengthBound(this.CONSUME(T.Greater), ">=", this.CONSUME2(T.NumberToken)) },
        { ALT: () => this.lengthBound(this.CONSUME(T.Less), "<=", this.CONSUME3(T.NumberToken)) },
        { ALT: () => this.valued("dscp", this.CONSUME(T.Dscp), this.CONSUME4(T.NumberToken)) },
        { ALT: () => this.valued("mark", this.CONSUME(T.Mark), this.CONSUME5(T.NumberToken)) },
        { ALT: () => this.valued("identity", this.CONSUME(T.Identity), this.CONSUME6(T.NumberToken)) },
        { ALT: () => ({ kind: "established", extent: at(this.CONSUME(T.Established)) }) },
        { ALT: () => ({ kind: "fragment", extent: at(this.CONSUME(T.Fragment)) }) },
      ]),
  );

  private lengthBound(word: IToken, operator: ">=" | "<=", bound: IToken): Expression {
    return {
      kind: "relation",
      operator,
      left: { kind: "length", extent: at(word) },
      right: { kind: "number", value: numberOf(bound), extent: at(bound) },
      extent: { from: at(word).from, to: at(bound).to },
    };
  }

  private valued(kind: "dscp" | "mark" | "identity", word: IToken, value: IToken): Expression {
    return { kind, value: numberOf(value), extent: { from: at(word).from, to: at(value).to } };
  }

  /** A term that begins with a qualifier: `tcp`, `ip src 10.0.0.1`, `ether broadcast`, `portrange 80-90`. */
  private readonly qualified = this.RULE("qualified", (): Term => {
    const first = this.LA(1);
    let protocol: ProtocolWord | undefined;
    this.OPTION(() => {
      const token = this.CONSUME(T.ProtocolToken);
      protocol = Protocols.get(token.image);
    });
    return this.OR<Term>({
      ERR_MSG: '"src", "dst", "host", "net", "port", "portrange" or "proto"',
      DEF: [
        {
          ALT: () => {
            const direction = this.SUBRULE(this.direction);
            let address: AddressWord = "any";
            this.OPTION2(() => {
              address = this.SUBRULE(this.addressWord);
            });
            return this.finishTerm(first, this.SUBRULE(this.identifiers, { ARGS: [{ protocol, direction, address }] }));
          },
        },
        {
          ALT: () => {
            const address = this.SUBRULE2(this.addressWord);
            return this.finishTerm(first, this.SUBRULE2(this.identifiers, { ARGS: [{ protocol, direction: undefined, address }] }));
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.Proto);
            const qualifiers: Qualifiers = { protocol, direction: undefined, address: "proto" };
            return this.finishTerm(first, this.SUBRULE3(this.identifiers, { ARGS: [qualifiers] }));
          },
        },
        { ALT: () => this.cast("broadcast", first, this.CONSUME(T.Broadcast), protocol) },
        { ALT: () => this.cast("multicast", first, this.CONSUME(T.Multicast), protocol) },
        {
          GATE: () => protocol !== undefined,
          ALT: () => ({ node: { kind: "protocol", protocol: protocol ?? "ip", extent: at(first) }, qualifiers: undefined }),
        },
      ],
    });
  });

  private cast(kind: "broadcast" | "multicast", first: IToken, word: IToken, protocol: ProtocolWord | undefined): Term {
    return { node: { kind, protocol, extent: { from: at(first).from, to: at(word).to } }, qualifiers: undefined };
  }

  /** Lets a primitive's extent begin at its first qualifier. */
  private finishTerm(first: IToken, term: Term): Term {
    return this.ACTION(() => ({
      node: { ...term.node, extent: { from: at(first).from, to: term.node.extent.to } },
      qualifiers: term.qualifiers,
    }));
  }

  private readonly direction = this.RULE(
    "direction",
    (): Direction =>
      this.OR<Direction>({
        ERR_MSG: '"src" or "dst"',
        DEF: [
          {
            ALT: () => {
              this.CONSUME(T.Source);
              let both: Direction = "source";
              this.OPTION({
                GATE: () => tokenMatcher(this.LA(2), T.Destination),
                DEF: () => {
                  both = this.SUBRULE(this.connective) === "or" ? "either" : "both";
                  this.CONSUME(T.Destination);
                },
              });
              return both;
            },
          },
          {
            ALT: () => {
              this.CONSUME2(T.Destination);
              let both: Direction = "destination";
              this.OPTION2({
                GATE: () => tokenMatcher(this.LA(2), T.Source),
                DEF: () => {
                  both = this.SUBRULE2(this.connective) === "or" ? "either" : "both";
                  this.CONSUME2(T.Source);
                },
              });
              return both;
            },
          },
        ],
      }),
  );

  private readonly addressWord = this.RULE(
    "addressWord",
    (): AddressWord =>
      this.OR<AddressWord>([
        { ALT: () => standsFor(this.CONSUME(T.Host), "host") },
        { ALT: () => standsFor(this.CONSUME(T.Net), "net") },
        { ALT: () => standsFor(this.CONSUME(T.Port), "port") },
        { ALT: () => standsFor(this.CONSUME(T.PortRange), "portrange") },
      ]),
  );

  /** What follows qualifiers: an identifier, `not` one, or several in parentheses. */
  private readonly identifiers = this.RULE(
    "identifiers",
    (qualifiers: Qualifiers): Term =>
      this.OR<Term>({
        ERR_MSG: "an address, a number or a range",
        DEF: [
          {
            ALT: () => {
              const not = this.CONSUME(T.NotToken);
              const term = this.SUBRULE(this.identifiers, { ARGS: [qualifiers] });
              return this.ACTION(() => ({
                node: { kind: "not", operand: term.node, extent: { from: at(not).from, to: term.node.extent.to } },
                qualifiers,
              }));
            },
          },
          {
            ALT: () => {
              this.CONSUME(T.OpenParenthesis);
              let term = this.SUBRULE2(this.identifiers, { ARGS: [qualifiers] });
              this.MANY(() => {
                const kind = this.SUBRULE(this.connective);
                const right = this.SUBRULE3(this.identifiers, { ARGS: [qualifiers] });
                this.ACTION(() => {
                  term = { node: { kind, left: term.node, right: right.node, extent: over(term.node, right.node) }, qualifiers };
                });
              });
              this.CONSUME(T.CloseParenthesis);
              return term;
            },
          },
          { ALT: () => this.SUBRULE(this.bare, { ARGS: [qualifiers] }) },
        ],
      }),
  );

  /** One identifier under the qualifiers written in front of it, or inherited. */
  private readonly bare = this.RULE("bare", (qualifiers: Qualifiers | undefined): Term => {
    const identifier = this.SUBRULE(this.identifier, { ARGS: [qualifiers] });
    return this.ACTION(() => {
      if (!qualifiers) {
        throw new FilterError(
          "expected a qualifier such as host, net or port in front: there is none to carry over",
          this.text,
          identifier.extent,
        );
      }
      return { node: { kind: "primitive", qualifiers, identifier, extent: identifier.extent }, qualifiers };
    });
  });

  private readonly identifier = this.RULE(
    "identifier",
    (qualifiers: Qualifiers | undefined): Identifier =>
      this.OR<Identifier>({
        ERR_MSG: "an address, a number or a range",
        DEF: [
          {
            ALT: () => {
              const number = this.CONSUME(T.NumberToken);
              return { kind: "number", value: numberOf(number), extent: at(number) };
            },
          },
          {
            ALT: () => {
              const range = this.CONSUME(T.Range);
              const [first = 0, last = 0] = range.image.split("-").map(part => Number.parseInt(part, 10));
              return { kind: "range", first, last, extent: at(range) };
            },
          },
          { ALT: () => this.SUBRULE(this.ipv4Identifier) },
          {
            ALT: () => {
              const address = this.CONSUME(T.Ipv6);
              let length: IToken | undefined;
              this.OPTION(() => {
                this.CONSUME(T.Slash);
                length = this.CONSUME2(T.NumberToken);
              });
              return {
                kind: "ipv6",
                value: parseIpv6(address.image) ?? 0n,
                length: length && numberOf(length),
                extent: { from: at(address).from, to: at(length ?? address).to },
              };
            },
          },
          {
            ALT: () => {
              const mac = this.CONSUME(T.Mac);
              return { kind: "mac", value: parseMac(mac.image) ?? 0n, extent: at(mac) };
            },
          },
          {
            ALT: () => {
              const escaped = this.CONSUME(T.Escaped);
              return { kind: "escaped", name: escaped.image.slice(1), extent: at(escaped) };
            },
          },
          {
            ALT: () => {
              const word = this.CONSUME(T.Word);
              return this.ACTION(() => {
                throw new FilterError(unknownWord(word.image, qualifiers), this.text, at(word));
              });
            },
          },
        ],
      }),
  );

  private readonly ipv4Identifier = this.RULE("ipv4Identifier", (): Identifier => {
    const address = this.CONSUME(T.Ipv4);
    let length: IToken | undefined;
    let mask: IToken | undefined;
    this.OPTION(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(T.Slash);
            length = this.CONSUME(T.NumberToken);
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.Mask);
            mask = this.CONSUME2(T.Ipv4);
          },
        },
      ]),
    );
    return {
      kind: "ipv4",
      octets: parseOctets(address.image) ?? [],
      length: length && numberOf(length),
      mask: mask && (parseOctets(mask.image) ?? []),
      extent: { from: at(address).from, to: at(length ?? mask ?? address).to },
    };
  });

  private readonly relation = this.RULE("relation", (): Expression => {
    const left = this.SUBRULE(this.arithmetic, { ARGS: [1] });
    const operator = this.CONSUME(T.RelationalToken);
    const right = this.SUBRULE2(this.arithmetic, { ARGS: [1] });
    return this.ACTION(() => ({ kind: "relation", operator: relationalOperator(operator.image), left, right, extent: over(left, right) }));
  });

  private readonly arithmetic = this.RULE("arithmetic", (loosest: number): Arithmetic => {
    let left = this.SUBRULE(this.factor);
    this.MANY({
      GATE: () => precedenceOf(this.LA(1).image) >= loosest,
      DEF: () => {
        const operator = this.CONSUME(T.ArithmeticToken);
        const right = this.SUBRULE2(this.arithmetic, { ARGS: [afterOperator(operator.image)] });
        this.ACTION(() => {
          left = { kind: "binary", operator: arithmeticOperator(operator.image), left, right, extent: over(left, right) };
        });
      },
    });
    return left;
  });

  private readonly factor = this.RULE(
    "factor",
    (): Arithmetic =>
      this.OR<Arithmetic>({
        ERR_MSG: 'a number, "len", or a protocol with [offset]',
        DEF: [
          {
            ALT: () => {
              const number = this.CONSUME(T.NumberToken);
              return { kind: "number", value: numberOf(number), extent: at(number) };
            },
          },
          { ALT: () => ({ kind: "length", extent: at(this.CONSUME(T.Length)) }) },
          {
            ALT: () => {
              const minus = this.CONSUME(T.Minus);
              const operand = this.SUBRULE(this.arithmetic, { ARGS: [negation] });
              return this.ACTION(() => ({ kind: "negate", operand, extent: { from: at(minus).from, to: operand.extent.to } }));
            },
          },
          {
            ALT: () => {
              const open = this.CONSUME(T.OpenParenthesis);
              const inner = this.SUBRULE2(this.arithmetic, { ARGS: [1] });
              const close = this.CONSUME(T.CloseParenthesis);
              return this.ACTION(() => ({ ...inner, extent: { from: at(open).from, to: at(close).to } }));
            },
          },
          { ALT: () => this.SUBRULE(this.load) },
        ],
      }),
  );

  private readonly load = this.RULE("load", (): Arithmetic => {
    const protocol = this.CONSUME(T.ProtocolToken);
    this.CONSUME(T.OpenBracket);
    const offset = this.SUBRULE(this.arithmetic, { ARGS: [1] });
    let size: IToken | undefined;
    this.OPTION(() => {
      this.CONSUME(T.Colon);
      size = this.CONSUME(T.NumberToken);
    });
    const close = this.CONSUME(T.CloseBracket);
    return this.ACTION(() => ({
      kind: "load",
      protocol: Protocols.get(protocol.image) ?? "ip",
      offset,
      size: this.loadSize(size),
      extent: { from: at(protocol).from, to: at(close).to },
    }));
  });

  private loadSize(token: IToken | undefined): 1 | 2 | 4 {
    const size = token ? numberOf(token) : 1;
    if (size === 1 || size === 2 || size === 4) return size;
    throw new FilterError(`expected a size of 1, 2 or 4 bytes, found ${size}`, this.text, token ? at(token) : { from: 0, to: 0 });
  }

  /** Whether what follows is arithmetic with a comparison, and not a term: decided by the first operator or bracket. */
  private comparisonAhead(): boolean {
    const first = this.LA(1);
    if (tokenMatcher(first, T.Length) || tokenMatcher(first, T.Minus)) return true;
    if (tokenMatcher(first, T.NumberToken)) return isOperator(this.LA(2));
    if (tokenMatcher(first, T.ProtocolToken)) return tokenMatcher(this.LA(2), T.OpenBracket);
    if (!tokenMatcher(first, T.OpenParenthesis)) return false;
    let depth = 1;
    let next = 2;
    while (depth > 0 && this.LA(next).image !== "") {
      if (tokenMatcher(this.LA(next), T.OpenParenthesis)) depth++;
      if (tokenMatcher(this.LA(next), T.CloseParenthesis)) depth--;
      next++;
    }
    return isOperator(this.LA(next));
  }
}

const isOperator = (token: IToken): boolean => tokenMatcher(token, T.ArithmeticToken) || tokenMatcher(token, T.RelationalToken);

function arithmeticOperator(image: string): ArithmeticOperator {
  switch (image) {
    case "|":
    case "&":
    case "<<":
    case ">>":
    case "-":
    case "*":
    case "/":
    case "%":
    case "^":
      return image;
    default:
      return "+";
  }
}

function relationalOperator(image: string): RelationalOperator {
  switch (image) {
    case ">":
    case "<":
    case ">=":
    case "<=":
    case "!=":
      return image;
    default:
      return "==";
  }
}

function unknownWord(word: string, qualifiers: Qualifiers | undefined): string {
  if (UnsupportedWords.has(word)) return `"${word}" is a word of pcap-filter that is not supported here`;
  if (/^[0-9]+(\.[0-9]+)+$/.test(word)) return `"${word}" is not an IPv4 address`;
  const wanted = !qualifiers
    ? firstOfTerm
    : qualifiers.address === "port"
      ? "a port number"
      : qualifiers.address === "portrange"
        ? "a range such as 80-90"
        : qualifiers.address === "proto"
          ? "a protocol number"
          : "an address";
  return `expected ${wanted}, found "${word}"; names are not resolved`;
}

const parser = new FilterParser();

/**
 * Reads a filter expression; the empty one selects every packet.
 * @throws {FilterError} with the place and what was expected there
 */
export function parseExpression(text: string): Expression {
  const { tokens, errors } = T.lexer.tokenize(text);
  const unreadable = errors[0];
  if (unreadable) {
    const extent = { from: unreadable.offset, to: unreadable.offset + 1 };
    throw new FilterError(`unexpected character "${text.charAt(unreadable.offset)}"`, text, extent);
  }
  parser.text = text;
  parser.input = tokens;
  const expression = parser.whole();
  const wrong = parser.errors[0];
  if (!wrong) return expression;
  const found = wrong.token;
  if (found.image === "") {
    throw new FilterError(`expected ${wrong.message}, found the end`, text, { from: text.length, to: text.length });
  }
  throw new FilterError(`expected ${wrong.message}, found "${found.image}"`, text, at(found));
}
