<?xml version="1.0" encoding="UTF-8"?>
<!-- Write a laboratory report the way the record library keeps it; everything else is copied as it came.
     1. An identity number ends in a capital X, so that a resident is found whatever the hospital typed.
     2. Blanks around codes and code systems go; many systems pad them to a fixed width. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:hl7="urn:hl7-org:v3">
  <xsl:output method="xml" encoding="UTF-8"/>

  <xsl:template match="@*|node()">
    <xsl:copy>
      <xsl:apply-templates select="@*|node()"/>
    </xsl:copy>
  </xsl:template>

  <xsl:template match="hl7:id[@root='2.16.156.10011.1.3']/@extension">
    <xsl:attribute name="extension"><xsl:value-of select="translate(normalize-space(.), 'x', 'X')"/></xsl:attribute>
  </xsl:template>

  <xsl:template match="@code|@codeSystem">
    <xsl:attribute name="{local-name()}"><xsl:value-of select="normalize-space(.)"/></xsl:attribute>
  </xsl:template>
</xsl:stylesheet>
