#!/usr/bin/env python3
"""Checks the county's data files and the catalogue of matters against each other.

Usage: python3 check_data.py   (run anywhere; standard library only; prints every fault and exits 1 when there is one)
"""
import csv
import re
import sys
import tomllib
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
CATALOGUE = HERE.parent.parent / "mechanisms"
FICTITIOUS = re.compile(r"0359-555-\d{4}")
LIMIT = re.compile(r"[1-9]\d* (h|days|working-days)")
ROLES = {"clerk", "hotline", "officer", "leader", "grid-worker", "dispatcher", "supervisor", "auditor", "administrator",
         "planner", "organiser", "secretary", "representative", "inspector"}
# roles whose posts belong to a unit (mechanisms/posts.md)
IN_UNIT = {"clerk", "hotline", "officer", "leader", "grid-worker", "planner", "inspector"}
ROLE_LEVEL = {"grid-worker": {"grid"}, "dispatcher": {"county"}, "supervisor": {"county"}, "auditor": {"county"},
              "administrator": {"county"}, "hotline": {"county"}, "clerk": {"county", "township"},
              "leader": {"county", "township"}, "officer": {"county", "township", "village"},
              "planner": {"county"}, "inspector": {"county"}, "organiser": {"county", "township"}, "secretary": {"village"},
              "representative": {"village"}}
PHRASES = {"resident-name": 40, "refuse": 20, "pass-on": 20, "call-back-solved": 12, "call-back-unsolved": 8}
# share of template texts for which the catalogue's words alone must propose the right kind first
PROPOSED = 0.9

faults = []


def fault(where, text):
    faults.append(f"{where}: {text}")


def load(name, columns, base=HERE):
    """Rows of a CSV file; its first line must be a comment with the source, its second the header."""
    raw = (base / name).read_bytes()
    if b"\r" in raw or not raw.endswith(b"\n") or raw.startswith(b"\xef\xbb\xbf"):
        fault(name, "must be UTF-8 without a mark, with LF line ends and a last newline")
    lines = raw.decode("utf-8").splitlines(keepends=True)
    if not lines[0].startswith("# "):
        fault(name, "the first line must be a comment that starts with `# ` and tells the source")
    reader = csv.DictReader((line for line in lines if not line.startswith("#")), strict=True)
    if reader.fieldnames != columns.split():
        fault(name, f"the header is {reader.fieldnames}, expected {columns.split()}")
    rows = list(reader)
    for row in rows:
        if None in row or None in row.values():
            fault(name, f"a row has too many or too few cells: {row}")
        elif any(value != value.strip() for value in row.values()):
            fault(name, f"a cell has blanks at its ends: {row}")
    return rows


def unique(name, rows, *keys):
    for key, count in Counter(tuple(row[k] for k in keys) for row in rows).items():
        if count > 1:
            fault(name, f"{' '.join(key)} stands {count} times")


def filled(name, rows, *keys):
    for row in rows:
        for key in keys:
            if not row[key]:
                fault(name, f"{key} is empty in {row}")


def check_county(units):
    county = tomllib.loads((HERE / "county.toml").read_text(encoding="utf-8"))
    own = [u["phone"] for u in units if u["kind"] == "hotline"]
    if county["hotline"] not in own:
        fault("county.toml", "the hotline number is not the phone of the unit of kind `hotline`")
    if not FICTITIOUS.fullmatch(county["hotline"]):
        fault("county.toml", "the hotline number is not a fictitious one")


def check_workdays():
    rows = load("workdays.csv", "date weekday kind is_workday holiday_zh holiday_en")
    unique("workdays.csv", rows, "date")
    for row in rows:
        if date.fromisoformat(row["date"]).strftime("%a") != row["weekday"] or row["is_workday"] not in ("0", "1"):
            fault("workdays.csv", f"weekday or is_workday is wrong in {row}")
    return rows


