/**
 * Streams of the teacher's samples that others are compared with, and the stage of their drawing: they
 * have nothing to do with what is measured under the same seed.
 */
export const TEACHER_SAMPLES = "the teacher's samples";
