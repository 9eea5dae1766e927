# 管理员命令的用语
file-missing = 没有 { $file }
file-denied = 当前用户无权读写 { $file }：请用运行本县服务的用户执行
file-full = { $file } 写不进去：磁盘已满。请清理或换一个位置，再运行一次
file-fault = { $file }：{ $why }
system-full = 磁盘已满：请清理后再运行一次（{ $why }）
system-fault = 系统提示：{ $why }
data-needed = 请再给出 --data 目录：附件和主密钥放在目录里，不在数据库里

# 目录里有什么
place-nothing = { $dir } 里没有县的数据：请先载入（gongzhi load），或运行演示（gongzhi demo）
place-restoring = 恢复（或迁移）到 { $dir } 时中断了，这里还没有完整的数据：请用同一份备份再运行一次，会从头开始
place-taken = { $dir } 正在重建、恢复或更换主密钥：请等它结束
place-served = { $dir } 上有服务在运行，或正在备份：请先停下
place-emptied = { $dir } 里本县的数据库是空的，内容已经丢失：请恢复最近的备份（gongzhi restore --data { $dir }）。没有作任何改动
place-lost = { $dir } 里本县的数据库不见了（还留有 { $left }）：请恢复最近的备份（gongzhi restore --data { $dir }）。要建另一个县，请换一个目录。没有作任何改动
place-held = { $dir } 里已经有县的数据：没有作任何改动，请换一个目录
place-left = { $dir } 里留有另一个数据库的 { $left }：请先移开，再运行一次
database-empty = 数据库里没有县的数据：请先载入（gongzhi load）
database-lost = 数据库里没有县 { $county }，而 { $dir } 里留有一个县的 { $left }：请核对地址；地址没错就是数据丢了，请恢复最近的备份。要建另一个县，请换一个目录。没有作任何改动
database-other = 数据库里没有县 { $county }，只有 { $held }
database-several = 数据库里有几个县，请用 --county 选一个（{ $held }）

# 数据库出错
store-full = 数据库所在磁盘已满：请清理或扩容，再运行一次；没有作任何改动
store-conflict = 别的程序先写入了：请再运行一次
store-corrupt = 数据库损坏：{ $why }。请先运行 gongzhi doctor --deep；只涉及清单、指标或搜索时，用 gongzhi rebuild 重建，否则请恢复最近的备份（gongzhi restore）
store-rotating = 正在更换主密钥：请等它结束后再启动
store-held = 还有程序连着本县的数据库：{ $by }
store-held-others = 还有程序连着本县的数据库：{ $by }：请先停下；不再响应的用 --cut-off 断开，之后要重新启动
store-cut-off = 本服务离线期间更换了主密钥，已被断开：请重新启动
store-away = 连不上 PostgreSQL：{ $why }。请确认它在运行、地址没有写错，再运行一次
store-engine = 数据库出错：{ $why }

# 主密钥
key-unreadable = 读不到主密钥 { $at }：{ $why }；请把留存的那一把放回去，或用 { $variable } 给出
key-none = { $at } 不是主密钥（应为 64 位十六进制数字）
key-unwritten = 主密钥写不到 { $at }：{ $why }
key-foreign = 主密钥不是本县的：没有作任何改动；请用建库时留存的那一把
key-other = { $file } 是另一把主密钥：请移开后再恢复
rotate-variable = 主密钥来自 { $variable }：请把它写进数据目录的 { $file }，取消这个变量，再更换
rotate-old = 旧密钥留在 { $file }：以前的备份只能用它打开
rotated = { $keys } 把事项密钥和 { $secrets } 项机密已改用新的主密钥
rotate-copy = 请把 { $file } 另存一份，不要和备份放在一起

