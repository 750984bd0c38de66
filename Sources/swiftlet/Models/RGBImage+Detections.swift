import Imaging
import ModelManifest
import ObjectDetection

extension RGBImage {
  /// Draws what was found: boxes with captions, or a list of the best classes.
  mutating func draw(_ detections: [Detection], manifest: Manifest) {
    let scale = max(1, min(width, height) / 300)
    let lines = manifest.task == .classification ? Array(detections.prefix(5)) : []
    for (row, detection) in lines.enumerated() {
      caption(detection, manifest, x: 4, y: 4 + row * (RGBImage.textSize("A", scale: scale).height + 6 * scale), scale: scale)
    }
    guard lines.isEmpty else { return }
    for detection in detections.reversed() {
      let box = detection.box
      drawBox(x: box.x, y: box.y, width: box.width, height: box.height, colour: .distinct(detection.label), thickness: 1 + scale)
      let height = RGBImage.textSize("A", scale: scale).height + 4 * scale
      caption(detection, manifest, x: Int(box.x), y: max(0, Int(box.y) - height), scale: scale)
    }
  }

  private mutating func caption(_ detection: Detection, _ manifest: Manifest, x: Int, y: Int, scale: Int) {
    let text = "\(manifest.label(detection.label)) \(Int((detection.score * 100).rounded()))%"
    let size = RGBImage.textSize(text, scale: scale)
    fill(x: x, y: y, width: size.width + 4 * scale, height: size.height + 4 * scale, colour: .distinct(detection.label))
    drawText(text, x: x + 2 * scale, y: y + 2 * scale, colour: .black, scale: scale)
  }
}
