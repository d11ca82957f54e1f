// The mesh as a drawing: where each node stands, how the edges run.

/** The size of a node, and the room around it. */
const WIDTH = 172;
const HEIGHT = 46;
const GAP_X = 150;
const GAP_Y = 26;
const EDGE = 14;
/** What the words beside an edge take that goes down. */
const LABEL = 70;

/**
 * Places of nodes: one row an exercise, those who ask to the left of those who are asked. `nodes` are
 * `{ name, group }`, `edges` are `{ from, to }`. Where there is little room, the columns go down.
 */
export function layout(nodes, edges, isNarrow = false) {
  const groups = new Map();
  for (const node of nodes) {
    if (!groups.has(node.group)) groups.set(node.group, []);
    groups.get(node.group).push(node);
  }
  const places = new Map();
  const bands = [];
  let top = EDGE;
  let width = 0;
  for (const [group, members] of groups) {
    const columns = columnsOf(members, edges);
    const deepest = Math.max(...columns.map((column) => column.length));
    const start = top;
    top += 22;
    if (isNarrow) {
      for (const column of columns) {
        column.forEach((node, row) => places.set(node.name, { x: EDGE + row * (WIDTH + 20), y: top }));
        width = Math.max(width, EDGE * 2 + column.length * (WIDTH + 20) - 20 + LABEL);
        top += HEIGHT + GAP_Y + 18;
      }
      top -= 18;
    } else {
      columns.forEach((column, at) => {
        const shift = ((deepest - column.length) * (HEIGHT + GAP_Y)) / 2;
        column.forEach((node, row) => {
          places.set(node.name, { x: EDGE + at * (WIDTH + GAP_X), y: top + shift + row * (HEIGHT + GAP_Y) });
        });
        width = Math.max(width, EDGE * 2 + (at + 1) * (WIDTH + GAP_X) - GAP_X);
      });
      top += deepest * (HEIGHT + GAP_Y);
    }
    bands.push({ group, y: start, height: top - start });
    top += 6;
  }
  return { places, bands, width, height: top + EDGE };
}

/** First those whom nobody asks, then those whom they ask, and so on. */
function columnsOf(members, edges) {
  const names = new Set(members.map(({ name }) => name));
  const own = edges.filter(({ from, to }) => from !== to && names.has(from) && names.has(to));
  const columns = [];
  let left = members;
  while (left.length > 0) {
    const waiting = new Set(left.map(({ name }) => name));
    const asked = new Set(own.filter(({ from, to }) => waiting.has(from) && waiting.has(to)).map(({ to }) => to));
    const now = left.filter(({ name }) => !asked.has(name));
    const column = now.length > 0 ? now : left.slice(0, 1); // a ring has no first
    columns.push(column);
    left = left.filter((node) => !column.includes(node));
  }
  return columns;
}

/** The way from one node to another, as a path; a way back beside it has a line of its own. */
export function route(from, to, isMutual) {
  const shift = isMutual ? 7 : 0;
  if (Math.abs(from.x - to.x) < WIDTH) {
    // One stands below the other.
    const isDown = from.y < to.y;
    const x = from.x + WIDTH / 2 + (isDown ? shift : -shift);
    return `M${x} ${from.y + (isDown ? HEIGHT : 0)} L${to.x + WIDTH / 2 + (isDown ? shift : -shift)} ${to.y + (isDown ? -6 : HEIGHT + 6)}`;
  }
  const isRight = from.x < to.x;
  const y1 = from.y + HEIGHT / 2 + (isRight ? -shift : shift);
  const y2 = to.y + HEIGHT / 2 + (isRight ? -shift : shift);
  const x1 = isRight ? from.x + WIDTH : from.x;
  const x2 = isRight ? to.x - 6 : to.x + WIDTH + 6;
  const bend = (x2 - x1) / 2;
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

export const SIZE = { width: WIDTH, height: HEIGHT };
