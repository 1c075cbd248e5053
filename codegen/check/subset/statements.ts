/** Which statements are datapath code. */
import { ts } from "ts-morph";
import { testTruth } from "./conditions.js";
import { fine, inside, type Rule, refused, rule } from "./subset.js";

const unrolled = "write `for (let i = 0; i < N; i++)` with a bound that is known at build time: it is unrolled";

export const statementRules: Partial<Record<ts.SyntaxKind, Rule>> = {
  [ts.SyntaxKind.Block]: inside,
  [ts.SyntaxKind.EmptyStatement]: fine,
  [ts.SyntaxKind.ExpressionStatement]: inside,
  [ts.SyntaxKind.VariableStatement]: inside,
  [ts.SyntaxKind.VariableDeclarationList]: rule(ts.isVariableDeclarationList, (node, subset, visit) => {
    const kind = node.flags & ts.NodeFlags.BlockScoped;
    if (kind === ts.NodeFlags.None) subset.refuse("DP1121", node, "`var` is visible outside its block");
    else if (kind === ts.NodeFlags.Using || kind === ts.NodeFlags.AwaitUsing)
      subset.refuse("DP1134", node, "`using` calls a method at the end of its block");
    ts.forEachChild(node, visit);
  }),
  [ts.SyntaxKind.VariableDeclaration]: inside,
  [ts.SyntaxKind.ReturnStatement]: inside,
  [ts.SyntaxKind.IfStatement]: rule(ts.isIfStatement, (node, subset, visit) => {
    testTruth(node.expression, subset);
    ts.forEachChild(node, visit);
  }),
  [ts.SyntaxKind.SwitchStatement]: inside,
  [ts.SyntaxKind.CaseBlock]: inside,
  [ts.SyntaxKind.CaseClause]: inside,
  [ts.SyntaxKind.DefaultClause]: inside,
  [ts.SyntaxKind.ForStatement]: rule(ts.isForStatement, (node, subset, visit) => {
    if (node.condition === undefined) subset.refuse("DP1101", node, "this loop has no bound", unrolled);
    else testTruth(node.condition, subset);
    ts.forEachChild(node, visit);
  }),
  [ts.SyntaxKind.ForOfStatement]: rule(ts.isForOfStatement, (node, subset, visit) => {
    if (node.awaitModifier !== undefined)
      subset.refuse("DP1105", node.awaitModifier, "a packet waits for nothing: `for await` is not datapath code");
    ts.forEachChild(node, visit);
  }),
  [ts.SyntaxKind.BreakStatement]: rule(ts.isBreakStatement, (node, subset) => {
    if (node.label !== undefined) subset.refuse("DP1119", node, "`break` to a label");
  }),
  [ts.SyntaxKind.ContinueStatement]: rule(ts.isContinueStatement, (node, subset) => {
    if (node.label !== undefined) subset.refuse("DP1119", node, "`continue` to a label");
  }),

  [ts.SyntaxKind.WhileStatement]: refused("DP1101", "a `while` loop has no bound that the verifier could see", unrolled),
  [ts.SyntaxKind.DoStatement]: refused("DP1101", "a `do` loop has no bound that the verifier could see", unrolled),
  [ts.SyntaxKind.ForInStatement]: refused(
    "DP1102",
    "`for … in` goes over the names of properties",
    "go over a build-time list with `for … of`",
  ),
  [ts.SyntaxKind.ThrowStatement]: refused("DP1103", "there is no one to catch what a packet's program throws"),
  [ts.SyntaxKind.TryStatement]: refused("DP1104", "datapath code throws nothing, so there is nothing to catch"),
  [ts.SyntaxKind.DebuggerStatement]: refused("DP1129", "there is no debugger in the kernel"),

  // Types say nothing at run time.
  [ts.SyntaxKind.InterfaceDeclaration]: fine,
  [ts.SyntaxKind.TypeAliasDeclaration]: fine,
  [ts.SyntaxKind.ClassDeclaration]: refused(
    "DP1128",
    "a class is made at build time, not for each packet",
    "move the class to the top of the module",
  ),
  [ts.SyntaxKind.ClassExpression]: refused(
    "DP1128",
    "a class is made at build time, not for each packet",
    "move the class to the top of the module",
  ),
};

/** A label is refused and what it stands in front of is still checked. */
statementRules[ts.SyntaxKind.LabeledStatement] = rule(ts.isLabeledStatement, (node, subset, visit) => {
  subset.refuse("DP1119", node.label, `the label \`${node.label.text}\``);
  visit(node.statement);
});
