// A click on a value: how often it is there, from when to when, and who else has it.

/** The most frequent texts of a field among findings, with their numbers. */
function mostFrequent(among, field, most) {
  const counts = new Map();
  for (const { row } of among) {
    const text = cell(row, field);
    if (text) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const sorted = [...counts].sort((left, right) => right[1] - left[1]);
  return { items: sorted.slice(0, most), more: Math.max(0, sorted.length - most) };
}

/** A list of values that can be clicked in turn. */
function valueList(heading, field, { items, more }) {
  if (!items.length) return [];
  const lines = items.map(([text, count]) => {
    const value = element("span", text);
    value.dataset.f = field;
    makeButton(value);
    return element("li", "", value, ` ${count}`);
  });
  if (more) lines.push(element("li", `and ${more} more`));
  return [element("h3", heading), element("ul", "", ...lines)];
}

/** A sentence on what the whole archive has of a value. */
function inAll(start, [first, last, events]) {
  const said = element("p", "", element("strong", "In the whole archive: "), `${start}${counted(events, "event")}; first `);
  said.append(instant(first), ", last ", instant(last));
  return said;
}

/** What the whole archive has of a value, new or not, if the page knows. */
function inArchive(field, number) {
  if (number === undefined) return [];
  if (field === "principal") {
    return (data.archive.principals[number] ?? []).map((one) => {
      const [account, actions, networks] = [data.texts[one[3]], one[4], one[5]];
      const from = networks ? `, ${counted(networks, "network")}` : "";
      return inAll(`${account ? `account ${account}, ` : ""}${counted(actions, "action")}${from}, `, one);
    });
  }
  // A new value may be of any field.
  const sources = field === "value" ? Object.values(data.archive.values) : [data.archive.values[field] ?? {}];
  return sources.map((source) => source[number]).filter(Boolean).flatMap((one) => {
    const [principals, most] = [one[3], one[4]];
    const items = [];
    for (let at = 0; at < most.length; at += 2) items.push([data.texts[most[at]], counted(most[at + 1], "event")]);
    const who = { items, more: principals - items.length };
    return [inAll(`${counted(principals, "principal")}, `, one), ...valueList("Who has it", "principal", who)];
  });
}

let pivotFrom;

/** Closes the panel, and goes back to where it was opened. */
function closePivot() {
  if (!byId("pivot").open) return;
  byId("pivot").close();
  pivotFrom?.focus?.();
}

/** Shows who has a value. */
function pivot(field, text) {
  const number = numberOfText.get(text);
  const among = findings.filter((finding) => number !== undefined && has(finding, field, number));
  const times = among.map(({ row }) => cell(row, "time")).sort();
  const ranks = [...new Set(among.map(({ group }) => group.rank))];
  const panel = byId("pivot");
  const head = element("h2", `${fields[field]} `, element("bdi", text));
  head.id = "pivot-head";
  const on = `${counted(among.length, "finding")} ${data.unit === "incident" ? "in" : "of"} ${counted(ranks.length, data.unit)}`;
  const facts = element("p", "", element("strong", "On this page: "), on);
  const filter = (isOut) => () => {
    panel.close();
    addChip(field, text, isOut);
    byId("groups").scrollIntoView();
  };
  const parts = [head, facts];
  if (times.length) {
    facts.append("; first ", instant(times[0]), ", last ", instant(times[times.length - 1]));
    const links = ranks.slice(0, 12).flatMap((rank) => {
      const link = element("a", `${rank}`);
      link.href = `#${data.unit}-${rank}`;
      return [link, " "];
    });
    parts.push(element("p", data.unit === "incident" ? "Incidents: " : "Principals: ", ...links, ranks.length > 12 ? "…" : ""));
    parts.push(element("p", "", button("Show only these", filter(false)), " ", button("Leave these out", filter(true))));
    for (const [heading, other] of [["Principals here", "principal"], ["Actions here", "action"], ["Networks here", "network"]]) {
      if (other !== field) parts.push(...valueList(heading, other, mostFrequent(among, other, 8)));
    }
  }
  parts.push(...inArchive(field, number));
  parts.push(element("p", "", button("Copy", () => copy(text)), " ", button("Close", closePivot)));
  panel.replaceChildren(...parts);
  panel.close();
  panel.show();
}

/** Lets a value be reached and clicked by keyboard. */
function makeButton(value) {
  value.tabIndex = 0;
  value.setAttribute("role", "button");
}

function startPivots() {
  const act = (event) => {
    const value = event.target.closest("[data-f]");
    if (!value || !getSelection().isCollapsed) return;
    event.preventDefault();
    if (!value.closest("#pivot")) pivotFrom = value;
    pivot(value.dataset.f, value.textContent);
  };
  document.addEventListener("click", act);
  document.addEventListener("keydown", (event) => {
    const isPress = event.key === "Enter" || event.key === " ";
    if (isPress && event.target.matches?.("[data-f]")) act(event);
  });
  // What is seen gets its buttons: a page may have a hundred thousand values.
  const seen = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      seen.unobserve(target);
      target.querySelectorAll("[data-f]").forEach(makeButton);
      addCopyButtons(target);
    }
  }, { rootMargin: "400px" });
  document.querySelectorAll("article, table.wide").forEach((part) => seen.observe(part));
}
