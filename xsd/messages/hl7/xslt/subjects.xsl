<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with the subjects as they came in. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns="urn:hl7-org:v3" exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:copy-of select="c:item/c:body/*"/>
    </controlActProcess>
  </xsl:template>
</xsl:stylesheet>
