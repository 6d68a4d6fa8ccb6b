import { readSafetensors } from '@ar-distill/checkpoints';
import {
  type Backbone,
  PLAIN_SAMPLING,
  type PluginDefinition,
  type Preset,
  type TeacherSamplingOptions,
} from '@ar-distill/core';
import { adaptationSettingsSchema, BUILT_IN_METHODS } from '@ar-distill/core/methods';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import type { ParameterSpecs } from '@ar-distill/nn';
import { listNames, requireFile, requireParsed, requireThat } from './assertions';
import type { Check } from './check';
import { createParts } from './parts';
import { merged } from './trees';

/** A preset beside the plugin that brings it. */
export interface PresetSubject {
  readonly plugin: PluginDefinition;
  readonly preset: Preset;
}

/**
 * Rules of a preset. One that names a backbone or a method of another plugin is checked as far as that
 * goes without it.
 */
export const presetChecks: readonly Check<PresetSubject>[] = [
  {
    id: 'architecture',
    name: 'its architecture is one of its backbone',
    run: (subject) => {
      const backbone = backboneOf(subject);
      if (backbone) requireArchitecture(backbone, subject.preset);
    },
    exempts: withoutBackbone,
  },
  {
    id: 'settings',
    name: 'its settings are taken',
    run: ({ plugin, preset }) => {
      requireSampling(preset.teacherSampling);
      const known = [...BUILT_IN_METHODS, ...(plugin.methods ?? [])];
      for (const [name, settings] of Object.entries(preset.methods)) {
        const method = known.find((own) => own.name === name);
        if (!method) continue;
        requireParsed(
          `The method "${name}" refuses its settings`,
          method.settingsSchema.safeParse(settings),
        );
        const quick = merged(merged(settings, method.quickSettings), preset.quick?.[name]);
        requireParsed(
          `The method "${name}" refuses its settings of quick runs`,
          method.settingsSchema.safeParse(quick),
        );
      }
      if (preset.adaptation !== undefined) {
        requireParsed(
          'The settings of the adaptation are refused',
          adaptationSettingsSchema.safeParse(preset.adaptation),
        );
      }
      for (const [task, settings] of Object.entries(preset.training ?? {})) {
        requireParsed(
          `The settings of the ${task} are refused`,
          supervisedSettingsSchema.safeParse(settings),
        );
      }
      requireThat(
        !preset.training || preset.dataset !== undefined,
        'It can be trained, but names no data set.',
      );
    },
  },
  {
    id: 'files',
    name: 'its weight files exist',
    run: ({ preset }) => {
      for (const [kind, file] of Object.entries(preset.weights ?? {})) {
        requireFile(kind, file);
      }
    },
    exempts: withoutWeights,
  },
  {
    id: 'weights',
    name: 'its weight files hold its networks',
    needs: ['architecture', 'files'],
    run: async (subject) => {
      const backbone = backboneOf(subject);
      const { architecture, weights = {} } = subject.preset;
      for (const [kind, file] of Object.entries(weights)) {
        if (backbone) await requireWeights(backbone, architecture, kind, file);
      }
    },
    exempts: (subject) => withoutWeights(subject) ?? withoutBackbone(subject),
  },
];

function backboneOf({ plugin, preset }: PresetSubject): Backbone | undefined {
  return plugin.backbones?.find(({ name }) => name === preset.backbone);
}

function withoutBackbone(subject: PresetSubject): string | undefined {
  return backboneOf(subject)
    ? undefined
    : `the backbone "${subject.preset.backbone}" stands in another plugin`;
}

function withoutWeights({ preset }: PresetSubject): string | undefined {
  return preset.weights ? undefined : 'it ships no weights';
}

const SAMPLING: readonly [keyof TeacherSamplingOptions, string, (value: number) => boolean][] = [
  ['guidanceScale', 'a number from 0 on', (value) => value >= 0],
  ['topK', 'a whole number from 0 on', (value) => Number.isSafeInteger(value) && value >= 0],
  ['topP', 'a number above 0 and up to 1', (value) => value > 0 && value <= 1],
  ['temperature', 'a number above 0', (value) => value > 0],
];

function requireSampling(sampling: TeacherSamplingOptions): void {
  for (const [name, range, holds] of SAMPLING) {
    const { [name]: value } = sampling;
    requireThat(
      Number.isFinite(value) && holds(value),
      `Its teacherSampling needs "${name}" to be ${range}, not ${String(value)}.`,
    );
  }
}

function requireArchitecture(backbone: Backbone, { architecture, adaptation }: Preset): void {
  const parsed = requireParsed(
    'architectureSchema refuses its architecture',
    backbone.architectureSchema.safeParse(architecture),
  );
  requireThat(
    adaptation !== undefined || !backbone.adaptation?.isNeeded(parsed),
    'Its teacher needs an adaptation, but it has no settings for one.',
  );
}

/** A file that AR-Distill wrote states its architecture: that of an adapted teacher is another one. */
async function requireWeights(
  backbone: Backbone,
  architecture: unknown,
  kind: string,
  file: string,
): Promise<void> {
  const { tensors, metadata } = await readSafetensors(file);
  const stated = metadata['architecture'];
  const own = requireParsed(
    `The ${kind} states an architecture that is refused`,
    backbone.architectureSchema.safeParse(stated === undefined ? architecture : JSON.parse(stated)),
  );
  const wrong = Object.entries(specsOf(backbone, own, kind)).filter(
    ([name, { shape }]) => tensors[name]?.shape.join() !== shape.join(),
  );
  requireThat(
    wrong.length === 0,
    `Its ${kind} lacks ${listNames(wrong.map(([name]) => name))}, or has it in another shape: "${file}".`,
  );
  const broken = Object.keys(tensors).filter((name) => !tensors[name]!.data.every(Number.isFinite));
  requireThat(
    broken.length === 0,
    `Its ${kind} has values that are NaN or infinite in ${listNames(broken)}: "${file}".`,
  );
}

function specsOf(backbone: Backbone, architecture: unknown, kind: string): ParameterSpecs {
  const { tokenizer, teacher, generator } = createParts(backbone, architecture, PLAIN_SAMPLING);
  const part = { tokenizer, teacher, generator }[kind];
  requireThat(part !== undefined, `The backbone makes no ${kind}.`);
  return part.parameterSpecs;
}
