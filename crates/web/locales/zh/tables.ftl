# 表格、月份、上级和分项
rows-row = 第{ $n }行
rows-more = 再加几行
rows-none = 没有填写
fault-not-month = 请写月份，例如2026-11。
fault-not-rows = 这里要逐行填写表格。
fault-no-row = 缺少“{ $x }”这一行。
fault-row-twice = “{ $x }”填了两行，请合并成一行。
fault-least-rows = 太少，至少填{ $n }行。
fault-most-rows = 太多，最多填{ $n }行。
parts-title = 分项
parts-of = 上级
parts-total = 共{ $n }项，办结{ $done }项
parts-add = 新增：{ $x }
parts-under = 属于
parts-more = 还有{ $n }项
