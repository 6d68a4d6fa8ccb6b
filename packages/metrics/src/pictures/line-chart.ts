/** One line of a chart. */
export interface ChartSeries {
  readonly name: string;
  /** [x, y] pairs in the order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Titles and scale of a chart. */
export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** A logarithmic y axis shows falls over orders of magnitude (default linear). */
  readonly yScale?: 'linear' | 'log';
}

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { left: 72, right: 24, top: 48, bottom: 56 };
/** Okabe and Ito's colours, which colour-blind readers can tell apart. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/**
 * A line chart as an SVG document. Points that are not finite are left out.
 * @throws RangeError when no point is left, or a logarithmic axis meets values ≤ 0.
 */
export function lineChart(series: readonly ChartSeries[], options: ChartOptions): string {
  const lines = series.map(({ name, points }) => ({
    name,
    points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }));
  const all = lines.flatMap(({ points }) => points);
  if (all.length === 0) throw new RangeError(`The chart "${options.title}" has no points.`);
  const log = options.yScale === 'log';
  if (log && all.some(([, y]) => y <= 0)) {
    throw new RangeError(`The chart "${options.title}" has values that no logarithmic axis shows.`);
  }
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => y);
  const xTicks = linearTicks(Math.min(...xs), Math.max(...xs));
  const yTicks = log
    ? logTicks(Math.min(...ys), Math.max(...ys))
    : linearTicks(Math.min(0, ...ys), Math.max(...ys));
  const placeX = axis(xTicks, MARGIN.left, WIDTH - MARGIN.right, (value) => value);
  const placeY = axis(yTicks, HEIGHT - MARGIN.bottom, MARGIN.top, log ? Math.log10 : (v) => v);
  const bottom = HEIGHT - MARGIN.bottom;

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 24, options.title, 'text-anchor="middle" font-size="15"'),
    text(WIDTH / 2, HEIGHT - 14, options.xLabel, 'text-anchor="middle"'),
    `<g transform="translate(18 ${HEIGHT / 2}) rotate(-90)">${text(0, 0, options.yLabel, 'text-anchor="middle"')}</g>`,
    ...yTicks.flatMap((tick) => [
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${placeY(tick)}" y2="${placeY(tick)}" stroke="#ddd"/>`,
      text(MARGIN.left - 8, placeY(tick) + 4, label(tick), 'text-anchor="end"'),
    ]),
    ...xTicks.flatMap((tick) => [
      `<line x1="${placeX(tick)}" x2="${placeX(tick)}" y1="${bottom}" y2="${bottom + 5}" stroke="#666"/>`,
      text(placeX(tick), bottom + 20, label(tick), 'text-anchor="middle"'),
    ]),
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${bottom}" y2="${bottom}" stroke="#666"/>`,
    ...lines.flatMap(({ name, points }, i) => {
      const colour = COLOURS[i % COLOURS.length]!;
      const path = points.map(([x, y]) => `${placeX(x)},${placeY(y)}`).join(' ');
      const legend = MARGIN.top + 8 + 18 * i;
      return [
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.map(
          ([x, y]) => `<circle cx="${placeX(x)}" cy="${placeY(y)}" r="2.5" fill="${colour}"/>`,
        ),
        `<rect x="${WIDTH - 170}" y="${legend - 9}" width="12" height="4" fill="${colour}"/>`,
        text(WIDTH - 152, legend - 3, name, ''),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** Maps values to pixels, rounded to a tenth. */
function axis(
  ticks: readonly number[],
  start: number,
  end: number,
  scale: (value: number) => number,
): (value: number) => number {
  const low = scale(ticks[0]!);
  const high = scale(ticks.at(-1)!);
  return (value) =>
    Math.round((start + ((scale(value) - low) / (high - low)) * (end - start)) * 10) / 10;
}

/** About six round numbers that enclose the range. */
function linearTicks(low: number, high: number): number[] {
  const range = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(range / 5));
  const step = power * ([1, 2, 5].find((factor) => factor * power * 6 >= range) ?? 10);
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** The powers of ten, twice and five times them, that enclose the range. */
function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)) + 1; e++) {
    ticks.push(...[1, 2, 5].map((factor) => Number(`${factor}e${e}`)));
  }
  const first = ticks.findLastIndex((tick) => tick <= low);
  const last = Math.max(
    ticks.findIndex((tick) => tick >= high),
    first + 1,
  );
  return ticks.slice(first, last + 1);
}

function label(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escaped}</text>`;
}
