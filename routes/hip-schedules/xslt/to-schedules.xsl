<?xml version="1.0" encoding="UTF-8"?>
<!-- Draws schedules with their time frames, and what a query of schedules asks. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"
                xmlns="urn:changbai:canonical:1" exclude-result-prefixes="h">
  <xsl:output encoding="UTF-8"/>
  <xsl:variable name="staff" select="'2.16.156.10011.1.4'"/>
  <xsl:variable name="identity" select="'2.16.156.10011.1.3'"/>

  <xsl:template match="/*">
    <request>
      <xsl:apply-templates select="h:controlActProcess/h:queryByParameter"/>
      <xsl:apply-templates select="h:controlActProcess/h:dataEnterer/h:assignedPerson"/>
      <xsl:apply-templates select="h:controlActProcess/h:subject/h:schedule/h:resourceSlot"/>
    </request>
  </xsl:template>

  <xsl:template match="h:dataEnterer/h:assignedPerson">
    <authorId><xsl:value-of select="h:id/h:item/@extension"/></authorId>
    <authorName><xsl:value-of select="h:assignedPerson/h:name/h:item/h:part/@value"/></authorName>
  </xsl:template>

  <xsl:template match="h:resourceSlot">
    <xsl:variable name="doctor" select="h:directTarget/h:IdentifiedEntity"/>
    <entry>
      <scheduleId><xsl:value-of select="h:id/h:item/@extension"/></scheduleId>
      <department><xsl:value-of select="h:deptId/h:item/@extension"/></department>
      <doctor><xsl:value-of select="$doctor/h:id/h:item/@extension"/></doctor>
      <doctorIdentity><xsl:value-of select="$doctor/h:Person/h:id/h:item/@extension"/></doctorIdentity>
      <doctorName><xsl:value-of select="$doctor/h:Person/h:name/h:item/h:part/@value"/></doctorName>
      <doctorTitle><xsl:value-of select="$doctor/h:code/@code"/></doctorTitle>
      <doctorTitleName><xsl:value-of select="$doctor/h:code/h:displayName/@value"/></doctorTitleName>
      <total><xsl:value-of select="h:totalNumber/@value"/></total>
      <level><xsl:value-of select="h:code/@code"/></level>
      <levelName><xsl:value-of select="h:code/h:displayName/@value"/></levelName>
      <profession><xsl:value-of select="h:profession/@code"/></profession>
      <professionName><xsl:value-of select="h:profession/h:displayName/@value"/></professionName>
      <xsl:for-each select="h:timeFrame">
        <timeFrame>
          <type><xsl:value-of select="h:code/@code"/></type>
          <typeName><xsl:value-of select="h:code/h:originalText/@value"/></typeName>
          <since><xsl:value-of select="h:effectiveTime/h:low/@value"/></since>
          <until><xsl:value-of select="h:effectiveTime/h:high/@value"/></until>
          <total><xsl:value-of select="h:totalFrameNumber/@value"/></total>
          <remain><xsl:value-of select="h:remainNumber/@value"/></remain>
        </timeFrame>
      </xsl:for-each>
    </entry>
  </xsl:template>

  <xsl:template match="h:queryByParameter">
    <scheduleId><xsl:value-of select="h:scheduleId/h:value/h:item/@extension"/></scheduleId>
    <department><xsl:value-of select="h:resourceDept/h:value/h:item/@extension"/></department>
    <departmentName><xsl:value-of select="h:resourceDept/h:semanticsText/@value"/></departmentName>
    <doctor><xsl:value-of select="h:employeeId/h:value/h:item[@root = $staff]/@extension"/></doctor>
    <doctorIdentity><xsl:value-of select="h:employeeId/h:value/h:item[@root = $identity]/@extension"/></doctorIdentity>
    <doctorName><xsl:value-of select="h:employeeId/h:semanticsText/@value"/></doctorName>
    <since><xsl:value-of select="h:effectiveTime/h:value/h:low/@value"/></since>
    <until><xsl:value-of select="h:effectiveTime/h:value/h:high/@value"/></until>
    <!-- The text itself spells it slotTpye. -->
    <type><xsl:value-of select="(h:slotTpye | h:slotType)/h:value/@code"/></type>
  </xsl:template>
</xsl:stylesheet>
