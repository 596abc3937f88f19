<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws an administrative area, or which areas are asked for; an area's Id is its code. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="urn:changbai:canonical:1">
  <xsl:output encoding="UTF-8"/>
  <xsl:param name="document-type"/>

  <xsl:template match="/*">
    <xsl:variable name="id" select="normalize-space(Id/@value)"/>
    <xsl:variable name="code" select="normalize-space(Code/@value)"/>
    <xsl:if test="$id and $code and $id != $code">
      <xsl:message terminate="yes">行政区域的标识就是它的代码，不能把 <xsl:value-of select="$id"/> 改成 <xsl:value-of select="$code"/>：请用新代码注册新区域，并在 HistoryAreaId 写原区域</xsl:message>
    </xsl:if>
    <request>
      <xsl:choose>
        <xsl:when test="$document-type = 'areaChildrenRegistryQuery'"><parent><xsl:value-of select="$id"/></parent></xsl:when>
        <xsl:when test="$document-type = 'areaHistoryRegistryQuery'">
          <areaId><xsl:value-of select="normalize-space(HistoryId/@value)"/></areaId>
        </xsl:when>
        <xsl:otherwise>
          <areaId>
            <xsl:value-of select="$id"/>
            <xsl:if test="not($id)"><xsl:value-of select="$code"/></xsl:if>
          </areaId>
          <parent><xsl:value-of select="Pid/@value"/></parent>
        </xsl:otherwise>
      </xsl:choose>
      <name><xsl:value-of select="Name/@value"/></name>
      <built><xsl:value-of select="BuildTime/@value"/></built>
      <cancelled><xsl:value-of select="AreaCancellationDate/@value"/></cancelled>
      <cancelReason><xsl:value-of select="AreaCancelReason/@value"/></cancelReason>
      <history><xsl:value-of select="HistoryAreaId/@value"/></history>
    </request>
  </xsl:template>
</xsl:stylesheet>
