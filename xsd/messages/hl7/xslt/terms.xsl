<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws value sets with their items, and what a query of terms asks. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                xmlns="urn:changbai:canonical:1" exclude-result-prefixes="h">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/*">
    <request>
      <xsl:apply-templates select="h:controlActProcess/h:queryByParameter/h:valueSet | h:controlActProcess/h:subject/h:registrationRequest"/>
    </request>
  </xsl:template>

  <xsl:template match="h:registrationRequest">
    <authorId><xsl:value-of select="h:author/h:assignedEntity/h:id/h:item/@extension"/></authorId>
    <authorName><xsl:value-of select="h:author/h:assignedEntity/h:assignedPerson/h:name/h:item/h:part/@value"/></authorName>
    <xsl:for-each select="h:subject1/h:valueSet">
      <entry>
        <valueSet><xsl:value-of select="h:id/@extension"/></valueSet>
        <valueSetName><xsl:value-of select="h:desc/@value"/></valueSetName>
        <version><xsl:value-of select="h:version/@code"/></version>
        <versionName><xsl:value-of select="h:version/h:displayName/@value"/></versionName>
        <status><xsl:value-of select="h:statusCode/@code"/></status>
        <xsl:for-each select="h:valueSetItems">
          <entries>
            <code><xsl:value-of select="h:code/@code"/></code>
            <name><xsl:value-of select="h:code/h:displayName/@value"/></name>
            <status><xsl:value-of select="h:statusCode/@code"/></status>
          </entries>
        </xsl:for-each>
      </entry>
    </xsl:for-each>
  </xsl:template>

  <xsl:template match="h:queryByParameter/h:valueSet">
    <valueSet><xsl:value-of select="h:id/@extension"/></valueSet>
    <version><xsl:value-of select="h:version/@code"/></version>
    <code><xsl:value-of select="h:valueSetItems/h:code/@code"/></code>
  </xsl:template>
</xsl:stylesheet>
