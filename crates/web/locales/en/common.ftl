# Words that all pages share
product-name = { " " }Gongzhi
service-name = Report a matter
desk-name = Desk
seal-zh = 共治
language-own-name = English

skip-to-content = Skip to content
demo-notice = Demonstration: all people and matters are invented. Do not enter real information.
nav-main = Main
nav-crumbs = You are here
nav-tabs = Sections
nav-paging = Pages
nav-months = Months
nav-place = Place
foot-preferences = Language, type size and colours
foot-help = The rules
foot-about = About this platform
foot-staff = Staff

type-normal = Standard type
type-large = Large type
theme-auto = As my device
theme-light = Light
theme-dark = Dark
preferences-lead = Kept on this device.
preferences-lang = Language
preferences-type = Type size
preferences-theme = Colours
save = Save
back = Back
submit = Submit
sending = Sending…
see-all = See all
colon = {": "}
not-given = Not given
choose = Choose
any = Any
why = Why?
optional = (optional)

error-prefix = Error:
summary-title = Some answers need mending
summary-refused = Not submitted
summary-kept = Everything you typed is still here.
text-max = { $n ->
    [one] At most { $n } character
   *[other] At most { $n } characters
}
text-left = {"{n}"} characters left
span-from = From
span-to = To
filter-label = Type a few words to find it
filter-none = Nothing matches. Try other words.
draft-saved = Draft kept on this device
draft-restored = What you had not submitted is back
draft-clear = Clear draft

purpose-summary = Why we ask, and who sees it
purpose-why = Used for
purpose-audience = Who sees it
purpose-retention = Kept for
purpose-clause = Legal basis

place-search = Name of a village, community or grid
place-none = Nothing found. Try another name.
place-none-for = Nothing found for “{ $x }”. Try another name, or choose level by level below.
place-found = {"{n}"} found
place-chosen = Chosen:
place-next = Next level
place-title = Choose a place
place-walk = Level by level
place-choose = Choose
search-button = Search
search-label = Number, words, place
point-locate = Use where I am
point-open = Choose on the map
point-typed = Type latitude and longitude
point-lat = Latitude
point-lon = Longitude
point-chosen = Chosen: {"{lat}"} north, {"{lon}"} east
point-denied = Your position is not available. Choose on the map, or describe the place in words.
photo-limits = { $n ->
    [one] One file
   *[other] Up to { $n } files
}
photo-size = , each no larger than { $x }.
photo-too-big = This file is too large. Each may be { $x } at most.
photo-too-many = { $n ->
    [one] One file only.
   *[other] { $n } files at most.
}
photo-not-image = This is not a photo.
photo-remove = Remove
photo-shrinking = Shrinking the photo…
photo-kept = Uploaded, will be kept

filters = Filters
filters-apply = Apply
filters-clear = Clear all filters
filter-remove = , remove
page-first = First page
page-next = Next
list-empty = No matters here.
live-changed = Matters changed: {"{n}"}.
live-reload = Reload

month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
weekday-1 = Mon
weekday-2 = Tue
weekday-3 = Wed
weekday-4 = Thu
weekday-5 = Fri
weekday-6 = Sat
weekday-7 = Sun
span-minutes = { $n } min
span-hours = { $n } h
span-days = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
due-left = { $x } left
due-late = { $x } late

send-waiting = The connection was cut. Sending again in {"{n}"} seconds; nothing will be submitted twice.
send-failed = It could not be sent. All you wrote is still here: check your connection and submit again.
send-progress = Progress of sending
place-locate = Find the village nearest to where I am
map-name = Map: arrow keys move it, plus and minus zoom, Enter chooses the middle
map-zoom-in = Zoom in
map-zoom-out = Zoom out
map-failed = The map could not be opened. Please describe the place in words.
dups-metres = {"{n}"} m apart
dups-likeness = {"{n}"}% alike in words
dups-found = Possibly the same thing: {"{n}"}
