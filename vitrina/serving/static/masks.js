// A mask over a picture: every word in its colour, with an edge, so that a shape is seen on any ground.

const HUES = ["#e0457b", "#2f86e0", "#f0a202", "#22a06b", "#8e5bd9", "#e8622c", "#12a5b8", "#b8860b", "#c43fc0", "#5b7f12", "#3f51d9", "#9c4a2f"];

export const hue = (number) => HUES[(number - 1) % HUES.length];

export function drawMask(canvas, { width, height, runs }) {
  const labels = new Uint8Array(width * height);
  for (let place = 0, at = 0; place < runs.length; place += 2) {
    labels.fill(runs[place], at, at + runs[place + 1]);
    at += runs[place + 1];
  }
  canvas.width = width;
  canvas.height = height;
  canvas.hidden = false;
  const image = new ImageData(width, height);
  const edge = Math.max(1, Math.round(Math.max(width, height) / 320));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      const label = labels[at];
      const isEdge = (x >= edge && labels[at - edge] !== label) || (y >= edge && labels[at - edge * width] !== label)
        || (x + edge < width && labels[at + edge] !== label) || (y + edge < height && labels[at + edge * width] !== label);
      if (label) {
        const colour = Number.parseInt(hue(label).slice(1), 16);
        image.data.set([colour >> 16, (colour >> 8) & 255, colour & 255, isEdge ? 255 : 120], 4 * at);
      } else {
        image.data.set([20, 20, 18, 90], 4 * at);
      }
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
