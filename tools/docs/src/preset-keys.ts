import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { code, plain, table } from './markdown';

/** Where a plugin's preset is declared. */
const SOURCE = 'packages/core/src/plugin/preset.ts';

/**
 * A table of the keys that a preset of a plugin has, with what their declaration says.
 * @param root folder of the repository.
 */
export function presetKeys(root: string): string {
  const text = readFileSync(join(root, SOURCE), 'utf8');
  const source = ts.createSourceFile(SOURCE, text, ts.ScriptTarget.ES2022, true);
  const declared = new Map(
    source.statements
      .filter(ts.isInterfaceDeclaration)
      .map(({ name, members }) => [name.text, members.filter(ts.isPropertySignature)] as const),
  );
  const preset = declared.get('Preset');
  if (!preset) throw new Error(`${SOURCE} declares no "Preset": name the file that does.`);
  return table(
    ['key', 'has to be there', 'meaning'],
    preset.flatMap((member) => rowsOf(member, '', declared)),
  );
}

function rowsOf(
  member: ts.PropertySignature,
  before: string,
  declared: ReadonlyMap<string, readonly ts.PropertySignature[]>,
): string[][] {
  const key = before + member.name.getText();
  const meaning = ts
    .getJSDocCommentsAndTags(member)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
    .join(' ')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '');
  const inner =
    member.type && ts.isTypeLiteralNode(member.type)
      ? member.type.members.filter(ts.isPropertySignature)
      : (declared.get(member.type?.getText() ?? '') ?? []);
  return [
    [code(key), member.questionToken ? 'no' : 'yes', plain(meaning)],
    ...inner.flatMap((one) => rowsOf(one, `${key}.`, declared)),
  ];
}
