import { speedUp, textTable } from '@ar-distill/evaluation/report';
import type { DistillReport, ImageReport } from '@ar-distill/workflows';

/** What a report says, for a terminal. */
export function reportSummary(report: DistillReport): string {
  return `${linesOf(report).join('\n')}\n`;
}

function linesOf(report: DistillReport): string[] {
  switch (report.kind) {
    case 'images':
      return imageLines(report);
    case 'pictures':
      return ['', textTable(report.rows, []), ''];
    case 'sequences':
      return Object.entries(report.results).map(([name, figures]) => {
        const texts = Object.entries(figures).map(
          ([figure, value]) => `${figure} ${value.toFixed(4)}`,
        );
        return `${name}: ${texts.join(', ')}`;
      });
  }
}

function imageLines({
  rows,
  columns,
  speed,
  gapClosed,
  frechetName,
  ratio,
  seconds,
  warning,
}: ImageReport): string[] {
  const lines = ['', textTable(rows, columns), ''];
  for (const comparison of speed) {
    lines.push(
      `One step over the KV-cached teacher, ${comparison.batchSize} per call, ` +
        `${comparison.decoded ? 'images' : 'sequences'}: ${speedUp(comparison).toFixed(1)}×`,
    );
  }
  if (gapClosed !== undefined && ratio !== undefined) {
    lines.push(
      `Gap closed between independent tokens and the teacher: ${(100 * gapClosed).toFixed(1)}% · ` +
        `${frechetName} of the generator / of the teacher: ${ratio.toFixed(2)} · ` +
        `training took ${seconds.toFixed(0)} s`,
    );
  }
  if (warning !== undefined) lines.push(warning);
  return lines;
}
