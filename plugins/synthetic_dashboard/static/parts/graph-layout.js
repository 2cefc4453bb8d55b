// Where the nodes of a graph stand: in columns by their steps from the centre, against the edges left, along them right.

// What a person reads from left to right: what has to be there first stands on the left.
const REVERSED = new Set(["DEPENDS_ON"]);

/** The column of each node: 0 is the centre's, less is what leads to it. */
export function columnsOf(centre, edges) {
  const columns = new Map([[centre, 0]]);
  const steps = edges.flatMap(({ kind, from, to }) => {
    const [left, right] = REVERSED.has(kind) ? [to, from] : [from, to];
    return [
      [left, right, 1],
      [right, left, -1],
    ];
  });
  let reached = [centre];
  while (reached.length > 0) {
    const next = [];
    for (const [from, to, step] of steps) {
      if (reached.includes(from) && !columns.has(to)) {
        columns.set(to, columns.get(from) + step);
        next.push(to);
      }
    }
    reached = next;
  }
  return columns;
}

// A node stands at the mean height of those it is joined to, so that edges cross seldom.
function ordered(ids, edges, heights) {
  const mean = (id) => {
    const known = edges
      .filter(({ from, to }) => from === id || to === id)
      .map(({ from, to }) => heights.get(from === id ? to : from))
      .filter((height) => height !== undefined);
    return known.length > 0 ? known.reduce((sum, height) => sum + height, 0) / known.length : 0;
  };
  return ids.map((id) => [mean(id), id]).sort(([one], [other]) => one - other).map(([, id]) => id);
}

/**
 * Place nodes of `size` ({width, height, gapX, gapY} in pixels). Returns `places`, a Map from id to {x, y}, and the
 * `width` and `height` of the whole.
 */
export function layout(centre, nodes, edges, size) {
  const columns = columnsOf(centre, edges);
  const byColumn = new Map();
  for (const { id } of nodes) {
    const column = columns.get(id) ?? 0;
    byColumn.set(column, [...(byColumn.get(column) ?? []), id]);
  }
  const numbers = [...byColumn.keys()].sort((one, other) => one - other);
  const most = Math.max(...[...byColumn.values()].map((ids) => ids.length));
  const margin = 4;
  const stepY = size.height + size.gapY;
  const height = most * stepY - size.gapY + 2 * margin;
  const places = new Map();
  const heights = new Map();
  // From the centre outwards, so that each column can be ordered by the one before it.
  for (const number of [...numbers].sort((one, other) => Math.abs(one) - Math.abs(other))) {
    const ids = ordered(byColumn.get(number), edges, heights);
    const top = (height - (ids.length * stepY - size.gapY)) / 2;
    ids.forEach((id, row) => {
      places.set(id, { x: margin + (number - numbers[0]) * (size.width + size.gapX), y: top + row * stepY });
      heights.set(id, top + row * stepY);
    });
  }
  // Room on the right for the edges within the last column.
  const width = numbers.length * (size.width + size.gapX) + 2 * margin - size.gapX / 2;
  return { places, width, height };
}
