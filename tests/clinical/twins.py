"""Twins of the hand-written documents: one edit each, that the grammar must refuse with code, path, line and words."""

from __future__ import annotations

from dataclasses import dataclass

B = "/ClinicalDocument/component/structuredBody"


@dataclass(frozen=True)
class Twin:
    """An edit of a document and what the sender is told: where (lines after the edit), what, and how to cure it."""

    name: str
    document: str
    right: str
    wrong: str
    code: str
    below: int
    path: str
    message: str
    cure: str

    def __str__(self) -> str:
        return self.name

    def edited(self, text: str) -> str:
        """Make the edit once; an element that is renamed is renamed at both its tags."""
        at = text.index(self.right)
        text = text[:at] + self.wrong + text[at + len(self.right) :]
        old, new = _opened(self.right), _opened(self.wrong)
        if not old or not new or old == new or text[text.index(">", at) - 1] == "/":
            return text
        end = text.index(f"</{old}>", at)
        return text[:end] + f"</{new}>" + text[end + len(old) + 3 :]


def _opened(piece: str) -> str:
    """Give the element that a piece of markup opens and does not close, empty when there is none."""
    single = piece.startswith("<") and piece.count("<") == 1 and not piece.endswith("/>")
    return piece[1:].split(" ", maxsplit=1)[0].split(">", maxsplit=1)[0] if single else ""


