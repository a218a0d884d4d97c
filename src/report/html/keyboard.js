// Keys: / j k o c x Escape.

/** The shown card after or before the focused one. */
function neighbour(step) {
  const cards = groups.map((group) => group.card).filter((card) => !card.hidden);
  const at = cards.indexOf(document.activeElement?.closest?.(".card"));
  return cards[at < 0 ? (step > 0 ? 0 : cards.length - 1) : Math.min(cards.length - 1, Math.max(0, at + step))];
}

function goTo(card) {
  if (!card) return;
  card.scrollIntoView();
  card.focus({ preventScroll: true });
}

const focusedCard = () => document.activeElement?.closest?.(".card");

const keys = {
  "/": () => byId("search").focus(),
  j: () => goTo(neighbour(1)),
  k: () => goTo(neighbour(-1)),
  o: () => {
    const details = focusedCard()?.querySelector("details");
    if (details) details.open = !details.open;
  },
  c: () => {
    const command = focusedCard()?.querySelector(".command code");
    if (command) copy(command.textContent);
  },
  x: clearFilters,
};

function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (byId("pivot").open) closePivot();
      else document.activeElement?.blur?.();
      return;
    }
    if (event.target.matches?.("input, select, textarea")) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
  byId("show-keys").addEventListener("click", (event) => {
    byId("keys").hidden = !byId("keys").hidden;
    event.target.setAttribute("aria-expanded", String(!byId("keys").hidden));
  });
}
