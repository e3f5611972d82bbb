"""Say what day it is where you work: which week, how long to the weekend, to the month's end."""

import calendar
import os
from datetime import datetime
from zoneinfo import ZoneInfo

zone = ZoneInfo(os.environ.get("ZONE", "Europe/Berlin"))
now = datetime.now(zone)
_, last_day = calendar.monthrange(now.year, now.month)

print(f"Good morning! It is {now:%A, %d %B %Y, %H:%M} in {zone.key} (UTC{now:%z}).")
print(f"Calendar week {now.isocalendar().week}, day {now:%j} of the year.")
print(f"{max(0, 4 - now.weekday())} working days to Friday, {last_day - now.day} days left in {now:%B}.")
