<?xml version="1.0" encoding="UTF-8"?>
<!-- Write a laboratory report the way the record library keeps it; everything else is copied as it came.
     1. Identity numbers end in a capital X and stand without blanks, so that a resident is found whatever was typed.
     2. The display name of the gender follows its code, which the table may just have translated (GB/T 2261.1). -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:hl7="urn:hl7-org:v3">
  <xsl:output method="xml" encoding="UTF-8"/>

  <!-- Attributes are copied in one go: a template for each of them would cost twice as much. -->
  <xsl:template match="*">
    <xsl:copy>
      <xsl:copy-of select="@*"/>
      <xsl:apply-templates/>
    </xsl:copy>
  </xsl:template>

  <xsl:template match="comment()|processing-instruction()">
    <xsl:copy/>
  </xsl:template>

  <xsl:template match="hl7:id[@root = '2.16.156.10011.1.3'][@extension]">
    <xsl:copy>
      <xsl:copy-of select="@*"/>
      <xsl:attribute name="extension"><xsl:value-of select="translate(normalize-space(@extension), 'x', 'X')"/></xsl:attribute>
    </xsl:copy>
  </xsl:template>

  <xsl:template match="hl7:administrativeGenderCode[@code]">
    <xsl:copy>
      <xsl:copy-of select="@*"/>
      <xsl:attribute name="displayName">
        <xsl:choose>
          <xsl:when test="@code = '1'">男性</xsl:when>
          <xsl:when test="@code = '2'">女性</xsl:when>
          <xsl:when test="@code = '9'">未说明的性别</xsl:when>
          <xsl:otherwise>未知的性别</xsl:otherwise>
        </xsl:choose>
      </xsl:attribute>
      <xsl:apply-templates/>
    </xsl:copy>
  </xsl:template>
</xsl:stylesheet>
