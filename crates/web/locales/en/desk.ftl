# The desk
sign-in-title = Sign in to the desk
sign-in-lead = For staff of the centre, the townships and the departments. Residents need no account to report a matter.
sign-in-demo = Demonstration accounts
sign-in-demo-note = These people are invented and exist only in the demonstration.

inbox-title = Inbox
search-title = Matters
search-shown = { $from }–{ $to } of { $n }
search-shown-more = { $from }–{ $to } of more than { $n }
new-title = New record
new-lead = For somebody at the window or on the telephone. Look beside the form whether the same matter is already here.
new-check = Look for similar matters
new-duplicates-none-yet = Once the words and the place are filled in, matters that are near in place, time and wording are listed here.
new-duplicates-none = No similar matter found.

col-due = Due
col-subject = Matter
col-place = Place
col-state = State
col-owner = With
col-when = When
col-who = Who
col-record = Matter
col-fields = What was seen
col-purpose = Purpose

record-actions = Steps
record-no-actions = No step waits for you here.
record-facts = What is on record
record-personal = Personal data
record-unmask = Show in full
record-unmask-note = State your purpose. Each look is recorded with person, time and purpose, and can be seen by the person concerned and by auditors.
record-looked = Shown for the purpose you stated; the look has been recorded. It is covered again when you leave this page.
record-looks = Who has looked
record-events = What happened
record-personal-none = None: never given, or erased.
record-deadlines = Deadlines and how they were computed
record-duplicates = May be the same matter
record-related = Related matters
record-part-of = part of
record-version = Runs by

dashboard-title = The county now
dashboard-as-of = As of { $x }
dashboard-open = Open matters
dashboard-legend-open = open
dashboard-legend-late = of these late
dashboard-overdue = Longest overdue

looks-title = Looks at personal data
looks-lead = Who saw which personal data, when and for what.
looks-none = No look matches these conditions.
looks-empty = Nobody has looked yet.

account-title = My account
account-sign-out = Sign out
account-posts = Posts
account-acting = Acting in this post
account-act = Act in this post
account-sessions = Sessions
account-looks = My looks at personal data
account-password = Change password
