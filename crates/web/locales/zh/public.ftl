# 村（社区）公示页
public-title = { $x }公示
public-months = 月份
public-none = { $x }还没有公示的内容。
public-nothing = 这里还没有公示的内容。
public-say = 我来确认、评价
public-code = 拿到查询码的群众
public-office = 村民代表在工作台评议。
public-desk = 去工作台
public-under = 下面的乡镇、村（社区）
public-facts = 公示内容
public-parts = 共 { $n } 条，逐条可以核对
by-code = 凭查询码
home-public = 村（社区）公示
home-public-note = 看看本村党员这个月承诺办什么、办到哪一步
place-board = 公示
receipt-given-title = 查询码已生成
receipt-given-keep = 请把查询码交给本人，由本人拍下或者抄下。凭码可以查看、确认、评价；别人没有码看不到。
receipt-given-what = 登记内容
follow-given-facts = 登记内容
follow-opened = 每期开出的事项

# 按期开出
rounds-title = 按期开出
rounds-lead = 规则写明每期自动开出的事项。中断了会接着开，不会重复。
rounds-none = 没有按期自动开出的事项。
rounds-last = 最近一期
rounds-never = 还没有开过
rounds-next = 下一期
rounds-rule = 依据
rounds-records = 看这些事项
rounds-running = 正在开出：已过 { $seen } / { $total }，已开 { $opened }（{ $at }开始）
rounds-ended = 本机最近一次：共 { $total }，新开 { $opened }（{ $at }完成）
rounds-again = 补开本期
rounds-again-note = 本期开出以后才登记的，补开给他们；已经开过的不会重复。
rounds-done = 本期已经补开。
rounds-early = 本期还没有到开出的日子。
record-code = 再看查询码
