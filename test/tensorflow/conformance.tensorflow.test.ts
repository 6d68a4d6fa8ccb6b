import { PLAIN_SAMPLING } from '@ar-distill/core';
import { THREE_TOKEN_JOINT, toyArchitectureSchema, toyBackbone } from '@ar-distill/plugin-toy';
import { expectConformance } from './check-backbone';

// The families take minutes: test/full/tensorflow-conformance.full.test.ts.
it('runs a teacher with a known distribution', () =>
  expectConformance(toyBackbone, toyArchitectureSchema.parse(THREE_TOKEN_JOINT), PLAIN_SAMPLING));
