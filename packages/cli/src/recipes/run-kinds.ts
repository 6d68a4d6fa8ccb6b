import {
  adaptationSettingsSchema,
  distillationSettingsSchema,
  supervisedSettingsSchema,
} from '@ar-distill/core';
import { readRunConfig, RUN_CONFIG } from '@ar-distill/runs';
import path from 'node:path';
import { z } from 'zod';
import { explainIssue } from '../config/explain-issue';
import type { RecipeContext } from './types';

/** What a command writes into the config of its runs. */
export interface RunKind<Config> {
  readonly command: string;
  readonly schema: z.ZodType<Config>;
}

/** Whose work a run may be; both are missing where the command knows no presets. */
export type RunSubject = Partial<Pick<RecipeContext, 'plugin' | 'presetName'>>;

/** The flag that named the run. */
export type RunFlag = '--resume' | '--stage1' | '--weights';

/** Printed in sentences, so it must not steer a terminal. */
const name = z.string().regex(/^[^\p{Cc}]+$/u, 'expected a name');
const file = z.string().min(1);
const presetFields = { plugin: name, preset: name };
const count = z.int().positive();

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
    /** Absent: the one that ships with the preset. */
    tokenizer: file.optional(),
    settings: supervisedSettingsSchema,
  }),
);

export const CLASSIFIER_TRAINING = kind(
  'train classifier',
  z.strictObject({ command: z.literal('train classifier'), settings: supervisedSettingsSchema }),
);

export const ADAPTATION = kind(
  'adapt',
  z.strictObject({
    command: z.literal('adapt'),
    ...presetFields,
    teacher: file.optional(),
    tokenizer: file.optional(),
    data: z.literal('mnist').optional(),
    samples: count,
    settings: adaptationSettingsSchema,
  }),
);

export const DISTILLATION = kind(
  'distill',
  z.strictObject({
    command: z.literal('distill'),
    ...presetFields,
    teacher: file.optional(),
    tokenizer: file.optional(),
    stage1: file.optional(),
    samples: count,
    settings: distillationSettingsSchema,
    /** Used when the teacher still reads tokens. */
    adaptation: adaptationSettingsSchema.optional(),
  }),
);

/** The config of a kind of runs. */
export type ConfigOf<K> = K extends RunKind<infer Config> ? Config : never;

const headerSchema = z.object({
  command: name,
  plugin: name.optional(),
  preset: name.optional(),
});

/** `plugin:preset` that a run works on; undefined when its config does not say it. */
export function presetOfRun(folder: string): string | undefined {
  const header = headerSchema.safeParse(readRunConfig(folder));
  const { plugin, preset } = header.data ?? {};
  return plugin === undefined || preset === undefined ? undefined : `${plugin}:${preset}`;
}

/**
 * What a run says about itself, without touching it.
 * @throws Error with a sentence when the folder is no run, or none of that kind and subject.
 */
export function readRun<Config>(
  kind: RunKind<Config>,
  subject: RunSubject,
  folder: string,
  flag: RunFlag,
): Config {
  return parseRun(kind, subject, folder, flag, readRunConfig(folder));
}

/** As `readRun`, of a config that was read already. */
export function parseRun<Config>(
  { command, schema }: RunKind<Config>,
  { plugin, presetName }: RunSubject,
  folder: string,
  flag: RunFlag,
  config: unknown,
): Config {
  const source = `in ${path.join(folder, RUN_CONFIG)}`;
  const header = headerSchema.safeParse(config);
  if (!header.success) throw new Error(explainIssue(header.error, headerSchema, source));
  const made = header.data;
  if (made.command !== command) {
    const mend =
      flag === '--resume'
        ? `go on with it by "ar-distill ${made.command} --resume ${folder}"`
        : `name a run of "${command}" with ${flag}`;
    throw new Error(`"${folder}" is a run of "${made.command}", not of "${command}": ${mend}.`);
  }
  if (plugin && (made.plugin !== plugin.name || made.preset !== presetName)) {
    const preset = `${made.plugin}:${made.preset}`;
    throw new Error(
      `"${folder}" works on the preset "${preset}", not on "${plugin.name}:${presetName}": use it with --preset ${preset}.`,
    );
  }
  const parsed = schema.safeParse(config);
  if (!parsed.success) throw new Error(explainIssue(parsed.error, schema, source));
  return parsed.data;
}

function kind<Config>(command: string, schema: z.ZodType<Config>): RunKind<Config> {
  return { command, schema };
}
