# 工作台
sign-in-title = 登录工作台
sign-in-lead = 供综治中心、乡镇、部门工作人员使用。居民反映事项不用登录。
sign-in-demo = 演示账号
sign-in-demo-note = 人物均为虚构，只在演示环境中出现。

inbox-title = 收件箱
search-title = 全部事项
search-shown = 第{ $from }–{ $to }件，共{ $n }件
search-shown-more = 第{ $from }–{ $to }件，共{ $n }件以上
new-title = 新登记
new-lead = 代来访、来电群众登记。登记前请先看有没有同一件事。
new-check = 查找相似事项
new-duplicates-none-yet = 填好内容和地点后，在这里列出附近、近期、用词相近的事项。
new-duplicates-none = 没有发现相似事项。

col-due = 时限
col-subject = 事项
col-place = 地点
col-state = 状态
col-owner = 承办
col-when = 时间
col-who = 人员
col-record = 事项
col-fields = 看了什么
col-purpose = 用途

record-actions = 办理
record-no-actions = 现在没有需要您办的步骤。
record-facts = 登记内容
record-personal = 个人信息
record-unmask = 查看完整信息
record-unmask-note = 须说明用途。每次查看都会记录查看人、时间和用途，当事人和审计人员可以查询。
record-looked = 已按您说明的用途显示，本次查看已记录。离开本页后恢复遮盖。
record-looks = 查看记录
record-events = 办理过程
record-personal-none = 没有：没有填写过，或者已经删除。
record-deadlines = 时限与计算过程
record-duplicates = 可能是同一件事
record-related = 关联事项
record-part-of = 属于
record-version = 办理规则：

dashboard-title = 全县情况
dashboard-as-of = 截至 { $x }
dashboard-open = 正在办理
dashboard-legend-open = 在办
dashboard-legend-late = 其中超期
dashboard-overdue = 超期最久

looks-title = 个人信息查看记录
looks-lead = 谁在什么时候、为什么看了哪些个人信息。
looks-none = 没有符合条件的查看记录。
looks-empty = 还没有人查看过。

account-title = 我的账号
account-sign-out = 退出登录
account-posts = 岗位
account-acting = 当前岗位
account-act = 切换到此岗位
account-sessions = 登录情况
account-looks = 我查看个人信息的记录
account-password = 修改密码
