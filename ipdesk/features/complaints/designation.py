"""The agent whom the operator designates with the Copyright Office (17 U.S.C. § 512(c)(2))."""

# A designation lapses after three years unless it is renewed (37 C.F.R. § 201.38(c)(4)); so many days before, staff are told.
REMIND_BEFORE = (30, 60, 90)
