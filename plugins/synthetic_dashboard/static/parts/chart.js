// Bars over time, stacked, drawn by uPlot in the theme's colours; the same figures stand in a table beside it.

import { html, useEffect, useRef } from "../view.js";
import uPlot from "../vendor/uplot.js";

const HEIGHT = 260;
const LABEL_PX = 64;
/** The tokens of the style that series are coloured with, in their order. */
export const SERIES_COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];

const SCHEME = matchMedia("(prefers-color-scheme: dark)");

/** The colour that a token of the style stands for now; a canvas does not know of tokens. */
function colour(element, token) {
  const probe = document.createElement("i");
  probe.style.color = `var(${token})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Each series on top of those before it, the last first, as they have to be drawn. */
function stacked(series) {
  const sums = [];
  let below = series[0]?.values.map(() => 0) ?? [];
  for (const { values } of series) {
    below = values.map((value, place) => value + below[place]);
    sums.push(below);
  }
  return sums.reverse();
}

function optionsOf(element, { times, series, format, width, formatTime, step }) {
  const [ink, line] = [colour(element, "--ink-soft"), colour(element, "--line")];
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  // A label below each bar, or below every so many that there is room for them.
  const every = Math.max(1, Math.ceil((times.length * LABEL_PX) / width));
  const named = times.filter((_, place) => place % every === 0).map((time) => time / 1000);
  const bars = uPlot.paths.bars({ size: [0.7, 60] });
  const drawn = series.map(({ title }, place) => {
    const fill = colour(element, SERIES_COLOURS[place % SERIES_COLOURS.length]);
    return { label: title, fill, stroke: fill, width: 0, paths: bars, points: { show: false } };
  });
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true, range: (_, first, last) => [first - step / 2, last + step / 2] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] },
    },
    axes: [
      { ...axis, size: 30, grid: { show: false }, splits: () => named, values: (_, splits) => splits.map(formatTime) },
      { ...axis, size: 72, values: (_, splits) => splits.map(format) },
    ],
    series: [{}, ...drawn.reverse()],
  };
}

/**
 * A chart. `times` are instants in Unix ms, one for each bar; `series` a list of {title, values}, the values in the
 * order of `times`; `format` and `formatTime` make texts for the axes; `label` says what it shows.
 */
export function Chart({ times, series, format, formatTime, label }) {
  const box = useRef(null);
  useEffect(() => {
    const element = box.current;
    let chart = null;
    const draw = () => {
      chart?.destroy();
      const width = Math.max(240, element.clientWidth);
      const step = times.length > 1 ? (times[1] - times[0]) / 1000 : 1;
      const data = [times.map((time) => time / 1000), ...stacked(series)];
      chart = new uPlot(optionsOf(element, { times, series, format, width, step, formatTime: (at) => formatTime(at * 1000) }), data, element);
    };
    const watch = new ResizeObserver(() => chart && chart.width !== Math.max(240, element.clientWidth) && draw());
    const theme = new MutationObserver(draw);
    draw();
    watch.observe(element);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    SCHEME.addEventListener("change", draw);
    return () => {
      watch.disconnect();
      theme.disconnect();
      SCHEME.removeEventListener("change", draw);
      chart?.destroy();
    };
  }, [JSON.stringify([times, series])]);
  return html`<figure class="chart">
    <div ref=${box} role="img" aria-label=${label} style=${{ minHeight: `${HEIGHT}px` }}></div>
    <figcaption class="chart-legend">
      ${series.map(
        ({ title }, place) =>
          html`<span><i style=${{ background: `var(${SERIES_COLOURS[place % SERIES_COLOURS.length]})` }}></i>${title}</span>`,
      )}
    </figcaption>
  </figure>`;
}
