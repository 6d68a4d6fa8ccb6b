import { descriptionAt, type Tree } from '@ar-distill/workflows';
import { Document, isPair, isScalar, isSeq, type Node, type Pair, visit } from 'yaml';
import type { z } from 'zod';

/** What the values of a config mean. */
export interface ConfigMeaning {
  /** Of the options that are no groups of settings, by their keys. */
  readonly options: ReadonlyMap<string, string>;
  /** Of groups of settings, by their keys; what they describe is said. */
  readonly schemas: ReadonlyMap<string, z.core.$ZodType>;
}

/** A config file with these options: every key stands under what it means, where that is known. */
export function commentedConfig(config: Tree, { options, schemas }: ConfigMeaning): string {
  const document = new Document(config);
  visit(document, {
    Pair: (_key, pair, ancestors) => {
      const { key } = pair;
      if (!isScalar(key)) return;
      const [first = '', ...path] = [...keysAbove(ancestors), String(key.value)];
      const group = String(first);
      const schema = schemas.get(group);
      const meaning =
        path.length === 0 ? options.get(group) : schema && descriptionAt(schema, path);
      if (meaning !== undefined) key.commentBefore = ` ${meaning}`;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** Keys from the outside in; a list has elements alike. */
function keysAbove(ancestors: readonly (Document | Node | Pair)[]): PropertyKey[] {
  return ancestors.flatMap((node): PropertyKey[] => {
    if (isSeq(node)) return [0];
    return isPair(node) && isScalar(node.key) ? [String(node.key.value)] : [];
  });
}
