# 居民页面
home-title = 有事请说，件件有回音
home-lead = 路灯不亮、污水外溢、邻里纠纷、政策疑问……您反映，相关单位按时限办理并答复，办得好不好由您评。
home-report = 我要反映
home-report-note = 一分钟填完，不用注册
home-follow = 查进度
home-follow-button = 查询
home-follow-note = 查询码印在您的回执上。
find-lead = 输入回执上的查询码，看办到哪一步、由谁办、几时办完；也在这里补充、评价。
find-code = 查询码
find-help = 共16位，印在您的回执上；字母不分大小写，不用输入横线。
find-lost = 查询码找不到了，请打热线：
find-report = 还没有反映？现在反映
home-code-example = 查询码
home-rates = { $x }全县办理情况
home-rates-all = 各单位的办理情况
home-how = 怎么办理
home-ways = 其他途径

report-title = 反映一件事
report-lead = 说清是什么事、在哪里就可以。提交后会得到查询码，凭码查进度。
report-scanned = 您扫的是“{ $x }”的二维码，地点已填好，可以修改。

receipt-name = 收件回执
receipt-title = 已收到您的反映
receipt-at = 收到时间：{ $x }
receipt-code = 查询码
receipt-keep = 请记下或拍下查询码。凭码可以查进度、补充、评价；别人没有码看不到。
receipt-qr = 扫码查进度
receipt-next = 接下来
receipt-what = 您反映的内容
receipt-verify = 凭核验码核验真伪：{ $x }，或扫上面的核验码。核验只证明时间和事项标识，请与下面的标识比对；不证明纸上的文字。
receipt-record = 事项标识：
receipt-url = 查询网址：
receipt-follow = 查看进度
receipt-print = 打印回执
receipt-copy = 复制查询码
receipt-copied = 已复制
receipt-share = 分享
receipt-print-hint = 需要纸质回执，用浏览器菜单里的“打印”即可。

follow-owner = 现在由谁办
follow-due = 时限
follow-answer = 答复
follow-steps = 您可以
follow-events = 办理过程
follow-facts = 您反映的内容
follow-receipt = 再看回执
stage-done = （已完成）

rates-title = 各单位办理情况
rates-lead = 数字由办理记录直接算出，随办随更新；下面写明每个数字的计算规则。
rates-rules = 怎么算的

why-title = 时限是怎么算的
why-by = ，依据
why-days = 逐日计算
why-note = 时限由规则和工作日历自动算出，任何人不能手工改动；延期须经批准并记入办理过程。

# 本人信息
own-title = 您的个人信息
own-audience = 可查看的岗位：{ $x }
own-until = 保存到 { $x }，到期自动删除。
own-open = 事项办理期间保存；办结满{ $x }自动删除（《个人信息保护法》第十九条）。
own-open-staff = 在岗期间保存；离岗满{ $x }自动删除（《个人信息保护法》第十九条）。
own-none = 这里已没有您的个人信息。
own-looks = 谁看过
own-looks-none = 还没有人查看过。
own-look-purpose = 用途：{ $x }
own-erase = 删除个人信息
erase-title = 删除个人信息
erase-lead = 删除后任何人都无法恢复，包括管理员和备份。将删除：
erase-stays = 事项内容、办理过程和评价仍会保留，但不再与这些信息关联；单位也不能再据此联系本人。
erase-reason = 删除原因
erase-reason-help = 写入办理过程，请不要写姓名、电话。
erase-reason-usual = 本人要求删除
