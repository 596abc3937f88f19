<?xml version="1.0" encoding="UTF-8"?>
<!-- Writes the flat reply of the dictionary services whole, a refusal included. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/c:answer[contains(@action, 'Catalog')]">
    <data>
      <xsl:for-each select="c:item">
        <DictCatalog>
          <Id value="{c:valueSet}" descr="字典类别标识"/>
          <Code value="{c:valueSet}" descr="字典类别代码"/>
          <Name value="{c:valueSetName}" descr="字典类别名称"/>
          <ParentId value="{c:parent}" descr="上级类别标识"/>
          <Type value="{c:kind}" descr="字典类型"/>
          <xsl:call-template name="detail"/>
        </DictCatalog>
      </xsl:for-each>
      <xsl:if test="not(c:item)">
        <DictCatalog>
          <Id value="" descr="字典类别标识"/>
          <xsl:call-template name="detail"/>
        </DictCatalog>
      </xsl:if>
    </data>
  </xsl:template>

  <xsl:template match="/c:answer[not(contains(@action, 'Catalog'))]">
    <data>
      <xsl:for-each select="c:item/c:entries">
        <DictItem>
          <Id value="{concat(../c:valueSet, '|', c:code)}" descr="字典项标识"/>
          <Code value="{c:code}" descr="字典项代码"/>
          <Name value="{c:name}" descr="字典项名称"/>
          <FkCatalogId value="{../c:valueSet}" descr="字典类别标识"/>
          <xsl:call-template name="detail"/>
        </DictItem>
      </xsl:for-each>
      <xsl:if test="not(c:item/c:entries)">
        <DictItem>
          <Id value="" descr="字典项标识"/>
          <xsl:call-template name="detail"/>
        </DictItem>
      </xsl:if>
    </data>
  </xsl:template>

  <xsl:template name="detail">
    <Detail value="{/c:answer/@verdict}" descr="{/c:answer/@text}"/>
  </xsl:template>
</xsl:stylesheet>
