import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page, PageBlock, PageSection } from '@ar-distill/evaluation/report';
import { machineText } from '../report/machine';
import { type MeasuredCell, measuredCell } from './measured-cell';
import type { StudyPlan } from './plan-runs';
import { PICTURES } from './run-pictures';
import { resultFile, type RunResult } from './run-result';
import { curveBlocks } from './study-curves';
import type { StudyFile } from './study-file';
import { differingSettings, figureTable, orderingTable } from './study-tables';

/** The page of a study, from its file and the results alone. */
export async function studyPage(
  file: StudyFile,
  plan: StudyPlan,
  results: ReadonlyMap<string, RunResult>,
  folder: string,
): Promise<Page> {
  const { title, seeds, paper } = file;
  const sections: PageSection[] = [];
  for (const preset of file.presets) {
    const cells = plan.cells
      .filter((cell) => cell.preset === preset)
      .map((cell) => measuredCell(cell, results));
    sections.push({ heading: preset, blocks: await presetBlocks(file, preset, cells, folder) });
  }
  const machines = new Set(
    [...results.values()].map(({ machine }) => machineText(machine.version, machine)),
  );
  if (machines.size > 0) {
    sections.push({
      heading: 'Machines and versions',
      blocks: [...machines].map((text) => ({ kind: 'text', text })),
    });
  }
  return {
    title,
    summary: [
      {
        kind: 'text',
        text: `${results.size} of ${plan.runs.length} runs, seeds ${seeds.join(', ')}; means ± deviations over seeds. A difference that is not larger than the larger deviation of both sides is called none.`,
      },
      ...(paper ? [{ kind: 'text', text: `The paper: ${paper.says}` } as const] : []),
    ],
    sections,
  };
}

async function presetBlocks(
  file: StudyFile,
  preset: string,
  cells: readonly MeasuredCell[],
  folder: string,
): Promise<PageBlock[]> {
  const { paper } = file;
  const blocks: PageBlock[] = [{ kind: 'table', table: figureTable(file, preset, cells) }];
  if (paper?.ordering) {
    blocks.push({ kind: 'table', table: orderingTable(file, preset, paper.ordering, cells) });
  }
  // Curves and pictures are the generator's: of other rows there are none.
  const generators = cells.filter(({ planned }) => planned.isGenerator);
  blocks.push(...curveBlocks(generators, file));
  for (const { title, extension } of Object.values(PICTURES)) {
    const pictures = [];
    for (const { planned } of generators) {
      const picture = resultFile(folder, planned.runs[0]!.key, extension);
      if (!existsSync(picture)) continue;
      const place = path.relative(folder, picture).split(path.sep).join('/');
      const png = await readFile(picture);
      pictures.push({ title: `${planned.name}: ${title}`, png, file: place });
    }
    if (pictures.length > 0) blocks.push({ kind: 'pictures', pictures });
  }
  blocks.push({ kind: 'table', table: differingSettings(cells) });
  return blocks;
}
