<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws what a submission, a search or a call of the flat document messages says. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="urn:changbai:canonical:1">
  <xsl:output encoding="UTF-8"/>
  <xsl:key name="submission" match="SubmissionSet" use="@targetObject"/>

  <xsl:template match="/*">
    <request>
      <patientId><xsl:value-of select="SourcePatientID"/></patientId>
      <name><xsl:value-of select="SourcePatientName"/></name>
      <healthCard><xsl:value-of select="HealthCardId"/></healthCard>
      <identity><xsl:value-of select="IdentityId"/></identity>
      <institutionCode><xsl:value-of select="Organization/@id"/></institutionCode>
      <institutionName><xsl:value-of select="Organization/Name"/></institutionName>
      <typeName><xsl:value-of select="DocumentTitle"/></typeName>
      <repository><xsl:value-of select="DocumentRequest/RepositoryUniqueId"/></repository>
      <documentId><xsl:value-of select="DocumentRequest/DocumentUniqueId"/></documentId>
      <xsl:apply-templates select="Document"/>
    </request>
  </xsl:template>

  <!-- A document's submission names it by targetObject; otherwise the first document has the first submission, and so on. -->
  <xsl:template match="Document">
    <xsl:variable name="place" select="position()"/>
    <xsl:variable name="named" select="key('submission', @id)"/>
    <xsl:variable name="placed" select="(../RegistryPackage/SubmissionSet)[position() = $place]"/>
    <xsl:apply-templates select="." mode="entry">
      <xsl:with-param name="set" select="$named | $placed[not($named)]"/>
    </xsl:apply-templates>
  </xsl:template>

  <xsl:template match="*" mode="entry">
    <xsl:param name="set"/>
    <xsl:variable name="unique" select="normalize-space($set/UniqueId)"/>
    <xsl:variable name="author" select="$set/Author"/>
    <entry>
      <id><xsl:value-of select="@id"/></id>
      <documentId>
        <xsl:value-of select="$unique"/>
        <xsl:if test="not($unique)"><xsl:value-of select="@id"/></xsl:if>
      </documentId>
      <typeName><xsl:value-of select="$set/Title"/></typeName>
      <written><xsl:value-of select="$set/CreateTime"/></written>
      <authorName><xsl:value-of select="$author/AuthorName"/></authorName>
      <visit><xsl:value-of select="$set/EpisodeID"/></visit>
      <visitSince><xsl:value-of select="$set/InTime"/></visitSince>
      <visitUntil><xsl:value-of select="$set/OutTime"/></visitUntil>
      <department><xsl:value-of select="$set/AdmissionDepart"/></department>
      <relationship><xsl:value-of select="@parentDocumentRelationship"/></relationship>
      <parent><xsl:value-of select="@parentDocumentId"/></parent>
      <xsl:if test="@parentDocumentRelationship = 'RPLC'">
        <replaces><xsl:value-of select="@parentDocumentId"/></replaces>
      </xsl:if>
      <content><xsl:value-of select="normalize-space(Content)"/></content>
    </entry>
  </xsl:template>
</xsl:stylesheet>
