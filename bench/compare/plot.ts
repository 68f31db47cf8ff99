/**
 * Throughput and p99 against the number of clients, a line a contender, as one SVG that stands by itself. Both axes are
 * logarithmic: the contenders lie three powers of ten apart.
 */
export interface Point {
  clients: number;
  value: number;
}

export interface Line {
  name: string;
  points: Point[];
}

export interface Panel {
  title: string;
  lines: Line[];
}

const WIDTH = 440;
const HEIGHT = 300;
const MARGIN = { left: 64, right: 16, top: 34, bottom: 40 };
const LEGEND_ROW = 18;
/** Okabe and Ito's palette, told apart by the colour-blind; dashes and marks tell them apart without colour. */
const COLOURS = ["#0072B2", "#000000", "#E69F00", "#D55E00", "#CC79A7", "#009E73", "#56B4E9", "#999999"];
const DASHES = ["", "2 3", "6 3", "8 3 2 3", "4 4", "10 4", "3 6", "1 4"];

export function plot(panels: readonly Panel[], caption: string): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const width = WIDTH * panels.length;
  const height = HEIGHT + 24 + Math.ceil(names.length / 3) * LEGEND_ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img">`,
    `<title>${escaped(caption)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels.map((panel, i) => `<g transform="translate(${i * WIDTH} 0)">${panelOf(panel, names)}</g>`),
    ...names.map((name, i) => legendOf(name, i, width)),
    `<text x="${MARGIN.left}" y="${height - 6}" fill="#666" font-size="11">${escaped(caption)}</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function panelOf({ title, lines }: Panel, names: readonly string[]): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return `<text x="${MARGIN.left}" y="20">${escaped(title)}: nothing measured</text>`;
  const x = scale(points.map(({ clients }) => clients), MARGIN.left, WIDTH - MARGIN.right);
  const values = points.map(({ value }) => value);
  const decades = [10 ** Math.floor(Math.log10(Math.min(...values))), 10 ** Math.ceil(Math.log10(Math.max(...values) * 1.01))];
  const y = scale(decades, HEIGHT - MARGIN.bottom, MARGIN.top);
  const ticks: number[] = [];
  for (let tick = decades[0] as number; tick <= (decades[1] as number) * 1.0001; tick *= 10) ticks.push(tick);
  const clients = [...new Set(points.map((point) => point.clients))].sort((a, b) => a - b);
  return [
    `<text x="${MARGIN.left}" y="18" font-weight="600">${escaped(title)}</text>`,
    ...ticks.map((tick) => `<path d="M${MARGIN.left} ${at(y(tick))}H${WIDTH - MARGIN.right}" stroke="#ddd"/><text x="${MARGIN.left - 8}" y="${at(y(tick) + 4)}" text-anchor="end" fill="#444">${tick.toLocaleString("en-US")}</text>`),
    ...clients.map((count) => `<text x="${at(x(count))}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle" fill="#444">${count}</text>`),
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle" fill="#444">clients</text>`,
    ...lines.map(({ name, points: its }) => {
      const style = styleOf(names.indexOf(name));
      const sorted = [...its].sort((a, b) => a.clients - b.clients);
      const path = sorted.map((point, i) => `${i === 0 ? "M" : "L"}${at(x(point.clients))} ${at(y(point.value))}`).join("");
      const marks = sorted.map((point) => `<circle cx="${at(x(point.clients))}" cy="${at(y(point.value))}" r="3" fill="${style.colour}"/>`).join("");
      return `<path d="${path}" fill="none" stroke="${style.colour}" stroke-width="2" stroke-dasharray="${style.dash}"/>${marks}`;
    }),
  ].join("");
}

function legendOf(name: string, i: number, width: number): string {
  const { colour, dash } = styleOf(i);
  const column = (width - MARGIN.left) / 3;
  const [x, y] = [MARGIN.left + (i % 3) * column, HEIGHT + 12 + Math.floor(i / 3) * LEGEND_ROW];
  return `<path d="M${at(x)} ${y}h26" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/><text x="${at(x + 34)}" y="${y + 4}">${escaped(name)}</text>`;
}

/** From values to places, both ends included; one value alone lies in the middle. */
function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  if (low === high) return () => (from + to) / 2;
  return (value) => from + ((Math.log(value) - low) / (high - low)) * (to - from);
}

const styleOf = (i: number): { colour: string; dash: string } => ({ colour: COLOURS[i % COLOURS.length] as string, dash: DASHES[i % DASHES.length] as string });
const at = (place: number): string => place.toFixed(1);
const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign] as string);
