// The filters stand in the address, so that it can be passed on: #?search=…&principal=…

const simpleFilters = ["search", "severity", "from", "to"];

/** The filters as the part of an address behind #; empty without any. */
function filterAddress() {
  const asked = new URLSearchParams();
  for (const id of simpleFilters) if (byId(id).value) asked.set(id, byId(id).value);
  for (const chip of chips) asked.append(`${chip.isOut ? "not-" : ""}${chip.field}`, data.texts[chip.number]);
  const text = asked.toString();
  return text && `#?${text}`;
}

/** Puts the filters into the address. That of a card stays until there are filters. */
function saveFilters() {
  const address = filterAddress();
  const isOfFilters = location.hash.startsWith("#?");
  if ((address || isOfFilters) && location.hash !== address) {
    history.replaceState(null, "", address || location.href.split("#")[0]);
  }
}

/** Sets the filters that the address has. */
function loadFilters() {
  if (!location.hash.startsWith("#?") || location.hash === filterAddress()) return;
  chips = [];
  for (const id of [...simpleFilters, "value"]) byId(id).value = "";
  let unknown = 0;
  for (const [name, text] of new URLSearchParams(location.hash.slice(2))) {
    const field = name.replace(/^not-/, "");
    const number = numberOfText.get(text);
    if (simpleFilters.includes(name)) byId(name).value = text;
    else if (Object.hasOwn(fields, field) && number !== undefined) chips.push({ field, number, isOut: field !== name });
    else unknown += 1;
  }
  drawChips();
  zoomToDays();
  apply();
  if (unknown) say(`${counted(unknown, "filter")} of the address is not about anything on this page.`);
}

function startAddress() {
  addEventListener("hashchange", loadFilters);
  loadFilters();
}