# 备份、恢复、迁移
archive-damaged = 备份损坏：{ $why }；请用另一份备份
archive-list = 删除清单有误（{ $why }）：请重新导出（gongzhi erasures export）或换一份；备份没有问题，也没有作任何改动
archive-other-list = 删除清单是县 { $list } 的，本县是 { $held }：请用本县的清单；没有作任何改动
archive-newer = 备份是更新的版本写的（格式 { $format }）：请安装那个版本
archive-not-empty = 目标里已经有一个县，{ $n } 条记录：没有作任何改动，请换一个
archive-no-recipient = “{ $given }”不是接收人公钥（age1…）：可用 gongzhi backup keygen 生成
archive-no-identity = 文件里没有私钥（AGE-SECRET-KEY-1…）：请给出 gongzhi backup keygen 写出的文件
archive-locked = 备份是加密给别的接收人的：请给出其中一人的私钥
archive-no-key = 备份里没有主密钥：请用 --master-key 给出本县的主密钥文件
archive-moved = 迁移期间来源有了新的记录：请停下它的服务再迁移
backup-where = 请写明存到哪里：--to 文件
backup-rotating = 正在更换主密钥：请等它结束后再备份
backup-no-files = 没有给出 --data 目录，备份里不含附件
backup-there = { $file } 已经存在：请换一个名字
backup-damaged = 附件 { $file } 在磁盘上已损坏，没有备份
backup-missing = 条目里提到的附件 { $file } 不在磁盘上，没有备份
backed-up = { $entries } 条记录，{ $answers } 个答复，{ $keys } 把密钥，{ $files } 个附件；树根 { $root }
restored = { $entries } 条记录核对并恢复，{ $answers } 个答复，{ $keys } 把密钥，{ $files } 个附件；树根 { $root }
restored-erased = 按删除清单，{ $n } 把密钥仍是销毁的
restored-no-list = 没有给出删除清单：备份之后删除的内容又能读到了；参见 gongzhi erasures
moved = { $entries } 条记录已迁移，{ $answers } 个答复，{ $keys } 把密钥，{ $files } 个附件；树根 { $root } 不变
move-missing = 条目里提到的附件 { $file } 不在来源里
move-damaged = 附件 { $file } 在来源里已损坏，没有迁移
move-left = { $waiting } 件待发通知和 { $dead } 件发不出去的通知留在来源：要让人收到，请先在来源上发完再迁移
move-source = 来源没有变；两处只能运行一处
erasures-listed = 到第 { $size } 条为止共删除 { $n } 件
erasures-applied = 销毁了 { $n } 把密钥
seen-older = 账本有 { $held } 条，本机看到过 { $size } 条：这里放的是旧的数据；请恢复更新的备份，确实要用旧数据时把 { $file } 移开
seen-other = 账本前 { $size } 条与本机看到过的不同：账本被换过或改过；请运行 gongzhi doctor 和 gongzhi verify，确实如此时把 { $file } 移开

# 载入、重建、复算等
loaded = 县 { $county } 已载入：{ $documents } 件制度文件，账本共 { $entries } 条
load-file = 读不了 { $file }：{ $why }
load-row = { $file } 第 { $line } 行：{ $why }
load-documents = 制度文件有问题：
    { $faults }
demo-no-counties = 这里的 counties/ 下没有县的资料：请在程序的代码目录里运行演示，或用 --county 和 --mechanisms 指明目录
clock-behind = 本机时钟比最后一条记录早 { $minutes } 分钟：请校准时钟（NTP）；时钟没错而那条记录日期超前时，请运行 gongzhi log resume
progress = { $what }：{ $done } / { $of }（{ $share }%），每秒 { $rate }
progress-rebuild = 重建
progress-restore = 恢复
progress-recount = 核对
progress-entries = 账本
progress-answers = 办理结果
progress-keys = 密钥
progress-files = 附件
rebuilt = { $entries } 条记录、{ $records } 件事项、{ $figures } 个指标已重建，每秒 { $rate } 条
rebuild-cannot = 清单和指标重建不了，数据库本身已损坏：{ $why }。请恢复最近的备份（gongzhi restore）
recounted = 核对了 { $entries } 条记录、{ $records } 件事项、{ $figures } 个指标，{ $differ } 个不同；其余 { $others } 处不同
recount-figure = 保存 { $kept }，复算 { $counted }
recount-strange = 与条目不符
recount-no-key = 没有主密钥（--data 目录），收件码没有核对
recount-moved = 核对时有新的条目写入：请停止服务再核对一次，然后再重建
recount-rebuild = 运行 gongzhi rebuild 会按条目重新写出
serve-address = 不能在 { $at } 上提供服务：{ $why }
no-record = 没有事项 { $record }
no-account = 没有账号 { $login }
not-checkpoint = { $file } 不是校验点
not-keys = { $file } 不是密钥清单（每行一把）
burden-no-files = { $dir } 里没有 volumes.toml 或 budget.toml
outgoing-host = “{ $host }”不是主机名：不要写 http:// 和路径
outgoing-not-allowed = “{ $host }”本来就没有允许
outgoing-no-mail = 没有设置邮件服务器：请用 gongzhi outgoing mail
