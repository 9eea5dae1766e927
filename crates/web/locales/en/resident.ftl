# Residents' pages
home-title = Tell us. Every matter gets an answer.
home-lead = A dark street lamp, overflowing sewage, a quarrel between neighbours, a question about a rule: report it, the office in charge must act and answer in time, and you rate the result.
home-report = Report a matter
home-report-note = Takes a minute, no account needed
home-follow = Follow a matter
home-follow-button = Look up
home-follow-note = The code is on your receipt.
find-lead = Type the code on your receipt to see how far it is, who has it and by when; there you add to it and rate it.
find-code = Receipt code
find-help = 16 characters, printed on your receipt; capitals and dashes do not matter.
find-lost = If you have lost the code, call the hotline:
find-report = Nothing reported yet? Report a matter
home-code-example = Receipt code
home-rates = The whole county in { $x }
home-rates-all = Every office’s record
home-how = How it works
home-ways = Other ways

report-title = Report a matter
report-lead = Say what it is and where. You get a code with which you can follow it.
report-scanned = You scanned the code of “{ $x }”. The place is filled in; you can change it.

receipt-name = Receipt
receipt-title = We have received your report
receipt-at = Received { $x }
receipt-code = Receipt code
receipt-keep = Write the code down or take a photo of it. With it you can follow, add to and rate the matter; without it nobody can see it.
receipt-qr = Scan to follow
receipt-next = What happens next
receipt-what = What you reported
receipt-verify = To check that it is genuine: { $x }, or scan the larger code above. The check proves the time and the identifier, to be compared with the one below; it does not prove the words on this paper.
receipt-record = Identifier:
receipt-url = Follow it at
receipt-follow = Follow it
receipt-print = Print the receipt
receipt-copy = Copy the code
receipt-copied = Copied
receipt-share = Share
receipt-print-hint = For a paper receipt, use “Print” in your browser’s menu.

follow-owner = Who has it now
follow-due = By when
follow-answer = The answer
follow-steps = What you can do
follow-events = What happened so far
follow-facts = What you reported
follow-receipt = See the receipt again
stage-done = (done)

rates-title = Every office’s record
rates-lead = Computed straight from the records, up to this moment. Each rate says how.
rates-rules = How they are computed

why-title = How this deadline was computed
why-by = {" "}under{" "}
why-days = Day by day
why-note = Deadlines follow from the rules and the calendar of working days; nobody can set them by hand. An extension needs approval and appears among the events.

# own data
own-title = Your personal data
own-audience = may be seen by: { $x }
own-until = Kept until { $x }, then erased by itself.
own-open = Kept while the matter is handled; erased by itself { $x } after it is closed (Personal Information Protection Law, art. 19).
own-open-staff = Kept while you are in service; erased by itself { $x } after you leave (Personal Information Protection Law, art. 19).
own-none = None of your personal data are held here any more.
own-looks = Who has looked
own-looks-none = Nobody has looked yet.
own-look-purpose = Purpose: { $x }
own-erase = Erase personal data
erase-title = Erase personal data
erase-lead = Once erased, nobody can bring them back, neither an administrator nor a backup. These go:
erase-stays = What was reported, what was done and the rating stay, without these data; nobody can be reached by them any more.
erase-reason = Reason
erase-reason-help = It stands among the events; please write no names or telephone numbers.
erase-reason-usual = At the person’s own request
