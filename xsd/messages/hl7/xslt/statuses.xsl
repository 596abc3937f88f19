<?xml version="1.0" encoding="UTF-8"?>
<!-- Answers with the states of examinations or operations, each as an actGenericStatus, made of the message that told it. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:changbai:canonical:1"
                xmlns:h="urn:hl7-org:v3" xmlns="urn:hl7-org:v3" exclude-result-prefixes="c h">
  <xsl:output encoding="UTF-8"/>
  <!-- The text gives the form number another root in the answer on operations. -->
  <xsl:variable name="root">
    <xsl:choose>
      <xsl:when test="/c:answer/@action = 'S0081'">2.16.156.10011.1.21</xsl:when>
      <xsl:otherwise>2.16.156.10011.1.24</xsl:otherwise>
    </xsl:choose>
  </xsl:variable>

  <xsl:template match="/c:answer">
    <controlActProcess>
      <xsl:apply-templates select="c:item/c:body/h:subject/h:placerGroup"/>
    </controlActProcess>
  </xsl:template>

  <xsl:template match="h:placerGroup">
    <xsl:variable name="request" select="h:component2/*"/>
    <xsl:variable name="department" select="$request/h:location/h:serviceDeliveryLocation/h:serviceProviderOrganization"/>
    <xsl:variable name="operator" select="$request/h:performer/h:assignedEntity"/>
    <subject>
      <actGenericStatus>
        <id><item root="{$root}" extension="{ancestor::c:item/c:number}"/></id>
        <xsl:if test="string(ancestor::c:item/c:status)"><statusCode code="{ancestor::c:item/c:status}"/></xsl:if>
        <xsl:copy-of select="$request/h:performer"/>
        <xsl:if test="$operator or $department">
          <authorOrPerformer>
            <assignedEntity>
              <xsl:copy-of select="$operator/h:id"/>
              <xsl:if test="$department">
                <representedOrganization><xsl:copy-of select="$department/h:id | $department/h:name"/></representedOrganization>
              </xsl:if>
            </assignedEntity>
          </authorOrPerformer>
        </xsl:if>
        <xsl:if test="h:componentOf1">
          <componentOf><xsl:copy-of select="h:componentOf1/@* | h:componentOf1/node()"/></componentOf>
        </xsl:if>
      </actGenericStatus>
    </subject>
  </xsl:template>
</xsl:stylesheet>
