// Traces of keypoints: unpacks what is chosen, draws it with uPlot, keeps all panels at one stretch.
"use strict";
(() => {
  const root = document.getElementById("traces");
  const find = (selector) => root.querySelector(selector);
  const lines = JSON.parse(find(".lines").textContent);
  const texts = [...root.querySelectorAll(".recording")].map((script) => script.textContent);
  const recordings = texts.map(() => null); // parsed when they are looked at
  const shown = new Set(lines.map((line) => line.name));
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const GAP = 65535;

  let recording, keypoint, plots = [], times = [], range = [0, 1], together = false;

  find(".live").hidden = false;
  document.documentElement.classList.add("scripted");

  function unpack(column) {
    if (column === null) return new Array(times.length).fill(null);
    const [low, step, text] = column;
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const values = new Array(bytes.length / 2);
    for (let n = 0; n < values.length; n++) {
      const code = view.getUint16(2 * n, true);
      values[n] = code === GAP ? null : low + step * code;
    }
    return values;
  }

  // A line of an envelope has two points for every block: its least and its greatest.
  function timesOf({ frames, block }) {
    if (block === 1) return Array.from({ length: frames }, (_, n) => n);
    const count = 2 * Math.ceil(frames / block);
    return Array.from({ length: count }, (_, n) => Math.min((n * block) / 2, frames - 1 + (n % 2) / 2));
  }

  function whole() {
    const last = Math.max(recording.frames - 1, 0);
    return last > 0 ? [0, last] : [-1, 1];
  }

  function look(low, high) {
    const [first, last] = whole();
    const width = Math.min(Math.max(high - low, Math.min(8, last - first)), last - first);
    const start = Math.min(Math.max(low, first), last - width);
    range = [start, start + width];
    const ends = [Math.ceil(Math.max(range[0], 0)), Math.floor(Math.min(range[1], recording.frames - 1))];
    find(".shown").textContent = `frames ${ends[0]} to ${ends[1]} of ${recording.frames}`;
    together = true;
    for (const plot of plots) plot.setScale("x", { min: range[0], max: range[1] });
    together = false;
    if (!plots.some((plot) => plot.cursor.idx != null)) read(null);
  }

  const actions = {
    left: () => look(range[0] - 0.25 * (range[1] - range[0]), range[1] - 0.25 * (range[1] - range[0])),
    right: () => look(range[0] + 0.25 * (range[1] - range[0]), range[1] + 0.25 * (range[1] - range[0])),
    in: () => zoom(0.5, (range[0] + range[1]) / 2),
    out: () => zoom(2, (range[0] + range[1]) / 2),
    all: () => look(...whole()),
  };

  function zoom(factor, at) {
    look(at - factor * (at - range[0]), at + factor * (range[1] - at));
  }

  function written(value, unit) {
    if (value == null) return "–";
    const size = Math.abs(value);
    return (size >= 100 ? value.toFixed(1) : size >= 10 ? value.toFixed(2) : value.toFixed(3)) + (unit && ` ${unit}`);
  }

  // What the lines say at one place, or in the middle of what is seen.
  function read(index) {
    const middle = (range[0] + range[1]) / 2;
    let at = index;
    if (at == null) {
      at = times.findIndex((time) => time >= middle);
      if (at < 0) at = times.length - 1;
    }
    const { block, frames } = recording;
    const pair = block === 1 ? [at] : [at - (at % 2), at - (at % 2) + 1];
    const first = Math.round(times[pair[0]]);
    const where = block === 1 ? `frame ${first}` : `frames ${first} to ${Math.min(first + block, frames) - 1}, least and greatest`;
    find(".readout caption").textContent =
      `${keypointName()} in ${recording.name}: ${where}${index == null ? ", the middle of what is shown" : ""}`;
    for (const cell of root.querySelectorAll(".readout td[data-panel]")) {
      const { panel, line } = cell.dataset;
      const plot = plots[panel];
      const values = pair.map((n) => plot.data[line][n]).filter((value) => value != null);
      const ends = values.length ? [Math.min(...values), Math.max(...values)] : [null];
      cell.textContent = block === 1 || values.length === 0
        ? written(ends[0], plot.unit)
        : `${written(ends[0], "")} … ${written(ends[1], plot.unit)}`;
    }
  }

  const keypointName = () => recording.keypoints[keypoint];

  function optionsOf(panel, names, width, last) {
    const soft = () => css("--soft"), rule = () => css("--rule");
    const axis = { stroke: soft, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1, size: 4 }, font: "12px system-ui,sans-serif" };
    return {
      width,
      height: (width < 500 ? 130 : 150) + (last ? 26 : 0),
      padding: [8, 12, 0, 0],
      legend: { show: false },
      scales: { x: { time: false }, y: panel.limits ? { range: panel.limits } : {} },
      axes: [
        { ...axis, size: last ? 24 : 8, label: last ? "frame" : null, labelSize: 18, labelFont: "12px system-ui,sans-serif",
          labelGap: 0, gap: 3, values: last ? (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? tick.toLocaleString("en") : "")) : (_, ticks) => ticks.map(() => "") },
        { ...axis, size: 54, gap: 3, space: 26 },
      ],
      series: [{}, ...names.map((name) => {
        const line = lines.find((one) => one.name === name);
        const colour = () => css(line.colour);
        return { label: name, show: shown.has(name), stroke: colour, width: 1.4, dash: line.dash, points: { size: 4, fill: colour } };
      })],
      cursor: {
        sync: { key: "traces" },
        drag: { x: true, y: false, setScale: false },
        bind: {
          mousedown: (_plot, _target, handler) => (event) => (event.shiftKey ? null : handler(event)),
          dblclick: () => () => (actions.all(), null),
        },
      },
      hooks: {
        setSelect: [(plot) => {
          const { left, width: wide } = plot.select;
          if (wide > 2 && !together) look(plot.posToVal(left, "x"), plot.posToVal(left + wide, "x"));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
        setCursor: [(plot) => read(plot.cursor.idx)],
      },
    };
  }

  function drag(plot) {
    plot.over.addEventListener("mousedown", (event) => {
      if (!event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      const [low, high] = range, start = event.clientX, scale = (high - low) / plot.over.clientWidth;
      const move = (now) => look(low - (now.clientX - start) * scale, high - (now.clientX - start) * scale);
      const stop = () => {
        removeEventListener("mousemove", move);
        removeEventListener("mouseup", stop);
      };
      addEventListener("mousemove", move);
      addEventListener("mouseup", stop);
    });
    plot.over.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      zoom(event.deltaY < 0 ? 0.8 : 1.25, plot.posToVal(event.offsetX, "x"));
    }, { passive: false });
  }

  // Panels of which the chosen keypoint has anything; of each the lines that have it.
  function draw() {
    for (const plot of plots) plot.destroy();
    const space = find(".panels");
    space.replaceChildren();
    times = timesOf(recording);
    const panels = recording.panels
      .map((panel) => ({ ...panel, names: lines.map((line) => line.name).filter((name) => panel.lines[name]?.[keypoint]) }))
      .filter((panel) => panel.names.length);
    plots = panels.map((panel, number) => {
      const title = document.createElement("h3");
      title.textContent = panel.name + (panel.unit && ` (${panel.unit})`);
      const frame = document.createElement("div");
      frame.className = "panel";
      frame.append(title);
      space.append(frame);
      const data = [times, ...panel.names.map((name) => unpack(panel.lines[name][keypoint]))];
      const options = optionsOf(panel, panel.names, space.clientWidth, number === panels.length - 1);
      const plot = new uPlot(options, data, frame);
      plot.unit = panel.unit;
      drag(plot);
      return plot;
    });
    list(panels);
    look(...range);
  }

  // The table below: a tick, a colour and the values of every line.
  function list(panels) {
    const head = find(".readout thead"), body = find(".readout tbody");
    const row = document.createElement("tr");
    for (const text of ["", ...panels.map((panel) => panel.name)]) {
      const cell = document.createElement("th");
      cell.textContent = text;
      if (text) cell.className = "number";
      row.append(cell);
    }
    head.replaceChildren(row);
    const drawn = lines.filter((line) => panels.some((panel) => panel.names.includes(line.name)));
    body.replaceChildren(...drawn.map((line) => {
      const row = document.createElement("tr"), first = document.createElement("td");
      first.append(tick(line));
      row.append(first);
      panels.forEach((panel, number) => {
        const cell = document.createElement("td"), place = panel.names.indexOf(line.name);
        cell.className = "number";
        if (place >= 0) Object.assign(cell.dataset, { panel: number, line: place + 1 });
        row.append(cell);
      });
      return row;
    }));
  }

  function tick(line) {
    const label = document.createElement("label"), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = shown.has(line.name);
    box.addEventListener("change", () => {
      if (box.checked) shown.add(line.name);
      else shown.delete(line.name);
      for (const plot of plots) {
        const place = plot.series.findIndex((series, n) => n > 0 && series.label === line.name);
        if (place > 0) plot.setSeries(place, { show: box.checked });
      }
    });
    const key = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    key.setAttribute("class", "key");
    key.setAttribute("aria-hidden", "true");
    const stroke = document.createElementNS("http://www.w3.org/2000/svg", "path");
    stroke.setAttribute("d", "M0 4H22");
    stroke.setAttribute("style", `stroke:var(${line.colour});stroke-width:3;stroke-dasharray:${line.dash.join(" ") || "none"}`);
    key.append(stroke);
    const name = document.createElement("span"); // that may break after a mark between its parts
    for (const part of line.name.split(/(?<=[./_=])/)) name.append(part, document.createElement("wbr"));
    label.append(box, key, name);
    return label;
  }

  function choose(video, name) {
    recordings[video] ??= JSON.parse(texts[video]);
    recording = recordings[video];
    find(".video").value = video;
    const select = find(".keypoint");
    select.replaceChildren(...recording.keypoints.map((one) => new Option(one)));
    keypoint = Math.max(recording.keypoints.indexOf(name), 0);
    select.selectedIndex = keypoint;
    range = whole();
    draw();
  }

  find(".video").addEventListener("change", (event) => choose(Number(event.target.value), keypointName()));
  find(".keypoint").addEventListener("change", (event) => {
    keypoint = event.target.selectedIndex;
    draw();
  });
  for (const button of root.querySelectorAll("[data-do]")) button.addEventListener("click", () => actions[button.dataset.do]());
  const keys = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", 0: "all" };
  find(".panels").addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[keys[event.key]]();
  });
  document.addEventListener("click", (event) => { // those buttons may stand below this script
    if (!event.target.matches(".goto")) return;
    const { video, keypoint: name, frame } = event.target.dataset;
    choose([...find(".video").options].findIndex((option) => option.text === video), name);
    look(Number(frame) - 100, Number(frame) + 100);
    find(".panels").focus({ preventScroll: true });
    root.scrollIntoView();
  });
  new ResizeObserver(() => {
    const width = find(".panels").clientWidth;
    for (const plot of plots) if (plot.width !== width) plot.setSize({ width, height: plot.height });
  }).observe(find(".panels"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach((plot) => plot.redraw()));
  choose(0, "");
})();
