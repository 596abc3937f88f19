<?xml version="1.0" encoding="UTF-8"?>
<!-- Writes the flat replies of the document services whole, a refusal included; names are spelled as the text spells them. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns="urn:hl7-org:v3" exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>
  <xsl:variable name="answer" select="/c:answer"/>

  <xsl:template match="/c:answer[@action = 'provideAndRegisterDocumentSet']">
    <RegistryResponse>
      <xsl:call-template name="ids"/>
      <xsl:for-each select="c:item">
        <Response id="{c:id}" documentUniqueId="{c:documentId}" repositoryId="{c:institutionCode}" status="{c:status}">
          <xsl:if test="string(c:url)"><xsl:attribute name="doumentUrl"><xsl:value-of select="c:url"/></xsl:attribute></xsl:if>
          <Detail><xsl:value-of select="c:detail"/></Detail>
        </Response>
      </xsl:for-each>
      <xsl:if test="not(c:item)">
        <Response id="" status="{@verdict}"><Detail><xsl:value-of select="@text"/></Detail></Response>
      </xsl:if>
    </RegistryResponse>
  </xsl:template>

  <xsl:template match="/c:answer[@action = 'getDocumentSetRetrieveInfo' or @action = 'documentExistence']">
    <GetDocumentStroedInfoResponse status="{@verdict}">
      <xsl:call-template name="ids"/>
      <xsl:for-each select="c:item">
        <DocumentSet>
          <DocumentUniqueId><xsl:value-of select="c:documentId"/></DocumentUniqueId>
          <RepositoryUniqueId><xsl:value-of select="c:institutionCode"/></RepositoryUniqueId>
          <DocumentTitle><xsl:value-of select="c:typeName"/></DocumentTitle>
          <xsl:if test="string(c:url)"><DocUrl><xsl:value-of select="c:url"/></DocUrl></xsl:if>
        </DocumentSet>
      </xsl:for-each>
      <Detail><xsl:value-of select="@text"/></Detail>
    </GetDocumentStroedInfoResponse>
  </xsl:template>

  <xsl:template match="/c:answer[@action = 'retrieveDocumentSet']">
    <RetrieveDocumentSetResponse status="{@verdict}">
      <xsl:call-template name="ids"/>
      <xsl:for-each select="c:item">
        <DocumentResponse>
          <RepositoryUniqueId><xsl:value-of select="c:institutionCode"/></RepositoryUniqueId>
          <DocumentUniqueId><xsl:value-of select="c:documentId"/></DocumentUniqueId>
          <MimeType>text/xml</MimeType>
          <Document><xsl:value-of select="c:content"/></Document>
        </DocumentResponse>
      </xsl:for-each>
      <Detail><xsl:value-of select="@text"/></Detail>
    </RetrieveDocumentSetResponse>
  </xsl:template>

  <xsl:template name="ids">
    <Id root="2.16.156.10011.0" extension="{$answer/@id}"/>
    <TargetId root="2.16.156.10011.0" extension="{$answer/@target}"/>
  </xsl:template>
</xsl:stylesheet>
