import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { problemAffectsResolutionKind, problemKindInfo } from '@arethetypeswrong/core/problems';
import type { ResolutionKind } from '@arethetypeswrong/core/types';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** The profile "node16" of attw: every way in which exports maps are read. */
const RESOLUTIONS: readonly ResolutionKind[] = ['node16-cjs', 'node16-esm', 'bundler'];

/**
 * What publint (strict, suggestions included) and attw (profile node16) say against a package that
 * `npm pack` made, a line each.
 */
export async function tarballComplaints(file: string): Promise<string[]> {
  const bytes = readFileSync(file);
  const found = [...(await publishingComplaints(bytes)), ...(await typeComplaints(bytes))];
  return found.map((complaint) => `${basename(file)}: ${complaint}`);
}

async function publishingComplaints(bytes: Uint8Array): Promise<string[]> {
  const tarball = Uint8Array.from(bytes).buffer;
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return messages.map(
    (message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

async function typeComplaints(bytes: Uint8Array): Promise<string[]> {
  const analysis = await checkPackage(createPackageFromTarballData(bytes));
  if (!analysis.types) return ['attw: it has no types'];
  return RESOLUTIONS.flatMap((kind) =>
    analysis.problems
      .filter((problem) => problemAffectsResolutionKind(problem, kind, analysis))
      .map((problem) => `attw: ${kind}: ${problemKindInfo[problem.kind].title}`),
  );
}
