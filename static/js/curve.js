// Draws the curve with ECharts where it is installed; the SVG beneath stays where it is not.
(() => {
  "use strict";
  if (typeof echarts === "undefined") return;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // Short, and at a fixed distance: charts of two currencies stand one above the other, each moment above the same.
  const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumSignificantDigits: 3 });
  for (const box of document.querySelectorAll("[data-curve]")) {
    const points = JSON.parse(box.dataset.points);
    const marks = JSON.parse(box.dataset.marks || "[]");
    const turns = JSON.parse(box.dataset.turns || "[]");
    const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: box.dataset.unit });
    box.hidden = false;
    box.parentElement.querySelector("[data-fallback]").hidden = true;
    const chart = echarts.init(box, null, { renderer: "canvas" });
    chart.setOption({
      animation: false,
      grid: { left: 56, right: 8, top: 12, bottom: 26 },
      // richText: the HTML tooltip sets style attributes, which the content policy refuses.
      tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: (value) => money.format(value) },
      xAxis: { type: "category", data: points.map((p) => p[0]), axisLabel: { color: css("--soft"), hideOverlap: true }, axisLine: { lineStyle: { color: css("--edge") } } },
      yAxis: { type: "value", axisLabel: { color: css("--soft"), formatter: (value) => short.format(value) }, splitLine: { lineStyle: { color: css("--line") } } },
      series: [{ type: "line", name: box.dataset.label, data: points.map((p) => p[1]), showSymbol: false, lineStyle: { width: 1.6, color: css("--accent") }, itemStyle: { color: css("--accent") }, areaStyle: { color: css("--accent"), opacity: 0.1 },
        markLine: { silent: true, symbol: "none", label: { formatter: (turn) => turn.name, color: css("--soft"), position: "insideEndTop" }, lineStyle: { type: "dashed", width: 1.4, color: css("--ink") }, data: turns.map(([at, name]) => ({ xAxis: at, name })) },
        markArea: { silent: true, label: { show: false }, data: marks.map(([from, to, name], at) => [{ xAxis: from, name, itemStyle: { color: css("--soft"), opacity: at % 2 ? 0.26 : 0.12 } }, { xAxis: to }]) } }],
    });
    addEventListener("resize", () => chart.resize());
  }
})();
