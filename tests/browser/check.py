"""Opens pages of `firstseen triage --format html` and `scan --format html` in a headless Chromium and uses them.

    python3 tests/browser/check.py --firstseen target/release/firstseen [--chromium chromium] [--axe axe.min.js] [--keep DIR] ARCHIVE...

Each page must open without a word in the console and without any request, filter, pivot, follow deep links, be dark and
light, fit in a narrow window, and print. A further archive is made in which all texts are attacks: they must stay texts.
With --axe (npm, axe-core) the pages are checked for people with disabilities, too. With --keep the pages, pictures of them and the prints stay in DIR.
"""

import argparse
import base64
import csv
import io
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import hostile
from chromium import Chromium

checks = 0


def check(is_so, what):
    """Counts a check, and ends everything if it fails."""
    global checks
    checks += 1
    if not is_so:
        sys.exit(f"FAILED: {what}")


def accessible(browser, axe, what):
    """No rule of axe-core is violated, in dark and in light, with a pivot open."""
    browser.call("Runtime.evaluate", expression=axe.read_text())
    browser.ask("document.querySelector('.card [data-f=principal]').click(); 1")
    for theme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        rules = browser.ask("axe.run(document).then((found) => ({passed: found.passes.length, violated: found.violations"
                            ".map((rule) => [rule.id, rule.help, rule.nodes[0].html.slice(0, 200)])}))")
        check(rules["passed"] > 20 and not rules["violated"], f"{what}, {theme}: {rules}")
    browser.call("Emulation.setEmulatedMedia", features=[])
    browser.ask("byId('pivot').close(); 1")


def picture(browser, path, width=1280, height=1000):
    """Saves what a window of this size shows at first."""
    size(browser, width, height)
    browser.ask("scrollTo(0, 0); 1")
    browser.frame()
    data = browser.call("Page.captureScreenshot", format="png")["data"]
    path.write_bytes(base64.b64decode(data))


def size(browser, width, height):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    browser.frame()


def nothing_happened(browser, address, what):
    """No word in the console, no request but for the page itself, no dialog, and no attack that ran."""
    check(browser.said == [], f"{what}: the console says {browser.said[:5]}")
    # The browser's own icons for date fields are in data addresses.
    asked = {request.split("#")[0] for request in browser.requests if not request.startswith(("data:", "about:"))}
    check(asked <= {address}, f"{what}: asked for {asked}")
    check(browser.dialogs == [], f"{what}: dialogs {browser.dialogs}")
    check(browser.ask("typeof window.pwned") == "undefined", f"{what}: an attack ran")


def drag(browser, start, end):
    """Drags over the timeline, from one share of its width to another."""
    browser.ask("document.querySelector('svg.timeline').scrollIntoView({block: 'center'}); 1")
    browser.frame()
    left, top, width = browser.ask("(({left, top, width}) => [left, top, width])(document.querySelector('svg.timeline')"
                                   ".getBoundingClientRect())")
    for kind, share in [("Pressed", start), ("Moved", (start + end) / 2), ("Moved", end), ("Released", end)]:
        # A little further, so that rounding does not fall to the day before.
        browser.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=left + width * share + 0.01, y=top + 5, button="left",
                     buttons=0 if kind == "Released" else 1, clickCount=1)


SHOWN = "[...document.querySelectorAll('.card')].filter((card) => !card.hidden).length"


