# The public page of a place
public-title = { $x } in public
public-months = Months
public-none = Nothing is published for { $x } yet.
public-nothing = Nothing is published here yet.
public-say = Confirm and rate
public-code = Residents with a receipt code
public-office = Villagers' representatives rate at their desk.
public-desk = To the desk
public-under = Towns, villages and communities below
public-facts = What is published
public-parts = { $n } in all, each can be checked
by-code = By receipt code
home-public = Village notice boards
home-public-note = What the members of your village promised this month, and how far it has come
place-board = Notice board
receipt-given-title = The code is ready
receipt-given-keep = Please hand the code to the person concerned, to photograph or copy it. With it one can look, confirm and rate; nobody else sees it.
receipt-given-what = What was entered
follow-given-facts = What was entered
follow-opened = What opens each period

# What opens by itself
rounds-title = What opens by itself
rounds-lead = Records that open in each period by their rule. What is cut off goes on, and nothing opens twice.
rounds-none = Nothing opens by itself.
rounds-last = Last period
rounds-never = None yet
rounds-next = Next period
rounds-rule = Rule
rounds-records = Its records
rounds-running = Opening: { $seen } of { $total } gone over, { $opened } opened (began { $at })
rounds-ended = Last time on this node: { $total } in all, { $opened } opened (done { $at })
rounds-again = Open this period again
rounds-again-note = For those who were entered after this period had opened; nothing opens twice.
rounds-done = This period has been gone over again.
rounds-early = This period's day has not come yet.
record-code = Show the code again
