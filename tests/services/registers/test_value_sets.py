"""Messages with several value sets, and items of a dictionary that is or is not there."""

GENDER = {
    "valueSet": "CV02.01",
    "valueSetName": "性别",
    "kind": "1",
    "entries": ({"code": "1", "name": "男"}, {"code": "2", "name": "女"}),
}
MARITAL = {"valueSet": "CV02.02", "valueSetName": "婚姻", "status": "active", "entries": {"code": "10", "name": "未婚"}}


def test_each_value_set_of_a_message_is_registered_and_keeps_what_was_said_of_it(office):
    text = office.ask("terms", "add", entry=(GENDER, MARITAL), authorId="A1").text
    assert text == "值集已登记，共 2 项；值集已登记，共 1 项"
    [found] = office.ask("terms", "query", valueSet="CV02.01").items
    assert (found["valueSetName"], found["kind"], len(found["entries"])) == ("性别", "1", 2)
    [found] = office.ask("terms", "query", valueSet="CV02.02").items
    assert (found["status"], found["entries"]) == ("active", ({"code": "10", "name": "未婚"},))


def test_a_message_is_taken_as_a_whole_or_not_at_all(office):
    assert office.refused("terms", "add", entry=(GENDER, {"valueSet": "", "valueSetName": "空"})) == "SND-737"
    assert office.ask("terms", "query", valueSet="CV02.01").total == 0


def test_an_item_needs_its_dictionary(office):
    item = {"valueSet": "CV02.01", "entries": {"code": "9", "name": "未说明"}}
    assert office.refused("terms", "add", **item) == "SND-732"
    office.ask("terms", "add", **GENDER)
    assert office.ask("terms", "add", **item).text == "值集已增加 1 项"
    [found] = office.ask("terms", "query", valueSet="CV02.01", code="9").items
    assert [one["code"] for one in found["entries"]] == ["9"]
