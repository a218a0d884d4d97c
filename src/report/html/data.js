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

// What the cards are about, incidents or principals, is called a group here. Each with its card, and each finding with its group.
const groups = data.groups.map((group) => ({ ...group, card: byId(`${data.unit}-${group.rank}`) }));
const findings = groups.flatMap((group) => group.rows.map((row, index) => ({ row, index, group })));

// Of an incident the severity is that of its score; a principal has many findings, each with its own.
const severityOf = ({ row, group }) => (data.unit === "incident" ? group.severity : cell(row, "severity"));

/** Whether a finding has the text with this number in a field. */
function has(finding, field, number) {
  if (field === "rule") return finding.group.rules.includes(number);
  // A new value is also what others have as network, agent and so on.
  if (field === "value") return finding.row.slice(0, data.searched).includes(number);
  return finding.row[columns[field]] === number;
}

/** All texts of a field, sorted. */
function textsOf(field) {
  const found = new Set();
  for (const group of groups) {
    if (field === "rule") group.rules.forEach((number) => found.add(number));
    else group.rows.forEach((row) => found.add(row[columns[field]]));
  }
  found.delete(0);
  return [...found].map((number) => data.texts[number]).sort();
}

/** The rows of a group's table, in the order of its findings. */
function rowsOf(group) {
  group.elements ??= [...group.card.querySelectorAll(".findings tbody tr")];
  return group.elements;
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

let saidTimer;

/** Says something for some seconds; screen readers say it, too. */
function say(text) {
  const said = byId("said");
  said.textContent = text;
  said.classList.add("seen");
  clearTimeout(saidTimer);
  saidTimer = setTimeout(() => said.classList.remove("seen"), 4000);
}
