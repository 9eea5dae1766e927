# Page handlers: faults, refusals, flow
full-stop = .
list-comma = {", "}
clause-number = Clause { $n }
who-anyone = anybody
who-holder = whoever has the receipt code
who-system = the system

fault-missing = Please fill this in.
fault-missing-choice = Please choose.
fault-too-short = Too short or too few: at least { $n }.
fault-too-long = Too long or too many: at most { $n }.
fault-least-text = { $n ->
    [one] Too short: write at least { $n } character.
   *[other] Too short: write at least { $n } characters.
}
fault-most-text = { $n ->
    [one] Too long: at most { $n } character.
   *[other] Too long: at most { $n } characters.
}
fault-least-items = Too few: at least { $n }.
fault-most-items = Too many: at most { $n }.
fault-least-number = This may not be less than { $x }.
fault-most-number = This may not be more than { $x }.
fault-least-amount = This may not be less than { $x } yuan.
fault-most-amount = This may not be more than { $x } yuan.
fault-not-number = Write a number, such as 12.
fault-not-date = Write a date, such as 2026-11-23.
fault-not-span = Write a length of time, such as 3 days.
fault-not-bool = Please choose yes or no.
fault-not-point = Write latitude and longitude, such as 35.356 and 111.225.
fault-not-offered = “{ $x }” is not among the choices. Please choose again.
fault-no-place = There is no place “{ $x }”. Please choose from the list.
fault-wrong-level = Choose a more exact place, or the one above it.
fault-no-unit = There is no such unit to choose as “{ $x }”. Please choose from the list.
fault-no-person = There is no person “{ $x }”.
person-left = has left this unit since
fault-not-in-unit = “{ $x }” holds no post in this unit. Please choose from its staff; whoever is new is entered in the register of posts first.
fault-no-entry = There is no kind “{ $x }”. Please choose from the list.
fault-code-taken = “{ $x }” is entered already. Choose another, or go on with the entry that is there.
fault-no-record = There is no matter “{ $x }”. Please check the number.
fault-not-file = Please choose a file.
fault-not-photo = This is not a photo, or it is damaged. Use JPG, PNG or WebP.
fault-not-asked = This step does not ask for this.
fault-bad-text = This holds characters that cannot be kept. Remove them and submit again.
fault-file-large = This file is too large. Each may be { $x } at most.
fault-file-empty = This file is empty.
fault-file-kind = This kind of file is not taken. Use photos, PDF, DOCX or XLSX.
fault-file-disk = The file cannot be stored at the moment. Try again later, or submit without it.
fault-file-many = Too many files. Please submit them in several turns.

refusal-fields-title = Some answers need mending
refusal-fields-text = Mend them as the messages say and submit again.
refusal-no-right-title = You may not do this
refusal-no-right-text = Your posts do not let you take the step “{ $x }”.
refusal-no-right-who = Your posts do not let you take the step “{ $x }”. Those who may: { $y }.
refusal-wrong-state-title = This step cannot be taken now
refusal-wrong-state-text = The matter is now “{ $y }”; “{ $x }” cannot be taken from there.
refusal-need-title = A condition does not hold yet
refusal-clash-title = Something else stands in the way
refusal-clash-other = { $x } In the way: { $y }.
refusal-clash-open = Open { $x }
refusal-stale-title = This matter has just changed
refusal-stale-text = After you opened the page, somebody else took a step. Yours was not carried out and nothing was altered. Look at the present state and decide again.
refusal-no-record-title = Not found
refusal-no-record-text = There is no such matter, or you may not see it.
refusal-no-such-title = Not found
refusal-no-such-text = There is no “{ $x }”.
refusal-reused-title = Something else was submitted before
refusal-reused-text = This page has been submitted once already, with other content. Open it anew and try again.
refusal-still-needed-title = Still needed
refusal-still-needed-text = The personal data serve to handle this record, which is in the state “{ $x }”. They can be erased once that has ended (Personal Information Protection Law, art. 47).
refusal-nothing-personal-title = No such personal data
refusal-nothing-personal-text = This record holds no such personal data: they were never given, or have been erased already.
refusal-old-version-title = A version stands for one text
refusal-old-version-text = The mechanism “{ $x }” says something else now, and records run on its version. Write `version: { $y }` or a higher number; nothing was published.
refusal-circle-title = The rules have a fault
refusal-circle-text = The rules run in a circle at “{ $x }”. Nothing was done; please tell the administrator.

