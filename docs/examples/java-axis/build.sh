#!/bin/sh
# 用 Axis 1.4 从 WSDL 生成存根并编译。类路径按 Debian 的 libaxis-java；自己下载的 Axis 1.4 换成其 lib 目录。
set -e
CLASSPATH=$(printf '%s:' /usr/share/java/axis.jar /usr/share/java/axis-jaxrpc.jar /usr/share/java/axis-saaj.jar \
    /usr/share/java/wsdl4j.jar /usr/share/java/commons-logging.jar /usr/share/java/commons-discovery.jar \
    /usr/share/java/javax.activation.jar /usr/share/java/javax.mail.jar).
export CLASSPATH
java org.apache.axis.wsdl.WSDL2Java -o . -p changbai "$1?wsdl"
javac -nowarn -encoding UTF-8 -d . Upload.java changbai/*.java 2>/dev/null
