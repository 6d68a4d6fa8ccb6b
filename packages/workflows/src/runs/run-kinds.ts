import { adaptationSettingsSchema } from '@ar-distill/core/methods';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import type { FoundPreset } from '@ar-distill/di';
import { isModelDirectory } from '@ar-distill/checkpoints';
import { readRunConfig, RUN_CONFIG, whyNoRun } from '@ar-distill/runs';
import path from 'node:path';
import { z } from 'zod';
import { InvalidOptionError } from '../errors';
import { explainIssue } from '../settings/explain-issue';
import { knownKeys } from '../settings/schema-at';
import { migrateRunConfig, RUN_VERSION } from './run-version';

/** What a workflow writes into the config of its runs. */
export interface RunKind<Config> {
  readonly command: string;
  readonly schema: z.ZodType<Config>;
}

/** Whose work a run may be; missing where a workflow knows no presets. */
export interface RunSubject {
  readonly found?: Pick<FoundPreset, 'name' | 'plugin'>;
}

/** The option that named the run, or the argument. */
export type RunFlag = '--resume' | '--stage1' | '--run' | '--weights' | 'RUN';

/** Printed in sentences, so it must not steer a terminal. */
const name = z.string().regex(/^[^\p{Cc}]+$/u, 'expected a name');
const networkFile = z.strictObject({
  path: z.string().min(1),
  /** See `checksumOf`; runs of older versions do not say it. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'expected a SHA-256')
    .optional(),
  /** Whether it is the one that ships with the preset, wherever that is installed. */
  ships: z.boolean().optional(),
});
const networkFiles = { teacher: networkFile.optional(), tokenizer: networkFile.optional() };
const version = z.literal(RUN_VERSION);
const presetFields = { version, plugin: name, preset: name };
const count = z.int().positive();
/** How its teacher draws and is scored; runs of older versions do not say it. */
const teacherSampling = z.record(z.string(), z.number()).optional();
/** Keys of the architecture that are others than those of the preset and the files. */
const architecture = z.record(z.string(), z.unknown()).optional();

export const TOKENIZER_TRAINING = kind(
  'train tokenizer',
  z.strictObject({
    command: z.literal('train tokenizer'),
    ...presetFields,
    settings: supervisedSettingsSchema,
  }),
);

export const TEACHER_TRAINING = kind(
  'train teacher',
  z.strictObject({
    command: z.literal('train teacher'),
    ...presetFields,
    tokenizer: networkFiles.tokenizer,
    settings: supervisedSettingsSchema,
  }),
);

export const FEATURES_TRAINING = kind(
  'train features',
  z.strictObject({
    version,
    command: z.literal('train features'),
    /** The plugin of the feature network; absent when the application brings it. */
    plugin: name.optional(),
    /** Name of the feature network. */
    network: name,
    settings: supervisedSettingsSchema,
  }),
);

export const ADAPTATION = kind(
  'adapt',
  z.strictObject({
    command: z.literal('adapt'),
    ...presetFields,
    ...networkFiles,
    /** Name of the data set that is fine-tuned on; absent: the teacher's own sequences. */
    data: name.optional(),
    teacherSampling,
    samples: count,
    settings: adaptationSettingsSchema,
  }),
);

export const DISTILLATION = kind(
  'distill',
  z.strictObject({
    command: z.literal('distill'),
    ...presetFields,
    /** Runs of versions that knew one method do not say it. */
    method: name.default('csd'),
    ...networkFiles,
    /** The run whose tuned weights are used again, and the checksum of these. */
    stage1: networkFile.omit({ ships: true }).optional(),
    /** Folder in which the teacher's sequences are kept for other runs, too; absent: in the run alone. */
    poolCache: z.string().min(1).optional(),
    samples: count,
    teacherSampling,
    architecture,
    /** Parsed by the schema of the method. */
    settings: z.record(z.string(), z.unknown()),
    /** Used when the teacher still reads tokens. */
    adaptation: adaptationSettingsSchema.optional(),
  }),
);

