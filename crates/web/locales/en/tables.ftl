# Tables, months, records above and parts
rows-row = Row { $n }
rows-more = More rows
rows-none = Nothing filled in
fault-not-month = Write a month, such as 2026-11.
fault-not-rows = Fill in this table row by row.
fault-no-row = The row “{ $x }” is missing.
fault-row-twice = “{ $x }” has two rows; make them one.
fault-least-rows = Too few: at least { $n } rows.
fault-most-rows = Too many: at most { $n } rows.
parts-title = Parts
parts-of = Part of
parts-total = { $n } in all, { $done } closed
parts-add = Add: { $x }
parts-under = Belongs to
parts-more = { $n } more
