export {
  ImageGenerator,
  type InterpolateOptions,
  type LoadOptions,
} from './generator/image-generator';
export { GeneratedImage } from './generator/generated-image';
export type { ImageDrawer, GeneratedImages, GenerateOptions } from './generator/image-drawer';
export type { DrawnStep, TeacherDrawer, TeacherOptions } from './generator/teacher-drawer';
export { createContainer, importPlugins, type ContainerOptions } from './container';
export {
  adapt,
  distill,
  evaluate,
  exportModel,
  importCheckpoints,
  InvalidOptionError,
  measureSpeed,
  sample,
  trainFeatures,
  trainTeacher,
  trainTokenizer,
  type AdaptOptions,
  type AdaptResult,
  type DistillOptions,
  type DistillResult,
  type EvaluateOptions,
  type EvaluateResult,
  type ExportOptions,
  type ExportResult,
  type ImportOptions,
  type ImportResult,
  type SampleOptions,
  type SampleResult,
  type TrainingResult,
  type WorkflowEvent,
  type WorkflowOptions,
} from '@ar-distill/workflows';
