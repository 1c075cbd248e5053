/** Assignments: to variables, fields of views, elements, and what of the packet can be set. */
import { ts } from "ts-morph";
import { specOf } from "../../dsl/core/spec.js";
import { fieldOf, storeField, writeElement } from "./access.js";
import { inlineCall } from "./calls.js";
import type { Context } from "./context.js";
import { describeValue } from "./context.js";
import { declarationOf, lowerExpression } from "./expressions.js";
import { type Frame, variableOf } from "./frame.js";
import { scratchView } from "./map-calls.js";
import { eachCase, findProperty } from "./members.js";
import { assignVlan } from "./packet-calls.js";
import { fitsType } from "./types.js";
import { type RecordValue, undefinedValue, type Value, type View } from "./values.js";

export function assignTo(context: Context, frame: Frame, target: ts.Expression, value: Value, node: ts.Node): void {
  if (context.dead) return;
  if (ts.isParenthesizedExpression(target)) {
    assignTo(context, frame, target.expression, value, node);
    return;
  }
  if (ts.isIdentifier(target)) {
    assignVariable(context, frame, target, value, node);
    return;
  }
  if (ts.isPropertyAccessExpression(target)) {
    assignMember(context, frame, lowerExpression(context, frame, target.expression), target.name.text, value, node);
    return;
  }
  if (ts.isElementAccessExpression(target)) {
    const object = lowerExpression(context, frame, target.expression);
    const index = lowerExpression(context, frame, target.argumentExpression);
    if (object.kind === "view") writeElement(context, object, index, value, node);
    else if (object.kind !== "poison")
      context.error("DP1212", node, `${describeValue(object)} cannot be changed while a packet is handled`, "use a map");
    return;
  }
  context.error("DP1200", node, "this cannot be assigned to in datapath code");
}

function assignVariable(context: Context, frame: Frame, target: ts.Identifier, value: Value, node: ts.Node): void {
  const declaration = declarationOf(context, target);
  const variable = declaration ? variableOf(frame, declaration) : undefined;
  if (!variable || !declaration) {
    context.error(
      "DP1212",
      node,
      `\`${target.text}\` is fixed when the program is built`,
      "keep run-time state in a map, or in a variable of the method",
    );
    return;
  }
  if (ts.isVariableDeclaration(declaration) && declaration.type) {
    fitsType(context, value, context.front.checker.getTypeFromTypeNode(declaration.type), `\`${target.text}\``, node);
  }
  context.state.variables.set(variable, context.bind(value, variable.name, node));
}

export function assignMember(context: Context, frame: Frame, object: Value, name: string, value: Value, node: ts.Node): void {
  switch (object.kind) {
    case "poison":
      return;
    case "view": {
      const field = fieldOf(object, name);
      if (field) {
        storeField(context, object, field, value, node);
        return;
      }
      if (callSetter(context, frame, object, name, value, node)) return;
      context.error("DP1201", node, `${describeValue(object)} has no field \`${name}\``);
      return;
    }
    case "packet":
      assignPacket(context, name, value, node);
      return;
    case "choice":
      eachCase(
        context,
        object,
        one => {
          assignMember(context, frame, one, name, value, node);
          return undefinedValue;
        },
        name,
        node,
      );
      return;
    case "known": {
      const live: unknown = object.value;
      const spec = typeof live === "object" && live !== null ? specOf(live) : undefined;
      if (typeof live === "object" && live !== null && spec?.what === "map" && spec.kind === "scratch") {
        assignMember(context, frame, scratchView(context, live, spec, node), name, value, node);
        return;
      }
      const setter = typeof live === "object" && live !== null ? findProperty(live, name) : undefined;
      if (setter?.descriptor.set) {
        inlineCall(context, { callee: setter.descriptor.set, self: object, home: setter.home, args: [value], path: frame.path, node });
        return;
      }
      context.error(
        "DP1212",
        node,
        `\`${name}\` is fixed when the program is built`,
        "keep run-time state in a map, or in a variable of the method",
      );
      return;
    }
    case "record":
      if (callSetter(context, frame, object, name, value, node)) return;
      refuseChange(context, object, node);
      return;
    default:
      refuseChange(context, object, node);
  }
}

function refuseChange(context: Context, object: Value, node: ts.Node): void {
  context.error(
    "DP1212",
    node,
    `${describeValue(object)} cannot be changed while a packet is handled`,
    "keep run-time state in a map, or in a variable of the method",
  );
}

/** Calls the setter that the class of a view or instance declares; whether there is one. */
function callSetter(context: Context, frame: Frame, object: View | RecordValue, name: string, value: Value, node: ts.Node): boolean {
  const prototype: unknown = typeof object.of === "function" ? object.of.prototype : undefined;
  const found = typeof prototype === "object" && prototype !== null ? findProperty(prototype, name) : undefined;
  if (!found?.descriptor.set) return false;
  inlineCall(context, { callee: found.descriptor.set, self: object, home: found.home, args: [value], path: frame.path, node });
  return true;
}

function assignPacket(context: Context, name: string, value: Value, node: ts.Node): void {
  if (name === "vlan") {
    assignVlan(context, value, node);
    return;
  }
  if (name === "mark" || name === "priority" || name === "departure") {
    const bits = name === "departure" ? 64 : 32;
    const expression = context.expression(value, bits === 64 ? "bigint" : "number", node);
    context.emit({ kind: "setAmbient", what: name, value: expression, fit: { bits, what: `pkt.${name}` }, span: context.span(node) });
    return;
  }
  context.error("DP1212", node, `\`${name}\` of a packet cannot be set`);
}
