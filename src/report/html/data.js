// The findings of the page, from the JSON in it. Texts are numbered; equal texts have equal numbers.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const names = [...data.texts_of, ...data.numbers_of];
const columns = Object.fromEntries(names.map((name, index) => [name, index]));
const numberOfText = new Map(data.texts.map((text, number) => [text, number]));
const severities = ["informational", "low", "medium", "high", "critical"];

// Fields that people filter by, with their names on the page.
const fields = {
  principal: "principal", account: "account", action: "action", network: "network", source_ip: "address", agent: "agent",
  region: "Region", rule: "rule", class: "class", outcome: "outcome", error_code: "error", access_key_id: "access key",
  session_name: "session", finding: "kind of finding", value: "new value",
};

const cell = (row, name) => data.texts[row[columns[name]]];

// Each incident with its card, and each finding with its incident.
const incidents = data.incidents.map((incident) => ({ ...incident, card: byId(`incident-${incident.rank}`) }));
const findings = incidents.flatMap((incident) => incident.rows.map((row, index) => ({ row, index, incident })));

/** Whether a finding has the text with this number in a field. */
function has(finding, field, number) {
  if (field === "rule") return finding.incident.rules.includes(number);
  // A new value is also what others have as network, agent and so on.
  if (field === "value") return finding.row.slice(0, data.texts_of.length).includes(number);
  return finding.row[columns[field]] === number;
}

/** All texts of a field, sorted. */
function textsOf(field) {
  const found = new Set();
  for (const incident of incidents) {
    if (field === "rule") incident.rules.forEach((number) => found.add(number));
    else incident.rows.forEach((row) => found.add(row[columns[field]]));
  }
  found.delete(0);
  return [...found].map((number) => data.texts[number]).sort();
}

/** The rows of an incident's table, in the order of its findings. */
function rowsOf(incident) {
  incident.elements ??= [...incident.card.querySelectorAll(".findings tbody tr")];
  return incident.elements;
}

/** A new element with a text and children. */
function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

/** A new button with a text and what it does. */
function button(text, act) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** 1,616 actions */
const counted = (number, what) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;

/** Says something to people who do not see the page. */
const say = (text) => { byId("said").textContent = text; };