def use(browser, what):
    """Filters, pivots, deep links and keys."""
    cards = browser.ask("document.querySelectorAll('.card').length")
    check(cards > 1, f"{what}: has {cards} cards")
    check(browser.ask(SHOWN) == cards, f"{what}: all cards are shown at first")
    check(browser.ask("findings.every((finding) => rowsOf(finding.group)[finding.index].querySelector('time')"
                      ".textContent === cell(finding.row, 'time'))"), f"{what}: data and tables are in one order")
    id_of = browser.ask("cell(findings[findings.length - 1].row, 'event_id')")
    browser.ask(f"byId('search').value = {json.dumps(id_of)}; byId('search').dispatchEvent(new Event('input')); 1")
    browser.frame()
    check(browser.ask("shown.length >= 1 && shown.length < findings.length"), f"{what}: search for an event id")
    check(browser.ask(SHOWN) < cards, f"{what}: search hides cards")
    took = browser.ask("(() => { byId('search').value = 'a e'; const begin = performance.now(); apply();"
                       "document.body.offsetHeight; return performance.now() - begin; })()")
    browser.ask("clearFilters(); 1")
    check(browser.ask(SHOWN) == cards, f"{what}: clearing shows all")
    principal = "document.querySelector('.card [data-f=principal]')"
    browser.ask(f"{principal}.click(); 1")
    check(browser.ask("byId('pivot').open && byId('pivot').textContent.includes('finding')"), f"{what}: pivot opens")
    for field in ("principal", "action"):
        browser.ask(f"document.querySelector('.card [data-f={field}]').click(); 1")
        check(browser.ask("/In the whole archive: .*\\d+ events?; first /.test(byId('pivot').textContent)"),
              f"{what}: a pivot says what the whole archive has of the {field}")
    browser.ask(f"{principal}.click(); 1")
    browser.ask("[...document.querySelectorAll('#pivot button')].find((one) => one.textContent === 'Show only these')"
                ".click(); 1")
    check(browser.ask(f"shown.length > 0 && shown.every(({{row}}) => cell(row, 'principal') === {principal}.textContent)"),
          f"{what}: a pivot becomes a filter")
    address = browser.ask("location.hash")
    check(address.startswith("#?principal="), f"{what}: filters stand in the address")
    passed = browser.ask("shown.length")
    browser.ask("clearFilters(); 1")
    check(browser.ask("location.hash") == "", f"{what}: no filters, no address of them")
    browser.ask(f"location.hash = {json.dumps(address)}; 1")
    browser.frame()
    check(browser.ask("shown.length") == passed and browser.ask("chips.length") == 1, f"{what}: an address sets its filters")
    unit = browser.ask("data.unit")
    browser.ask(f"location.hash = '#{unit}-{cards}'; 1")
    browser.frame()
    check(browser.ask(f"document.activeElement.id === '{unit}-{cards}' && !document.activeElement.hidden"),
          f"{what}: deep link to a card that was hidden")
    browser.ask("document.activeElement.blur();"
                "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true})); 1")
    check(browser.ask("document.activeElement.id") == f"{unit}-1", f"{what}: keys go to the next card")
    severities = browser.ask("severities")
    levels = browser.ask("findings.map(severityOf)")
    check(set(levels) <= set(severities), f"{what}: every finding has a severity")
    for least in severities[1:]:
        browser.ask(f"byId('severity').value = '{least}'; apply(); 1")
        wanted = sum(severities.index(level) >= severities.index(least) for level in levels)
        check(browser.ask("shown.length") == wanted, f"{what}: findings of at least {least}")
    browser.ask("clearFilters(); 1")
    if unit == "principal":
        check(browser.ask("findings.every((finding) => rowsOf(finding.group)[finding.index].querySelector('b').textContent"
                          " === severityOf(finding))"), f"{what}: every row says its severity")
    rows = list(csv.reader(io.StringIO(browser.ask("csv()"), newline="")))
    check(len(rows) == browser.ask("findings.length") + 1, f"{what}: CSV has a line for each finding")
    check(len(set(rows[0])) == len(rows[0]) and "severity" in rows[0], f"{what}: each column of CSV has a name of its own")
    parts = (part for row in rows for cell in row for part in re.split("[;|]", cell))
    check(not any(re.match("[\\s\"]*[-=+@]", part) for part in parts), f"{what}: CSV has no formula")
    browser.ask("switchZone(); switchZone(); 1")
    check(browser.ask("[...document.querySelectorAll('time')].every((time) => time.textContent === time.dateTime)"),
          f"{what}: UTC again after local time")
    if browser.ask("Boolean(document.querySelector('svg.timeline'))"):
        drag(browser, 0.4, 0.9)
        check(browser.ask("[byId('from').value, byId('to').value]") == browser.ask("[dayAt(0.4), dayAt(0.9)]"),
              f"{what}: drag over time")
        check(browser.ask("!byId('zoom-out').disabled && shown.length < findings.length"), f"{what}: zoom")
        browser.ask("clearFilters(); 1")
        check(browser.ask("byId('zoom-out').disabled && shown.length === findings.length"), f"{what}: the whole span again")
    return took


