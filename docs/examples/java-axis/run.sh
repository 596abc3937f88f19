#!/bin/sh
# 参数：地址 机构代码 密码 文档编号 正确的.xml 有错的.xml
CLASSPATH=$(printf '%s:' /usr/share/java/axis.jar /usr/share/java/axis-jaxrpc.jar /usr/share/java/axis-saaj.jar \
    /usr/share/java/wsdl4j.jar /usr/share/java/commons-logging.jar /usr/share/java/commons-discovery.jar \
    /usr/share/java/javax.activation.jar /usr/share/java/javax.mail.jar).
export CLASSPATH
exec java -Dfile.encoding=UTF-8 Upload "$@"