def check_places():
    places = load("places.csv", "code name name_en level kind parent lat lon bounds phone")
    unique("places.csv", places, "code")
    unique("places.csv", places, "parent", "name")
    filled("places.csv", places, "code", "name", "name_en", "level", "kind", "lat", "lon")
    counts = Counter(p["kind"] for p in places)
    if counts != dict(county=1, town=10, township=2, community=17, village=184, grid=24):
        fault("places.csv", f"counts are {dict(counts)}")
    official = load("divisions.csv", "code12 code_as_published name level parent_code12 township_name")
    official = {row["code12"] for row in official if row["code12"].startswith("140823") and row["code12"] != "140823400000"}
    if official != {p["code"] for p in places if p["level"] != "grid"}:
        fault("places.csv", "the codes differ from divisions.csv")
    by_code, order = {p["code"]: p for p in places}, ["county", "township", "village", "grid"]
    for p in places:
        if len(p["code"]) != (15 if p["level"] == "grid" else 12):
            fault("places.csv", f"code {p['code']} has the wrong length")
        above = by_code.get(p["parent"])
        if (above is None) != (p["level"] == "county"):
            fault("places.csv", f"parent of {p['code']} is unknown")
        elif above and order.index(above["level"]) + 1 != order.index(p["level"]):
            fault("places.csv", f"{p['code']} does not lie one level under its parent")
        if p["level"] == "grid":
            filled("places.csv", [p], "bounds", "phone")
            if not p["code"].startswith(p["parent"]):
                fault("places.csv", f"grid {p['code']} does not begin with its village's code")
        if not (35.15 <= float(p["lat"]) <= 35.60 and 110.98 <= float(p["lon"]) <= 111.62):
            fault("places.csv", f"{p['code']} lies outside the county's box")
    return by_code


def check_units(places):
    units = load("units.csv", "code name name_en kind place superior phone resident")
    for key in ("code", "name_en"):
        unique("units.csv", units, key, "place")
    unique("units.csv", units, "code")
    filled("units.csv", units, "code", "name", "name_en", "kind", "place", "phone", "resident")
    by_code = {u["code"]: u for u in units}
    for u in units:
        if not re.fullmatch(r"[a-z0-9-]+", u["code"]) or not re.fullmatch(r"[a-z-]+", u["kind"]):
            fault("units.csv", f"code or kind of `{u['code']}` is not a plain ascii word")
        if u["place"] not in places:
            fault("units.csv", f"`{u['code']}` stands at an unknown place")
        if u["kind"] == "centre":
            continue
        seen, at = set(), u
        while at and at["kind"] != "centre" and at["code"] not in seen:
            seen.add(at["code"])
            at = by_code.get(at["superior"])
        if not at or at["kind"] != "centre":
            fault("units.csv", f"`{u['code']}` does not lead up to the centre")
    counts = Counter(u["kind"] for u in units)
    for kind, count in dict(counts).items():
        expected = {"township-office": 12, "village-committee": 201}.get(kind, 1)
        if count != expected:
            fault("units.csv", f"{count} units of kind {kind}, expected {expected}")
    resident = {u["kind"] for u in units if u["resident"] == "1"}
    if not {"court", "procuratorate", "justice", "human-resources"} <= resident:
        fault("units.csv", "the four resident units of the published account are not all resident")
    return by_code


def check_people(places, units):
    people = load("people.csv", "login name phone")
    posts = load("posts.csv", "login role unit place")
    accounts = load("accounts.csv", "login note_zh note_en")
    unique("people.csv", people, "login")
    unique("people.csv", people, "name")
    unique("posts.csv", posts, "login", "role", "unit", "place")
    unique("accounts.csv", accounts, "login")
    filled("people.csv", people, "login", "name", "phone")
    filled("accounts.csv", accounts, "login", "note_zh", "note_en")
    logins = {p["login"] for p in people}
    for name, rows in (("posts.csv", posts), ("accounts.csv", accounts)):
        for row in rows:
            if row["login"] not in logins:
                fault(name, f"`{row['login']}` is nobody in people.csv")
    for login in logins - {p["login"] for p in posts}:
        fault("people.csv", f"`{login}` holds no post")
    roles, holders = defaultdict(set), defaultdict(set)
    for p in posts:
        if p["role"] not in ROLES or p["place"] not in places or p["unit"] not in units and (p["unit"] or p["role"] in IN_UNIT):
            fault("posts.csv", f"unknown role, unit or place in {p}")
            continue
        if p["unit"]:
            roles[p["unit"]].add(p["role"])
        holders[p["role"]].add(p["place"])
        if places[p["place"]]["level"] not in ROLE_LEVEL[p["role"]]:
            fault("posts.csv", f"`{p['login']}`: role {p['role']} is not held at this level")
        if not p["unit"]:
            continue
        at = p["place"]
        while at and at != units[p["unit"]]["place"]:
            at = places[at]["parent"]
        if not at:
            fault("posts.csv", f"`{p['login']}`: the place lies outside the unit's territory")
    for code, unit in units.items():
        missing = set() if unit["kind"] == "village-committee" else {"officer", "leader"} - roles[code]
        missing -= {"leader"} if unit["kind"].startswith("force-") else set()
        missing |= {"clerk"} - roles[code] if unit["kind"] in ("township-office", "centre") else set()
        if missing:
            fault("posts.csv", f"unit `{code}` has nobody as {', '.join(sorted(missing))}")
    grids = {code for code, p in places.items() if p["level"] == "grid"}
    if holders["grid-worker"] != grids:
        fault("posts.csv", "not every grid has its worker")
    staffed = {p["place"] for p in posts if p["role"] == "officer"}
    for village in {places[g]["parent"] for g in grids} - staffed:
        fault("posts.csv", f"village {village} has grids but no officer")
    return people, posts


