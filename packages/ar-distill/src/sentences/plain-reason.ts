import { explainIssue } from '@ar-distill/workflows';
import type { z } from 'zod';
import { isError } from './is-error';
import { systemErrorSentence } from './system-error';

const MORE = 'AR_DISTILL_DEBUG=1 in front of the command shows more';
/** How V8 says that there is no memory. */
const MEMORY = /^(?:Invalid (?:typed )?array length|Array buffer allocation failed)|\bbad_?alloc/i;
/** What ONNX Runtime says comes after this. */
const RUNTIME = / in ONNX Runtime: /;

/**
 * What went wrong, in words for people: messages of our own as they are, and a sentence in place of what
 * the system, V8, zod, TensorFlow.js or ONNX Runtime say, which name neither the thing nor the mend.
 */
export function plainReason(error: unknown): string {
  if (!isError(error)) return String(error);
  return (
    systemErrorSentence(error) ??
    schemaSentence(error) ??
    memorySentence(error) ??
    runtimeSentence(error) ??
    stepSentence(error) ??
    ownFaultSentence(error) ??
    error.message
  );
}

/** zod's own message is JSON. */
function schemaSentence(error: Error): string | undefined {
  if (!isSchemaError(error)) return undefined;
  const reason = explainIssue(error).replace(/\.$/, '');
  return `${reason}, in what a plugin or a file brings: mend it there, or use another.`;
}

function isSchemaError(error: Error): error is z.ZodError {
  return /^\$?ZodError$/.test(error.name) && 'issues' in error && Array.isArray(error.issues);
}

function memorySentence({ message }: Error): string | undefined {
  if (!MEMORY.test(message)) return undefined;
  return 'There is not enough memory for this: ask for fewer or smaller images, or use a machine with more.';
}

function runtimeSentence({ message }: Error): string | undefined {
  const [what, reason] = message.split(RUNTIME, 2);
  if (what === undefined || reason === undefined) return undefined;
  const subject = `${what} in ONNX Runtime`;
  if (/shared library|provider/i.test(reason)) {
    return `${subject}, because a library of the execution provider is missing: "ar-distill doctor" says how to get it.`;
  }
  if (/alloc/i.test(reason)) {
    return `${subject}, because there is not enough memory: use smaller batches, or a machine with more.`;
  }
  return `${subject}: take weights and settings that belong together (${MORE}).`;
}

/** How the engine says that a step function threw something; that is the cause. */
const STEP = /^The program "(.*?)" cannot be compiled: /;

/**
 * What a step is made of says that tensors do not fit, but not which weights or settings they come from.
 * What else is thrown in a step is a sentence already.
 */
function stepSentence(error: Error): string | undefined {
  const name = STEP.exec(error.message)?.[1];
  const cause = causes(error).find(isOfTensors);
  if (cause === undefined) {
    return name !== undefined && isError(error.cause) ? plainReason(error.cause) : undefined;
  }
  const subject = name === undefined ? 'A step' : `The step "${name}"`;
  return `${subject} cannot be computed with these weights and settings: take ones that belong together (${MORE}).`;
}

function causes(error: Error): Error[] {
  return isError(error.cause) ? [error, ...causes(error.cause)] : [error];
}

/** TensorFlow.js, and those parts of the engine that stand in for it. */
const TENSORS =
  /[\\/]tfjs(?:-[a-z-]+)?[\\/]|[\\/]engine[\\/](?:src|dist)[\\/](?:trace|ir|lower|onnx)[\\/]/;

/** Where an error was thrown stands in the first frame of its stack. */
function isOfTensors({ stack = '', message }: Error): boolean {
  const frame = stack.split('\n').find((line) => /^\s+at /.test(line)) ?? '';
  return TENSORS.test(frame) && !STEP.test(message);
}

/** What only a mistake in a program throws; a user can do nothing but report it. */
function ownFaultSentence({ name, message }: Error): string | undefined {
  if (!/^(?:TypeError|ReferenceError|SyntaxError)$/.test(name) && !/call stack/.test(message)) {
    return undefined;
  }
  return `Something went wrong inside of AR-Distill or a plugin (${message.replace(/\.$/, '')}): please report it with what AR_DISTILL_DEBUG=1 in front of the command shows.`;
}
