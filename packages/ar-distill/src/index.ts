export {
  ImageBatcher,
  type BatcherOptions,
  type ImageOptions,
  UnavailableError,
} from './generator/image-batcher';
export {
  ImageGenerator,
  type InterpolateOptions,
  type LoadOptions,
  type StopOptions,
} from './generator/image-generator';
export { GeneratedImage, GeneratedImages, type ImagePixels } from './generator/generated-image';
export type { ImageDrawer, GenerateOptions } from './generator/image-drawer';
export type { TokenLayout } from './generator/image-tokens';
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
