import { PNG } from 'pngjs';
import { float32, int32 } from '@ar-distill/program';
import { imageGrid } from './image-grid';
import { lineChart } from './line-chart';

describe('imageGrid', () => {
  const pixel = (png: PNG, x: number, y: number) => [
    ...png.data.subarray((y * png.width + x) * 4, (y * png.width + x) * 4 + 4),
  ];

  it('places grey images row by row', () => {
    const images = float32([3, 1, 2, 1], Float32Array.of(-1, 1, 0, -2, 5, -0.5));
    const png = PNG.sync.read(Buffer.from(imageGrid(images, 2, { padding: 1, scale: 2 })));
    expect([png.width, png.height]).toEqual([11, 7]);
    expect(pixel(png, 0, 0)).toEqual([255, 255, 255, 255]);
    expect(pixel(png, 1, 1)).toEqual([0, 0, 0, 255]);
    expect(pixel(png, 4, 2)).toEqual([255, 255, 255, 255]);
    expect(pixel(png, 6, 1)).toEqual([128, 128, 128, 255]);
    expect(pixel(png, 8, 1)).toEqual([0, 0, 0, 255]);
    expect(pixel(png, 3, 4)).toEqual([64, 64, 64, 255]);
    expect(pixel(png, 8, 5)).toEqual([255, 255, 255, 255]);
  });

  it('keeps colours', () => {
    const images = float32([1, 1, 1, 3], Float32Array.of(1, -1, 0.2));
    const png = PNG.sync.read(Buffer.from(imageGrid(images, 5, { padding: 0 })));
    expect([png.width, png.height]).toEqual([1, 1]);
    expect(pixel(png, 0, 0)).toEqual([255, 0, 153, 255]);
  });

  it('refuses other shapes', () => {
    expect(() => imageGrid(float32([1, 2, 1], new Float32Array(2)), 1)).toThrow(
      /not float32 \[1, 2, 1\]/,
    );
    expect(() => imageGrid(int32([1, 1, 1, 1], new Int32Array(1)), 1)).toThrow(/not int32/);
    expect(() => imageGrid(float32([1, 1, 1, 1], new Float32Array(1)), 0)).toThrow(/positive/);
  });
});

describe('lineChart', () => {
  const options = { title: 'a < b & c', xLabel: 'updates', yLabel: 'distance' };
  const pathsOf = (svg: string): number[][][] =>
    [...svg.matchAll(/<path d="M([^"]*)"/g)].map((match) =>
      match[1]!.split('L').map((point) => point.split(',').map(Number)),
    );
  const labelsOf = (svg: string, anchor: 'end' | 'middle'): string[] =>
    [...svg.matchAll(new RegExp(`<text [^>]*text-anchor="${anchor}">([^<]*)<`, 'g'))].map(
      (match) => match[1]!,
    );

  it('draws every finite point between the axes, and escapes text', () => {
    const svg = lineChart(
      [
        {
          name: 'weights',
          points: [
            [0, 100],
            [50, NaN],
            [100, 10],
          ],
        },
        {
          name: 'average',
          points: [
            [0, 90],
            [100, 5],
          ],
        },
      ],
      options,
    );
    expect(svg).toContain('a &lt; b &amp; c');
    expect(svg.match(/<circle/g)).toHaveLength(4);
    const lines = pathsOf(svg);
    expect(lines).toHaveLength(2);
    // x grows to the right, and lower values lie lower: larger y in SVG.
    const [[x0, y0], [x1, y1]] = lines[0] as [[number, number], [number, number]];
    expect(x0).toBe(72);
    expect(x1).toBe(696);
    expect(y0).toBe(48);
    expect(y1).toBeCloseTo(364 - 31.6, 1);
  });

  it('spaces powers of ten evenly on a logarithmic axis', () => {
    const svg = lineChart(
      [
        {
          name: 'fid',
          points: [
            [0, 100],
            [1, 10],
            [2, 1],
          ],
        },
      ],
      {
        ...options,
        yScale: 'log',
      },
    );
    const [a, b, c] = pathsOf(svg)[0]!.map(([, y]) => y) as [number, number, number];
    expect(b - a).toBeCloseTo(c - b, 5);
  });

  it('labels round numbers, in full and as powers of ten', () => {
    const falling = (from: number, to: number): [{ name: string; points: [number, number][] }] => [
      {
        name: 'fid',
        points: [
          [0, from],
          [12_000, to],
        ],
      },
    ];
    const linear = lineChart(falling(0.9, 0.05), options);
    const [, , ...xLabels] = labelsOf(linear, 'middle');
    expect(xLabels).toEqual(['0', '2,000', '4,000', '6,000', '8,000', '10,000', '12,000']);
    expect(labelsOf(linear, 'end')[1]).toBe('0.1');
    const logarithmic = labelsOf(
      lineChart(falling(2000, 0.002), { ...options, yScale: 'log' }),
      'end',
    );
    expect(logarithmic).toEqual(expect.arrayContaining(['0.01', '0.1', '1', '10', '100', '1,000']));
    expect(logarithmic.length).toBeLessThan(14);
  });

  it('draws a single point and a flat line', () => {
    const one = lineChart([{ name: 'one', points: [[3, 7]] }], options);
    expect(one).not.toMatch(/NaN|Infinity/);
    expect(labelsOf(one, 'middle').at(-1)).toBe('3');
    const flat = lineChart(
      [
        {
          name: 'flat',
          points: [
            [0, 0],
            [1, 0],
          ],
        },
      ],
      options,
    );
    expect(flat).not.toMatch(/NaN|Infinity/);
    const level = lineChart(
      [
        {
          name: 'level',
          points: [
            [1, 7],
            [2, 7],
          ],
        },
      ],
      { ...options, yScale: 'log' },
    );
    expect(level).not.toMatch(/NaN|Infinity/);
    expect(pathsOf(level)[0]![0]![1]).toBe((364 + 48) / 2);
  });

  it.each([1, 2, 9])('keeps the legend of %d lines above all of them', (count) => {
    const series = Array.from({ length: count }, (_, i) => ({
      name: `the moving average of run ${i}`,
      // Flat along the upper edge, where a legend in the plot would be.
      points: [
        [0, 1],
        [1, 1 + i],
      ] as [number, number][],
    }));
    const svg = lineChart(series, options);
    const names = [...svg.matchAll(/<text x="(\d+)" y="([\d.]+)">the moving/g)];
    expect(names).toHaveLength(count);
    const highest = Math.min(...pathsOf(svg).flatMap((line) => line.map(([, y]) => y!)));
    for (const [, x, y] of names) {
      // Descenders and half a line's width.
      expect(Number(y) + 4).toBeLessThan(highest);
      expect(Number(x)).toBeLessThan(600);
    }
    const places = names.map(([, x, y]) => `${x} ${y}`);
    expect(new Set(places).size).toBe(count);
  });

  it('refuses charts that show nothing', () => {
    expect(() => lineChart([], options)).toThrow(/has no points/);
    expect(() =>
      lineChart([{ name: 'zero', points: [[0, 0]] }], { ...options, yScale: 'log' }),
    ).toThrow(/logarithmic/);
  });
});
