import Tensors

extension RGBImage {
  /// A frame's pixels in RGB, whatever its format; nil where it is damaged, or its size can't be. Allocates.
  public init?(_ view: ImageView) {
    let (width, height) = (view.width, view.height)
    guard ImageBounds.allow(width: width, height: height) else { return nil }
    let settings = ImagePreparation.Settings(width: width, height: height, fit: .stretch)
    let target = ImagePreparation.Target(
      elementType: .uint8, quantisation: Quantisation(scale: 1, zeroPoint: 0), dimensions: [1, height, width, 3])
    guard let preparation = try? ImagePreparation(settings: settings, target: target) else { return nil }
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    let outcome = unsafe pixels.withUnsafeMutableBytes { unsafe preparation.prepare(view, into: $0) }
    guard outcome == .prepared else { return nil }
    self.init(width: width, height: height, pixels: pixels)
  }
}
