"""Times at which cron expressions fire, by croniter and the system's zones: one JSON object a line.

    cron_oracle.py --seed S --cases N

Which wall clock times match says croniter, on times without a zone; which instants those are is then tried
out, instant by instant, with zoneinfo, by Vixie's rule as docs/schedules.md has it. Expressions in which
croniter is known to be wrong are left out: ranges of one value, steps behind the end of a range, `31W`.
"""

import argparse
import datetime
import json
import random
import zoneinfo

from croniter import croniter

# Changes of half an hour, of two, at midnight, of a whole day, backwards in summer, twice a year more.
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe", "Antarctica/Troll",
         "Africa/Casablanca", "Europe/Dublin", "Asia/Beirut", "Africa/Cairo", "America/Havana", "Pacific/Apia",
         "Asia/Kathmandu", "America/St_Johns", "Asia/Tehran", "Pacific/Chatham"]
EPOCH = datetime.datetime(1970, 1, 1)
MINUTE = datetime.timedelta(minutes=1)


def field(chance, low, high, names=()):
    def term():
        kind = chance.random()
        a, b = sorted(chance.sample(range(low, high + 1), 2))
        if names and kind < 0.2:
            return chance.choice(names)
        if kind < 0.6:
            return str(a)
        if kind < 0.85:
            return f"{a}-{b}"
        return f"{a}-{b}/{chance.randint(1, b - a)}"
    kind = chance.random()
    if kind < 0.35:
        return "*"
    if kind < 0.5:
        return f"*/{chance.randint(1, (high - low) // 2)}"
    return ",".join(term() for _ in range(chance.choice([1, 1, 1, 2, 3])))


def expression(chance, near):
    minute, hour = field(chance, 0, 59), field(chance, 0, 23)
    if chance.random() < 0.5:
        # Where clocks change.
        hour = str((near.hour + chance.choice([-1, 0, 0, 0, 1])) % 24)
    if chance.random() < 0.3:
        minute = chance.choice(["0", "15", "30", "*/10", "*", "59"])
    day = chance.choice(["*", "*", "*", field(chance, 1, 28), "L"])
    month = chance.choice(["*", "*", "*", field(chance, 1, 12, ["jan", "JUL", "Oct"])])
    weekday = chance.choice(["*", "*", "*", field(chance, 0, 6, ["mon", "FRI", "Sun"])])
    return f"{minute} {hour} {day} {month} {weekday}"


def changes(zone, year):
    """Instants of a year at which a zone's clocks change."""
    found = []
    hour = datetime.datetime(year, 1, 1)
    while hour.year == year:
        if wall(zone, hour) - hour != wall(zone, hour + 4 * MINUTE * 15) - hour - 4 * MINUTE * 15:
            found.append(hour)
        hour += datetime.timedelta(hours=1)
    return found


def wall(zone, instant):
    return instant.replace(tzinfo=datetime.timezone.utc).astimezone(zone).replace(tzinfo=None)


def expected(text, zone, after, days):
    """Instants behind `after`, for so many days."""
    end = after + datetime.timedelta(days=days)
    margin = datetime.timedelta(days=3)
    matches = set()
    times = croniter(text, wall(zone, after) - margin, implement_cron_bug=True, ret_type=datetime.datetime)
    while True:
        time = times.get_next()
        if time > wall(zone, end) + margin:
            break
        matches.add(time)
    minute, hour, *_ = text.split()
    is_wild = minute.startswith("*") or hour.startswith("*")
    found, seen = set(), set()
    instant = after - margin
    before = wall(zone, instant - MINUTE)
    while instant <= end:
        now = wall(zone, instant)
        if is_wild:
            if now in matches:
                found.add(instant)
        else:
            # What clocks have jumped over comes now, what they show again does not.
            skipped = before + MINUTE
            while skipped <= now:
                if skipped in matches and skipped not in seen:
                    found.add(instant)
                seen.add(skipped)
                skipped += MINUTE
        before = max(before, now) if not is_wild else now
        instant += MINUTE
    return sorted(time for time in found if after < time <= end)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--cases", type=int, default=400)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    known = {}
    count = 0
    while count < arguments.cases:
        name = chance.choice(ZONES)
        zone = zoneinfo.ZoneInfo(name)
        year = 2011 if name == "Pacific/Apia" and chance.random() < 0.5 else chance.choice([2010, 2024, 2026, 2031])
        if (name, year) not in known:
            known[name, year] = changes(zone, year)
        near = chance.choice(known[name, year] or [datetime.datetime(year, 3, 1)])
        text = expression(chance, wall(zone, near))
        after = near + datetime.timedelta(minutes=chance.randint(-2000, 300))
        times = expected(text, zone, after, 3)[:40]
        # Most are to say something; that nothing fires in three days is worth a few.
        if not times and chance.random() < 0.9:
            continue
        count += 1
        print(json.dumps({
            "expression": text, "zone": name, "after": int((after - EPOCH).total_seconds()),
            "until": int((after + datetime.timedelta(days=3) - EPOCH).total_seconds()),
            "times": [int((time - EPOCH).total_seconds()) for time in times]}))


if __name__ == "__main__":
    main()
