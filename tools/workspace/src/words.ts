import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** A word that stands in the code of a file: an identifier, or (part of) a text. */
export interface Word {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/**
 * Identifiers, string and template literals of a TypeScript source that `pattern` matches; comments do
 * not count.
 */
export function wordsMatching(file: string, pattern: RegExp, source = readFileSync(file, 'utf8')) {
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const found: Word[] = [];
  const visit = (node: ts.Node): void => {
    const isWord =
      ts.isIdentifier(node) ||
      ts.isPrivateIdentifier(node) ||
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddleOrTemplateTail(node) ||
      node.kind === ts.SyntaxKind.RegularExpressionLiteral;
    if (isWord) {
      const text = ts.isIdentifier(node) ? node.text : node.getText(parsed);
      const { line } = parsed.getLineAndCharacterOfPosition(node.getStart(parsed));
      if (pattern.test(text)) found.push({ text, line: line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return found;
}
