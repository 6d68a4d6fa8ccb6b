import { TENSORFLOW_VARIANTS } from '@ar-distill/engine';
import { MODEL_PRECISIONS } from '@ar-distill/program';
import { isTree, type Tree } from '@ar-distill/workflows';
import { z } from 'zod';

const path = z.string().min(1);
const count = z.int().positive();
const seed = z.int().min(0);
const preset = z.string().min(1).optional();
/** Execution providers of ONNX Runtime. */
export const PROVIDERS = ['cpu', 'cuda', 'webgpu'] as const;
/** Overrides of settings at any depth; their own schema checks them once the preset is known. */
const settings = z.custom<Tree>(isTree, 'expected an object');

/** Keys that every command understands. */
const common = {
  /** Threads of the engine; default: the physical cores. */
  threads: count.optional(),
  /** What steps run on. */
  backend: z.string().min(1).optional(),
  /** Execution provider of ONNX Runtime. */
  provider: z.enum(PROVIDERS).optional(),
  /** A plugin, or a folder with plugins in its `node_modules`, beside those of the project. */
  pluginsDir: path.optional(),
};

/** `plugins`: nothing is computed. */
export const pluginsSchema = z.strictObject({ pluginsDir: common.pluginsDir });

/** Options that every command has that computes. */
export const commonSchema = z.strictObject(common);
export type CommonOptions = z.output<typeof commonSchema>;

/** `doctor`. */
export const doctorSchema = z.strictObject({
  ...common,
  installTensorflow: z.enum(TENSORFLOW_VARIANTS).optional(),
  from: path.optional(),
});
export type DoctorOptions = z.output<typeof doctorSchema>;

/** `plugins check`. */
export const pluginsCheckSchema = z.strictObject({ ...common, preset });

/** How the teacher draws. */
const teacherSampling = {
  guidance: z.number().min(0).optional(),
  topK: z.int().min(0).optional(),
  topP: z.number().positive().max(1).optional(),
};

const supervised = {
  ...common,
  out: path.optional(),
  seed: seed.optional(),
  iterations: count.optional(),
  batchSize: count.optional(),
  resume: path.optional(),
  settings: settings.optional(),
};

/** What a training that is measured has. */
const measured = { samples: count.optional(), report: z.boolean().optional() };

/** `train features`. */
export const featuresSchema = z.strictObject({
  ...supervised,
  ...measured,
  name: z.string().min(1).optional(),
});
/** `train tokenizer`. */
export const tokenizerSchema = z.strictObject({ ...supervised, ...measured, preset });
/** `train teacher`. */
export const teacherSchema = z.strictObject({ ...supervised, preset, tokenizer: path.optional() });

/** `adapt`. */
export const adaptSchema = z.strictObject({
  ...common,
  preset,
  out: path.optional(),
  resume: path.optional(),
  teacher: path.optional(),
  tokenizer: path.optional(),
  ...teacherSampling,
  data: z.string().min(1).optional(),
  samples: count.optional(),
  settings: settings.optional(),
});

/** `distill`. */
export const distillSchema = z.strictObject({
  ...common,
  preset,
  out: path.optional(),
  method: z.string().min(1).optional(),
  name: z
    .string()
    .regex(/^[\w.-]+$/, 'expected letters, digits, dots, hyphens or underscores')
    .optional(),
  resume: path.optional(),
  teacher: path.optional(),
  tokenizer: path.optional(),
  ...teacherSampling,
  stage1: path.optional(),
  poolCache: path.optional(),
  quick: z.boolean().optional(),
  report: z.boolean().optional(),
  samples: count.optional(),
  settings: settings.optional(),
  adaptation: settings
    .describe('settings of the adaptation, for teachers that need one')
    .optional(),
  architecture: settings
    .describe("keys of the networks' architecture that are to be others than the preset's")
    .optional(),
});

/** `init`. */
export const initSchema = z.strictObject({
  pluginsDir: common.pluginsDir,
  preset,
  out: path.optional(),
});

/** What is drawn from: a generator, or the teacher and how it draws. */
const drawer = {
  ...common,
  preset,
  run: path.optional(),
  weights: path.optional(),
  teacher: z.union([z.boolean(), path]).optional(),
  tokenizer: path.optional(),
  /** Network evaluations of the generator. */
  steps: count.optional(),
  snap: z.boolean().optional(),
  seed: seed.optional(),
  ...teacherSampling,
};

/** `study`, beside its file. */
export const studyOptionsSchema = z.strictObject({
  ...common,
  out: path.optional(),
  plan: z.boolean().optional(),
  pageOnly: z.boolean().optional(),
  markdown: z.boolean().optional(),
});

/** `sample`. */
export const sampleSchema = z.strictObject({
  ...drawer,
  count: count.optional(),
  classes: z.array(z.int().min(0)).min(1).optional(),
  out: path.optional(),
  npz: path.optional(),
  teacherSteps: count.optional(),
});

/** What a command draws with. */
export type DrawerOptions = z.output<z.ZodObject<typeof drawer>>;

/** `eval`. */
export const evaluateSchema = z.strictObject({
  ...drawer,
  reconstruction: z.boolean().optional(),
  npz: path.optional(),
  speed: z.boolean().optional(),
  metrics: z.array(z.string().min(1)).min(1).optional(),
  samples: count.optional(),
  draws: count.optional(),
  pathLength: z.union([z.boolean(), count]).optional(),
  teacherDistance: z.boolean().optional(),
});

/** `import`. */
export const importSchema = z.strictObject({
  pluginsDir: path.optional(),
  files: z.array(path).min(1),
  plugin: z.string().min(1).optional(),
  key: z.string().min(1).optional(),
  out: path.optional(),
  /** The command's `--config`: keys of an architecture, not of the command. */
  architecture: path.optional(),
});

/** `play`. */
export const playSchema = z.strictObject({
  ...common,
  preset,
  run: path.optional(),
  /** Model directory with an ONNX model. */
  folder: path.optional(),
  port: z.int().min(0).max(65_535).optional(),
  static: path.optional(),
});
export type PlayOptions = z.output<typeof playSchema>;

/** `export`. */
export const exportSchema = z.strictObject({
  ...common,
  preset,
  /** Run directory, or `latest`. */
  run: path.optional(),
  out: path.optional(),
  onnx: z.enum(MODEL_PRECISIONS).optional(),
  teacher: z.boolean().optional(),
  snap: z.boolean().optional(),
  samples: count.optional(),
});