def passed_on(browser, address, what):
    """An address with filters, opened afresh as by somebody who was sent it; one with a value that the page does not have."""
    account = browser.ask("cell(findings[0].row, 'account')")
    wanted = browser.ask(f"findings.filter((finding) => cell(finding.row, 'account') === {json.dumps(account)}).length")
    for value, shown in ((account, wanted), ("999999999999", 0)):
        browser.open("about:blank")
        browser.open(f"{address}#?account={value}")
        check(browser.ask("shown.length") == shown and browser.ask("chips.length") == 1,
              f"{what}: an address opened afresh sets its filter, {value}")
        check(browser.ask("location.hash") == f"#?account={value}", f"{what}: and keeps it")
    browser.open("about:blank")
    browser.open(address)


def look(browser, what, keep, name):
    """Dark, light, narrow and on paper."""
    background = "getComputedStyle(document.body).backgroundColor"
    colours = set()
    for theme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        colours.add(browser.ask(background))
        if keep:
            picture(browser, keep / f"{name}-{theme}.png")
    check(len(colours) == 2, f"{what}: dark and light differ")
    browser.ask("switchTheme(); 1")
    check(browser.ask(background) in colours, f"{what}: the switch of the theme")
    browser.call("Emulation.setEmulatedMedia", features=[])
    browser.ask("delete document.documentElement.dataset.theme; 1")
    for width in (1280, 768, 360):
        size(browser, width, 800)
        wide = browser.ask("document.documentElement.scrollWidth")
        check(wide <= width, f"{what}: {wide} pixels in a window of {width}")
    if keep:
        picture(browser, keep / f"{name}-narrow.png", 360, 1600)
    size(browser, 1280, 1600)
    print_of = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    check(print_of.startswith(b"%PDF") and len(print_of) > 10_000, f"{what}: print")
    if keep:
        (keep / f"{name}.pdf").write_bytes(print_of)


def without_script(browser, address, what):
    """Everything is there to be read and printed, and nothing that would need the script."""
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(address)
    check(browser.ask("document.getElementById('filters').offsetHeight") == 0, f"{what}: no controls without a script")
    check(browser.ask("document.querySelector('.card .findings td').offsetHeight") > 0, f"{what}: findings without a script")
    print_of = base64.b64decode(browser.call("Page.printToPDF")["data"])
    check(print_of.startswith(b"%PDF") and len(print_of) > 10_000, f"{what}: print without a script")
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def page(firstseen, command, archive, path):
    """Makes a page."""
    # The matches of rules are saved with a baseline.
    rules = [] if pathlib.Path(archive, "manifest.json").exists() else ["--builtin-rules"]
    words = [firstseen, command, archive, *rules, "--quiet", "--output", path]
    status = subprocess.run(words, stderr=subprocess.DEVNULL).returncode
    check(status in (0, 3), f"firstseen {command} {archive}: status {status}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--firstseen", required=True)
    parser.add_argument("--chromium", default="chromium")
    parser.add_argument("--axe", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("archives", nargs="*")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = args.keep or pathlib.Path(work)
        folder.mkdir(parents=True, exist_ok=True)
        attacks = pathlib.Path(work, "hostile")
        hostile.write(attacks)
        browser = Chromium(args.chromium)
        archives = enumerate([attacks, *args.archives])
        for (number, archive), command in itertools.product(archives, ("triage", "scan")):
            name = f"{command}-{number}" if number else f"{command}-hostile"
            path = (folder / f"{name}.html").resolve()
            page(args.firstseen, command, archive, path)
            browser.said, browser.requests, browser.dialogs = [], [], []
            browser.open(path.as_uri())
            ready = browser.ask("performance.getEntriesByType('navigation')[0].loadEventEnd")
            took = use(browser, name)
            passed_on(browser, path.as_uri(), name)
            look(browser, name, args.keep, name)
            if args.axe:
                accessible(browser, args.axe, name)
            without_script(browser, path.as_uri(), name)
            nothing_happened(browser, path.as_uri(), name)
            print(f"{command} {archive}: {path.stat().st_size / 1e6:.2f} MB, ready after {ready:.0f} ms, filtered in {took:.0f} ms")
        browser.close()
    print(f"{checks} passed, 0 failed")


if __name__ == "__main__":
    main()
