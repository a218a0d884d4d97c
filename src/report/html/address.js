// The filters stand in the address, so that it can be passed on: #?search=…&principal=…

const simpleFilters = ["search", "severity", "from", "to"];

/** The filters as the part of an address behind #; empty without any. */
function filterAddress() {
  const asked = new URLSearchParams();
  for (const id of simpleFilters) if (byId(id).value) asked.set(id, byId(id).value);
  for (const one of chips) asked.append(`${one.isOut ? "not-" : ""}${one.field}`, one.text);
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

/** Sets the filters that the address has, and shows what passes them. Says whether it has any that are not set already. */
function loadFilters() {
  if (!location.hash.startsWith("#?") || location.hash === filterAddress()) return false;
  chips = [];
  for (const id of [...simpleFilters, "value"]) byId(id).value = "";
  const unknown = [];
  for (const [name, text] of new URLSearchParams(location.hash.slice(2))) {
    const field = name.replace(/^not-/, "");
    if (simpleFilters.includes(name)) byId(name).value = text;
    else if (Object.hasOwn(fields, field)) chips.push(chip(field, text, field !== name));
    else unknown.push(name);
  }
  drawChips();
  zoomToDays();
  apply();
  if (unknown.length) say(`The address has filters that this page does not know: ${unknown.join(", ")}.`);
  return true;
}

function startAddress() {
  addEventListener("hashchange", loadFilters);
  if (!loadFilters()) apply();
}
