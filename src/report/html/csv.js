// Copies: values, commands, evidence, and the shown findings as CSV.

/** Copies a text; without the permission to do so, by a selection. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("Copied.");
}

/** Text that no spreadsheet runs as a formula, as in the CSV of the program; invisible characters are escaped already. */
function inert(text) {
  const isFormula = (part) => /^[\s"'\u3000]*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(part);
  if (!text.split(/[;|]/).some(isFormula)) return text;
  return text.replace(/[^;|]+/g, (part) => (isFormula(part) ? `'${part}` : part));
}

/** A cell of RFC 4180. */
function csvCell(value) {
  const text = typeof value === "number" ? `${value}` : inert(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The shown findings as CSV, with the numbers of their cards, which are incidents or principals. */
function csv() {
  const lines = shown.map(({ row, group }) => {
    const texts = data.texts_of.map((name) => cell(row, name));
    const numbers = data.numbers_of.map((name) => row[columns[name]] ?? "");
    return [group.rank, ...texts, ...numbers].map(csvCell).join(",");
  });
  return [[data.unit === "incident" ? "incident" : "card", ...names].join(","), ...lines, ""].join("\r\n");
}

function copyButton(name, text, what) {
  const made = button(name, () => copy(text));
  made.setAttribute("aria-label", what);
  made.className = "copy";
  return made;
}

/** Adds buttons that copy the command and the evidence of a card. */
function addCopyButtons(card) {
  for (const code of card.querySelectorAll(".command code")) {
    code.before(copyButton("Copy command", code.textContent, `Copy command: ${code.textContent.slice(0, 100)}`));
  }
  for (const place of card.querySelectorAll(".evidence")) {
    const evidence = place.textContent.trim();
    if (place.querySelector("code")) place.append(" ", copyButton("Copy", evidence, `Copy evidence: ${evidence.slice(-60)}`));
  }
}

function startCopies() {
  byId("copy-csv").addEventListener("click", async () => {
    await copy(csv());
    say(`Copied ${counted(shown.length, "finding")} as CSV.`);
  });
}