def check_kinds(units):
    kinds = load("matter-kinds.csv", "code parent zh en unit_kind respond answer clause dispute words", CATALOGUE)
    unique("matter-kinds.csv", kinds, "code")
    unique("matter-kinds.csv", kinds, "parent", "zh")
    unique("matter-kinds.csv", kinds, "parent", "en")
    filled("matter-kinds.csv", kinds, *(k for k in kinds[0] if k != "parent"))
    codes, known = {k["code"] for k in kinds}, {u["kind"] for u in units.values()}
    for k in kinds:
        if not re.fullmatch(r"(\d\d){1,3}", k["code"]) or k["parent"] != k["code"][:-2]:
            fault("matter-kinds.csv", f"code {k['code']} does not extend its parent {k['parent']}")
        if k["parent"] and k["parent"] not in codes:
            fault("matter-kinds.csv", f"parent {k['parent']} is unknown")
        if len(k["code"]) < 6 and not any(c["parent"] == k["code"] for c in kinds):
            fault("matter-kinds.csv", f"{k['code']} has nothing under it")
        if k["unit_kind"] not in known:
            fault("matter-kinds.csv", f"{k['code']}: no unit of kind {k['unit_kind']}")
        if not LIMIT.fullmatch(k["respond"]) or not LIMIT.fullmatch(k["answer"]):
            fault("matter-kinds.csv", f"{k['code']}: a limit is not like `2 h`, `15 days`, `5 working-days`")
        if k["dispute"] not in ("0", "1"):
            fault("matter-kinds.csv", f"{k['code']}: dispute is neither 0 nor 1")
    return kinds


def propose(kinds, text):
    """The third-level kind whose own words (and, less, those above it) cover the most of text."""
    above = {k["code"]: k["words"].split() for k in kinds}

    def score(kind):
        def cover(code):
            return sum(len(word) ** 2 for word in above[code] if word in text)
        own = cover(kind["code"]) + (9 if kind["zh"] in text else 0)
        return own * 10 + cover(kind["code"][:4]) * 3 + cover(kind["code"][:2])
    return max((k for k in kinds if len(k["code"]) == 6), key=lambda k: (score(k), k["code"]))["code"]


def check_matters(kinds):
    matters = load("matters.csv", "kind where zh answer_zh add_zh")
    unique("matters.csv", matters, "zh")
    unique("matters.csv", matters, "answer_zh")
    filled("matters.csv", matters, "kind", "where", "zh", "answer_zh")
    third = {k["code"] for k in kinds if len(k["code"]) == 6}
    for m in matters:
        if m["kind"] not in third:
            fault("matters.csv", f"kind {m['kind']} is not a third-level kind")
        if m["where"] not in ("any", "village", "community"):
            fault("matters.csv", f"where is `{m['where']}`")
        if not 15 <= len(m["zh"].replace("{place}", "龙海社区")) <= 60:
            fault("matters.csv", f"text is shorter than 15 or longer than 60 characters: {m['zh']}")
        if re.search(r"\{(?!place\})", m["zh"]) or "{" in m["answer_zh"] + m["add_zh"]:
            fault("matters.csv", f"unknown placeholder: {m['zh']}")
    for code in third - {m["kind"] for m in matters}:
        fault("matters.csv", f"no text for kind {code}")
    missed = [(m["kind"], got, m["zh"]) for m in matters if (got := propose(kinds, m["zh"])) != m["kind"]]
    share = 1 - len(missed) / len(matters)
    if share < PROPOSED:
        fault("matter-kinds.csv", f"words propose the right kind for {share:.0%} of the texts, expected {PROPOSED:.0%}: {missed}")
    return matters, share