failure-full-title = Storage is full
failure-full-text = There is no room to write at the moment: this was not saved. All records are safe and can be read. Send it again later, or telephone.
failure-store-title = Something went wrong on our side
failure-store-text = It did not succeed, and nothing was left half done. Try again later, or telephone if it is urgent.
failure-clock-title = The server’s clock is wrong
failure-clock-text = The server’s clock is far behind the last entry of the log: what is written now would be dated falsely, so this was not saved and nothing was changed. Send it again later, or telephone if it is urgent.
failure-away-title = Under maintenance
failure-away-text = The database does not answer at the moment. Send it again in a few minutes; it will not be taken twice. If it is urgent, telephone.
failure-busy-title = Too many people at once
failure-busy-text = Submit again in a moment; it will not be taken twice.
failure-not-found-title = Not found
failure-not-found-text = There is no such matter, or you may not see it.
failure-signed-out-title = Please sign in first
failure-signed-out-text = You will come back to the page you wanted.

nav-home = Home
nav-report = Report
nav-follow = Follow
nav-rates = Open rates
nav-inbox = Inbox
nav-list = All matters
nav-board = Dashboard
nav-residents = Residents’ pages
hotline = Hotline
yes = Yes
no = No
number = Number
read-clause = Read the clause
by-you = You
by-resident = The resident
by-system = The system
level-county = County
level-township = Township
level-village = Village or community
level-grid = Grid

limit-minutes = { $n } min
limit-hours = { $n ->
    [one] { $n } hour
   *[other] { $n } hours
}
limit-days = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
limit-working-days = { $n ->
    [one] { $n } working day
   *[other] { $n } working days
}
limit-months = { $n ->
    [one] { $n } month
   *[other] { $n } months
}
clock-paused = standing still
clock-met = met in time
clock-met-late = met late
clock-come = has come
clock-dropped = no longer needed
clock-ended-met = Done { $x }
clock-ended-dropped = Not needed since { $x }
clock-ended-come = It came { $x }
why-start-days = It begins; this day itself does not count
why-start-clock = It begins and runs by the clock
why-pause = It stands still until { $x }
why-paused-now = It stands still, and has not gone on yet
why-skipped = { $n ->
    [one] One day does not count:{" "}
   *[other] { $n } days do not count:{" "}
}
why-extended = { $n ->
    [one] Extended once, with approval
   *[other] Extended { $n } times, with approval
}
why-end = It ends; anything done before is in time
why-end-moment = At this moment the system takes its step; it is no limit, and nothing is late
why-weekend = weekend
why-standing = standing still
why-day-start = Start
why-day-n = Day { $n }
why-version = { $x }, version { $n }
why-unknown-year = The holidays of { $x } have not been published; counted by weekends for now

form-contact = How to reach you
report-note = You get your receipt code at once.
report-urgent = Where life is in danger, call 110, 119 or 120 first.
receipt-next-state = Now: { $x }.
receipt-next-unit = Now: { $x }, with { $y }.
follow-wrong = There is no such code. Compare it with your receipt and type it again; capitals do not matter, O reads as 0 and I as 1.
step-done = Done: { $x }
step-effect = It will then be “{ $x }”.
step-effect-same = Its state stays as it is.
move-help = Left as it is, the record stays where it stands. Under another one it keeps its number; what comes of it is shown before anything is written.
move-title = After the move
move-words = { $x } keeps its number and goes from { $y } to { $z }. Nothing is written yet: look it over, then confirm.
move-do = Confirm the move
back-to-record = Back to the matter
look-help = For example: to ask back by telephone.
kind-unsure = Not sure, leave it to the staff
kind-proposed = Proposed by the words
alike-words = { $n }% alike in words
alike-metres = { $n } m away
event-passed = Deadline passed: { $x }
event-erased = Personal data erased: { $x }
event-kept-out = Personal data erased: their time of keeping had ended
event-warned = Due soon: { $x }
event-part-opened = { $x } opened: { $y }
event-part-closed = { $x } closed: { $y }
event-parts-opened = { $n } opened: { $x }
event-parts-closed = { $n } closed: { $x }
event-moved = Moved to
event-part-left = { $x } { $y } moved to { $z }
event-parts-one = { $x } ({ $y })
event-part-opened-bare = { $x } opened
event-part-closed-bare = { $x } closed
about-county = Used by
target-least = target at least { $x }
target-most = target at most { $x }
rates-note = Each cell has the rate and the number of matters. Months without data stay empty.
rates-chart = The county over six months
