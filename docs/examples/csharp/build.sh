#!/bin/sh
# 生成代理类并编译。Visual Studio 2005 以来的“添加 Web 引用”做的是同一件事；.NET 2.0 SDK 的命令与此相同（csc 代替 mcs）。
set -e
wsdl -nologo -namespace:Changbai -out:DataCollection.cs "$1?wsdl"
mcs -nologo -langversion:ISO-2 -r:System.Web.Services -out:Upload.exe Upload.cs DataCollection.cs
