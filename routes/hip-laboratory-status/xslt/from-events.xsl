<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with one subject for each laboratory request: its latest message, with the steps of all its events. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns:h="urn:hl7-org:v3" xmlns="urn:hl7-org:v3" exclude-result-prefixes="c h">
  <xsl:output encoding="UTF-8"/>
  <xsl:key name="events" match="c:item" use="c:number"/>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:apply-templates select="c:item[generate-id() = generate-id(key('events', c:number)[1])]/c:body/h:subject"/>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="@* | node()">
    <xsl:copy><xsl:apply-templates select="@* | node()"/></xsl:copy>
  </xsl:template>

  <xsl:template match="h:observationReport/h:specimen[1]/h:specimen">
    <xsl:copy>
      <xsl:copy-of select="@* | *[not(self::h:subjectOf1)]"/>
      <xsl:for-each select="key('events', ancestor::c:item/c:number)">
        <xsl:sort select="c:at"/>
        <xsl:copy-of select="c:body/h:subject/h:observationReport/h:specimen/h:specimen/h:subjectOf1"/>
      </xsl:for-each>
    </xsl:copy>
  </xsl:template>
</xsl:stylesheet>
