// The console's own script: ages, keyboard, stream lamp, charts. Every page works without it.
(() => {
  const page = document.documentElement;
  // Ages are told by the hub's clock, whatever this machine's says.
  const skew = Number(document.body.dataset.now) - Date.now();

  // --- ages: the same words as `console/format.ts`.
  function duration(ms) {
    if (ms < 120_000) return `${Math.floor(ms / 1_000)} s`;
    if (ms < 7_200_000) return `${Math.floor(ms / 60_000)} min`;
    if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h`;
    return `${Math.floor(ms / 86_400_000)} d`;
  }

  function relative(at) {
    const age = Date.now() + skew - at;
    if (Math.abs(age) < 2_000) return 'now';
    return age > 0 ? `${duration(age)} ago` : `in ${duration(-age)}`;
  }

  function tellAges() {
    for (const time of document.querySelectorAll('time.ago')) {
      const text = relative(Date.parse(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  }
  setInterval(tellAges, 1_000);

  // --- keyboard: / searches, j and k walk the list, [ and ] turn its pages.
  function typing(target) {
    return (
      target instanceof HTMLElement &&
      (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
    );
  }

  function walk(step) {
    const links = [...document.querySelectorAll('.nodes .c-node a')];
    const at = links.findIndex((link) => link.closest('tr').contains(document.activeElement));
    links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
  }

  const keys = {
    '/': () => document.getElementById('search')?.select(),
    j: () => walk(1),
    k: () => walk(-1),
    '[': () => document.querySelector('a[rel="prev"]')?.click(),
    ']': () => document.querySelector('a[rel="next"]')?.click(),
  };

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });

  // --- copies what stands beside the button; where the browser forbids that, it is marked for the reader to copy.
  for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element && event.target.closest('[data-copy]');
    if (button) void copyBeside(button);
  });

  async function copyBeside(button) {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = 'Marked: copy it';
    }
  }

  // --- a lamp's explanation opens in place.
  const bubble = document.getElementById('bubble');

  async function explain(lamp) {
    const response = await fetch(`${lamp.pathname}/why`);
    if (!response.ok) throw new Error(`the explanation answered ${response.status}`);
    bubble.innerHTML = await response.text();
    bubble.showPopover({ source: lamp });
    bubble.focus();
  }

  document.addEventListener('click', (event) => {
    const lamp = event.target.closest('a.lamp[href$="#why"]');
    if (lamp === null || bubble === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    explain(lamp).catch(() => location.assign(lamp.href));
  });

  // --- the stream's lamp. A stream that is refused was signed out elsewhere: the page says so by asking again.
  document.addEventListener('htmx:sse:after:connection', () => {
    page.dataset.stream = 'live';
  });
  document.addEventListener('htmx:sse:before:connection', () => {
    if (page.dataset.stream === 'live') page.dataset.stream = 'lost';
  });
  document.addEventListener('htmx:sse:error', (event) => {
    page.dataset.stream = 'lost';
    if (event.detail.status === 401) location.reload();
  });

  // --- charts: uPlot takes the place of the drawn images.
  const charts = document.querySelector('.charts');
  if (charts === null || typeof uPlot === 'undefined') return;

  const units = {
    percent: (value) => `${(value * 100).toFixed(1)} %`,
    plain: (value) => value.toFixed(1),
    rate: (kbps) => (kbps < 1_000 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1_000).toFixed(1)} Mbit/s`),
    ms: (value) => `${Math.round(value).toLocaleString('en-US')} ms`,
    count: (value) => Math.round(value).toLocaleString('en-US'),
  };
  // Labels of an axis: the title says what is counted, so only a multiple is marked.
  const short = {
    ...units,
    percent: (value) => `${Math.round(value * 100)}`,
    rate: (kbps) => {
      if (kbps === 0) return '0';
      return kbps < 1_000 ? `${+kbps.toFixed(1)}k` : `${+(kbps / 1_000).toFixed(1)}M`;
    },
    ms: (value) => value.toLocaleString('en-US', { maximumFractionDigits: 1 }),
    count: (value) => (Number.isInteger(value) ? value.toLocaleString('en-US') : ''),
  };

  function colour(name) {
    const probe = document.createElement('i');
    probe.className = `ink-${name}`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  function translucent(css) {
    const probe = document.createElement('canvas').getContext('2d');
    probe.fillStyle = css;
    return `${probe.fillStyle}29`;
  }

  // An interval that is missing is a gap, not a slope.
  function withGaps({ at, avg, min, max }, stepMs) {
    const columns = [[], [], [], []];
    at.forEach((time, i) => {
      if (i > 0 && time - at[i - 1] > 2 * stepMs) {
        columns[0].push((at[i - 1] + stepMs) / 1_000);
        for (const column of columns.slice(1)) column.push(null);
      }
      [time / 1_000, avg[i], max[i], min[i]].forEach((value, column) => {
        columns[column].push(value);
      });
    });
    return columns;
  }

  // A point between two gaps has no line to lie on, and a few make one too short to see: they are drawn as dots.
  function dots(values) {
    const missing = (i) => values[i] === null || values[i] === undefined;
    const few = values.length <= 12;
    const marked = [...values.keys()].filter(
      (i) => !missing(i) && (few || (missing(i - 1) && missing(i + 1))),
    );
    return { show: true, size: 5, filter: () => marked };
  }

  function tick({ from, to }) {
    const days = to - from > 2 * 86_400_000;
    return (seconds) => (days ? day : clock).format(seconds * 1_000);
  }

  function draw(figure, data, history) {
    const { unit, top, series } = figure.dataset;
    const plot = figure.querySelector('.chart-plot');
    const value = figure.querySelector('.chart-value');
    const last = data[1].at(-1);
    const ink = { line: colour('accent'), axis: colour('muted'), grid: colour('line') };
    const axis = {
      stroke: ink.axis,
      font: `11px ${getComputedStyle(page).fontFamily}`,
      ticks: { show: false },
    };
    plot.replaceChildren();
    return new uPlot(
      {
        width: plot.clientWidth,
        height: 128,
        padding: [6, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 5 }, sync: { key: 'health', setSeries: false } },
        scales: {
          x: { range: [history.from / 1_000, history.to / 1_000] },
          y: { range: (_, __, high) => [0, top ? Number(top) : Math.max(high * 1.15, 1)] },
        },
        axes: [
          { ...axis, size: 22, space: 64, grid: { show: false }, values: (_, at) => at.map(tick(history)) },
          {
            ...axis,
            size: 38,
            space: 28,
            grid: { stroke: ink.grid, width: 1 },
            values: (_, at) => at.map(short[unit]),
          },
        ],
        series: [
          {},
          { label: series, stroke: ink.line, width: 1.5, points: { ...dots(data[1]), fill: ink.line } },
          { stroke: 'transparent', points: { show: false } },
          { stroke: 'transparent', points: { show: false } },
        ],
        bands: [{ series: [2, 3], fill: translucent(ink.line) }],
        hooks: {
          setCursor: [
            (chart) => {
              const at = chart.cursor.idx;
              const hovered = at !== null && at !== undefined;
              const shown = hovered ? data[1][at] : last;
              const when = hovered ? `${moment(data[0][at])} · ` : '';
              value.textContent = when + (shown === null || shown === undefined ? '–' : units[unit](shown));
            },
          ],
        },
      },
      data,
      plot,
    );
  }

  const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
  const moment = (seconds) => `${day.format(seconds * 1_000)} ${clock.format(seconds * 1_000)}`;

  let drawn = [];
  async function load() {
    const response = await fetch(charts.dataset.history, { headers: { accept: 'application/json' } });
    if (!response.ok) return;
    const history = await response.json();
    const lines = Object.values(history.series).some(({ at }) => at.length > 1);
    document.getElementById('first-point')?.toggleAttribute('hidden', lines);
    for (const { chart } of drawn) chart.destroy();
    drawn = [...charts.querySelectorAll('.chart')]
      .filter((figure) => history.series[figure.dataset.series]?.at.length > 0)
      .map((figure) => ({
        figure,
        chart: draw(figure, withGaps(history.series[figure.dataset.series], history.stepMs), history),
      }));
  }

  function refresh() {
    // The images stay where the data can't be had.
    if (!document.hidden) load().catch(() => undefined);
  }
  refresh();
  setInterval(refresh, 60_000);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', refresh);
  new ResizeObserver(() => {
    for (const { figure, chart } of drawn)
      chart.setSize({ width: figure.querySelector('.chart-plot').clientWidth, height: 128 });
  }).observe(charts);
})();
