# Lists and other views
lists-title = All lists
lists-empty = There is no list that you may open.
nav-views = Views
nav-years = Years
column-number = Number
column-title = Title
column-state = State
column-place = Place
column-unit = Unit
column-kind = Kind
column-due = Due
column-opened = Opened
column-changed = Last change
column-parent = Part of
value-none = None
show-all = All
filter-month = Opened in
opened-in = Opened in { $x }
under-record = Under: { $x }
under-record-lead = Only what stands under
apart-whole = All together
apart-show = Show
under-some = Only under one record
saved-title = My filters
saved-forget = Remove
save-title = Save this filter
save-name = Name
save-submit = Save
save-no-name = Not saved: give the filter a name.
save-long-name = Not saved: a name has at most { $n } characters.
save-too-many = Not saved: there are { $n } filters already; remove one that you no longer use.
columns-title = Choose columns
columns-lead = Which columns this view shows (for you only)
columns-submit = Show these
columns-reset = Back to those of the document
bulk-title = One step of many
bulk-choose = Choose
bulk-choose-one = Choose { $x }
bulk-all = { $n ->
    [one] The one on this page
   *[other] All { $n } on this page
 }
bulk-longest = { $n } on a page
bulk-step = Step
bulk-step-none = Choose a step
bulk-go = Next
bulk-none = Tick the records first.
bulk-no-step = Choose the step first.
bulk-lead = { $n ->
    [one] One record chosen. Fill in the form; it is then taken and put on record.
   *[other] { $n } records chosen. Fill in the form once; the step is taken and put on record for each by itself.
 }
bulk-chosen = Chosen
bulk-lines = Preview: what would happen to each
bulk-verdict = Result
bulk-preview = Preview
bulk-preview-again = Preview again
bulk-apply = { $n ->
    [one] Take it for one record
   *[other] Take it for { $n } records
 }
bulk-note = If you change something above, it is previewed again first.
bulk-would = { $n ->
    [one] One can take the step.
   *[other] { $n } can take the step.
 }
bulk-refused = { $n ->
    [one] One can't.
   *[other] { $n } can't.
 }
bulk-line-would = Will be taken
bulk-line-may = Can take it
bulk-line-refused = Refused
bulk-line-done = Taken
bulk-done = { $n ->
    [one] Taken for one record.
   *[other] Taken for { $n } records.
 }
bulk-refused-done = { $n ->
    [one] One was refused; the reason stands below.
   *[other] { $n } were refused; the reasons stand below.
 }
bulk-back = Back to the list
matrix-earlier = Earlier
matrix-later = Later
months-until = until { $x }
months-from = from { $x }
matrix-total = Total
matrix-records = Records
matrix-cut = At most { $n } are shown in a column, and there are more. Narrow the list with filters.
evidence-days = { $n ->
    [one] evidence 1 day old
   *[other] evidence { $n } days old
 }
evidence-none = no evidence yet
legend-active = Under way
legend-good = Done
legend-late = Late or marked
legend-fresh = Evidence at most { $n } days old
legend-ageing = Evidence over { $n } days old
legend-stale = Evidence over { $n } days old, stale
legend-none = No evidence yet
board-none = None
calendar-more = { $n } more
calendar-count = { $n ->
    [one] One this month
   *[other] { $n } this month
 }
calendar-empty = Nothing this month.
timeline-months = Months
timeline-dateless = No date
map-open = See them on the map
list-map-failed = The map could not be opened. The list below says the same.
map-found = {"{"}n{"}"} on the map.
places-under = { $n ->
    [one] One place under it
   *[other] { $n } places under it
 }
place-desk-empty = There is nothing of this place that you may see.
counted-of = { $n } in all
counted-hidden = { $n ->
    [one] One more is outside of what you may see.
   *[other] { $n } more are outside of what you may see.
 }
counted-more = There are too many to list all.
figures-title = Figures
figures-list = See the list
figures-note = Figures without a period are those of now; those by month are summed from { $x } to { $y }. A figure opens its records, a heading its rule.
figures-empty = There is nothing to count yet.
today = today
