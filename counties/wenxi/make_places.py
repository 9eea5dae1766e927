#!/usr/bin/env python3
"""Derives places.csv from divisions.csv, place-names.csv and the grids below.

Usage: python3 make_places.py   (run anywhere; standard library only; the same input gives the same bytes)

Codes and Chinese names are official; everything else is INVENTED for the demo: coordinates, grids, their bounds and phones.
"""
import csv
import math
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
COUNTY = "140823000000"
COUNTY_TOWN = "140823100000"  # 桐城镇, where the county's seat lies
STATISTICAL_AREA = "140823400000"  # 闻喜县社区: a row for counting, no township
SEAT = (35.3560, 111.2250)
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))  # spreads points evenly over a disc without a random source

# Invented centre and radius (degrees of latitude) per township, inside 35.15-35.60 N, 110.98-111.62 E.
TOWNSHIPS = {
    "140823100000": (35.3560, 111.2250, 0.046),
    "140823101000": (35.2720, 111.1500, 0.040),
    "140823102000": (35.4260, 111.0820, 0.040),
    "140823103000": (35.5200, 111.1100, 0.026),
    "140823104000": (35.4400, 111.3200, 0.042),
    "140823105000": (35.5100, 111.4500, 0.044),
    "140823106000": (35.3600, 111.4300, 0.044),
    "140823107000": (35.5300, 111.2500, 0.040),
    "140823108000": (35.3400, 111.0500, 0.034),
    "140823109000": (35.2600, 111.2800, 0.034),
    "140823204000": (35.2500, 111.4200, 0.036),
    "140823205000": (35.2000, 111.5500, 0.030),
}
# The county town's communities fill an inner disc; the villages of its township lie in the ring around it.
TOWN_DISC = 0.016
RING_START = 0.020

# Invented grids: village code -> bounds of each grid.
GRIDS = {
    "140823400013": [
        "东至荷香路，西至龙海大道，南至清水巷，北至学苑街",
        "东至龙海大道，西至槐荫路，南至清水巷，北至学苑街",
        "东至荷香路，西至龙海大道，南至南环便道，北至清水巷",
        "东至龙海大道，西至槐荫路，南至南环便道，北至清水巷",
        "荷香苑小区1至9号楼及沿街商铺",
        "荷香苑小区10至18号楼及幼儿园周边",
    ],
    "140823400001": [
        "东至纺织路，西至东城大街，南至百货巷，北至文化街",
        "东至东城大街，西至钟楼巷，南至百货巷，北至文化街",
        "东城家属院1至12号楼",
        "东至纺织路，西至钟楼巷，南至河堤，北至百货巷",
    ],
    "140823204208": [
        "第一、第二居民组，村委会以东至沟沿",
        "第三、第四居民组，村委会以西至打麦场",
        "第五居民组及沟北果园散居户",
    ],
    "140823104001": [
        "东至机修路，西至站前街，南至铁路，北至工人巷",
        "东至站前街，西至粮库路，南至铁路，北至工人巷",
        "机修厂家属院及工人巷以北",
    ],
    "140823106204": ["第一至第三居民组，主巷以东", "第四至第六居民组，主巷以西"],
    "140823101201": ["第一至第三居民组，村小学以南", "第四至第七居民组，村小学以北"],
    "140823103207": ["第一至第四居民组，渠北", "第五至第七居民组，渠南及药材种植区"],
    "140823109200": ["第一至第四居民组，镇街以北", "第五至第八居民组，镇街以南"],
}
ORDINALS = ["一", "二", "三", "四", "五", "六"]
KINDS = {
    "county": "county",
    "town": "town",
    "township": "township",
    "residents_committee": "community",
    "villagers_committee": "village",
}
LEVELS = {"county": "county", "town": "township", "township": "township", "community": "village", "village": "village"}


