import type { PresetContext } from '../context';
import { explainIssue } from '../settings/explain-issue';
import { isTree, mergeTrees, type Tree } from '../settings/merge';
import type { WeightsSource } from './weights-source';

/**
 * The architecture that sources of rising precedence state on top of the preset's: one that is complete
 * replaces what is below it, one that holds some keys overrides these, and what follows from all of them
 * together is set anew. What the context says comes last.
 */
export function layeredArchitecture(
  context: PresetContext,
  sources: readonly (Pick<WeightsSource, 'architecture' | 'isPartial'> | undefined)[],
): unknown {
  let merged = context.found.preset.architecture;
  for (const source of sources) {
    if (source?.architecture === undefined) continue;
    const { architecture, isPartial } = source;
    merged =
      isPartial && isTree(merged) && isTree(architecture)
        ? completed(context, mergeTrees(merged, architecture))
        : architecture;
  }
  const { architecture } = context;
  return parseArchitecture(
    context,
    architecture && isTree(merged) ? mergeTrees(merged, architecture) : merged,
  );
}

function completed({ found }: PresetContext, architecture: Tree): Tree {
  return found.backbone.completeArchitecture?.(architecture) ?? architecture;
}

/** Checks an architecture; throws a sentence that names the key, and the file that states it. */
export function parseArchitecture(
  { found }: Pick<PresetContext, 'found'>,
  architecture: unknown,
  file?: string,
): unknown {
  const result = found.backbone.architectureSchema.safeParse(architecture);
  if (result.success) return result.data;
  const where = file === undefined ? '' : ` in "${file}"`;
  const source = ` of the architecture${where} for the backbone "${found.backbone.name}"`;
  throw new Error(explainIssue(result.error, { source, value: architecture }));
}
