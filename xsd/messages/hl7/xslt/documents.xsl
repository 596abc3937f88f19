<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with documents of the library: with content where one was called for, without it in a list. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns="urn:hl7-org:v3" exclude-result-prefixes="c">
  <xsl:output encoding="UTF-8"/>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:apply-templates select="c:item"/>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="c:item">
    <subject>
      <clinicalDocument>
        <id><item root="2.16.156.10011.2.5.1.24" extension="{c:documentId}"/></id>
        <code code="{c:type}" codeSystem="2.16.156.10011.2.5.1.23" codeSystemName="文档类型代码">
          <displayName value="{c:typeName}"/>
        </code>
        <xsl:if test="string(c:written)"><effectiveTime value="{c:written}"/></xsl:if>
        <xsl:if test="string(c:confidentiality)">
          <confidentialityCode code="{c:confidentiality}" codeSystem="2.16.156.10011.2.5.1.25" codeSystemName="文档保密级别代码">
            <displayName value="{c:confidentialityName}"/>
          </confidentialityCode>
        </xsl:if>
        <xsl:if test="string(c:version)"><versionNumber value="{c:version}"/></xsl:if>
        <xsl:if test="string(c:content)"><storageCode><originalText value="{c:content}"/></storageCode></xsl:if>
        <recordTarget>
          <patient>
            <id>
              <xsl:if test="string(c:patientId)"><item root="2.16.156.10011.2.5.1.4" extension="{c:patientId}"/></xsl:if>
              <xsl:if test="string(c:inpatientNumber)"><item root="2.16.156.10011.1.12" extension="{c:inpatientNumber}"/></xsl:if>
              <xsl:if test="string(c:outpatientNumber)"><item root="2.16.156.10011.1.11" extension="{c:outpatientNumber}"/></xsl:if>
            </id>
            <xsl:if test="string(c:visitSince)"><effectiveTime><low value="{c:visitSince}"/></effectiveTime></xsl:if>
            <patientPerson>
              <xsl:if test="string(c:identity)"><id><item root="2.16.156.10011.1.3" extension="{c:identity}"/></id></xsl:if>
              <name><item><part value="{c:name}"/></item></name>
            </patientPerson>
            <providerOrganization>
              <id><item root="2.16.156.10011.1.5" extension="{c:institutionCode}"/></id>
              <name><item><part value="{c:institutionName}"/></item></name>
              <xsl:if test="string(c:department)">
                <organizationContains><id><item root="2.16.156.10011.1.26" extension="{c:department}"/></id></organizationContains>
              </xsl:if>
            </providerOrganization>
          </patient>
        </recordTarget>
        <xsl:if test="string(c:authorId) or string(c:authorName)">
          <author>
            <assignedAuthor>
              <id><item root="2.16.156.10011.1.4" extension="{c:authorId}"/></id>
              <assignedPerson><name><item><part value="{c:authorName}"/></item></name></assignedPerson>
            </assignedAuthor>
          </author>
        </xsl:if>
        <custodian>
          <assignedCustodian>
            <representedOrganization>
              <id><item root="2.16.156.10011.1.5" extension="{c:institutionCode}"/></id>
              <name><item><part value="{c:institutionName}"/></item></name>
            </representedOrganization>
          </assignedCustodian>
        </custodian>
      </clinicalDocument>
    </subject>
  </xsl:template>
</xsl:stylesheet>
