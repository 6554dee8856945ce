// Draws the charts of a page with the colours and the type of the kit. Loaded with ECharts, only where a chart stands.
(() => {
  "use strict";

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
  // Numbers as everywhere else: 12 345.
  const spaced = (value) => (typeof value === "number" ? value.toLocaleString("en").replaceAll(",", "\u2009") : value);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  window.linli.chart = (place) => {
    const size = Math.round(rem() * 0.8125);
    const text = { color: token("--l-ink-soft"), fontFamily: token("--l-font"), fontSize: size };
    const axis = {
      axisLabel: { ...text, formatter: spaced },
      axisLine: { lineStyle: { color: token("--l-line-strong") } },
      splitLine: { lineStyle: { color: token("--l-line") } },
      nameTextStyle: { ...text },
    };
    echarts.registerTheme("linli", {
      color: [token("--l-blue"), "#5b93d6", token("--l-green-solid"), token("--l-amber-solid"), "#6b5ca5", token("--l-ink-faint")],
      textStyle: text,
      legend: { textStyle: text, itemWidth: 14, itemHeight: 10, top: 0, left: 0 },
      grid: { left: 8, right: 16, top: 44, bottom: 8, containLabel: true },
      categoryAxis: { ...axis, axisTick: { show: false } },
      valueAxis: { ...axis, axisLine: { show: false } },
      timeAxis: axis,
      line: { symbolSize: 6, lineStyle: { width: 2.5 } },
      bar: { barMaxWidth: 36 },
    });
    const chart = echarts.init(place, "linli");
    const option = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    // The tooltip is drawn, not written as HTML: inline styles are refused here.
    option.tooltip = { trigger: "axis", ...option.tooltip, renderMode: "richText", confine: true };
    // In large print patterns help to tell the series apart.
    option.aria = { enabled: true, decal: { show: document.documentElement.dataset.print === "large" }, ...option.aria };
    if (still) option.animation = false;
    chart.setOption(option);
    new ResizeObserver(() => chart.resize()).observe(place);
  };
})();