/** A network of a run: the file or folder that it was read from, and what that held. */
export type NetworkFile = z.infer<typeof networkFile>;

/** The networks of a run; one that is absent has no file, or an older version did not say it. */
export interface NetworkFiles {
  readonly teacher?: NetworkFile | undefined;
  readonly tokenizer?: NetworkFile | undefined;
}

/** The config of a kind of runs. */
export type ConfigOf<K> = K extends RunKind<infer Config> ? Config : never;

const COMMANDS = ['train tokenizer', 'train teacher', 'train features', 'adapt', 'distill'] as const;
const headerSchema = z.object({
  command: z.enum(COMMANDS),
  plugin: name.optional(),
  preset: name.optional(),
});

/** `plugin:preset` that a run works on; undefined when its config does not say it. */
export function presetOfRun(folder: string): string | undefined {
  const header = headerSchema.safeParse(migrateRunConfig(configIn(folder), folder));
  const { plugin, preset } = header.data ?? {};
  return plugin === undefined || preset === undefined ? undefined : `${plugin}:${preset}`;
}

const networkOptions = z.object({ teacherSampling, architecture });

/** How the teacher of a run draws, and what is special about its networks, as far as its config says. */
export function networksOfRun(folder: string): z.infer<typeof networkOptions> {
  return networkOptions.safeParse(migrateRunConfig(configIn(folder), folder)).data ?? {};
}

/**
 * What a run says about itself, without touching it.
 * @throws InvalidOptionError when the folder is no run; Error with a sentence when it is none of that kind and
 *   subject, or its config is damaged.
 */
export function readRun<Config>(
  kind: RunKind<Config>,
  subject: RunSubject,
  folder: string,
  flag: RunFlag,
): Config {
  return parseRun(kind, subject, folder, flag, configIn(folder));
}

/** @throws InvalidOptionError when the folder that was named is no run; Error when its config is damaged. */
function configIn(folder: string): unknown {
  if (isModelDirectory(folder)) {
    throw new InvalidOptionError(
      `"${folder}" is a model directory, no run: name a run, or draw from the directory with --weights.`,
    );
  }
  const reason = whyNoRun(folder);
  if (reason !== undefined) throw new InvalidOptionError(reason);
  return readRunConfig(folder);
}

/** As `readRun`, of a config that was read already. */
export function parseRun<Config>(
  { command, schema }: RunKind<Config>,
  { found }: RunSubject,
  folder: string,
  flag: RunFlag,
  written: unknown,
): Config {
  const config = migrateRunConfig(written, folder);
  const made = checked(headerSchema, config, folder);
  if (made.command !== command) {
    const mend =
      flag === '--resume'
        ? `go on with it by "ar-distill ${made.command} --resume ${folder}"`
        : `name a run of "${command}" ${flag === 'RUN' ? 'in its place' : `with ${flag}`}`;
    throw new Error(`"${folder}" is a run of "${made.command}", not of "${command}": ${mend}.`);
  }
  if (found && (made.plugin !== found.plugin || made.preset !== found.name)) {
    const preset = `${made.plugin}:${made.preset}`;
    throw new Error(
      `"${folder}" works on the preset "${preset}", not on "${found.plugin}:${found.name}": use it with --preset ${preset}.`,
    );
  }
  return checked(schema, config, folder);
}

/**
 * The settings of a distillation, which the schema of its method knows.
 * @throws Error with a sentence that names the key and the run's config.
 */
export function settingsOfRun<S>(
  schema: z.ZodType<S>,
  folder: string,
  { settings }: Pick<ConfigOf<typeof DISTILLATION>, 'settings'>,
): S {
  return checked(z.object({ settings: schema }), { settings }, folder).settings;
}

function checked<T>(schema: z.ZodType<T>, config: unknown, folder: string): T {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new Error(
    explainIssue(parsed.error, {
      source: ` in ${path.join(folder, RUN_CONFIG)}`,
      knownKeys: (place) => knownKeys(schema, place),
    }),
  );
}

function kind<Config>(command: string, schema: z.ZodType<Config>): RunKind<Config> {
  return { command, schema };
}
