<?xml version="1.0" encoding="UTF-8"?>
<!-- Writes the flat reply of the area services whole, a refusal included. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/c:answer">
    <data>
      <xsl:for-each select="c:item">
        <AreaBaseInfo>
          <Id value="{c:areaId}" descr="区域标识"/>
          <Code value="{c:areaId}" descr="区域代码"/>
          <Name value="{c:name}" descr="区域名称"/>
          <Pid value="{c:parent}" descr="上级区域标识"/>
          <BuildTime value="{c:built}" descr="建立时间"/>
          <AreaCancellationDate value="{c:cancelled}" descr="撤销日期"/>
          <AreaCancelReason value="{c:cancelReason}" descr="撤销原因"/>
          <HistoryAreaId value="{c:history}" descr="历史区域标识"/>
          <xsl:call-template name="detail"/>
        </AreaBaseInfo>
      </xsl:for-each>
      <xsl:if test="not(c:item)">
        <AreaBaseInfo>
          <Id value="" descr="区域标识"/>
          <xsl:call-template name="detail"/>
        </AreaBaseInfo>
      </xsl:if>
    </data>
  </xsl:template>

  <xsl:template name="detail">
    <Detail value="{/c:answer/@verdict}" descr="{/c:answer/@text}"/>
  </xsl:template>
</xsl:stylesheet>
