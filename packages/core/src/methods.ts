export {
  type AdaptationSettings,
  type AdaptationSettingsInput,
  adaptationSettingsSchema,
} from './methods/adaptation/adaptation-settings';
export {
  ADAPTATION_STAGES,
  type AdaptedTeacher,
  adaptTeacher,
} from './methods/adaptation/adaptation';
export {
  type LoadedTeacher,
  type TeacherFidelity,
  teacherFidelity,
} from './methods/adaptation/teacher-fidelity';
export {
  type TokenSequences,
  splitSequences,
  tokenBatch,
} from './methods/adaptation/token-sequences';
export { generatorObjective, guidanceObjective } from './methods/csd/distillation-objectives';
export {
  type DistillationSettings,
  type DistillationSettingsInput,
  type PaperModel,
  distillationSettingsSchema,
  paperDistillation,
} from './methods/csd/distillation-settings';
export { type DistillationSubject, createGroups } from './methods/csd/distillation-subject';
export {
  type DistilledGenerator,
  type GeneratorSnapshot,
  distillGenerator,
} from './methods/csd/distillation';
export { TUNING_STAGES, tuneNetwork } from './methods/csd/tuning';
