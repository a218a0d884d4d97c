// The timeline: dragging over it chooses days and zooms in. The from and to fields do the same without a pointer.

const DAY = 86_400_000;

/** The day at a share of the whole span, as YYYY-MM-DD. */
function dayAt(share) {
  const { firstDay, days } = byId("timeline").querySelector("svg").dataset;
  const offset = Math.min(Number(days) - 1, Math.max(0, Math.floor(share * Number(days))));
  return new Date((Number(firstDay) + offset) * DAY).toISOString().slice(0, 10);
}

/** Shows the part of the timeline between two shares of the whole span. */
function zoom(from, to) {
  const chart = document.querySelector("svg.timeline");
  if (!chart) return;
  const days = Number(chart.dataset.days);
  chart.querySelector(".plot").setAttribute("viewBox", `${from * days} 0 ${Math.max(to - from, 1e-6) * days} 100`);
  const labels = [...chart.querySelectorAll(".label")];
  labels.forEach((label, index) => {
    // The last label is the last day, not the one after it.
    const share = from + (to - from) * (index / (labels.length - 1));
    label.textContent = dayAt(index === labels.length - 1 ? share - 0.5 / days : share);
  });
  chart.dataset.from = from;
  chart.dataset.to = to;
  byId("zoom-out").disabled = from === 0 && to === 1;
}

/** Zooms to the days of the from and to fields. */
function zoomToDays() {
  const chart = document.querySelector("svg.timeline");
  if (!chart) return;
  const share = (day, later) => (Date.parse(day) / DAY - Number(chart.dataset.firstDay) + later) / Number(chart.dataset.days);
  const from = byId("from").value ? Math.max(0, share(byId("from").value, 0)) : 0;
  const to = byId("to").value ? Math.min(1, share(byId("to").value, 1)) : 1;
  if (from < to) zoom(from, to);
}

function startTimeline() {
  const chart = document.querySelector("svg.timeline");
  if (!chart) return;
  zoom(0, 1);
  const plot = chart.querySelector(".plot");
  const brush = document.createElementNS(chart.namespaceURI, "rect");
  brush.setAttribute("class", "brush");
  let start = null;
  /** The place of a pointer as a share of the whole span. */
  const share = (event) => {
    const { left, width } = chart.getBoundingClientRect();
    const place = Math.min(1, Math.max(0, (event.clientX - left) / width));
    return Number(chart.dataset.from) + place * (Number(chart.dataset.to) - Number(chart.dataset.from));
  };
  const draw = (from, to) => {
    const days = Number(chart.dataset.days);
    const values = { x: from * days, y: 0, width: (to - from) * days, height: 100 };
    for (const [name, value] of Object.entries(values)) brush.setAttribute(name, value);
    plot.append(brush);
  };
  chart.addEventListener("pointerdown", (event) => {
    if (event.button === 0) start = { share: share(event), x: event.clientX };
  });
  chart.addEventListener("pointermove", (event) => {
    if (!start || Math.abs(event.clientX - start.x) < 5) return;
    chart.setPointerCapture(event.pointerId);
    draw(Math.min(start.share, share(event)), Math.max(start.share, share(event)));
  });
  chart.addEventListener("pointerup", (event) => {
    const from = start;
    start = null;
    brush.remove();
    if (!from || Math.abs(event.clientX - from.x) < 5) return;
    const ends = [from.share, share(event)].sort((left, right) => left - right);
    byId("from").value = dayAt(ends[0]);
    byId("to").value = dayAt(ends[1]);
    zoomToDays();
    apply();
  });
  chart.addEventListener("pointercancel", () => {
    start = null;
    brush.remove();
  });
  // A drag that begins on a mark is not a drag of its link.
  chart.addEventListener("dragstart", (event) => event.preventDefault());
  for (const id of ["from", "to"]) byId(id).addEventListener("change", zoomToDays);
  byId("zoom-out").addEventListener("click", () => {
    for (const id of ["from", "to"]) byId(id).value = "";
    zoom(0, 1);
    apply();
  });
}
