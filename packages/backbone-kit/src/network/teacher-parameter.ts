import type { ParameterSpecs } from '@ar-distill/nn';
import type { HostTensor, HostTensors } from '@ar-distill/program';

/**
 * The teacher's parameter of that name, which a network starts with.
 * @throws Error naming it when it is missing or has another shape.
 */
export function teacherParameter(
  teacherWeights: Readonly<HostTensors>,
  name: string,
  shape: readonly number[],
): HostTensor {
  const given = teacherWeights[name];
  if (!given || given.shape.join() !== shape.join()) {
    throw new Error(
      `The teacher's "${name}" is ${given ? `[${given.shape.join(', ')}]` : 'missing'} but the ` +
        `architecture needs [${shape.join(', ')}]: use the architecture of the teacher.`,
    );
  }
  return given;
}

/** As `teacherParameter`, for all parameters that `specs` name. */
export function teacherParameters(
  teacherWeights: Readonly<HostTensors>,
  specs: ParameterSpecs,
): HostTensors {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => [
      name,
      teacherParameter(teacherWeights, name, shape),
    ]),
  );
}
