import { PRESETS } from '@ar-distill/di';
import type { CliEnvironment } from './environment';
import { examples } from './flags';

/** A preset as help examples need it. */
interface ExamplePreset {
  readonly name: string;
  readonly needsAdaptation: boolean;
}

/** The names that stand in examples when no plugin is installed, or none can be used. */
const PLACEHOLDER: ExamplePreset = { name: 'PRESET', needsAdaptation: false };

/**
 * Help text whose examples name installed presets: those whose weights ship come first, because they
 * work at once. Plugins are looked for, and run, when the help is shown, not before.
 *
 * @param lines from a preset, and from one whose teacher is adapted first (the same when there is none).
 */
export function presetExamples(
  env: CliEnvironment,
  lines: (preset: string, adapted: string) => readonly string[],
): () => string {
  return () => {
    const [first = PLACEHOLDER, ...others] = attemptInstalledPresets(env);
    const adapted = [first, ...others].find(({ needsAdaptation }) => needsAdaptation) ?? first;
    return examples(...lines(first.name, adapted.name));
  };
}

/** Help comes whatever is wrong with the plugins: the command itself will say it. */
function attemptInstalledPresets(env: CliEnvironment): ExamplePreset[] {
  try {
    return installedPresets(env);
  } catch {
    return [];
  }
}

function installedPresets(env: CliEnvironment): ExamplePreset[] {
  const presets = env.createContainer({ cwd: env.cwd }).resolveAll(PRESETS);
  const ships = ({ value }: (typeof presets)[number]): number => (value.weights?.generator ? 0 : 1);
  return presets
    .toSorted((a, b) => ships(a) - ships(b))
    .map(({ name, value }) => ({ name, needsAdaptation: value.adaptation !== undefined }));
}
