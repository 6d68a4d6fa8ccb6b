import type { Tree } from '@ar-distill/workflows';
import { z } from 'zod';

const network = z.object({ path: z.string(), ships: z.boolean().optional() }).optional();

/** What configs of runs hold that options give; see the kinds of runs in `@ar-distill/workflows`. */
const plannedRunSchema = z.object({
  plugin: z.string().optional(),
  preset: z.string().optional(),
  /** A feature network. */
  network: z.string().optional(),
  method: z.string().optional(),
  data: z.string().optional(),
  teacher: network,
  tokenizer: network,
  stage1: network,
  poolCache: z.string().optional(),
  samples: z.number().optional(),
  teacherSampling: z.record(z.string(), z.number()).optional(),
  settings: z.record(z.string(), z.unknown()),
  adaptation: z.record(z.string(), z.unknown()).optional(),
  architecture: z.record(z.string(), z.unknown()).optional(),
});

type Network = z.output<typeof network>;

/** The options that make a run with this config, as a config file has them. */
export function optionsOfRun(config: unknown): Tree {
  const {
    plugin,
    preset,
    network: name,
    teacherSampling,
    ...made
  } = plannedRunSchema.parse(config);
  const { method, data, poolCache, samples, settings, adaptation, architecture } = made;
  const { guidanceScale, topK, topP } = teacherSampling ?? {};
  const options = {
    preset: preset === undefined ? undefined : `${plugin}:${preset}`,
    ...{ name, method, data },
    teacher: fileOf(made.teacher),
    tokenizer: fileOf(made.tokenizer),
    ...{ stage1: fileOf(made.stage1), poolCache },
    ...{ guidance: guidanceScale, topK, topP },
    ...{ samples, settings, adaptation, architecture },
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** What ships is taken without being named. */
function fileOf(network: Network): string | undefined {
  return network?.ships ? undefined : network?.path;
}