def rows(name):
    """Rows of a CSV file beside this script, without its comment lines."""
    with open(HERE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def spoken(name):
    """The name as people say it: 阳庄村委会 → 阳庄村, 任村村委会 → 任村, 龙海社区居委会 → 龙海社区."""
    if name.endswith("社区居委会"):
        return name.removesuffix("居委会")
    if name.endswith("村委会"):
        stem = name.removesuffix("村委会")
        return stem if stem.endswith("村") else stem + "村"
    return name


def spread(centre, index, count, inner, outer):
    """The index-th of count points on the ring inner..outer around centre; the ring is round on the ground."""
    radius = math.sqrt(inner**2 + (outer**2 - inner**2) * (index + 0.5) / count)
    angle = GOLDEN_ANGLE * index + centre[0] * 40
    lat = centre[0] + radius * math.cos(angle)
    lon = centre[1] + radius * math.sin(angle) / math.cos(math.radians(centre[0]))
    return lat, lon


def build():
    english = {row["code"]: row["name_en"] for row in rows("place-names.csv")}
    places, by_parent = [], {}
    for row in rows("divisions.csv"):
        code = row["code12"]
        if not code.startswith(COUNTY[:6]) or code == STATISTICAL_AREA:
            continue
        kind = KINDS[row["level"]]
        parent = "" if kind == "county" else row["parent_code12"]
        parent = COUNTY_TOWN if parent == STATISTICAL_AREA else parent
        place = dict(code=code, name=spoken(row["name"]), name_en=english[code], level=LEVELS[kind], kind=kind,
                     parent=parent, bounds="", phone="")
        places.append(place)
        by_parent.setdefault((parent, kind), []).append(place)

    for place in places:
        if place["level"] == "county":
            place["at"] = SEAT
        elif place["level"] == "township":
            place["at"] = TOWNSHIPS[place["code"]][:2]
    for (parent, kind), children in by_parent.items():
        if kind not in ("community", "village"):
            continue
        *centre, outer = TOWNSHIPS[parent]
        town = parent == COUNTY_TOWN
        inner = RING_START if town and kind == "village" else 0.004
        if kind == "community":
            outer = TOWN_DISC if town else 0.010
        elif not town and (parent, "community") in by_parent:
            inner = 0.013
        # the village that bears the township's name lies nearest to its seat
        seat = next(p["name"] for p in places if p["code"] == parent)[:-1]
        children.sort(key=lambda p: (p["name"].removesuffix("村") != seat.removesuffix("村"), p["code"]))
        for index, place in enumerate(children):
            place["at"] = spread(centre, index, len(children), inner, outer)

    phone = 0
    for place in [p for p in places if p["code"] in GRIDS]:
        bounds = GRIDS[place["code"]]
        for index, text in enumerate(bounds):
            phone += 1
            places.append(dict(
                code=f"{place['code']}{index + 1:03}", name=f"{place['name']}第{ORDINALS[index]}网格",
                name_en=f"{place['name_en']} Grid {index + 1}", level="grid", kind="grid", parent=place["code"],
                bounds=text, phone=f"0359-555-9{phone:03}", at=spread(place["at"], index, len(bounds), 0.0005, 0.0025)))
    places.sort(key=lambda p: (len(p["code"]), p["code"]))
    return places


def check(places):
    kinds = Counter(p["kind"] for p in places)
    expected = dict(county=1, town=10, township=2, community=17, village=184, grid=24)
    assert kinds == expected, kinds
    assert len({p["code"] for p in places}) == len(places)
    names = Counter((p["parent"], p["name"]) for p in places)
    assert max(names.values()) == 1, [n for n, c in names.items() if c > 1]
    points = {(round(p["at"][0], 5), round(p["at"][1], 5)) for p in places if p["level"] in ("village", "grid")}
    assert len(points) == 17 + 184 + 24, "two places at one point"
    for p in places:
        lat, lon = p["at"]
        assert 35.15 <= lat <= 35.60 and 110.98 <= lon <= 111.62, p
        if p["level"] == "village":
            near = min(TOWNSHIPS, key=lambda t: math.hypot(TOWNSHIPS[t][0] - lat, (TOWNSHIPS[t][1] - lon) * 0.815))
            assert near == p["parent"], f"{p['name']} lies nearer to {near} than to its township"


def main():
    places = build()
    check(places)
    with open(HERE / "places.csv", "w", encoding="utf-8", newline="") as file:
        file.write("# Source: made by make_places.py from divisions.csv and place-names.csv. Codes and names are official; "
                   "coordinates, grids, bounds and phones are INVENTED for the demo. The 15 communities under the "
                   "statistical row 140823400 闻喜县社区 stand under 桐城镇 140823100000, because they are the county town's\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerow("code name name_en level kind parent lat lon bounds phone".split())
        for p in places:
            lat, lon = p["at"]
            out.writerow([p["code"], p["name"], p["name_en"], p["level"], p["kind"], p["parent"],
                          f"{lat:.5f}", f"{lon:.5f}", p["bounds"], p["phone"]])


if __name__ == "__main__":
    main()
