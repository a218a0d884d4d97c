// How the page looks: light or dark, UTC or local time, open for print, and at the group that its address names.

let isLocal = false;

/** An instant as text: UTC as in the page, or local time with its offset. */
function zoned(utc) {
  const time = new Date(utc);
  if (!isLocal || Number.isNaN(time.getTime())) return utc;
  const two = (number) => String(number).padStart(2, "0");
  const offset = -time.getTimezoneOffset();
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  const fraction = utc.match(/\.\d+/)?.[0] ?? "";
  return `${date}T${clock}${fraction}${offset < 0 ? "-" : "+"}${two(hours)}:${two(minutes)}`;
}

/** A new element for an instant. */
function instant(utc) {
  const made = element("time", zoned(utc));
  made.dateTime = utc;
  return made;
}

function switchZone() {
  isLocal = !isLocal;
  for (const time of document.getElementsByTagName("time")) {
    if (!time.dateTime) time.dateTime = time.textContent;
    time.textContent = zoned(time.dateTime);
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  byId("zone").textContent = isLocal ? `Times are local (${zone}); days and filters are UTC.` : "All times are UTC.";
  byId("switch-zone").textContent = isLocal ? "UTC" : "Local time";
  byId("switch-zone").setAttribute("aria-pressed", String(isLocal));
}

function switchTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
}

/** Shows the group that the address names. */
function followAddress() {
  const rank = location.hash.match(new RegExp(`^#${data.unit}-(\\d+)$`))?.[1];
  if (!rank) return;
  const group = groups.find((one) => String(one.rank) === rank);
  if (!group) {
    say(`There is no ${data.unit} ${rank} on this page.`);
    return;
  }
  if (group.card.hidden) clearFilters();
  const details = group.card.querySelector("details");
  if (details) details.open = true;
  group.card.scrollIntoView();
  group.card.focus({ preventScroll: true });
}

function startView() {
  byId("switch-zone").addEventListener("click", switchZone);
  byId("switch-theme").addEventListener("click", switchTheme);
  addEventListener("hashchange", followAddress);
  let closed = [];
  addEventListener("beforeprint", () => {
    const cards = [...document.querySelectorAll(".card:not([hidden])")].slice(0, 50);
    closed = cards.flatMap((card) => [...card.querySelectorAll("details:not([open])")]);
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
}