def check_phrases(people):
    phrases = load("phrases.csv", "use zh clause")
    unique("phrases.csv", phrases, "use", "zh")
    filled("phrases.csv", phrases, "use", "zh")
    counts = Counter(p["use"] for p in phrases)
    for use, count in PHRASES.items():
        if counts[use] != count:
            fault("phrases.csv", f"{counts[use]} rows of use {use}, expected {count}")
    for p in phrases:
        if p["use"] == "refuse" and not (p["clause"] and p["zh"].endswith(f"（{p['clause']}）")):
            fault("phrases.csv", f"a refusal must end with its clause: {p['zh']}")
    for name in {p["zh"] for p in phrases if p["use"] == "resident-name"} & {p["name"] for p in people}:
        fault("phrases.csv", f"resident {name} bears the name of a member of staff")
    return phrases


def check_programme(units, posts):
    """Each row stands under the last one of the kind above; whoever is in charge has an officer."""
    rows = load("programme.csv", "opening title force owner target counted days")
    unique("programme.csv", rows, "title")
    filled("programme.csv", rows, "opening", "title")
    forces = {f["code"] for f in load("forces.csv", "code parent zh en unit_kind", CATALOGUE)}
    officers = {p["unit"] for p in posts if p["role"] == "officer"}
    for r in rows:
        measure = r["opening"] == "measure"
        if measure and not (r["owner"] in officers & set(units) and r["counted"]
                            and r["target"].isdigit() and r["days"].isdigit() and int(r["target"]) > 0):
            fault("programme.csv", f"no officer in charge, target or days: {r}")
        if (r["opening"] == "task") != (r["force"] in forces):
            fault("programme.csv", f"a task, and nothing else, has a task force: {r}")
    if {r["force"] for r in rows} - {""} != forces:
        fault("programme.csv", "not every task force leads a task")
    counts = Counter(r["opening"] for r in rows)
    if counts != {"programme": 1, "goal": 3, "task": 23, "measure": 129}:
        fault("programme.csv", f"{dict(counts)}, expected 1 programme with 3, 23 and 129")
    return counts


def check_branch(places, people):
    """A branch stands in a village; its members bear no name of a member of staff."""
    rows = load("branch.csv", "opening name where")
    unique("branch.csv", rows, "name")
    staff = {p["name"] for p in people}
    for r in rows:
        branch = r["opening"] == "branch"
        if branch != bool(r["where"]) or branch and places.get(r["where"], {}).get("level") != "village":
            fault("branch.csv", f"a branch, and nothing else, stands in a village: {r}")
        if r["opening"] not in ("branch", "member") or r["name"].split("·")[0] in staff:
            fault("branch.csv", f"unknown opening, or the name of a member of staff: {r}")


def check_phones(places, units, people):
    phones = Counter(row["phone"] for rows in (places.values(), units.values(), people) for row in rows if row["phone"])
    for phone, count in phones.items():
        if not FICTITIOUS.fullmatch(phone):
            fault("phones", f"{phone} is not a fictitious number (0359-555-xxxx)")
        if count > 1:
            fault("phones", f"{phone} stands {count} times")


def main():
    workdays = check_workdays()
    places = check_places()
    units = check_units(places)
    check_county(units.values())
    people, posts = check_people(places, units)
    kinds = check_kinds(units)
    matters, share = check_matters(kinds)
    phrases = check_phrases(people)
    programme = check_programme(units, posts)
    check_branch(places, people)
    check_phones(places, units, people)
    levels = Counter(len(k["code"]) // 2 for k in kinds)
    print(f"workdays {len(workdays)}, places {len(places)} {dict(Counter(p['kind'] for p in places.values()))}")
    print(f"units {len(units)}, people {len(people)}, posts {len(posts)} {dict(Counter(p['role'] for p in posts))}")
    print(f"kinds {levels[1]} / {levels[2]} / {levels[3]}, texts {len(matters)}, right kind proposed for {share:.1%}")
    print(f"programme {dict(programme)}")
    print(f"phrases {len(phrases)} {dict(Counter(p['use'] for p in phrases))}")
    for line in faults:
        print(f"fault: {line}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
