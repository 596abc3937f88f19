<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws a registered document with its content, and what a query or a call for documents asks. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                xmlns="urn:changbai:canonical:1" exclude-result-prefixes="h">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/*">
    <request>
      <xsl:apply-templates select="h:controlActProcess/h:queryByParameter | h:controlActProcess/h:subject/h:clinicalDocument"/>
    </request>
  </xsl:template>

  <xsl:template match="h:clinicalDocument">
    <xsl:variable name="patient" select="h:recordTarget/h:patient"/>
    <xsl:variable name="ids" select="$patient/h:id/h:item"/>
    <xsl:variable name="hospital" select="$patient/h:providerOrganization"/>
    <xsl:variable name="author" select="h:author/h:assignedAuthor"/>
    <documentId><xsl:value-of select="h:id/h:item/@extension"/></documentId>
    <documentRoot><xsl:value-of select="h:id/h:item/@root"/></documentRoot>
    <type><xsl:value-of select="h:code/@code"/></type>
    <typeName><xsl:value-of select="h:code/h:displayName/@value"/></typeName>
    <written><xsl:value-of select="h:effectiveTime/@value"/></written>
    <confidentiality><xsl:value-of select="h:confidentialityCode/@code"/></confidentiality>
    <confidentialityName><xsl:value-of select="h:confidentialityCode/h:displayName/@value"/></confidentialityName>
    <version><xsl:value-of select="h:versionNumber/@value"/></version>
    <patientId><xsl:value-of select="$ids[@root = '2.16.156.10011.2.5.1.4']/@extension"/></patientId>
    <inpatientNumber><xsl:value-of select="$ids[@root = '2.16.156.10011.1.12']/@extension"/></inpatientNumber>
    <outpatientNumber><xsl:value-of select="$ids[@root = '2.16.156.10011.1.11']/@extension"/></outpatientNumber>
    <visitSince><xsl:value-of select="$patient/h:effectiveTime/h:low/@value"/></visitSince>
    <identity><xsl:value-of select="$patient/h:patientPerson/h:id/h:item[@root = '2.16.156.10011.1.3']/@extension"/></identity>
    <name><xsl:value-of select="$patient/h:patientPerson/h:name/h:item/h:part/@value"/></name>
    <institutionCode><xsl:value-of select="$hospital/h:id/h:item/@extension"/></institutionCode>
    <institutionName><xsl:value-of select="$hospital/h:name/h:item/h:part/@value"/></institutionName>
    <department><xsl:value-of select="$hospital/h:organizationContains/h:id/h:item/@extension"/></department>
    <authorId><xsl:value-of select="$author/h:id/h:item/@extension"/></authorId>
    <authorName><xsl:value-of select="$author/h:assignedPerson/h:name/h:item/h:part/@value"/></authorName>
    <replaces><xsl:value-of select="h:relatedDocument[@typeCode = 'RPLC']/h:parentDocument/h:id/h:item/@extension"/></replaces>
    <content><xsl:value-of select="h:storageCode/h:originalText/@value"/></content>
  </xsl:template>

  <xsl:template match="h:queryByParameter">
    <xsl:variable name="patients" select="h:patient.id/h:value"/>
    <xsl:variable name="encounters" select="h:encompassingEncounter.id/h:value"/>
    <documentId><xsl:value-of select="h:clinicalDocument.id/h:value/@extension"/></documentId>
    <documentRoot><xsl:value-of select="h:clinicalDocument.id/h:value/@root"/></documentRoot>
    <type><xsl:value-of select="h:clinicalDocument.code/h:value/@code"/></type>
    <patientId><xsl:value-of select="$patients[@root = '2.16.156.10011.2.5.1.4']/@extension"/></patientId>
    <identity><xsl:value-of select="$patients[@root = '2.16.156.10011.1.3']/@extension"/></identity>
    <name><xsl:value-of select="h:patient.id/h:semanticsText/@value"/></name>
    <inpatientNumber><xsl:value-of select="$encounters[@root = '2.16.156.10011.1.12']/@extension"/></inpatientNumber>
    <outpatientNumber><xsl:value-of select="$encounters[@root = '2.16.156.10011.1.11']/@extension"/></outpatientNumber>
    <author><xsl:value-of select="h:assignedAuthor.id/h:value/@extension"/></author>
    <authorName><xsl:value-of select="h:assignedAuthor.id/h:semanticsText/@value"/></authorName>
    <since><xsl:value-of select="h:clinicalDocument.effectiveTime/h:value/h:low/@value"/></since>
    <until><xsl:value-of select="h:clinicalDocument.effectiveTime/h:value/h:high/@value"/></until>
    <registeredSince><xsl:value-of select="h:executionAndDeliveryTime/@validTimeLow"/></registeredSince>
    <registeredUntil><xsl:value-of select="h:executionAndDeliveryTime/@validTimeHigh"/></registeredUntil>
    <visitSince><xsl:value-of select="h:encompassingEncounter.effectiveTime/h:value/h:low/@value"/></visitSince>
    <visitUntil><xsl:value-of select="h:encompassingEncounter.effectiveTime/h:value/h:high/@value"/></visitUntil>
    <limit><xsl:value-of select="h:initialQuantity/@value"/></limit>
  </xsl:template>
</xsl:stylesheet>
