"use strict";
// The surface at any place: linear between the points of the grid. Everything is in the page; nothing is fetched.
const data = JSON.parse(document.getElementById("surface").textContent);
const sliders = [...document.querySelectorAll("input[data-axis]")];
const width = data.options.length * data.outcomes.length;
const number = (value, digits) => new Intl.NumberFormat(data.language, { maximumFractionDigits: digits }).format(value);

function valueOn(axis, u) {
  const at = u * (axis.values.length - 1), low = Math.min(Math.floor(at), axis.values.length - 2);
  return axis.values[low] + (at - low) * (axis.values[low + 1] - axis.values[low]);
}

function answer(us) {
  const corners = [[0, 1]];
  us.forEach((u, index) => {
    const count = data.axes[index].values.length, at = u * (count - 1), low = Math.min(Math.floor(at), count - 2);
    for (const [offset, weight] of corners.splice(0)) {
      corners.push([offset * count + low, weight * (1 - (at - low))], [offset * count + low + 1, weight * (at - low)]);
    }
  });
  const sums = new Array(width).fill(0);
  for (const [offset, weight] of corners) {
    for (let place = 0; place < width && weight; place += 1) sums[place] += weight * data.values[offset * width + place];
  }
  return sums;
}

function show() {
  const us = sliders.map((slider) => Number(slider.value) / 1000), found = answer(us);
  sliders.forEach((slider, index) => {
    const axis = data.axes[index], value = valueOn(axis, us[index]);
    const said = axis.share ? `${number(100 * value, 2)} %` : `${number(value, 1)} s`;
    document.getElementById(`axis-${index}`).textContent = said;
    slider.setAttribute("aria-valuetext", said);
  });
  data.outcomes.forEach((outcome, column) => {
    const values = data.options.map((option, row) => found[row * data.outcomes.length + column] * outcome.scale);
    const least = Math.min(...values.filter((_, row) => data.options[row].shown));
    values.forEach((value, row) => {
      const cell = document.getElementById(`answer-${row}-${column}`);
      cell.textContent = number(value, Math.abs(value) < 100 ? 1 : 0);
      cell.classList.toggle("least", data.options[row].shown && value <= least * (1 + 1e-9));
    });
  });
}

for (const slider of sliders) slider.addEventListener("input", show);
document.getElementById("ask").hidden = false;
show();