# fmt: off
TWINS = (
    Twin("a misspelt root", "one-line.xml", "<ClinicalDocument ", "<ClinicalDocuments ", "SND-331", 0, "/ClinicalDocuments", "根元素是 <ClinicalDocuments>（命名空间 urn:hl7-org:v3），不是该类文档的根元素。", '根元素应为 <ClinicalDocument xmlns="urn:hl7-o'),
    Twin("participantRole", "act-relationships.xml", '<participantRole classCode="SDLOC">', '<partivipantRole classCode="SDLOC">', "SND-332", 0, B + "/component[1]/section/entry/observation/entryRelationship[4]/encounter/participant/partivipantRole", "<participant> 内不允许 <partivipantRole>，是否应为 <participantRole>？", "把 <partivipantRole> 改为 <participantRole>"),
    Twin("statusCode", "section-order.xml", "<statusCode/>", "<statuCode/>", "SND-332", 0, B + "/component[2]/section/entry/organizer/statuCode", "<organizer> 内不允许 <statuCode>，是否应为 <statusCode>？", "把 <statuCode> 改为 <statusCode>，开始与结束标签都要改"),
    Twin("houseNumber", "names-and-addresses.xml", "<houseNumber>5号</houseNumber>", "<houserNumber>5号</houserNumber>", "SND-332", 0, "/ClinicalDocument/recordTarget/patientRole/addr[1]/houserNumber", "<addr> 内不允许 <houserNumber>，是否应为 <houseNumber>？", "把 <houserNumber> 改为 <houseNumber>，开始与结束标"),
    Twin("templateID", "drugs.xml", '<templateId root="1.2.3"/>', '<templateID root="1.2.3"/>', "SND-332", 0, B + "/component[3]/section/entry/substanceAdministration/consumable/manufacturedProduct/templateID", "<manufacturedProduct> 内不允许 <templateID>，是否应为 <templateId>？", "把 <templateID> 改为 <templateId>，开始与结束标签都要"),
    Twin("administrativeGendercode", "many-signers.xml", '<administrativeGenderCode code="1"', '<administrativeGendercode code="1"', "SND-332", 0, B + "/component[3]/section/entry/observation/subject/relatedSubject/subject/administrativeGendercode", "<subject> 内不允许 <administrativeGendercode>，是否应为 <administrativeGenderCode>？", "把 <administrativeGendercode> 改为 <adminis"),
    Twin("manufacturedMaterial", "drugs.xml", "<manufacturedMaterial classCode", "<manufacturedMaterials classCode", "SND-332", 0, B + "/component[3]/section/entry/substanceAdministration/consumable/manufacturedProduct/manufacturedMaterials", "<manufacturedProduct> 内不允许 <manufacturedMaterials>，是否应为 <manufacturedMaterial>？", "把 <manufacturedMaterials> 改为 <manufactur"),
    Twin("representedOrganisation", "device-as-author.xml", '<representedOrganization><id root="2.16.156.10011.1.26" extension="ICU"/><name>重症医学科</name></representedOrganization>', "<representedOrganisation/>", "SND-332", 0, "/ClinicalDocument/author/assignedAuthor/representedOrganisation", "<assignedAuthor> 内不允许 <representedOrganisation>，是否应为 <representedOrganization>？", "把 <representedOrganisation> 改为 <represen"),
    Twin("legalAuthenticator", "cdata.xml", "<authenticator>", "<authentificator>", "SND-332", 0, "/ClinicalDocument/authentificator", "<ClinicalDocument> 内不允许 <authentificator>，是否应为 <authenticator>？", "把 <authentificator> 改为 <authenticator>，开"),
    Twin("misspelt in prefixes", "prefix-cda.xml", '<cda:value xsi:type="cda:BL" value="false"/>', '<cda:vaule xsi:type="cda:BL" value="false"/>', "SND-332", 0, B + "/component[1]/section/entry/observation/vaule", "<observation> 内不允许 <vaule>，是否应为 <value>？", "把 <vaule> 改为 <value>，开始与结束标签都要改"),
    Twin("misspelt in a table", "tables.xml", '<thead valign="middle">', '<tehad valign="middle">', "SND-332", 0, B + "/component[2]/section/text/table/tehad", "<table> 内不允许 <tehad>，是否应为 <thead>？", "把 <tehad> 改为 <thead>，开始与结束标签都要改"),
    Twin("html in a narrative", "lists-and-links.xml", "疼痛<br/>", "疼痛<b>重</b>", "SND-332", 0, B + "/component[1]/section/text/b", "<text> 内不允许 <b>，是否应为 <content>？", "把 <b> 改为 <content>，开始与结束标签都要改"),
    Twin("title before code", "section-order.xml", "<title>科研随访</title><text>本院自定义章节，没有代码。</text>", "<text>本院自定义章节，没有代码。</text><title>科研随访</title>", "SND-332", 0, B + "/component[1]/section/title", "<title> 的位置不对，应写在 <text> 之前。", "把 <title> 移到 <text> 之前"),
    Twin("author before patient", "section-order.xml", "  <recordTarget>", "  <custodian><assignedCustodian><representedCustodianOrganization/></assignedCustodian></custodian><recordTarget>", "SND-332", 0, "/ClinicalDocument/recordTarget", "<recordTarget> 的位置不对，应写在 <custodian> 之前。", "把 <recordTarget> 移到 <custodian> 之前"),
    Twin("two titles", "cdata.xml", "<title><![CDATA[主诉]]></title>", "<title>主诉</title><title>主诉</title>", "SND-332", 0, B + "/component[1]/section/title[2]", "<title> 在 <section> 内只能出现 1 次。", "只保留一个 <title>，删除多余的"),
    Twin("two ages", "newborn-without-number.xml", '<age value="3" unit="小时"/>', '<age value="3" unit="小时"/><age value="0" unit="天"/>', "SND-332", 0, "/ClinicalDocument/recordTarget/patientRole/patient/age[2]", "<age> 在 <patient> 内只能出现 1 次。", "只保留一个 <age>，删除多余的"),
    Twin("age after the number", "section-order.xml", "<name>测试患者甲</name>", '<age value="1" unit="岁"/><name>测试患者甲</name>', "SND-332", 0, "/ClinicalDocument/recordTarget/patientRole/patient/name", "<name> 的位置不对，应写在 <age> 之前。", "把 <name> 移到 <age> 之前"),
    Twin("an observation without entry", "section-order.xml", "<section/>", '<section><observation classCode="OBS" moodCode="EVN"><code/></observation></section>', "SND-332", 0, B + "/component[4]/section/observation", "<section> 内不允许 <observation>，它应写在 <entry> 内。", "写成 <entry><observation …/></entry>，或并入已有"),
    Twin("a name without its person", "many-signers.xml", '<assignedPerson><name nullFlavor="NAV"/></assignedPerson>', '<name nullFlavor="NAV"/>', "SND-332", 0, "/ClinicalDocument/authenticator[3]/assignedEntity/name", "<assignedEntity> 内不允许 <name>，它应写在 <assignedPerson> 内。", "写成 <assignedPerson><name …/></assignedPe"),
    Twin("a section beside the body", "section-order.xml", "<component><section/></component>", "<section/>", "SND-332", 0, B + "/section", "<structuredBody> 内不允许 <section>，它应写在 <component> 内。", "写成 <component><section …/></component>，或"),
    Twin("a value after the relationship", "section-order.xml", '<value xsi:type="BL" value="true"/><entryRelationship', '<interpretationCode/><value xsi:type="BL" value="true"/><entryRelationship', "SND-332", 0, B + "/component[9]/section/entry/observation/value", "<value> 的位置不对，应写在 <interpretationCode> 之前。", "把 <value> 移到 <interpretationCode> 之前"),
    Twin("an element of another vendor", "section-order.xml", "<section/>", '<section><x:code xmlns:x="urn:hospital:x"/></section>', "SND-332", 0, B + "/component[4]/section/code", "<code> 在命名空间 urn:hospital:x，此处不允许。", "该元素应在命名空间 urn:hl7-org:v3：检查 xmlns 声明与前缀"),
    Twin("an element without namespace", "section-order.xml", "<section/>", '<section><code xmlns="" code="1"/></section>', "SND-332", 0, B + "/component[4]/section/code", "<code> 没有命名空间，此处不允许。", "该元素应在命名空间 urn:hl7-org:v3：检查 xmlns 声明与前缀"),
    Twin("person and device", "many-signers.xml", "<assignedAuthoringDevice><softwareName>", "<assignedPerson/><assignedAuthoringDevice><softwareName>", "SND-332", 0, "/ClinicalDocument/author[3]/assignedAuthor/assignedAuthoringDevice", "此处不允许 <assignedAuthoringDevice>，不能与 <assignedPerson> 同时出现。", "此处可以是：representedOrganization"),
    Twin("low without a type", "drugs.xml", '<effectiveTime xsi:type="IVL_TS"><low value="20260210"/>', '<effectiveTime><low value="20260210"/>', "SND-332", 0, B + "/component[3]/section/entry/substanceAdministration/effectiveTime[2]", "<effectiveTime> 要写明类型才能含 <low>。", '写成 <effectiveTime xsi:type="IVL_TS">，内含 '),
    Twin("low and high and width", "time-zones.xml", '<effectiveTime><low value="2025"/><high value="202601"/></effectiveTime>', '<effectiveTime><low value="2025"/><width value="1" unit="mo"/><high value="202601"/></effectiveTime>', "SND-332", 0, B + "/component[1]/section/entry/observation/effectiveTime/high", "此处不允许 <high>，不能与 <width> 同时出现。", "此处已不能再有元素"),
    Twin("qualifier in a CE", "sections-by-name.xml", "<originalText>本院夜班交接</originalText>", "<qualifier/>", "SND-332", 0, B + "/component[3]/section/code/qualifier", "<code> 内不允许 <qualifier>。", "此处可以是：originalText、translation"),
    Twin("no typeId", "section-order.xml", '<typeId root="2.16.840.1.113883.1.3" extension="POCD_MT000040"/>', "", "SND-332", 1, "/ClinicalDocument/templateId", "<templateId> 之前缺少 <typeId>。", "在 <templateId> 之前补上 <typeId>"),
    Twin("an empty entry", "tables.xml", "<tbody><tr><td/></tr></tbody>", "<tbody/>", "SND-333", 0, B + "/component[1]/section/text/table/tbody", "<tbody> 内缺少 <tr>。", "在 <tbody> 内补上 <tr>"),
    Twin("an entry without statement", "section-order.xml", "<section/>", "<section><entry/></section>", "SND-333", 0, B + "/component[4]/section/entry", "<entry> 内缺少内容。", "在 <entry> 内写下列之一：observation、organizer、a"),
    Twin("no consumable", "curves-and-schedules.xml", "<consumable><manufacturedProduct><manufacturedLabeledDrug><name>测试麻醉药</name></manufacturedLabeledDrug></manufacturedProduct></consumable>", "", "SND-333", -3, B + "/component[3]/section/entry/substanceAdministration", "<substanceAdministration> 内缺少 <consumable>。", "在 <substanceAdministration> 内补上 <consuma"),
    Twin("no code", "section-order.xml", '<code code="DE02.10.071.00"/><value', "<value", "SND-332", 0, B + "/component[6]/section/entry/observation/value", "<value> 之前缺少 <code>。", "在 <value> 之前补上 <code>"),
    Twin("no classCode", "section-order.xml", '<observation classCode="OBS" moodCode="RQO">', '<observation moodCode="RQO">', "SND-334", 0, B + "/component[2]/section/entry/organizer/component/observation/@classCode", "<observation> 缺少属性 classCode。", '补上 classCode="OBS"'),
    Twin("no moodCode", "nested-organizers.xml", '<organizer classCode="BATTERY" moodCode="EVN">', '<organizer classCode="BATTERY">', "SND-334", 0, B + "/component[1]/section/entry/organizer/component/organizer/component/organizer/@moodCode", "<organizer> 缺少属性 moodCode。", '补上 moodCode="EVN"'),
    Twin("no typeCode of a relation", "act-relationships.xml", '<entryRelationship typeCode="GEVL">', "<entryRelationship>", "SND-334", 0, B + "/component[1]/section/entry/observation/entryRelationship[5]/@typeCode", "<entryRelationship> 缺少属性 typeCode。", '补上 typeCode="COMP"'),
    Twin("no typeCode of a related document", "related-documents.xml", '<relatedDocument typeCode="XFRM">', "<relatedDocument>", "SND-334", 0, "/ClinicalDocument/relatedDocument[2]/@typeCode", "<relatedDocument> 缺少属性 typeCode。", '补上 typeCode="RPLC"'),
    Twin("no object of a picture", "media.xml", '<renderMultiMedia referencedObject="link"/>', "<renderMultiMedia/>", "SND-334", 0, B + "/component[2]/section/text/paragraph/renderMultiMedia/@referencedObject", "<renderMultiMedia> 缺少属性 referencedObject。", '补上 referencedObject="…"'),
    Twin("an unknown attribute", "section-order.xml", "<section/>", '<section colour="red"/>', "SND-334", 0, B + "/component[4]/section/@colour", "<section> 不允许有属性 colour。", "删除它"),
    Twin("Value", "section-order.xml", '<effectiveTime value="20260210093000"/>', '<effectiveTime Value="20260210093000"/>', "SND-334", 0, "/ClinicalDocument/effectiveTime/@Value", "<effectiveTime> 不允许有属性 Value，是否应为 value？", '改为 value="…"'),
    Twin("codesystem", "section-order.xml", 'codeSystem="2.16.156.10011.2.4"', 'codesystem="2.16.156.10011.2.4"', "SND-334", 0, "/ClinicalDocument/code/@codesystem", "<code> 不允许有属性 codesystem，是否应为 codeSystem？", '改为 codeSystem="…"'),
    Twin("dispalyName", "sections-by-name.xml", '<code displayName="护理记录"/>', '<code dispalyName="护理记录"/>', "SND-334", 0, B + "/component[1]/section/code/@dispalyName", "<code> 不允许有属性 dispalyName，是否应为 displayName？", '改为 displayName="…"'),
    Twin("value on a name", "section-order.xml", "<name>测试患者甲</name>", '<name value="测试患者甲"/>', "SND-334", 0, "/ClinicalDocument/recordTarget/patientRole/patient/name/@value", "<name> 不允许有属性 value。", "值写在标签之间：<name>…</name>"),
    Twin("nil", "section-order.xml", "<title>门(急)诊病历</title>", '<title xsi:nil="true"/>', "SND-334", 0, "/ClinicalDocument/title", "<title> 不允许 xsi:nil。", "去掉 xsi:nil 并填写内容"),
    Twin("text for a time", "section-order.xml", '<effectiveTime value="20260210093000"/>', "<effectiveTime>20260210093000</effectiveTime>", "SND-332", 0, "/ClinicalDocument/effectiveTime", "<effectiveTime> 内直接写了文字，文字不能写在这里。", '值写在属性里：<effectiveTime value="…"/>'),
    Twin("text for a code", "section-order.xml", "<section/>", "<section><code>LOCAL</code></section>", "SND-332", 0, B + "/component[4]/section/code", "<code> 内直接写了文字，这里只能放子元素。", '值写在属性里：<code code="…"/>'),
    Twin("text in a section", "section-order.xml", "<section/>", "<section>随访</section>", "SND-332", 0, B + "/component[4]/section", "<section> 内直接写了文字，这里只能放子元素。", "把文字移到子元素 text、title 内，或删除"),
    Twin("text in a person", "many-signers.xml", "<assignedPerson><name>测试文员</name></assignedPerson>", "<assignedPerson>测试文员</assignedPerson>", "SND-332", 0, "/ClinicalDocument/dataEnterer/assignedEntity/assignedPerson", "<assignedPerson> 内直接写了文字，这里只能放子元素。", "把文字移到子元素 name 内，或删除"),
    Twin("a line end in an id", "section-order.xml", 'extension="SO-0001"/>', 'extension="SO-0001">\n  </id>', "SND-332", 0, "/ClinicalDocument/id", "<id> 的开始标签与结束标签之间有空格或换行，这里不能有任何内容。", "写成 <id …/>，或让结束标签紧跟开始标签"),
    Twin("xsi:type in small letters", "section-order.xml", '<value xsi:type="INT" value="3"/>', '<value xsi:type="int" value="3"/>', "SND-336", 0, B + "/component[8]/section/entry/observation/value/@type", "<value> 的 xsi:type=“int”不存在，是否应为 INT？", '写成 xsi:type="INT"'),
    Twin("xs:string", "section-order.xml", '<value xsi:type="ST">咽痛</value>', '<value xsi:type="xs:string">咽痛</value>', "SND-336", 0, B + "/component[7]/section/entry/observation/value/@type", "<value> 的 xsi:type=“xs:string”不存在，是否应为 ST？", '写成 xsi:type="ST"'),
    Twin("IVL", "quantities.xml", '<value xsi:type="IVL_INT">', '<value xsi:type="IVL_IN">', "SND-336", 0, B + "/component[1]/section/entry/observation/value[17]/@type", "<value> 的 xsi:type=“IVL_IN”不存在，是否应为 IVL_INT？", '写成 xsi:type="IVL_INT"'),
    Twin("no xsi:type", "section-order.xml", '<value xsi:type="BL" value="true"/>', '<value value="true"/>', "SND-336", 0, B + "/component[9]/section/entry/observation/value", "<value> 没有写明可用的数据类型。", '用 xsi:type 写明，此处似为 xsi:type="BL"'),
    Twin("ANY", "section-order.xml", '<value xsi:type="BL" value="true"/>', '<value xsi:type="ANY"/>', "SND-336", 0, B + "/component[9]/section/entry/observation/value", "<value> 没有写明可用的数据类型。", '用 xsi:type 写明，此处似为 xsi:type="ST"'),
    Twin("no prefix on a type", "prefix-cda.xml", 'xsi:type="cda:BL"', 'xsi:type="BL"', "SND-336", 0, B + "/component[1]/section/entry/observation/value/@type", "<value> 的 xsi:type=“BL”不存在：本文档的元素带前缀，不带前缀的类型名不在命名空间 urn:hl7-org:v3。", '写成 xsi:type="cda:BL"'),
    Twin("a type that does not fit", "types-on-everything.xml", '<title xsi:type="ST">', '<title xsi:type="PQ">', "SND-336", 0, "/ClinicalDocument/title/@type", "<title> 不能使用 xsi:type=“PQ”。", "此处可用的数据类型：ST"),
    Twin("a coded value in ST", "section-order.xml", '<value xsi:type="ST">咽痛</value>', '<value xsi:type="ST" code="1">咽痛</value>', "SND-334", 0, B + "/component[7]/section/entry/observation/value/@code", "<value> 不允许有属性 code。", "xsi:type=“ST”没有这个属性"),
    Twin("text in a PQ", "tables.xml", '<value xsi:type="PQ" value="36.5" unit="℃"/>', '<value xsi:type="PQ">36.5</value>', "SND-332", 0, B + "/component[2]/section/entry/observation/value", "<value> 内直接写了文字，这里只能放子元素。", '值写在属性里：<value value="…"/>'),
    Twin("unit in a number", "tables.xml", 'value="36.5" unit="℃"', 'value="36.5℃"', "SND-335", 0, B + "/component[2]/section/entry/observation/value/@value", "<value> 的属性 value 的值“36.5℃”不符合要求。", "应为：数值，如 36.5"),
    Twin("comma for a point", "quantities.xml", 'value="128.50"', 'value="128,50"', "SND-335", 0, B + "/component[1]/section/entry/observation/value[11]/@value", "<value> 的属性 value 的值“128,50”不符合要求。", "应为：数值，如 36.5"),
    Twin("point in an INT", "section-order.xml", '<value xsi:type="INT" value="3"/>', '<value xsi:type="INT" value="3.0"/>', "SND-335", 0, B + "/component[8]/section/entry/observation/value/@value", "<value> 的属性 value 的值“3.0”不符合要求。", "应为：整数，如 12"),
    Twin("1 for true", "section-order.xml", '<value xsi:type="BL" value="true"/>', '<value xsi:type="BL" value="1"/>', "SND-335", 0, B + "/component[9]/section/entry/observation/value/@value", "<value> 的属性 value 的值“1”不符合要求。", "应为：下列之一：true, false"),
    Twin("T in a time", "section-order.xml", '<effectiveTime value="20260210093000"/>', '<effectiveTime value="2026-02-10T09:30:00"/>', "SND-335", 0, "/ClinicalDocument/effectiveTime/@value", "<effectiveTime> 的属性 value 的值“2026-02-10T09:30:00”不符合要求。", "应为：时间写成 YYYYMMDDhhmmss，可只到日（20260131）或分，"),
    Twin("an empty time", "section-order.xml", '<effectiveTime value="20260210093000"/>', '<effectiveTime value=""/>', "SND-335", 0, "/ClinicalDocument/effectiveTime/@value", "<effectiveTime> 的属性 value 为空。", "应为：时间写成 YYYYMMDDhhmmss，可只到日（20260131）或分，"),
    Twin("blanks before an OID", "section-order.xml", 'codeSystem="2.16.156.10011.2.4"', 'codeSystem=" 2.16.156.10011.2.4"', "SND-335", 0, "/ClinicalDocument/code/@codeSystem", "<code> 的属性 codeSystem 的值“2.16.156.10011.2.4”前后有空格。", "去掉空格"),
    Twin("an empty code", "section-order.xml", '<languageCode code="zh-CN"/>', '<languageCode code=""/>', "SND-335", 0, "/ClinicalDocument/languageCode/@code", "<languageCode> 的属性 code 为空。", "应为：不含空格的代码"),
    Twin("a mood that is none", "nested-organizers.xml", 'moodCode="EVN"><id root="1.2.3" extension="1"/>', 'moodCode="EVENT"><id root="1.2.3" extension="1"/>', "SND-335", 0, B + "/component[1]/section/entry/organizer/@moodCode", "<organizer> 的属性 moodCode 的值“EVENT”不符合要求，是否应为 EVN？", "可用的值：EVN, INT, RQO, PRP, PRMS, APT, ARQ,"),
    Twin("a relation that is none", "act-relationships.xml", 'typeCode="MFST"', 'typeCode="MFTS"', "SND-335", 0, B + "/component[1]/section/entry/observation/entryRelationship[2]/@typeCode", "<entryRelationship> 的属性 typeCode 的值“MFTS”不符合要求，是否应为 MFST？", "可用的值：COMP, SUBJ, CAUS, RSON, SPRT, REFR,"),
    Twin("a flavour that is none", "null-values.xml", '<copyTime nullFlavor="NA"/>', '<copyTime nullFlavor="NULL"/>', "SND-335", 0, "/ClinicalDocument/copyTime/@nullFlavor", "<copyTime> 的属性 nullFlavor 的值“NULL”不符合要求。", "应为：下列之一：NI, UNK, NA, ASKU, NAV, NASK, MS"),
    Twin("an ID used twice", "tables.xml", 'ID="h2"', 'ID="h1"', "SND-335", 0, B + "/component[2]/section/text/table/thead/tr/th[2]/@ID", "<th> 的属性 ID 的值“h1”不符合要求。", "应为：以字母开头的标识，如 s1，全文不重复"),
)
# fmt: on
