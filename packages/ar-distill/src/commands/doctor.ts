import * as tf from '@tensorflow/tfjs';
import type { PluginDefinition } from '@ar-distill/core';
import type { Command } from 'commander';
import {
  DATASETS,
  PLUGIN_PROBLEMS,
  PLUGINS,
  STEP_COMPILER,
  type ServiceContainer,
} from '@ar-distill/di';
import { describeBackends } from '@ar-distill/engine';
import { float32 } from '@ar-distill/program';
import { type Machine, thisMachine } from '@ar-distill/workflows';
import { resolveOptions } from '../config/resolve-options';
import { doctorSchema } from '../config/schemas';
import type { CommandEnvironment } from './environment';
import { examples, givenFlags, withCommonOptions } from './flags';
import { installAskedTensorflow } from './install-tensorflow';
import { openContainer } from './session';

/** One line of the doctor's report. */
export interface Finding {
  /** `missing` is something optional that is not there; `wrong` keeps the command from working. */
  readonly state: 'ok' | 'missing' | 'wrong';
  readonly subject: string;
  /** What was found and, unless it is ok, the mend. */
  readonly detail: string;
}

const GIBIBYTE = 2 ** 30;
/** From these minor versions on, by major version, Node requires ES modules; all later majors do. */
const NEEDED_NODE: ReadonlyMap<number, number> = new Map([
  [20, 19],
  [22, 12],
]);
const NEWEST_TOLD = 22;

/** `ar-distill doctor`: what this machine offers, what is missing, and how to get it. */
export function addDoctorCommand(program: Command, env: CommandEnvironment): void {
  const command = program
    .command('doctor')
    .description('check Node, the machine, the engine, the plugins and the data')
    .option(
      '--install-tensorflow <cpu|gpu>',
      'build the backend tensorflow into a folder of yours (needs pip and a C++ compiler)',
    )
    .option('--from <path>', 'its wheel, or a folder with wheels (default: pip downloads them)')
    .addHelpText(
      'after',
      examples(
        'doctor',
        'doctor --install-tensorflow cpu    # then: doctor --backend tensorflow',
        'doctor --install-tensorflow cpu --from tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl',
      ),
    );
  withCommonOptions(command).action(async () => {
    const options = resolveOptions(doctorSchema, givenFlags(command), env.cwd);
    await installAskedTensorflow(env, options);
    const container = await openContainer(env, options);
    try {
      const findings = [
        ...machineFindings(thisMachine()),
        ...(await backendFindings()),
        await engineFinding(container),
        ...pluginFindings(container),
        ...(await dataFindings(container)),
      ];
      const lines = findings.map(
        ({ state, subject, detail }) => `${state.padEnd(8)} ${subject}: ${detail}\n`,
      );
      env.finish({ document: { findings }, text: lines.join('') });
      const wrong = findings.filter(({ state }) => state === 'wrong').map(({ subject }) => subject);
      if (wrong.length) {
        throw new Error(`ar-distill cannot work here before this is mended: ${wrong.join(', ')}.`);
      }
    } finally {
      await container.dispose();
    }
  });
}

/** What is to be said about Node, the processor and the memory. */
export function machineFindings(machine: Machine): Finding[] {
  const [major = 0, minor = 0] = machine.node.split('.').map(Number);
  const fits = major > NEWEST_TOLD || minor >= (NEEDED_NODE.get(major) ?? Infinity);
  const memory = `${(machine.totalMemory / GIBIBYTE).toFixed(1)} GiB, ${(machine.freeMemory / GIBIBYTE).toFixed(1)} GiB free`;
  const enough = machine.totalMemory >= 2 * GIBIBYTE;
  return [
    fits
      ? { state: 'ok', subject: 'Node', detail: `${machine.node} on ${machine.platform}` }
      : {
          state: 'wrong',
          subject: 'Node',
          detail: `${machine.node} is too old: install 22.12 or newer (20.19 does as well) from https://nodejs.org`,
        },
    {
      state: 'ok',
      subject: 'Processor',
      detail: `${machine.processor}, ${machine.threads} ${machine.threads === 1 ? 'thread' : 'threads'}`,
    },
    enough
      ? { state: 'ok', subject: 'Memory', detail: memory }
      : {
          state: 'missing',
          subject: 'Memory',
          detail: `${memory}: training a small preset wants 2 GiB`,
        },
  ];
}

async function backendFindings(): Promise<Finding[]> {
  return (await describeBackends()).map(({ name, available, detail }) => ({
    state: available ? 'ok' : 'missing',
    subject: name,
    detail,
  }));
}

/** Compiles and runs a small step, so that a broken native library shows here. */
async function engineFinding(container: ServiceContainer): Promise<Finding> {
  const subject = 'Engine';
  try {
    const step = await container.resolve(STEP_COMPILER).compile({
      name: 'doctor',
      inputs: { x: { shape: [3], dtype: 'float32' } },
      fn: ({ inputs }) => ({ outputs: { y: tf.square(inputs['x']!) } }),
    });
    const { y } = await step.run({ x: float32([3], Float32Array.of(1, 2, 3)) });
    await step.dispose();
    const values = y ? [...y.data].join(', ') : 'nothing';
    return values === '1, 4, 9'
      ? { state: 'ok', subject, detail: 'compiles and runs a step' }
      : {
          state: 'wrong',
          subject,
          detail: `a step computed ${values} instead of 1, 4, 9: install onnxruntime-node again`,
        };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { state: 'wrong', subject, detail: `cannot run a step: ${reason}` };
  }
}

function pluginFindings(container: ServiceContainer): Finding[] {
  const installed = container.resolveAll(PLUGINS).map(({ definition, version }): Finding => ({
    state: 'ok',
    subject: `Plugin ${definition.name}`,
    detail: `${version} with ${contributions(definition)}`,
  }));
  const broken = container
    .resolveAll(PLUGIN_PROBLEMS)
    .map(({ message }): Finding => ({ state: 'missing', subject: 'Plugin', detail: message }));
  const none: Finding = {
    state: 'missing',
    subject: 'Plugin',
    detail: 'none is installed: npm install --ignore-scripts @ar-distill/plugin-var',
  };
  return installed.length + broken.length ? [...installed, ...broken] : [none];
}

/** What a plugin brings, for people. */
function contributions({
  presets = {},
  backbones = [],
  datasets = [],
  featureNetworks = [],
  metrics = [],
  methods = [],
}: PluginDefinition): string {
  const kinds = [
    ['presets', Object.keys(presets)],
    ['backbones', backbones.map(({ name }) => name)],
    ['data sets', datasets.map(({ name }) => name)],
    ['feature networks', featureNetworks.map(({ name }) => name)],
    ['metrics', metrics.map(({ name }) => name)],
    ['methods', methods.map(({ name }) => name)],
  ] as const;
  const texts = kinds.flatMap(([kind, names]) =>
    names.length ? [`${kind} ${names.join(', ')}`] : [],
  );
  return texts.join('; ') || 'nothing';
}

/** Whether the data sets of the plugins can be opened; only training and new statistics need them. */
async function dataFindings(container: ServiceContainer): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, value } of container.resolveAll(DATASETS)) {
    const subject = `Data set ${name}`;
    try {
      const { train, test } = await value.open();
      const detail = `${train.count} training images, ${test.count} test images`;
      findings.push({ state: 'ok', subject, detail });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      findings.push({
        state: 'missing',
        subject,
        detail: `${reason} Only training and new statistics need it.`,
      });
    }
  }
  return findings;
}
