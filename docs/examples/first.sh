#!/bin/sh
# 取一份示例，换成本机构的代码（good.xml），再做一份性别代码写错的（wrong.xml）。参数：平台地址 机构代码
set -e
curl --silent --fail "$1/services/types/C0002.xml" | sed "s/DEMO-HOSPITAL/$2/g" > good.xml
sed 's/administrativeGenderCode code="[0-9]"/administrativeGenderCode code="7"/' good.xml > wrong.xml
