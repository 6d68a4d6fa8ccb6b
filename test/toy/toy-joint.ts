import { ArDiffusionGenerator, type DistillationSubject } from '@ar-distill/core';
import { type DistillationSettings, distillationSettingsSchema } from '@ar-distill/core/methods';
import {
  plugin,
  THREE_TOKEN_JOINT,
  toyArchitectureSchema,
  toyBackbone,
} from '@ar-distill/plugin-toy';

/** The preset that the trainer is measured on, with sizes and settings of a test's own. */
export function toyJoint(
  sizes: { readonly width: number; readonly heads: number },
  settings: (preset: DistillationSettings) => Partial<DistillationSettings>,
) {
  const preset = plugin.presets!['toy-joint']!;
  const distillation = distillationSettingsSchema.parse(preset.methods['csd']);
  const architecture = toyArchitectureSchema.parse({ ...THREE_TOKEN_JOINT, ...sizes });
  const network = toyBackbone.createNetwork(architecture);
  const subject: DistillationSubject<DistillationSettings> = {
    teacher: toyBackbone.createTeacher(architecture, preset.teacherSampling),
    teacherWeights: {},
    network,
    generator: new ArDiffusionGenerator(network),
    settings: distillationSettingsSchema.parse({ ...distillation, ...settings(distillation) }),
  };
  return { architecture, subject };
}
