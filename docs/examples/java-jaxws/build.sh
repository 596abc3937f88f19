#!/bin/sh
# 用 wsimport 从 WSDL 生成代理类并编译。JDK 6 到 8 自带 JAX-WS；JDK 11 以后另装 jaxws-ri（Debian：jaxws、libjaxws-java）。
set -e
CLASSPATH=$(printf '%s:' /usr/share/java/jaxws-rt.jar /usr/share/java/jaxws-api.jar /usr/share/java/jaxb-api.jar \
    /usr/share/java/javax.jws.jar /usr/share/java/javax.annotation-api.jar).
export CLASSPATH
wsimport -quiet -Xnocompile -p changbai -d . "$1?wsdl"
javac -nowarn -encoding UTF-8 -d . Upload.java changbai/*.java
