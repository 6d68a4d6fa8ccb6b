export {
  type AdaptationSettings,
  type AdaptationSettingsInput,
  adaptationSettingsSchema,
} from './methods/adaptation/adaptation-settings';
export {
  type AdaptationSubject,
  type AdaptedTeacher,
  startAdaptation,
} from './methods/adaptation/adaptation';
export { ADAPTATION_STAGES } from './methods/adaptation/adaptation-training';
export {
  type LoadedTeacher,
  type TeacherFidelity,
  teacherFidelity,
} from './methods/adaptation/teacher-fidelity';
export { type TokenSequences, splitSequences, tokenBatch } from './model/token-sequences';
export { BUILT_IN_METHODS } from './methods/built-in-methods';
export { csd } from './methods/csd/csd';
export { dd1 } from './methods/dd1/dd1';
export {
  type Dd1Settings,
  type Dd1SettingsInput,
  dd1SettingsSchema,
} from './methods/dd1/dd1-settings';
export {
  type CodebookSource,
  type EmissionSettings,
  flowMapEmission,
  whyNoEmission,
} from './methods/dd1/emission';
export {
  type CsdSubject,
  type DistillationGroups,
  type TuningSubject,
  createGroups,
} from './methods/csd/csd-subject';
export { generatorObjective, guidanceObjective } from './methods/csd/distillation-objectives';
export {
  type DistillationSettings,
  type DistillationSettingsInput,
  type PaperModel,
  distillationSettingsSchema,
  paperDistillation,
} from './methods/csd/distillation-settings';
export { type DistilledGenerator, distillGenerator } from './methods/csd/distillation';
export { tuneNetwork } from './methods/csd/tuning';
export { type TuningPart, TUNING_STAGES } from './methods/csd/tuning-parts';
