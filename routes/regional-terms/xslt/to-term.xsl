<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws a dictionary or one of its items; a dictionary's Id is its code, an item's is that of the dictionary, a bar and its code. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="urn:changbai:canonical:1">
  <xsl:output encoding="UTF-8"/>
  <xsl:param name="document-type"/>
  <xsl:variable name="id" select="normalize-space(/*/Id/@value)"/>
  <xsl:variable name="code" select="normalize-space(/*/Code/@value)"/>
  <xsl:variable name="name" select="normalize-space(/*/Name/@value)"/>
  <xsl:variable name="catalogue" select="normalize-space(/*/FkCatalogId/@value)"/>

  <xsl:template match="/*">
    <request>
      <xsl:choose>
        <xsl:when test="contains($document-type, 'Catalog') and contains($document-type, 'Detail')">
          <valueSet><xsl:value-of select="$id"/></valueSet>
        </xsl:when>
        <xsl:when test="contains($document-type, 'Catalog')"><xsl:call-template name="catalogue"/></xsl:when>
        <xsl:when test="contains($document-type, 'Detail')">
          <valueSet><xsl:value-of select="substring-before($id, '|')"/></valueSet>
          <code><xsl:value-of select="substring-after($id, '|')"/></code>
          <xsl:call-template name="bar"/>
        </xsl:when>
        <xsl:otherwise><xsl:call-template name="item"/></xsl:otherwise>
      </xsl:choose>
    </request>
  </xsl:template>

  <xsl:template name="catalogue">
    <xsl:if test="$id and $code and $id != $code">
      <xsl:message terminate="yes">字典类别的标识就是它的代码，不能把 <xsl:value-of select="$id"/> 改成 <xsl:value-of select="$code"/>：请用新代码注册新类别，再删除原类别</xsl:message>
    </xsl:if>
    <valueSet>
      <xsl:value-of select="$id"/>
      <xsl:if test="not($id)"><xsl:value-of select="$code"/></xsl:if>
    </valueSet>
    <valueSetName><xsl:value-of select="$name"/></valueSetName>
    <parent><xsl:value-of select="ParentId/@value"/></parent>
    <kind><xsl:value-of select="Type/@value"/></kind>
  </xsl:template>

  <xsl:template name="item">
    <xsl:variable name="own" select="substring-after($id, '|')"/>
    <xsl:if test="$id"><xsl:call-template name="bar"/></xsl:if>
    <xsl:if test="$id and ($code and $own != $code or $catalogue and substring-before($id, '|') != $catalogue)">
      <xsl:message terminate="yes">字典项的标识是“字典类别|代码”，类别与代码不能更改：请新增一项，再删除 <xsl:value-of select="$id"/></xsl:message>
    </xsl:if>
    <valueSet>
      <xsl:value-of select="substring-before($id, '|')"/>
      <xsl:if test="not($id)"><xsl:value-of select="$catalogue"/></xsl:if>
    </valueSet>
    <entries>
      <code>
        <xsl:value-of select="$own"/>
        <xsl:if test="not($id)"><xsl:value-of select="$code"/></xsl:if>
      </code>
      <name><xsl:value-of select="$name"/></name>
    </entries>
  </xsl:template>

  <xsl:template name="bar">
    <xsl:if test="not(contains($id, '|'))">
      <xsl:message terminate="yes">字典项的标识应写成“字典类别|代码”，如 GB/T 2261.1|2；收到的是 <xsl:value-of select="$id"/></xsl:message>
    </xsl:if>
  </xsl:template>
</xsl:stylesheet>
