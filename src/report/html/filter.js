// Search and filters: which findings, and so which groups and table rows, are shown.

// Each a field, a text and its number, and whether findings that have it are left out.
let chips = [];
let shown = findings;
// The shown findings of each group, by their places in its card.
let hits = new Map();
let lowerTexts;

/** Marks for the texts that contain a word. */
function textsWith(word) {
  lowerTexts ??= data.texts.map((text) => text.toLowerCase());
  return Uint8Array.from(lowerTexts, (text) => (text.includes(word) ? 1 : 0));
}

/** What is asked for, as a test of findings; nothing, if all are. */
function test() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean).map(textsWith);
  const [least, from, to] = ["severity", "from", "to"].map((id) => byId(id).value);
  if (!words.length && !least && !from && !to && !chips.length) return null;
  const hasWord = ({ row, group }, marks) => {
    for (let index = 0; index < data.searched; index += 1) if (marks[row[index]]) return true;
    return group.rules.some((number) => marks[number]);
  };
  return (finding) => {
    if (least && severities.indexOf(severityOf(finding)) < severities.indexOf(least)) return false;
    const day = cell(finding.row, "time").slice(0, 10);
    if ((from && day < from) || (to && day > to)) return false;
    return chips.every((one) => has(finding, one.field, one.number) !== one.isOut)
      && words.every((marks) => hasWord(finding, marks));
  };
}

/** Shows what passes the filters. */
function apply() {
  const passes = test();
  document.documentElement.classList.toggle("filtered", passes !== null);
  shown = passes ? findings.filter(passes) : findings;
  hits = new Map();
  for (const finding of shown) {
    if (!hits.has(finding.group)) hits.set(finding.group, new Set());
    hits.get(finding.group).add(finding.index);
  }
  for (const group of groups) {
    group.card.hidden = !hits.has(group);
    if (passes && !group.card.hidden) markHits(group);
  }
  filterTable("principals-table", "principal");
  filterTable("actions-table", "action");
  for (const mark of document.querySelectorAll("a.of-mark")) {
    mark.classList.toggle("out", byId(mark.getAttribute("href").slice(1)).hidden);
  }
  const count = `${hits.size.toLocaleString("en")} of ${counted(groups.length, data.unit)}, `
    + `${shown.length.toLocaleString("en")} of ${counted(findings.length, "finding")}`;
  byId("count").textContent = count;
  byId("printed-filters").textContent = passes ? `Filtered: ${filterWords().join("; ")}. ${count} are shown.` : "";
  byId("nothing").hidden = hits.size > 0 || groups.length === 0;
  saveFilters();
}

/** The filters in words. */
function filterWords() {
  const named = [["search", "search"], ["severity", "at least"], ["from", "from"], ["to", "to"]];
  const simple = named.filter(([id]) => byId(id).value).map(([id, name]) => `${name} ${byId(id).value}`);
  return [...simple, ...chips.map((one) => `${one.isOut ? "not " : ""}${fields[one.field]} ${one.text}`)];
}

/** Marks what passes the filters among the findings of a group, if they can be seen. */
function markHits(group) {
  const own = hits.get(group);
  if (!own || !group.card.querySelector("details").open) return;
  rowsOf(group).forEach((row, index) => row.classList.toggle("hit", own.has(index)));
}

/** Hides the rows of a table whose principal or action no shown finding has. */
function filterTable(id, field) {
  const table = byId(id);
  if (!table) return;
  const wanted = new Set(shown.map(({ row }) => cell(row, field)));
  for (const row of table.tBodies[0].rows) {
    const value = row.querySelector(`[data-f="${field}"]`);
    row.hidden = value ? !wanted.has(value.textContent) : shown !== findings && !wanted.has("");
  }
}

/** A filter. No finding has a text without a number, so such a filter shows nothing. */
const chip = (field, text, isOut) => ({ field, text, number: numberOfText.get(text) ?? -1, isOut });

/** Adds a filter. */
function addChip(field, text, isOut) {
  chips = chips.filter((known) => known.field !== field || known.text !== text);
  chips.push(chip(field, text, isOut));
  drawChips();
  apply();
}

function drawChips() {
  const items = chips.map((one) => {
    const remove = button("", () => {
      chips = chips.filter((other) => other !== one);
      drawChips();
      apply();
    });
    remove.append(`${one.isOut ? "not " : ""}${fields[one.field]}: `, element("bdi", one.text), " ✕");
    remove.title = "Remove this filter";
    return element("li", "", remove);
  });
  byId("chips").replaceChildren(...items);
}

function clearFilters() {
  chips = [];
  for (const id of ["search", "severity", "from", "to", "value"]) byId(id).value = "";
  drawChips();
  zoom(0, 1);
  apply();
}

function startFilters() {
  for (const group of groups) {
    group.card.querySelector("details").addEventListener("toggle", () => markHits(group));
  }
  const later = () => requestAnimationFrame(apply);
  byId("search").addEventListener("input", later);
  // If From is after To, the two are swapped.
  const swapIfReversed = () => {
    const [from, to] = [byId("from").value, byId("to").value];
    if (from && to && from > to) [byId("from").value, byId("to").value] = [to, from];
  };
  for (const id of ["from", "to"]) byId(id).addEventListener("change", swapIfReversed);
  for (const id of ["severity", "from", "to"]) byId(id).addEventListener("change", later);
  byId("field").append(...Object.entries(fields).map(([name, shownName]) => new Option(shownName, name)));
  // A list of thousands of values is made when it is asked for.
  const fill = () => {
    const options = textsOf(byId("field").value).slice(0, 1000).map((text) => new Option(text, text));
    byId("values").replaceChildren(...options);
  };
  byId("value").addEventListener("focus", fill);
  byId("value").addEventListener("change", (event) => {
    const text = event.target.value.trim();
    if (!text) return;
    addChip(byId("field").value, text, false);
    event.target.value = "";
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["clear", "clear-too"]) byId(id).addEventListener("click", clearFilters);
}
