"""Area files become one compiled catalogue; what two areas say differently is refused."""

import gettext

import pytest

from campaign.kit import catalogue


def area(folder, name: str, **words: str):
    text = "".join(f'msgid "{key}"\nmsgstr "{value}"\n\n' for key, value in words.items())
    (folder / "zh_CN").mkdir(exist_ok=True)
    (folder / "zh_CN" / f"{name}.po").write_text(
        f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n{text}'
    )


def test_all_areas_are_found_in_the_one_compiled_file(tmp_path):
    area(tmp_path, "hub", Studio="直播间")
    area(tmp_path, "brand", Sales="销售", Studio="直播间")
    (written,) = catalogue.compile_all(tmp_path)
    with written.open("rb") as file:
        words = gettext.GNUTranslations(file)
    assert [words.gettext(word) for word in ("Studio", "Sales", "Other")] == ["直播间", "销售", "Other"]


def test_nothing_is_written_when_nothing_has_changed(tmp_path):
    area(tmp_path, "hub", Studio="直播间")
    assert len(catalogue.compile_all(tmp_path)) == 1
    assert catalogue.compile_all(tmp_path) == []


def test_two_areas_that_differ_are_refused_and_both_are_named(tmp_path):
    area(tmp_path, "hub", Studio="直播间")
    area(tmp_path, "brand", Studio="演播室")
    with pytest.raises(catalogue.CatalogueFault) as refused:
        catalogue.compile_all(tmp_path)
    (fault,) = refused.value.faults
    assert "brand.po" in fault
    assert "hub.po" in fault
    assert not list(tmp_path.rglob("*.mo"))
