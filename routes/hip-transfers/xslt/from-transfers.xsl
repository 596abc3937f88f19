<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with transfers: asked for, they stand as two locations, first the one left (location2), then the one entered (location1). -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns:h="urn:hl7-org:v3" xmlns="urn:hl7-org:v3" exclude-result-prefixes="c h">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:apply-templates select="c:item/c:body/h:subject"/>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="@* | node()">
    <xsl:copy><xsl:apply-templates select="@* | node()"/></xsl:copy>
  </xsl:template>

  <xsl:template match="h:encounterEvent">
    <xsl:copy>
      <xsl:copy-of select="@* | h:id"/>
      <!-- Only inpatients are transferred: the kind of visit needs no node of the message. -->
      <code code="3" codeSystem="2.16.156.10011.2.3.1.271" codeSystemName="患者类型代码表"><displayName value="住院"/></code>
      <xsl:copy-of select="*[not(self::h:id or self::h:code or self::h:location1 or self::h:location2)]"/>
      <xsl:apply-templates select="h:location2"/>
      <xsl:apply-templates select="h:location1"/>
    </xsl:copy>
  </xsl:template>

  <xsl:template match="h:location1 | h:location2">
    <location><xsl:copy-of select="@* | node()"/></location>
  </xsl:template>
</xsl:stylesheet>
