"""The reference page is made of the served document and needs no scripts."""


def test_the_reference_page_lists_the_routes_in_both_languages(client):
    page = client.get("/api/v1/docs", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "/api/v1/studios" in page.text
    assert "API reference" in page.text
    assert client.get("/api/v1/docs", headers={"Accept-Language": "zh-CN"}).status_code == 200
