#!/bin/sh
# 参数：地址 机构代码 密码 文档编号 正确的.xml 有错的.xml
exec node upload.js "$@"
