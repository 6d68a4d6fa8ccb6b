export { adapt, type AdaptOptions, type AdaptResult, type MeasuredRows } from './adapt/adapt';
export { describeAdaptation, type AdaptationFigures } from './adapt/describe-adaptation';
export { distill, type DistillOptions, type DistillResult } from './distill/distill';
export { planDistillation, type PlannedDistillation } from './distill/plan-distillation';
export { InvalidOptionError, InvalidSettingError, type InvalidOptionDetails } from './errors';
export {
  evaluate,
  type EvaluateOptions,
  type EvaluateResult,
  type Figure,
  type MeasuredDraw,
} from './evaluate/evaluate';
export type { MeasuringOptions } from './evaluate/measuring-options';
export type { StudyOverview, WorkflowEvent, WorkflowOptions } from './events';
export { onnxTable, type OnnxFigures, type OnnxRow } from './export/compare-models';
export { exportModel, type ExportOptions, type ExportResult } from './export/export-model';
export { type TeacherFigures, teacherSentence } from './export/teacher-export';
export {
  importCheckpoints,
  type ImportOptions,
  type ImportResult,
} from './import/import-checkpoints';
export type { ImportedNetwork } from './import/describe-networks';
export type { ModelFiles } from './models/preset-models';
export { openWeights, type WeightsSource } from './models/weights-source';
export type { PresetChoice } from './models/resolve-preset';
export type { TeacherSamplingChoice } from './models/teacher-sampling';
export type { Hub } from './hub/hub-model';
export { localModel, type NamedNetworks, withLocalModels } from './hub/local-models';
export type { ImageReport } from './report/image-report';
export { type Machine, thisMachine } from './report/machine';
export type { PictureReport } from './report/picture-report';
export type { SequenceReport } from './report/sequence-report';
export { measureSpeed, type SpeedOptions } from './report/speed-comparison';
export type { DistillReport } from './report/write-report';
export type { ImageBatch } from './sample/draw-images';
export { ImageModel, type Drawer, type ImageRequest, type ImageStep } from './sample/image-model';
export { interpolatedNoise } from './sample/interpolation';
export { noiseOfEach } from './sample/noise-of-each';
export type { RunReference } from './runs/named-run';
export { conditionFor, sample, type SampleOptions, type SampleResult } from './sample/sample';
export type { SamplerOptions } from './sample/open-sampler';
export { checkNewFolder } from './settings/check-option';
export { refuseDeepYaml } from './settings/yaml-nesting';
export { refuseTogether, type Exclusion } from './settings/refuse-together';
export { explainIssue, type IssueWording } from './settings/explain-issue';
export { descriptionAt, knownKeys } from './settings/schema-at';
export { isTree, mergeTrees, treeOf, type Tree } from './settings/merge';
export { study, planStudy, type StudyOptions } from './study/study';
export { studySchema, type StudyFile } from './study/study-file';
export type { SupervisedOptions, TrainingResult } from './train/supervised-run';
export { trainFeatures, type TrainFeaturesOptions } from './train/train-features';
export { trainTeacher, type TrainTeacherOptions } from './train/train-teacher';
export { trainTokenizer, type TrainTokenizerOptions } from './train/train-tokenizer';
export { writeNewFile } from '@ar-distill/checkpoints';
