/** The words of pcap-filter. As in libpcap the longest word counts: `len-5` and `80-90` are one word each. */
import { type CustomPatternMatcherReturn, createToken, Lexer, type TokenType } from "chevrotain";
import { parseIpv6, parseMac, parseNumber, parseOctets } from "./addresses.js";
import { NamedNumbers, Protocols } from "./names.js";

type Matcher = (text: string, offset: number) => CustomPatternMatcherReturn | null;

const wordAt = /[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/y;
const colonsAt = /[0-9a-fA-F]*:[0-9a-fA-F:]*(?:\.[0-9]+)*/y;

function matchAt(pattern: RegExp, accept: (found: string) => boolean): Matcher {
  return (text, offset) => {
    pattern.lastIndex = offset;
    const found = pattern.exec(text)?.[0];
    return found !== undefined && accept(found) ? [found] : null;
  };
}

const all: TokenType[] = [];
function category(name: string, label: string): TokenType {
  const made = createToken({ name, label, pattern: Lexer.NA });
  all.push(made);
  return made;
}
function token(name: string, label: string, pattern: RegExp | Matcher, of?: TokenType): TokenType {
  const made = createToken({
    name,
    label,
    pattern: pattern instanceof RegExp ? pattern : { exec: pattern },
    line_breaks: false,
    categories: of ? [of] : [],
  });
  all.push(made);
  return made;
}
const word = (name: string, label: string, accept: (found: string) => boolean, of?: TokenType): TokenType =>
  token(name, label, matchAt(wordAt, accept), of);
const keyword = (of: TokenType | undefined, ...spellings: string[]): TokenType =>
  word(`Keyword_${spellings[0]}`, `"${spellings[0]}"`, found => spellings.includes(found), of);
const symbol = (name: string, pattern: RegExp, label: string, of?: TokenType): TokenType => token(name, `"${label}"`, pattern, of);

export const ProtocolToken = category("ProtocolToken", "a protocol");
export const AndToken = category("AndToken", '"and"');
export const OrToken = category("OrToken", '"or"');
export const NotToken = category("NotToken", '"not"');
export const NumberToken = category("NumberToken", "a number");
export const ArithmeticToken = category("ArithmeticToken", "an arithmetic operator");
export const RelationalToken = category("RelationalToken", "a comparison");

all.push(createToken({ name: "Blank", pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true }));

// before words: these hold colons
export const Mac = token(
  "Mac",
  "an Ethernet address",
  matchAt(colonsAt, found => parseMac(found) !== undefined),
);
export const Ipv6 = token(
  "Ipv6",
  "an IPv6 address",
  matchAt(colonsAt, found => parseIpv6(found) !== undefined),
);

for (const spelling of Protocols.keys()) keyword(ProtocolToken, spelling);

export const Source = keyword(undefined, "src");
export const Destination = keyword(undefined, "dst");
export const Host = keyword(undefined, "host");
export const Net = keyword(undefined, "net");
export const Mask = keyword(undefined, "mask");
export const Port = keyword(undefined, "port");
export const PortRange = keyword(undefined, "portrange");
export const Proto = keyword(undefined, "proto");

export const Broadcast = keyword(undefined, "broadcast");
export const Multicast = keyword(undefined, "multicast");
export const Vlan = keyword(undefined, "vlan");
export const Greater = keyword(undefined, "greater");
export const Less = keyword(undefined, "less");
export const Length = keyword(undefined, "len", "length");
keyword(AndToken, "and");
keyword(OrToken, "or");
keyword(NotToken, "not");

// beyond libpcap
export const Established = keyword(undefined, "established");
export const Fragment = keyword(undefined, "fragment");
export const Dscp = keyword(undefined, "dscp");
export const Mark = keyword(undefined, "mark");
export const Identity = keyword(undefined, "identity");

word("NamedNumber", "a number", found => NamedNumbers.has(found), NumberToken);
word("NumberLiteral", "a number", found => parseNumber(found) !== undefined, NumberToken);
export const Ipv4 = word("Ipv4", "an IPv4 address", found => found.includes(".") && parseOctets(found) !== undefined);
export const Range = word("Range", "a port range", found => /^[0-9]+-[0-9]+$/.test(found));
export const Word = word("Word", "a word", () => true);
export const Escaped = token("Escaped", "an escaped name", /\\[-A-Za-z0-9_]+/);

symbol("AndSymbol", /&&/, "and", AndToken);
symbol("OrSymbol", /\|\|/, "or", OrToken);
symbol("NotEqual", /!=/, "!=", RelationalToken);
symbol("NotSymbol", /!/, "not", NotToken);
symbol("ShiftLeft", /<</, "<<", ArithmeticToken);
symbol("ShiftRight", />>/, ">>", ArithmeticToken);
symbol("LessEqual", /<=/, "<=", RelationalToken);
symbol("GreaterEqual", />=/, ">=", RelationalToken);
symbol("Below", /</, "<", RelationalToken);
symbol("Above", />/, ">", RelationalToken);
symbol("Equal", /==?/, "==", RelationalToken);
symbol("Plus", /\+/, "+", ArithmeticToken);
export const Minus = symbol("Minus", /-/, "-", ArithmeticToken);
symbol("Times", /\*/, "*", ArithmeticToken);
export const Slash = symbol("Slash", /\//, "/", ArithmeticToken);
symbol("Percent", /%/, "%", ArithmeticToken);
symbol("Ampersand", /&/, "&", ArithmeticToken);
symbol("Bar", /\|/, "|", ArithmeticToken);
symbol("Caret", /\^/, "^", ArithmeticToken);
export const OpenParenthesis = symbol("OpenParenthesis", /\(/, "(");
export const CloseParenthesis = symbol("CloseParenthesis", /\)/, ")");
export const OpenBracket = symbol("OpenBracket", /\[/, "[");
export const CloseBracket = symbol("CloseBracket", /\]/, "]");
export const Colon = symbol("Colon", /:/, ":");

export const vocabulary: readonly TokenType[] = all;
export const lexer = new Lexer(all, { positionTracking: "onlyOffset" });
